-- What does each index gain its queries, night by night, and which statements take a server's time?

-- A query on a copy of its table, without and with one index.
CREATE TABLE IF NOT EXISTS ops.index_benchmarks (
    id_medicion bigint GENERATED ALWAYS AS IDENTITY,
    momento timestamptz NOT NULL DEFAULT clock_timestamp(),
    corrida text NOT NULL,
    motor text NOT NULL,
    servidor text NOT NULL, -- product and version: histories of two are not compared
    consulta text NOT NULL,
    pregunta text NOT NULL,
    sentencia text NOT NULL,
    tabla text NOT NULL,
    filas_tabla bigint NOT NULL,
    indice text NOT NULL,
    fase text NOT NULL, -- without the index, or with it
    filas bigint NOT NULL, -- in the answer
    lecturas bigint NOT NULL,
    unidad_lecturas text NOT NULL,
    milisegundos double precision [] NOT NULL, -- of every run, in their order
    mediana_ms double precision NOT NULL,
    usa_indice boolean NOT NULL, -- whether the plan names the index
    plan jsonb,
    plan_xml xml,
    CONSTRAINT pk_index_benchmarks PRIMARY KEY (id_medicion),
    CONSTRAINT uq_index_benchmarks_medicion UNIQUE (corrida, motor, consulta, fase),
    CONSTRAINT ck_index_benchmarks_motor CHECK (motor IN ('postgresql', 'sqlserver', 'mongodb')),
    CONSTRAINT ck_index_benchmarks_fase CHECK (fase IN ('antes', 'despues')),
    CONSTRAINT ck_index_benchmarks_plan CHECK (num_nonnulls(plan, plan_xml) = 1)
);

CREATE INDEX IF NOT EXISTS ix_index_benchmarks_consulta ON ops.index_benchmarks (motor, consulta, momento);

COMMENT ON TABLE ops.index_benchmarks IS
'Grain: query, with or without its index, in a run. Kept for a year. Question: which index has lost its effect?';

-- The statements that a server spent most on, as it counts them itself.
CREATE TABLE IF NOT EXISTS ops.consultas_costosas (
    id_consulta bigint GENERATED ALWAYS AS IDENTITY,
    momento timestamptz NOT NULL DEFAULT clock_timestamp(),
    corrida text NOT NULL,
    motor text NOT NULL,
    fuente text NOT NULL, -- what counted it: pg_stat_statements, Query Store, the profiler
    base text NOT NULL,
    sentencia text NOT NULL, -- without the values that it was run with
    llamadas bigint NOT NULL,
    segundos double precision NOT NULL, -- all calls together
    lecturas bigint NOT NULL, -- likewise
    unidad_lecturas text NOT NULL,
    CONSTRAINT pk_consultas_costosas PRIMARY KEY (id_consulta),
    CONSTRAINT ck_consultas_costosas_motor CHECK (motor IN ('postgresql', 'sqlserver', 'mongodb'))
);

CREATE INDEX IF NOT EXISTS ix_consultas_costosas_momento ON ops.consultas_costosas (motor, momento);

COMMENT ON TABLE ops.consultas_costosas IS
'Grain: statement of a server in a run. Kept for a year. Question: what does each server spend its time and reads on?';

-- What could not be measured, and why.
CREATE TABLE IF NOT EXISTS ops.mediciones_omitidas (
    id_omision bigint GENERATED ALWAYS AS IDENTITY,
    momento timestamptz NOT NULL DEFAULT clock_timestamp(),
    corrida text NOT NULL,
    motor text NOT NULL,
    medicion text NOT NULL,
    motivo text NOT NULL,
    CONSTRAINT pk_mediciones_omitidas PRIMARY KEY (id_omision)
);

COMMENT ON TABLE ops.mediciones_omitidas IS
'Grain: part of a run that was skipped. Kept for a year. Question: why has SQL Server no figures since Monday?';
