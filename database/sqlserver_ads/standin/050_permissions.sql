-- PromptAds, stand-in: what each login may do. The roles exist already; their passwords are the stand-in's
-- affair.
--
-- promptsales_admin  full DML on the tables; owns the sequences, because restarting one takes ownership.
-- promptsales_etl    SELECT on the views of etl. USAGE on dbo lets it read no table: with it, a table it asks for by
--                    its bare name is refused, as on SQL Server, and not unknown.

REVOKE ALL ON SCHEMA public FROM PUBLIC;

GRANT USAGE ON SCHEMA dbo, etl TO promptsales_admin, promptsales_etl;
GRANT SELECT ON ALL TABLES IN SCHEMA etl TO promptsales_admin, promptsales_etl;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA dbo TO promptsales_admin;

DO $block$
DECLARE
    secuencia regclass;
BEGIN
    -- Not the sequence of an identity column, which belongs to its table.
    FOR secuencia IN
        SELECT oid::regclass
        FROM pg_class
        WHERE relnamespace = 'dbo'::regnamespace AND relkind = 'S' AND relname LIKE 'seq\_%'
    LOOP
        EXECUTE format('ALTER SEQUENCE %s OWNER TO promptsales_admin', secuencia);
    END LOOP;
END
$block$;
