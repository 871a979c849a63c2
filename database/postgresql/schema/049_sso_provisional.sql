-- Until 050_sso.sql is there: nobody is signed on, so that nobody sees a country.
CREATE SCHEMA IF NOT EXISTS sso;

DO $$
BEGIN
    IF to_regprocedure('sso.paises_visibles()') IS NULL THEN
        CREATE FUNCTION sso.paises_visibles() RETURNS text[] LANGUAGE sql STABLE AS 'SELECT ''{}''::text[]';
        REVOKE ALL ON FUNCTION sso.paises_visibles() FROM public;
    END IF;
END
$$;
