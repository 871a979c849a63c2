-- Which mirror rows did a complete snapshot not see? Those whose version is lower than the snapshot's.
WITH deleted AS (
    DELETE FROM {mirror} AS mirror WHERE _version < %(version)s RETURNING {mirror_key}
)
INSERT INTO etl.deleted_rows (source, table_name, row_key, load_id)
SELECT %(source)s, %(table)s, jsonb_build_array({key}), %(load_id)s
FROM deleted
