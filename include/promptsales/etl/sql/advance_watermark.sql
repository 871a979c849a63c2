-- Move the table's watermark to the end of the piece that this transaction commits.
INSERT INTO etl.watermarks (source, table_name, position, load_id)
VALUES (%(source)s, %(table)s, %(position)s, %(load_id)s)
ON CONFLICT (source, table_name) DO UPDATE
SET position = excluded.position, load_id = excluded.load_id, updated_at = now()
