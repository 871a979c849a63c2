-- Take out of the mirror what the source does not have.
WITH deleted AS (
    DELETE FROM {mirror} AS mirror
    USING differences AS newest
    WHERE {same_key} AND newest.kind = 'extra'
    RETURNING {mirror_key}
)
INSERT INTO etl.deleted_rows (source, table_name, row_key, load_id)
SELECT %(source)s, %(table)s, jsonb_build_array({key}), %(load_id)s
FROM deleted
