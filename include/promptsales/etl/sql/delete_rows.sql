-- Which mirror rows are older than their tombstone? A row that came back after its deletion is newer, and stays.
WITH deleted AS (
    DELETE FROM {mirror} AS mirror
    USING (SELECT {key}, max(_version) AS _version FROM staged_deletions GROUP BY {key}) AS newest
    WHERE {same_key} AND mirror._version < newest._version
    RETURNING {mirror_key}
)
INSERT INTO etl.deleted_rows (source, table_name, row_key, load_id)
SELECT %(source)s, %(table)s, jsonb_build_array({key}), %(load_id)s
FROM deleted
