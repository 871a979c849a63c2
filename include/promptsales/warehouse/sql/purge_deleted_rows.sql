-- Which deletions has dw followed? They need not be remembered any longer.
DELETE FROM etl.deleted_rows
WHERE source = %(source)s AND table_name = %(table)s AND load_id <= %(load_id)s
