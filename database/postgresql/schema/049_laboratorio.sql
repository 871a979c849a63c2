-- What do isolation levels and deadlocks look like on this very server? A table for trying them, that nothing else reads.
-- A run has rows of its own; those that are a day old are removed by the next run.

CREATE TABLE IF NOT EXISTS ops.laboratorio (
    corrida text NOT NULL,
    clave integer NOT NULL,
    valor integer NOT NULL,
    creado_en timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_laboratorio PRIMARY KEY (corrida, clave)
);

COMMENT ON TABLE ops.laboratorio IS
'Grain: row of a run of documentation/CONCURRENCY.md. Question: what did each of its transactions leave behind?';
