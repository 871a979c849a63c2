"""What the stand-in's PostgreSQL cluster must hold before it serves: roles, databases, functions, tables."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from promptsales.database.migrations import read_database_migrations
from promptsales.local.sqlserver import DATABASES

_FUNCTIONS = Path(__file__).with_name("functions.sql")

_APPLIED = """
CREATE TABLE IF NOT EXISTS tsql.applied_files (name text PRIMARY KEY, sha256 text NOT NULL);
"""

# The table `db init` keeps its record in: the stand-in writes it, for the schema files whose equivalent it has applied
# and for the procedures, which it answers with error 2812 when they are called.
# MAINTAIN is what UPDATE STATISTICS takes.
_AFTERWARDS = """
CREATE TABLE IF NOT EXISTS dbo.migraciones (
    archivo varchar(200) PRIMARY KEY, sha256 char(64) NOT NULL, aplicado_en timestamp(3) NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON dbo.migraciones TO promptsales_admin;
GRANT MAINTAIN ON ALL TABLES IN SCHEMA dbo TO promptsales_admin;
"""


def prepare(url: str, passwords: dict[str, str], database_dir: Path) -> None:
    """Create or update everything; run again, it changes nothing.

    Args:
        url: a superuser on the cluster.
        passwords: login name to password; each becomes a PostgreSQL role.
        database_dir: holds `<folder>/standin/*.sql`, `schema/*.sql` and `procedures/*.sql` for each of `DATABASES`.

    Raises:
        MigrationError: a folder of the T-SQL files is empty.
        psycopg.Error: the cluster does not answer, or a file does not apply.
    """
    with psycopg.connect(url, autocommit=True) as server:
        for role, password in passwords.items():
            known = server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
            statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}" if known else "CREATE ROLE {} LOGIN PASSWORD {}")
            # Hashed here, so that the server's log cannot hold the password.
            verifier = server.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
            server.execute(statement.format(sql.Identifier(role), sql.Literal(verifier)))
        for database in DATABASES:
            name = database.lower()
            if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                create = sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0")
                server.execute(create.format(sql.Identifier(name)))
    for database, folder in DATABASES.items():
        with psycopg.connect(url, dbname=database.lower()) as connection:
            connection.execute(_FUNCTIONS.read_bytes())
            connection.execute("CREATE SCHEMA IF NOT EXISTS dbo")
            connection.execute(_APPLIED)
            _apply(connection, sorted((database_dir / folder / "standin").glob("*.sql")))
            connection.execute(_AFTERWARDS)
            for migration in read_database_migrations(database_dir / folder):
                connection.execute(
                    "INSERT INTO dbo.migraciones VALUES (%s, %s, statement_timestamp() AT TIME ZONE 'UTC')"
                    " ON CONFLICT (archivo) DO UPDATE SET sha256 = excluded.sha256, aplicado_en = excluded.aplicado_en"
                    " WHERE migraciones.sha256 <> excluded.sha256",
                    [migration.name, migration.sha256],
                )


def _apply(connection: psycopg.Connection[Any], paths: list[Path]) -> None:
    for path in paths:
        digest = _sha256(path)
        if connection.execute(
            "SELECT 1 FROM tsql.applied_files WHERE name = %s AND sha256 = %s", [path.name, digest]
        ).fetchone():
            continue
        connection.execute("SELECT set_config('search_path', 'dbo, tsql', false)")
        connection.execute(path.read_bytes())
        connection.execute(
            "INSERT INTO tsql.applied_files VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256",
            [path.name, digest],
        )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
