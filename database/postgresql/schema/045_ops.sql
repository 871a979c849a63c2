-- Who changed what, and when? Trigger functions for any table, and what they write.

CREATE SCHEMA IF NOT EXISTS ops;

CREATE TABLE IF NOT EXISTS ops.auditoria (
    id_auditoria bigint GENERATED ALWAYS AS IDENTITY,
    momento timestamptz NOT NULL DEFAULT clock_timestamp(),
    usuario text NOT NULL DEFAULT session_user, -- the login
    id_usuario text, -- the signed-on user on whose behalf it acted, where it said one
    tabla text NOT NULL,
    operacion text NOT NULL,
    antes jsonb,
    despues jsonb,
    CONSTRAINT pk_auditoria PRIMARY KEY (id_auditoria),
    CONSTRAINT ck_auditoria_operacion CHECK (operacion IN ('INSERT', 'UPDATE', 'DELETE'))
);

CREATE INDEX IF NOT EXISTS ix_auditoria_momento ON ops.auditoria (momento);
CREATE INDEX IF NOT EXISTS ix_auditoria_tabla ON ops.auditoria (tabla, momento);

COMMENT ON TABLE ops.auditoria IS
'Grain: changed row. Kept for 90 days. Question: who changed the commission of influencer 3, and what was it before?';

-- For AFTER INSERT OR UPDATE OR DELETE ... FOR EACH ROW. Its arguments are columns to leave out: secrets, above all.
-- It runs with its owner's rights, so that nobody who changes a table can write or read the log itself.
CREATE OR REPLACE FUNCTION ops.auditar() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    omitidas CONSTANT text[] := coalesce(tg_argv, '{}');
BEGIN
    -- Old and new are equal but for the moment, which ops.marcar_actualizacion() sets: nothing to tell. Columns that are
    -- left out count: that a secret changed is told, not what it is.
    IF tg_op = 'UPDATE' AND to_jsonb(new) - 'actualizado_en' = to_jsonb(old) - 'actualizado_en' THEN
        RETURN NULL;
    END IF;
    INSERT INTO ops.auditoria (id_usuario, tabla, operacion, antes, despues)
    VALUES (
        nullif(current_setting('promptsales.id_usuario', true), ''),
        format('%I.%I', tg_table_schema, tg_table_name),
        tg_op,
        CASE WHEN tg_op <> 'INSERT' THEN to_jsonb(old) - omitidas END,
        CASE WHEN tg_op <> 'DELETE' THEN to_jsonb(new) - omitidas END
    );
    RETURN NULL;
END
$$;

-- For BEFORE UPDATE ... FOR EACH ROW on a table with a column actualizado_en.
CREATE OR REPLACE FUNCTION ops.marcar_actualizacion() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    new.actualizado_en := clock_timestamp();
    RETURN new;
END
$$;

-- Take away what is older than 90 days, here and of single sign-on: its log, and sessions that are over with their
-- refresh tokens; returns how many rows. The ETL's login calls it after each refresh.
CREATE OR REPLACE FUNCTION ops.purgar_auditoria() RETURNS bigint
-- Not SQL: such a body is checked when it is made, and 050_sso.sql makes its tables after this file.
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    hasta CONSTANT timestamptz := now() - interval '90 days';
    purgadas bigint;
BEGIN
    WITH
    changes AS (DELETE FROM ops.auditoria WHERE momento < hasta RETURNING 1),
    events AS (DELETE FROM sso.auditoria WHERE momento < hasta RETURNING 1),
    sessions AS (DELETE FROM sso.sesiones WHERE vence_siempre_en < hasta RETURNING 1)
    SELECT (SELECT count(*) FROM changes) + (SELECT count(*) FROM events) + (SELECT count(*) FROM sessions)
    INTO purgadas;
    RETURN purgadas;
END
$$;

REVOKE ALL ON FUNCTION ops.auditar(), ops.marcar_actualizacion(), ops.purgar_auditoria() FROM public;
GRANT USAGE ON SCHEMA ops TO promptsales_etl;
GRANT EXECUTE ON FUNCTION ops.purgar_auditoria() TO promptsales_etl;
