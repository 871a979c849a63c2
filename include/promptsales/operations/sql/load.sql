-- What did one committed piece of a table's changes move?
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
WHERE load_id = %(load_id)s
