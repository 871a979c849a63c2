-- What is wrong, since when, and who was told of it?

CREATE TABLE IF NOT EXISTS ops.alerts (
    id_alerta bigint GENERATED ALWAYS AS IDENTITY,
    huella text NOT NULL, -- the cause: one open alert each, however many tasks meet it
    ambito text NOT NULL, -- what sees the cause end: a task, a cycle, a server
    tipo text NOT NULL,
    asunto text NOT NULL,
    mensaje text NOT NULL,
    enlace text, -- to the run that met it last
    desde timestamptz NOT NULL DEFAULT now(),
    vista_en timestamptz NOT NULL DEFAULT now(), -- last
    veces integer NOT NULL DEFAULT 1,
    avisada_en timestamptz, -- the last message that arrived; NULL: none has
    resuelta_en timestamptz,
    CONSTRAINT pk_alerts PRIMARY KEY (id_alerta)
);

CREATE UNIQUE INDEX IF NOT EXISTS ux_alerts_abierta ON ops.alerts (huella) WHERE resuelta_en IS NULL;
CREATE INDEX IF NOT EXISTS ix_alerts_desde ON ops.alerts (desde);

COMMENT ON TABLE ops.alerts IS
'Grain: cause, from first seen until over. Kept for 90 days. Question: what is wrong now, and since when?';

GRANT SELECT, INSERT, UPDATE, DELETE ON ops.alerts TO promptsales_etl;
