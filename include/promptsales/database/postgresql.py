"""The warehouse: its schema files, each run in one transaction and recorded in `etl.migrations`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from promptsales.database.migrations import Migration, Outcome, apply_pending, failure

TARGET = "PostgreSQL promptsales"

# Any number will do, as long as nothing else of the platform takes the same advisory lock.
MIGRATIONS_LOCK = 0x70_73_64_62


@contextmanager
def migrations_lock(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Hold the warehouse's advisory lock on migrations: a second `db init` waits here until the first is done."""
    connection.execute("SELECT pg_advisory_lock(%s)", [MIGRATIONS_LOCK])
    try:
        yield
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", [MIGRATIONS_LOCK])


def migrate(connection: psycopg.Connection[Any], migrations: list[Migration]) -> Outcome:
    """Apply those of `migrations` that are new or changed since they were recorded.

    The first file makes `etl.migrations` itself.

    Args:
        connection: in autocommit, of the login that owns the schemas.
        migrations: in order.

    Raises:
        MigrationError: naming the file, its line where the server told, and the server's message; that file left
            nothing behind.
    """

    def apply(migration: Migration) -> None:
        try:
            with connection.transaction():
                connection.execute(migration.text.encode())
                _record(connection, migration)
        except psycopg.Error as error:
            message = (error.diag.message_primary or str(error)).rstrip(".") + "."
            raise failure(TARGET, migration, _line(migration, error), message) from error

    return apply_pending(TARGET, migrations, _recorded(connection), apply)


def _recorded(connection: psycopg.Connection[Any]) -> dict[str, str]:
    try:
        return dict(connection.execute("SELECT file, sha256 FROM etl.migrations").fetchall())
    except psycopg.errors.UndefinedTable:
        return {}


def _record(connection: psycopg.Connection[Any], migration: Migration) -> None:
    connection.execute(
        "INSERT INTO etl.migrations (file, sha256) VALUES (%s, %s)"
        " ON CONFLICT (file) DO UPDATE SET sha256 = excluded.sha256, applied_at = excluded.applied_at",
        [migration.name, migration.sha256],
    )


def _line(migration: Migration, error: psycopg.Error) -> int | None:
    position = error.diag.statement_position
    return migration.text.count("\n", 0, int(position) - 1) + 1 if position else None
