"""Committing one piece of a table's changes to the warehouse, in one PostgreSQL transaction."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from promptsales.etl import watermarks
from promptsales.etl.errors import LoadError, WatermarkMovedError
from promptsales.etl.mirrors import column_definitions, mirror_name
from promptsales.etl.piece import Piece
from promptsales.etl.quarantine import Rejected, copy_rows, readable
from promptsales.etl.spec import PipelineSpec, TableSpec
from promptsales.etl.sql import statement

LOCK_WAIT = "30s"


@dataclass(frozen=True)
class PieceCounts:
    """What one committed piece moved, in rows; its load's number; the seconds of writing, and of the COMMIT alone."""

    read: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    rejected: int = 0
    load_id: int = field(default=0, compare=False)
    load_seconds: float = field(default=0.0, compare=False)
    commit_seconds: float = field(default=0.0, compare=False)


def commit_piece(
    connection: psycopg.Connection[Any], pipeline: PipelineSpec, table: TableSpec, piece: Piece, run_id: str
) -> PieceCounts:
    """Apply a piece, advance the watermark and record the load: all of it, or nothing.

    Raises:
        WatermarkMovedError: the committed watermark is no longer the piece's low end.
        LoadError: the table is locked by another load, or too many of its rows were refused.
    """
    started = time.monotonic()
    target = MirrorWriter(connection, pipeline, table)
    with connection.transaction():
        target.lock()
        if watermarks.committed(connection, pipeline.source, table.name) != piece.low:
            raise WatermarkMovedError(f"{pipeline.source}.{table.name}: another load moved the watermark.")
        load_id = target.next_load_id()
        counts = target.apply(piece, load_id)
        watermarks.advance(connection, pipeline.source, table.name, piece, load_id)
        written = time.monotonic()
        target.record(piece, counts, load_id, run_id, written - started)
    committed = time.monotonic()
    return replace(counts, load_id=load_id, load_seconds=written - started, commit_seconds=committed - written)


def reset_table(warehouse: psycopg.Connection[Any], pipeline: PipelineSpec, table: TableSpec) -> None:
    """Have the next load read a table whole, and take out of its mirror what the source no longer has.

    The mirror keeps its rows until then, and a load that runs meanwhile plans anew.

    Raises:
        LoadError: another load holds the table.
    """
    with warehouse.transaction():
        writer = MirrorWriter(warehouse, pipeline, table)
        writer.lock()
        watermarks.forget(warehouse, pipeline.source, table.name)


class MirrorWriter:
    """One mirror inside one transaction."""

    def __init__(self, connection: psycopg.Connection[Any], pipeline: PipelineSpec, table: TableSpec) -> None:
        self.connection = connection
        self.table = table
        self.names = {"source": pipeline.source, "table": table.name}
        columns = [sql.Identifier(name) for name in table.column_names]
        key = [sql.Identifier(name) for name in table.key]
        comma = sql.SQL(", ")
        self.parts: dict[str, sql.Composable] = {
            "mirror": mirror_name(pipeline, table),
            "columns": comma.join(columns),
            "key": comma.join(key),
            "mirror_key": comma.join(sql.SQL("mirror.{}").format(name) for name in key),
            "same_key": sql.SQL(" AND ").join(sql.SQL("mirror.{0} = newest.{0}").format(name) for name in key),
            "newest_columns": comma.join(sql.SQL("newest.{}").format(name) for name in columns),
            "mirror_columns": comma.join(sql.SQL("mirror.{}").format(name) for name in columns),
            "assignments": comma.join(sql.SQL("{0} = newest.{0}").format(name) for name in columns),
        }

    def execute(self, name: str, **values: Any) -> psycopg.Cursor[Any]:
        return self.connection.execute(statement(name).format(**self.parts), values or None)

    def lock(self) -> None:
        """Keep every other load of this table out until the transaction ends."""
        try:
            self.connection.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
            self.connection.execute(
                "SELECT pg_advisory_xact_lock(hashtext('promptsales.etl'), hashtext(%(source)s || '.' || %(table)s))",
                self.names,
            )
        except psycopg.errors.LockNotAvailable as error:
            raise LoadError(
                f"{self.names['source']}.{self.names['table']}: another load has held this table for {LOCK_WAIT}; "
                "it goes on by itself, or end that session in PostgreSQL."
            ) from error

    def next_load_id(self) -> int:
        """A number for what this transaction writes to the mirror; draw it under the lock."""
        row = self.connection.execute("SELECT nextval(pg_get_serial_sequence('etl.loads', 'load_id'))").fetchone()
        return int(row[0])  # type: ignore[index]  # one row always

    def stage(self) -> None:
        """Make the temporary tables that rows and deletions wait in."""
        columns = column_definitions(self.table.columns, self.table.key)
        self.connection.execute(statement("stage_rows").format(columns=columns))
        key_columns = column_definitions(self.table.key_columns, self.table.key)
        self.connection.execute(statement("stage_deletions").format(key_columns=key_columns))

    def apply(self, piece: Piece, load_id: int) -> PieceCounts:
        deleted = 0
        if piece.reset_versions:
            self.execute("reset_versions")
        self.stage()
        deletions_read, refused = copy_rows(
            self.connection, "staged_deletions", [*self.table.key, "_version"], piece.deletions
        )
        rejected = [(self.table.key, bad) for bad in refused]
        rows_read, refused = copy_rows(
            self.connection, "staged_rows", [*self.table.column_names, "_version"], piece.rows
        )
        rejected += [(self.table.column_names, bad) for bad in refused]
        if deletions_read:
            deleted += self.execute("delete_rows", **self.names, load_id=load_id).rowcount
        inserted, updated = self.execute("merge_rows", load_id=load_id).fetchone() if rows_read else (0, 0)  # type: ignore[misc]
        if piece.delete_older_than is not None:
            version = piece.delete_older_than
            deleted += self.execute("delete_older_than", **self.names, load_id=load_id, version=version).rowcount
        if rows_read or deletions_read:
            self.execute("resolve_rejected", **self.names)
        for columns, bad in rejected:
            self._quarantine(columns, bad, load_id)
        return PieceCounts(deletions_read + rows_read, inserted, updated, deleted, len(rejected))

    def _quarantine(self, columns: list[str], bad: Rejected, load_id: int) -> None:
        row = {name: readable(value) for name, value in zip(columns, bad.row, strict=False)}
        row_key = [row[name] for name in self.table.key]
        self.execute(
            "insert_rejected",
            **self.names,
            load_id=load_id,
            row_key=Jsonb(row_key),
            row=Jsonb({**row, "_version": readable(bad.row[-1])}),
            reason=bad.reason,
        )

    def record(self, piece: Piece, counts: PieceCounts, load_id: int, run_id: str, seconds: float) -> None:
        self.execute(
            "insert_load",
            **vars(counts)
            | self.names
            | {
                "load_id": load_id,
                "run_id": run_id,
                "low": None if piece.low is None else Jsonb(piece.low),
                "high": Jsonb(piece.high),
                "seconds": seconds,
            },
        )
