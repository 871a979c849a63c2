-- Move the table's watermark to the end of the piece that this transaction commits. Where committed work waits at the
-- source, since when? A position that moved lets go of what held the last one: whatever holds this one is another.
INSERT INTO etl.watermarks AS mark (source, table_name, position, load_id, held_since)
VALUES (%(source)s, %(table)s, %(position)s, %(load_id)s, CASE WHEN %(held_back)s THEN now() END)
ON CONFLICT (source, table_name) DO UPDATE
SET
    position = excluded.position,
    load_id = excluded.load_id,
    updated_at = now(),
    held_since = CASE
        WHEN %(held_back)s AND mark.position = excluded.position THEN coalesce(mark.held_since, now())
        WHEN %(held_back)s THEN now()
    END
