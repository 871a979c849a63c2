-- PromptAds, stand-in: computed columns. The counterpart of schema/070_computed_columns.sql.

ALTER TABLE dbo.campanas ADD COLUMN IF NOT EXISTS duracion_dias integer NOT NULL
GENERATED ALWAYS AS (fecha_fin - fecha_inicio + 1) STORED;

ALTER TABLE dbo.sentimientos ADD COLUMN IF NOT EXISTS menciones bigint NOT NULL
GENERATED ALWAYS AS (positivos::bigint + neutros::bigint + negativos::bigint) STORED;
