-- PromptCRM, stand-in: the counterpart of schema/090_laboratorio.sql.

CREATE TABLE IF NOT EXISTS dbo.laboratorio (
    corrida varchar(40) NOT NULL,
    clave integer NOT NULL,
    valor integer NOT NULL,
    creado_en timestamp(3) NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    CONSTRAINT PK_laboratorio PRIMARY KEY (corrida, clave)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON dbo.laboratorio TO promptsales_admin;
