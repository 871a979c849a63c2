-- Who may log in, and to which database? Run by the server's superuser before `promptsales db init`, and again to change
-- a password:
--   psql --no-psqlrc --dbname postgres --file database/postgresql/security/010_logins.sql
-- Passwords come from the environment, so that they are in no file and on no command line:
--   WAREHOUSE_ADMIN_PASSWORD, WAREHOUSE_ETL_PASSWORD, WAREHOUSE_MCP_PASSWORD, WAREHOUSE_SSO_PASSWORD,
--   WAREHOUSE_VERIFIER_PASSWORD and AIRFLOW_DATABASE_PASSWORD. One that is not set ends the run at its statement.
\set ON_ERROR_STOP on
\getenv admin_password WAREHOUSE_ADMIN_PASSWORD
\getenv etl_password WAREHOUSE_ETL_PASSWORD
\getenv mcp_password WAREHOUSE_MCP_PASSWORD
\getenv sso_password WAREHOUSE_SSO_PASSWORD
\getenv verifier_password WAREHOUSE_VERIFIER_PASSWORD
\getenv airflow_password AIRFLOW_DATABASE_PASSWORD

-- A statement with a password in it belongs neither in the log nor in the statistics of statements.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET pg_stat_statements.track_utility = off;

-- promptsales_analista and promptsales_gerente are groups, for people's own logins; promptsales_operador is what the
-- operators' page in Airflow reads as.
SELECT format('CREATE ROLE %I NOLOGIN', rol)
FROM
    unnest(ARRAY[
        'promptsales_admin', 'promptsales_etl', 'promptsales_mcp', 'promptsales_sso', 'promptsales_verificador',
        'promptsales_analista', 'promptsales_gerente', 'promptsales_operador', 'airflow'
    ]) AS rol
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = rol)
\gexec

ALTER ROLE promptsales_admin LOGIN PASSWORD :'admin_password';
ALTER ROLE promptsales_etl LOGIN PASSWORD :'etl_password';
ALTER ROLE promptsales_mcp LOGIN PASSWORD :'mcp_password';
ALTER ROLE promptsales_sso LOGIN PASSWORD :'sso_password';
ALTER ROLE promptsales_verificador LOGIN PASSWORD :'verifier_password';
ALTER ROLE airflow LOGIN PASSWORD :'airflow_password';

SELECT format('CREATE DATABASE %I OWNER %I', base, propietario)
FROM (VALUES ('promptsales', 'promptsales_admin'), ('airflow', 'airflow')) AS bases (base, propietario)
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = base)
\gexec

-- Nobody enters a database without a grant. The owners need none.
REVOKE ALL ON DATABASE promptsales, airflow FROM PUBLIC;
GRANT CONNECT ON DATABASE promptsales TO promptsales_etl, promptsales_mcp, promptsales_sso, promptsales_verificador;
GRANT TEMPORARY ON DATABASE promptsales TO promptsales_etl;
GRANT promptsales_operador TO promptsales_etl;
-- What other logins run is part of database/postgresql/monitoring.
GRANT pg_read_all_stats TO promptsales_admin;

\connect promptsales
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
