-- What did each comparison of a source with its mirror find, and what was done about it?

CREATE TABLE IF NOT EXISTS ops.reconciliaciones (
    id_reconciliacion bigint GENERATED ALWAYS AS IDENTITY,
    momento timestamptz NOT NULL DEFAULT clock_timestamp(),
    corrida text NOT NULL,
    fuente text NOT NULL,
    tabla text NOT NULL,
    resultado text NOT NULL,
    filas_fuente bigint NOT NULL,
    filas_espejo bigint NOT NULL,
    en_vuelo bigint NOT NULL, -- keys that changed since the last load: not compared
    rangos integer NOT NULL,
    rangos_distintos integer NOT NULL,
    faltan bigint NOT NULL, -- rows that the mirror lacks
    sobran bigint NOT NULL, -- rows that the source lacks
    distintas bigint NOT NULL,
    muestra jsonb NOT NULL, -- some of their keys
    segundos double precision NOT NULL,
    CONSTRAINT pk_reconciliaciones PRIMARY KEY (id_reconciliacion),
    CONSTRAINT ck_reconciliaciones_resultado CHECK (
        resultado IN ('igual', 'distinta', 'reparada', 'releida', 'excedida')
    )
);

CREATE INDEX IF NOT EXISTS ix_reconciliaciones_tabla ON ops.reconciliaciones (fuente, tabla, momento);

COMMENT ON TABLE ops.reconciliaciones IS
'Grain: table compared. Kept for a year. Question: which mirrors have drifted from their sources this month?';

GRANT SELECT, INSERT, DELETE ON ops.reconciliaciones TO promptsales_etl;

-- A table whose source was restored is read whole again: that begins with its watermark gone.
GRANT DELETE ON etl.watermarks TO promptsales_etl;
