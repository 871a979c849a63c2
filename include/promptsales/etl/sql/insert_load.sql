-- Record what one committed piece moved.
INSERT INTO etl.loads (
    load_id, source, table_name, run_id, low, high,
    rows_read, rows_inserted, rows_updated, rows_deleted, rows_rejected, seconds
)
VALUES (
    %(load_id)s, %(source)s, %(table)s, %(run_id)s, %(low)s, %(high)s,
    %(read)s, %(inserted)s, %(updated)s, %(deleted)s, %(rejected)s, %(seconds)s
)
