-- How did the last run of each DAG end?
SELECT DISTINCT ON (dag_id)
    dag_id,
    run_id,
    state,
    ended_at,
    extract(EPOCH FROM now() - ended_at)::double precision AS seconds_ago,
    seconds,
    error
FROM ops.dag_runs
ORDER BY dag_id ASC, ended_at DESC
