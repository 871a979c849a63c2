-- How fresh is each mirror, what did its last run move, and what is wrong with it?
-- A table that was never loaded has no watermark, only failures.
WITH known AS (
    SELECT source, table_name FROM etl.watermarks
    UNION
    SELECT source, table_name FROM etl.failures
)
SELECT
    known.source,
    known.table_name,
    coalesce(last_run.rows_changed, 0) AS last_run_rows,
    extract(EPOCH FROM now() - last_load.committed_at)::double precision AS seconds_since_load,
    (
        SELECT count(*)
        FROM etl.rejected_rows AS rejected
        WHERE
            rejected.source = known.source
            AND rejected.table_name = known.table_name
            AND rejected.resolved_at IS NULL
    ) AS rows_rejected,
    extract(EPOCH FROM now() - watermark.held_since)::double precision AS held_seconds,
    last_load.load_id AS last_load_id,
    last_failure.message AS last_error,
    last_failure.run_id AS failed_run_id,
    last_failure.failed_at
FROM known
LEFT JOIN etl.watermarks AS watermark USING (source, table_name)
LEFT JOIN LATERAL (
    SELECT loads.load_id, loads.run_id, loads.committed_at
    FROM etl.loads
    WHERE loads.source = known.source AND loads.table_name = known.table_name
    ORDER BY loads.committed_at DESC
    LIMIT 1
) AS last_load ON TRUE
LEFT JOIN LATERAL (
    SELECT sum(loads.rows_inserted + loads.rows_updated + loads.rows_deleted)::bigint AS rows_changed
    FROM etl.loads
    WHERE
        loads.source = known.source
        AND loads.table_name = known.table_name
        AND loads.run_id = last_load.run_id
) AS last_run ON TRUE
LEFT JOIN LATERAL (
    SELECT failures.message, failures.run_id, failures.failed_at
    FROM etl.failures
    WHERE
        failures.source = known.source
        AND failures.table_name = known.table_name
        AND failures.failed_at > coalesce(last_load.committed_at, '-infinity')
    ORDER BY failures.failed_at DESC
    LIMIT 1
) AS last_failure ON TRUE
ORDER BY known.source, known.table_name
