"""The incremental refresh: the star schema follows what loads changed in the mirrors, in one transaction.

A refresh works with keys. It lists the keys that loads wrote or deleted since the last one, derives anew the rows of
`dw` that depend on them from the mirrors as they are now, and writes those that differ. So it does not matter in which
order changes came, how often one is replayed, or whether a key was deleted and came back.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg import IsolationLevel, sql
from psycopg.types.json import Jsonb

from promptsales.connections import Connections
from promptsales.errors import PromptSalesError
from promptsales.etl import sql as etl_sql
from promptsales.etl.mirrors import mirror_name
from promptsales.retry import repeated
from promptsales.warehouse import reference
from promptsales.warehouse.tables import DIMENSIONS, FACTS, MIRRORS, REFERENCES, Mirror, Target

logger = logging.getLogger(__name__)

statement = partial(etl_sql.statement, package="promptsales.warehouse.sql")

LOCK_WAIT = "30s"

# Per sort or hash of a statement: the first refresh goes through every mirror, and spills to disk above this.
WORK_MEM = "64MB"

COLUMNS = """
    SELECT attrelid::regclass::text, array_agg(attname::text ORDER BY attnum)
    FROM pg_attribute
    JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'dw'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND attnum > 0
    GROUP BY attrelid
"""

FLAGS = {"es_inferido", "eliminado"}
"""Columns of a dimension that the refresh keeps itself."""

TOUCHED = [("id_campana", "integer"), ("fecha", "date"), ("id_cliente", "integer")]
"""What is noted of every fact that changes, where its table has it."""


class RefreshError(PromptSalesError):
    """The star schema could not be brought up to date; it is as it was before."""


@dataclass(frozen=True)
class RefreshReport:
    """What one refresh did.

    Attributes:
        refresh_id: its row in `dw.refrescos`.
        rows: how many rows it inserted, updated or deleted, by table of `dw`; tables without any are left out.
        seconds: from the lock to the commit.
    """

    refresh_id: int
    rows: dict[str, int]
    seconds: float

    @property
    def changed(self) -> int:
        """All rows together."""
        return sum(self.rows.values())


def refresh(connections: Connections, reference_dir: Path = reference.REFERENCE_DIR) -> RefreshReport:
    """Bring `dw` up to the last committed loads, all of it or nothing.

    Args:
        connections: the warehouse's factory is called.
        reference_dir: the folder of the dated values.

    Raises:
        RefreshError: another refresh runs, or PostgreSQL refused something. Nothing was changed.
    """
    with closing(connections.postgres()) as connection:
        connection.autocommit = False
        # One snapshot of all mirrors: a sale and the revenue that it added to are seen together or not at all.
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        try:
            return repeated(lambda: _transaction(connection, reference_dir))
        except psycopg.errors.LockNotAvailable as error:
            raise RefreshError(
                f"dw: another refresh has been running for {LOCK_WAIT}; it goes on by itself, or end its session in "
                "PostgreSQL."
            ) from error
        except (
            psycopg.errors.UndefinedTable,
            psycopg.errors.UndefinedColumn,
            psycopg.errors.InvalidSchemaName,
        ) as error:
            raise RefreshError(
                f"dw: the warehouse lacks a part ({_first_line(error)}). Run `promptsales db init`."
            ) from error
        except psycopg.Error as error:
            raise RefreshError(
                f"dw: PostgreSQL refused the refresh and nothing of it was kept: {_first_line(error)}."
            ) from error


def _transaction(connection: psycopg.Connection[Any], reference_dir: Path) -> RefreshReport:
    with connection.transaction():
        return _Refresh(connection).run(reference_dir)


class _Refresh:
    """One refresh inside one transaction."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def run(self, reference_dir: Path) -> RefreshReport:
        started = time.monotonic()
        self._lock()
        self.columns = {
            name.removeprefix("dw."): columns for name, columns in self.connection.execute(COLUMNS).fetchall()
        }
        self.execute("touched")
        self._follow_references(reference_dir)
        positions = [(mirror, self._list_changed(mirror)) for mirror in MIRRORS]
        for target in DIMENSIONS:
            self._build(target)
        self._build_customers()
        self._build_facts()
        self._drop_members()
        for mirror, high in positions:
            self._advance(mirror, high)
        return self._record(started)

    def execute(self, name: str, /, **parts: sql.Composable) -> psycopg.Cursor[Any]:
        return self.connection.execute(statement(name).format(**parts))

    def analyze(self, table: sql.Composable) -> None:
        """What was just filled has no statistics, and the planner would guess."""
        self.connection.execute(sql.SQL("ANALYZE {}").format(table))

    def _lock(self) -> None:
        """Keep other refreshes out. LOCK comes first: unlike a query it waits without having taken the snapshot."""
        self.connection.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
        self.connection.execute("LOCK TABLE dw.posiciones IN EXCLUSIVE MODE")
        self.connection.execute(f"SET LOCAL work_mem = '{WORK_MEM}'")
        # The statements are short or large but simple: compiling them costs more than it saves.
        self.connection.execute("SET LOCAL jit = off")

    def _follow_references(self, folder: Path) -> None:
        for values in reference.REFERENCES:
            parts = {
                "target": _dw(values.table),
                "changed": sql.Identifier(values.changed),
                "subject": sql.Identifier(values.subject),
                "day": sql.Identifier(values.day),
                "value": sql.Identifier(values.value),
            }
            self.execute("merge_reference", **parts, rows=sql.Literal(Jsonb(reference.read(values, folder))))
            self.execute("apply_reference", **parts)

    def _list_changed(self, mirror: Mirror) -> int:
        """List the changed keys of a mirror; returns the load up to which."""
        low = self._position(mirror)
        key = mirror.key_columns
        parts = {
            "changed": _changed(mirror),
            "mirror": mirror_name(mirror.pipeline, mirror.table),
            "key": _names(column.name for column in key),
            "source": sql.Literal(mirror.source),
            "table": sql.Literal(mirror.name),
        }
        deleted_key = sql.SQL(", ").join(
            sql.SQL("(row_key ->> {})::{}").format(sql.Literal(place), sql.SQL(column.type))
            for place, column in enumerate(key)
        )
        changes = self.execute("changed_keys", **parts, deleted_key=deleted_key, low=sql.Literal(low or 0)).rowcount
        if low is None:
            self.execute(
                "held_keys",
                **parts,
                held_key=_names(mirror.held_key),
                target=_dw(mirror.held_in),
                only=sql.SQL(mirror.held_where),
            )
        self.analyze(parts["changed"])
        if changes > self._rows_when_analyzed(mirror) / 10:
            self.analyze(parts["mirror"])
        [(high,)] = self.execute("high_position", **parts).fetchall()
        return int(high)

    def _position(self, mirror: Mirror) -> int | None:
        row = self.connection.execute(
            "SELECT load_id FROM dw.posiciones WHERE fuente = %s AND tabla = %s", [mirror.source, mirror.name]
        ).fetchone()
        return row[0] if row else None

    def _rows_when_analyzed(self, mirror: Mirror) -> float:
        name = f"{mirror.pipeline.target_schema}.{mirror.name}"
        [(rows,)] = self.connection.execute(
            "SELECT reltuples FROM pg_class WHERE oid = to_regclass(%s)", [name]
        ).fetchall()
        return float(rows)

    def _build(self, target: Target) -> None:
        self._list_affected(target)
        self._derive(target)
        self._merge(target)

    def _list_affected(self, target: Target) -> None:
        affected = sql.Identifier(f"affected_{target.name}")
        query = (
            sql.SQL("SELECT * FROM {}").format(_changed(target.copy_of))
            if target.copy_of
            else statement(f"affected/{target.name}").format()
        )
        self.connection.execute(sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS {}").format(affected, query))
        self.analyze(affected)

    def _derive(self, target: Target) -> None:
        """Stage the affected rows as they should be now, and the members and days that they refer to."""
        staged = sql.Identifier(f"staged_{target.name}")
        columns = _names(self._derived_columns(target.name))
        if target.copy_of:
            rows = statement("copied_rows").format(
                columns=columns,
                mirror=mirror_name(target.copy_of.pipeline, target.copy_of.table),
                affected=sql.Identifier(f"affected_{target.name}"),
                key=_names(target.key),
            )
        else:
            rows = statement(f"rows/{target.name}").format()
        self.connection.execute(
            sql.SQL("CREATE TEMP TABLE {} (LIKE {} INCLUDING DEFAULTS) ON COMMIT DROP").format(staged, _dw(target.name))
        )
        self.connection.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM ({}) AS derived").format(staged, columns, columns, rows)
        )
        self.analyze(staged)
        self._infer_members(target.name)
        if "fecha" in self.columns[target.name]:
            self.execute("add_dates", staged=staged)

    def _derived_columns(self, table: str) -> list[str]:
        return [column for column in self.columns[table] if column not in FLAGS]

    def _infer_members(self, table: str) -> None:
        for column in self.columns[table]:
            dimension = REFERENCES.get(column)
            if dimension and dimension not in (table, "dim_cliente"):
                self.execute(
                    "infer_members",
                    name=sql.Literal(dimension),
                    dimension=_dw(dimension),
                    key=sql.Identifier(_key_of(dimension)),
                    staged=sql.Identifier(f"staged_{table}"),
                    column=sql.Identifier(column),
                )

    def _merge(self, target: Target) -> None:
        columns = self._derived_columns(target.name)
        others = [column for column in columns if column not in target.key]
        present = self.columns[target.name]
        before = [_noted("held", name, kind, present, f"{name}_antes") for name, kind in TOUCHED]
        after = [_noted("merged", name, kind, present, name) for name, kind in TOUCHED]
        self.execute(
            "merge_dimension" if target.is_dimension else "merge_fact",
            name=sql.Literal(target.name),
            target=_dw(target.name),
            affected=sql.Identifier(f"affected_{target.name}"),
            staged=sql.Identifier(f"staged_{target.name}"),
            key=_names(target.key),
            first_key=sql.Identifier(target.key[0]),
            affected_key=_names(target.key, "affected"),
            same_key=sql.SQL(" AND ").join(
                sql.SQL("target.{0} = different.{0}").format(sql.Identifier(name)) for name in target.key
            ),
            columns=_names(columns),
            staged_columns=_names(others, "staged"),
            staged_all=_names(columns, "staged"),
            held_all=_names(columns, "held"),
            different_columns=_names(columns, "different"),
            assignments=sql.SQL(", ").join(
                sql.SQL("{0} = different.{0}").format(sql.Identifier(name)) for name in others
            ),
            before=sql.SQL(", ").join(before),
            after=sql.SQL(", ").join(after),
        )

    def _build_customers(self) -> None:
        self.execute("customers_staged")
        self.analyze(sql.Identifier("staged_dim_cliente"))
        for step in ("closed", "updated", "opened", "overwritten"):
            self.execute(f"customers_{step}")
        self.execute(
            "infer_members",
            name=sql.Literal("dim_campana"),
            dimension=_dw("dim_campana"),
            key=sql.Identifier("id_campana"),
            staged=sql.Identifier("staged_dim_cliente"),
            column=sql.Identifier("id_campana_origen"),
        )
        self.analyze(sql.Identifier("touched"))

    def _build_facts(self) -> None:
        for fact in FACTS:
            self._list_affected(fact)
        self.execute("infer_customers")
        self._analyze_changed()
        for fact in FACTS:
            self._derive(fact)
            if fact.name == "hecho_rendimiento":
                self.execute("add_partitions")
            self._merge(fact)

    def _analyze_changed(self) -> None:
        """Refresh the statistics of tables of `dw` that this refresh has changed by a tenth or more."""
        for (table,) in self.execute("stale_statistics").fetchall():
            self.analyze(_dw(table))

    def _drop_members(self) -> None:
        for dimension in ["dim_cliente", *(target.name for target in reversed(DIMENSIONS))]:
            [(some,)] = self.connection.execute(
                sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE es_inferido OR eliminado)").format(_dw(dimension))
            ).fetchall()
            if some:
                self._drop_members_of(dimension)

    def _drop_members_of(self, dimension: str) -> None:
        key = sql.Identifier(_key_of(dimension))
        referred = [
            sql.SQL("EXISTS (SELECT FROM {} AS referring WHERE referring.{} = dimension.{})").format(
                _dw(table), sql.Identifier(column), key
            )
            for table in self.columns
            if table != dimension and table.startswith(("dim_", "hecho_", "puente_"))
            for column in self.columns[table]
            if REFERENCES.get(column) == dimension
        ]
        self.execute(
            "drop_members",
            name=sql.Literal(dimension),
            dimension=_dw(dimension),
            key=key,
            touched_key=sql.Identifier("id_cliente" if dimension == "dim_cliente" else "clave"),
            referred=sql.SQL(" OR ").join(referred),
        )

    def _advance(self, mirror: Mirror, high: int) -> None:
        names = {"source": mirror.source, "table": mirror.name, "load_id": high}
        self.connection.execute(statement("advance_position"), names)
        self.connection.execute(statement("purge_deleted_rows"), names)

    def _record(self, started: float) -> RefreshReport:
        self._analyze_changed()
        [(refresh_id, rows)] = self.execute("record_refresh").fetchall()
        for step in ("changes", "customers"):
            self.execute(f"record_{step}", refresh_id=sql.Literal(refresh_id))
        self.execute("purge_unfollowed_rows")
        for log in ("cambios", "cambios_cliente"):
            self.execute("purge_changes", log=_dw(log))
        report = RefreshReport(refresh_id, dict(sorted(rows.items())), time.monotonic() - started)
        logger.info("dw: refresh %d changed %d rows in %.1f s", refresh_id, report.changed, report.seconds)
        return report


def _dw(table: str) -> sql.Identifier:
    return sql.Identifier("dw", table)


def _changed(mirror: Mirror) -> sql.Identifier:
    return sql.Identifier(f"changed_{mirror.name}")


def _key_of(dimension: str) -> str:
    return next(column for column, name in REFERENCES.items() if name == dimension)


def _names(columns: Iterable[str], table: str | None = None) -> sql.Composed:
    prefix = [table] if table else []
    return sql.SQL(", ").join(sql.Identifier(*prefix, column) for column in columns)


def _noted(table: str, column: str, kind: str, present: list[str], alias: str) -> sql.Composed:
    """A column of `table` under another name; NULL where the table has none of that name."""
    value = sql.Identifier(table, column) if column in present else sql.SQL(f"NULL::{kind}")
    return sql.SQL("{} AS {}").format(value, sql.Identifier(alias))


def _first_line(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
