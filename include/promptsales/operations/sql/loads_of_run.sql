-- What did the pieces move that one run committed of a table?
SELECT
    load_id,
    source,
    table_name,
    run_id,
    low,
    high,
    rows_read,
    rows_inserted,
    rows_updated,
    rows_deleted,
    rows_rejected,
    seconds,
    committed_at
FROM etl.loads
WHERE run_id = %(run_id)s AND source = %(source)s AND table_name = %(table)s
ORDER BY load_id
LIMIT 500
