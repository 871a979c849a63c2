-- Which quarantined rows of this table has this piece brought in a form that PostgreSQL takes, or deleted?
UPDATE etl.rejected_rows AS rejected
SET resolved_at = now()
WHERE
    rejected.source = %(source)s
    AND rejected.table_name = %(table)s
    AND rejected.resolved_at IS NULL
    AND rejected.row_key IN (
        SELECT jsonb_build_array({key}) FROM staged_rows
        UNION ALL
        SELECT jsonb_build_array({key}) FROM staged_deletions
    )
