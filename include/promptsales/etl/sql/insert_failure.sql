-- Record why an attempt to load a table failed.
INSERT INTO etl.failures (source, table_name, run_id, message)
VALUES (%(source)s, %(table)s, %(run_id)s, %(message)s)
