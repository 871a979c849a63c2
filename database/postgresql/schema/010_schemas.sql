-- Which schemas does the warehouse have, and who may write to which?
-- etl holds the control tables; each ods_* schema mirrors the current state of one source.

CREATE SCHEMA IF NOT EXISTS etl;
CREATE SCHEMA IF NOT EXISTS ods_promptads;
CREATE SCHEMA IF NOT EXISTS ods_promptcrm;
CREATE SCHEMA IF NOT EXISTS ods_promptcontent;

-- The role exists already wherever an administrator made the ETL's login; elsewhere it is made without one.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'promptsales_etl') THEN
        CREATE ROLE promptsales_etl NOLOGIN;
    END IF;
END
$$;

GRANT USAGE ON SCHEMA etl, ods_promptads, ods_promptcrm, ods_promptcontent TO promptsales_etl;

ALTER DEFAULT PRIVILEGES IN SCHEMA ods_promptads, ods_promptcrm, ods_promptcontent
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO promptsales_etl;
