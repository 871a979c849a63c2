-- Which schema files were applied, with which contents, and when? `promptsales db init` writes a row a file.
CREATE SCHEMA IF NOT EXISTS etl;

CREATE TABLE IF NOT EXISTS etl.migrations (
    file text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_migrations PRIMARY KEY (file)
);
