-- What did the checks of data quality find after each refresh?

CREATE TABLE IF NOT EXISTS ops.quality_results (
    id_resultado bigint GENERATED ALWAYS AS IDENTITY,
    momento timestamptz NOT NULL DEFAULT clock_timestamp(),
    corrida text NOT NULL,
    chequeo text NOT NULL,
    tipo text NOT NULL,
    gravedad text NOT NULL,
    estado text NOT NULL,
    filas bigint, -- that fail the check; NULL where it could not be run
    muestra jsonb NOT NULL, -- some of them: keys and what was checked, never a whole row
    mensaje text,
    segundos double precision NOT NULL,
    CONSTRAINT pk_quality_results PRIMARY KEY (id_resultado),
    CONSTRAINT ck_quality_results_gravedad CHECK (gravedad IN ('error', 'aviso')),
    CONSTRAINT ck_quality_results_estado CHECK (estado IN ('pasa', 'falla', 'impedido'))
);

CREATE INDEX IF NOT EXISTS ix_quality_results_momento ON ops.quality_results (momento);
CREATE INDEX IF NOT EXISTS ix_quality_results_chequeo ON ops.quality_results (chequeo, momento);

COMMENT ON TABLE ops.quality_results IS
'Grain: run of a check. Kept for 90 days. Question: since when does a campaign''s revenue not equal its sales?';

GRANT SELECT, INSERT, DELETE ON ops.quality_results TO promptsales_etl;
