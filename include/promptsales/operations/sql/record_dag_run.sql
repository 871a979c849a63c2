-- Record how a run of a DAG ended, with what its loads said of their failures; records are kept for 90 days.
WITH purged AS (
    DELETE FROM ops.dag_runs WHERE ended_at < now() - interval '90 days'
)
INSERT INTO ops.dag_runs (dag_id, run_id, state, started_at, ended_at, seconds, error)
SELECT
    %(dag_id)s,
    %(run_id)s,
    %(state)s,
    %(started_at)s,
    %(ended_at)s,
    extract(EPOCH FROM %(ended_at)s::timestamptz - %(started_at)s::timestamptz)::double precision,
    CASE
        WHEN %(state)s = 'failed' THEN concat_ws(E'\n', %(error)s::text, (
            SELECT string_agg(DISTINCT failures.message, E'\n')
            FROM etl.failures
            WHERE failures.run_id = %(run_id)s AND 'etl_' || failures.source = %(dag_id)s
        ))
    END
-- A run that was cleared ends again.
ON CONFLICT (dag_id, run_id) DO UPDATE
SET
    state = excluded.state,
    started_at = excluded.started_at,
    ended_at = excluded.ended_at,
    seconds = excluded.seconds,
    error = excluded.error
