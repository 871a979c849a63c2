-- How far has this table been read?
SELECT position FROM etl.watermarks WHERE source = %(source)s AND table_name = %(table)s
