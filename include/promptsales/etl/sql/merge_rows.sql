-- Which staged rows are new to the mirror and which are newer than it? The newest change of each key wins; a row
-- that the mirror already holds as it is is left alone, so that reading it again counts nothing.
WITH newest AS (
    SELECT DISTINCT ON ({key}) *
    FROM staged_rows
    ORDER BY {key}, _version DESC, seq DESC
),
merged AS (
    MERGE INTO {mirror} AS mirror
    USING newest ON {same_key}
    WHEN MATCHED AND (
        newest._version > mirror._version
        OR (newest._version = mirror._version AND ({newest_columns}) IS DISTINCT FROM ({mirror_columns}))
    ) THEN
        UPDATE SET {assignments}, _version = newest._version, _load_id = %(load_id)s
    WHEN NOT MATCHED THEN
        INSERT ({columns}, _version, _load_id) VALUES ({newest_columns}, newest._version, %(load_id)s)
    RETURNING merge_action() AS merge_action
)
SELECT
    count(*) FILTER (WHERE merge_action = 'INSERT') AS rows_inserted,
    count(*) FILTER (WHERE merge_action = 'UPDATE') AS rows_updated
FROM merged
