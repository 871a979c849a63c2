-- What T-SQL expressions call that PostgreSQL lacks. Applied by the stand-in to each of its databases; every
-- session has this schema in its search path, after dbo.
CREATE SCHEMA IF NOT EXISTS tsql;
GRANT USAGE ON SCHEMA tsql TO PUBLIC;

-- bit is boolean: 1 and 0 must do as its values everywhere.
UPDATE pg_catalog.pg_cast SET castcontext = 'i'
WHERE castsource = 'int4'::regtype AND casttarget = 'bool'::regtype AND castcontext <> 'i';

-- Every row of a transaction carries the transaction's id as its rowversion, so the oldest transaction that may
-- still write bounds what has settled: SQL Server's MIN_ACTIVE_ROWVERSION().
CREATE OR REPLACE FUNCTION tsql.min_active_rowversion() RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint $$;

CREATE OR REPLACE FUNCTION tsql.getdate() RETURNS timestamp(3) LANGUAGE sql STABLE AS
$$ SELECT statement_timestamp()::timestamp(3) $$;
CREATE OR REPLACE FUNCTION tsql.sysutcdatetime() RETURNS timestamp LANGUAGE sql STABLE AS
$$ SELECT statement_timestamp() AT TIME ZONE 'UTC' $$;
CREATE OR REPLACE FUNCTION tsql.sysdatetime() RETURNS timestamp LANGUAGE sql STABLE AS
$$ SELECT statement_timestamp()::timestamp $$;
CREATE OR REPLACE FUNCTION tsql.getutcdate() RETURNS timestamp(3) LANGUAGE sql STABLE AS
$$ SELECT (statement_timestamp() AT TIME ZONE 'UTC')::timestamp(3) $$;

CREATE OR REPLACE FUNCTION tsql.db_name() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT current_setting('promptsales.database') $$;
CREATE OR REPLACE FUNCTION tsql.suser_sname() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT session_user::text $$;

-- LEN does not count trailing spaces.
CREATE OR REPLACE FUNCTION tsql.len(value text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT length(rtrim(value, ' ')) $$;
CREATE OR REPLACE FUNCTION tsql.datalength(value text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT 2 * length(value) $$;
CREATE OR REPLACE FUNCTION tsql.datalength(value bytea) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT octet_length(value) $$;
CREATE OR REPLACE FUNCTION tsql.object_id(name text) RETURNS integer LANGUAGE sql STABLE STRICT AS
$$ SELECT to_regclass(replace(replace(name, '[', ''), ']', ''))::oid::integer $$;

-- DATEDIFF counts the boundaries of `part` crossed, not the time elapsed.
CREATE OR REPLACE FUNCTION tsql.datediff(part text, a timestamp, b timestamp) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE part
        WHEN 'year' THEN extract(year FROM b) - extract(year FROM a)
        WHEN 'quarter' THEN 4 * (extract(year FROM b) - extract(year FROM a))
                            + extract(quarter FROM b) - extract(quarter FROM a)
        WHEN 'month' THEN 12 * (extract(year FROM b) - extract(year FROM a))
                          + extract(month FROM b) - extract(month FROM a)
        WHEN 'day' THEN b::date - a::date
        -- Weeks begin on Sunday here, on Monday in date_trunc.
        WHEN 'week' THEN (date_trunc('week', b + interval '1 day')::date
                          - date_trunc('week', a + interval '1 day')::date) / 7
        ELSE (extract(epoch FROM date_trunc(part, b)) - extract(epoch FROM date_trunc(part, a)))
             / extract(epoch FROM ('1 ' || part)::interval)
    END::integer
$$;

-- Of days, which reports count by the hundred thousand: PostgreSQL puts this one into the statement that calls it.
CREATE OR REPLACE FUNCTION tsql.datediff_day(a timestamp, b timestamp) RETURNS integer
LANGUAGE sql IMMUTABLE AS
$$ SELECT b::date - a::date $$;

CREATE OR REPLACE FUNCTION tsql.dateadd(part text, number integer, a timestamp) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT a + number * CASE part WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || part)::interval END $$;
CREATE OR REPLACE FUNCTION tsql.dateadd(part text, number integer, a date) RETURNS date
LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT tsql.dateadd(part, number, a::timestamp)::date $$;
CREATE OR REPLACE FUNCTION tsql.dateadd(part text, number integer, a text) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT tsql.dateadd(part, number, a::timestamp) $$;

-- The concatenation operator of T-SQL.
DO $$ BEGIN
    CREATE OPERATOR tsql.+ (LEFTARG = text, RIGHTARG = text, FUNCTION = textcat);
EXCEPTION WHEN duplicate_function THEN NULL;
END $$;

-- INFORMATION_SCHEMA.COLUMNS with SQL Server's names of the types.
CREATE OR REPLACE VIEW tsql.columns AS
SELECT
    table_catalog,
    table_schema,
    table_name,
    column_name,
    ordinal_position,
    is_nullable,
    CASE data_type
        WHEN 'boolean' THEN 'bit'
        WHEN 'integer' THEN 'int'
        WHEN 'numeric' THEN 'decimal'
        WHEN 'double precision' THEN 'float'
        WHEN 'character' THEN 'char'
        WHEN 'character varying' THEN 'nvarchar'
        WHEN 'text' THEN 'nvarchar'
        WHEN 'timestamp without time zone' THEN 'datetime2'
        WHEN 'bytea' THEN 'varbinary'
        WHEN 'uuid' THEN 'uniqueidentifier'
        ELSE data_type
    END AS data_type,
    character_maximum_length,
    numeric_precision,
    numeric_scale,
    datetime_precision
FROM information_schema.columns;
GRANT SELECT ON tsql.columns TO PUBLIC;

-- Which sessions wait for another one's lock: the two columns of SQL Server's view that say so.
CREATE SCHEMA IF NOT EXISTS sys;
GRANT USAGE ON SCHEMA sys TO PUBLIC;
CREATE OR REPLACE VIEW sys.dm_exec_requests AS
SELECT
    pid AS session_id,
    coalesce((pg_blocking_pids(pid))[1], 0) AS blocking_session_id
FROM pg_stat_activity
WHERE datname = current_database();
GRANT SELECT ON sys.dm_exec_requests TO PUBLIC;

-- ALTER TABLE ... NOCHECK CONSTRAINT ALL, and WITH CHECK CHECK CONSTRAINT ALL, as far as PostgreSQL has it: for foreign
-- keys, which are checked over all rows when they are turned on again. CHECK constraints always hold. It waits for the
-- table's writers, and only then looks how its keys are: another session may be turning them on or off.
CREATE OR REPLACE PROCEDURE tsql.enforce_foreign_keys(relation regclass, enforced boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $procedure$
DECLARE
    foreign_key name;
BEGIN
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation);
    FOR foreign_key IN
        SELECT conname FROM pg_constraint
        WHERE conrelid = relation AND contype = 'f' AND conenforced IS DISTINCT FROM enforced
        ORDER BY conname
    LOOP
        EXECUTE format(
            'ALTER TABLE %s ALTER CONSTRAINT %I %s',
            relation, foreign_key, CASE WHEN enforced THEN 'ENFORCED' ELSE 'NOT ENFORCED' END
        );
    END LOOP;
END
$procedure$;
REVOKE EXECUTE ON PROCEDURE tsql.enforce_foreign_keys FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE tsql.enforce_foreign_keys TO promptsales_admin;
