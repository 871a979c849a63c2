-- PromptAds, stand-in: schemas, the record of migrations and the functions behind rowversion. The files of
-- this folder are PostgreSQL, run by a superuser in the stand-in's own cluster, in order, every time it
-- starts: all can be run again.

CREATE SCHEMA IF NOT EXISTS dbo;
CREATE SCHEMA IF NOT EXISTS etl;

-- The stand-in runs no DDL over TDS: it fills this table itself with the schema/ files that these are
-- equivalent to.
CREATE TABLE IF NOT EXISTS dbo.migraciones (
    archivo varchar(200) NOT NULL,
    sha256 char(64) NOT NULL,
    aplicado_en timestamp(3) NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    CONSTRAINT PK_migraciones PRIMARY KEY (archivo)
);

-- The next version of a row that is updated.
CREATE OR REPLACE FUNCTION dbo.asignar_rv() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    NEW.rv := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END
$function$;

-- In SQL Server's words: its error 273 for an INSERT, 272 for an UPDATE.
CREATE OR REPLACE FUNCTION dbo.rechazar_rv() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'generated_always',
        MESSAGE = CASE TG_OP
            WHEN 'INSERT' THEN
                'Cannot insert an explicit value into a timestamp column. Use INSERT with a column list '
                'to exclude the timestamp column, or insert a DEFAULT into the timestamp column.'
            ELSE 'Cannot update a timestamp column.'
        END;
END
$function$;
