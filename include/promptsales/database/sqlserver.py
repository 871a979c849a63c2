"""The SQL Server databases: their schemas and procedures, run batch by batch and recorded in `dbo.migraciones`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import cache

import pymssql

from promptsales.connections import sqlserver_message, sqlserver_number
from promptsales.database.batches import Batch, split_batches
from promptsales.database.migrations import Migration, Outcome, apply_pending, failure

UNKNOWN_OBJECT = 208


def migrate(
    database: str,
    migrations: list[Migration],
    recorded: Mapping[str, str],
    connect: Callable[[], pymssql.Connection],
) -> Outcome:
    """Apply those of `migrations` that are new or changed since they were recorded.

    Args:
        database: its name, as errors show it.
        migrations: in order.
        recorded: what was applied before, by `recorded`.
        connect: opens the connection that the files are run over, of a login that owns the database and in autocommit
            (some statements refuse a transaction, and some end every other session). Not called where nothing is to be
            applied.

    Raises:
        MigrationError: naming the file, its line and the server's message. Files are idempotent, so one that
            failed half-way is run again from its beginning.
        PromptSalesError: of `connect`.
    """
    with ExitStack() as opened:
        runner = cache(lambda: opened.enter_context(closing(connect())))

        def apply(migration: Migration) -> None:
            for batch in split_batches(migration.text):
                _run(runner(), target, migration, batch)
            _record(runner(), migration)

        target = f"SQL Server {database}"
        return apply_pending(target, migrations, recorded, apply)


def recorded(connection: pymssql.Connection) -> dict[str, str]:
    """Hash by file name of what was applied; nothing in a database that is new."""
    with connection.cursor() as cursor:
        try:
            cursor.execute("SELECT archivo, sha256 FROM dbo.migraciones")
        except pymssql.Error as error:
            if sqlserver_number(error) == UNKNOWN_OBJECT:
                return {}
            raise
        return {str(name): str(digest) for name, digest in cursor.fetchall()}


def _run(connection: pymssql.Connection, target: str, migration: Migration, batch: Batch) -> None:
    with connection.cursor() as cursor:
        try:
            cursor.execute(batch.sql)
            # Errors of a batch's later statements arrive with their results.
            while cursor.nextset():
                pass
        except pymssql.Error as error:
            raise failure(target, migration, _line(batch, error), sqlserver_message(error)) from error


def _line(batch: Batch, error: pymssql.Error) -> int:
    # pymssql raises its DB-API error while handling the driver's, the one that knows the line within the batch.
    lines = batch.sql.split("\n")
    index = max(int(getattr(error.__context__, "line", 0)), 1) - 1
    while index + 1 < len(lines) and not lines[index].strip():
        index += 1
    return batch.line + index


def _record(connection: pymssql.Connection, migration: Migration) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM dbo.migraciones WHERE archivo = %s", (migration.name,))
        cursor.execute(
            "INSERT INTO dbo.migraciones (archivo, sha256) VALUES (%s, %s)", (migration.name, migration.sha256)
        )
