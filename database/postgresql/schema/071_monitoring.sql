-- Query monitoring: pg_stat_statements, where the server has it and this login may install it. The server must load it
-- (shared_preload_libraries = 'pg_stat_statements'); monitoring/*.sql read it.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements') THEN
        CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'pg_stat_statements is the server administrator''s to install: CREATE EXTENSION pg_stat_statements';
END
$$;
