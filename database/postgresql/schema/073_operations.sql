-- How did each run of Airflow's DAGs end, and what may the operators' page in Airflow read?

CREATE TABLE IF NOT EXISTS ops.dag_runs (
    dag_id text NOT NULL,
    run_id text NOT NULL,
    state text NOT NULL,
    started_at timestamptz,
    ended_at timestamptz NOT NULL,
    seconds double precision,
    error text, -- why it failed: tasks, and what the loads said
    CONSTRAINT pk_dag_runs PRIMARY KEY (dag_id, run_id),
    CONSTRAINT ck_dag_runs_state CHECK (state IN ('success', 'failed'))
);

CREATE INDEX IF NOT EXISTS ix_dag_runs_dag ON ops.dag_runs (dag_id, ended_at DESC);
CREATE INDEX IF NOT EXISTS ix_dag_runs_ended ON ops.dag_runs (ended_at);

COMMENT ON TABLE ops.dag_runs IS
'Grain: run of a DAG that ended. Kept for 90 days. Question: which DAGs failed last, and how long do they take?';

GRANT SELECT, INSERT, UPDATE, DELETE ON ops.dag_runs TO promptsales_etl;

-- promptsales_operador reads the control tables, never what a refused row holds. Airflow's login, which is the ETL's,
-- takes this role for the page. An administrator of the server may have made it already.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'promptsales_operador') THEN
        CREATE ROLE promptsales_operador NOLOGIN;
    END IF;
    IF NOT pg_has_role('promptsales_etl', 'promptsales_operador', 'MEMBER') THEN
        GRANT promptsales_operador TO promptsales_etl;
    END IF;
END
$$;

GRANT USAGE ON SCHEMA etl, ops, mart TO promptsales_operador;
GRANT SELECT ON etl.watermarks, etl.loads, etl.failures, ops.dag_runs, ops.quality_results, mart.frescura_etl
TO promptsales_operador;
GRANT SELECT (rejected_id, load_id, source, table_name, row_key, reason, rejected_at, resolved_at) ON etl.rejected_rows
TO promptsales_operador;
