-- Keep a row that PostgreSQL could not take, with the reason; an earlier refusal of the same row is superseded.
WITH superseded AS (
    UPDATE etl.rejected_rows
    SET resolved_at = now()
    WHERE source = %(source)s AND table_name = %(table)s AND row_key = %(row_key)s AND resolved_at IS NULL
)
INSERT INTO etl.rejected_rows (load_id, source, table_name, row_key, rejected_row, reason)
VALUES (%(load_id)s, %(source)s, %(table)s, %(row_key)s, %(row)s, %(reason)s)
