"""The marts: tables that follow `dw` a group of rows at a time, in one transaction of their own after its refresh.

A group is what the figures of a mart are summed over: a campaign's month, a cohort, a customer. A refresh lists the
groups that refreshes of `dw` touched since the last one, derives their rows anew, and writes those that differ. So it
takes time by what changed, and replaying it changes nothing.
"""

from __future__ import annotations

import logging
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
from psycopg import IsolationLevel, sql

from promptsales.connections import Connections
from promptsales.errors import PromptSalesError
from promptsales.etl import sql as etl_sql
from promptsales.retry import repeated
from promptsales.warehouse.refresh import LOCK_WAIT, WORK_MEM

logger = logging.getLogger(__name__)

statement = partial(etl_sql.statement, package="promptsales.warehouse.sql.marts")

COLUMNS = """
    SELECT relname, array_agg(attname::text ORDER BY attnum)
    FROM pg_attribute
    JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'mart'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
    GROUP BY relname
"""


class MartError(PromptSalesError):
    """The marts could not be brought up to date; they are as they were before."""


@dataclass(frozen=True)
class Mart:
    """A table of `mart`; `sql/marts/affected/` says which of its groups may have changed, `rows/` derives them.

    Attributes:
        name: of the table.
        group: the columns that its rows are derived together by.
        key: what a row is known by.
    """

    name: str
    group: tuple[str, ...]
    key: tuple[str, ...]


CUSTOMERS = Mart("rfm_cliente", ("id_cliente",), ("id_cliente",))

RFM_KEY = ("codigo_pais", "mes_ultima", "frecuencia", "monto")
CUSTOMER_GROUPS = Mart("rfm_grupo", RFM_KEY, RFM_KEY)
"""Its groups grow with the number of customers: unless all is built anew, customers are moved from one to another."""

MARTS = [
    Mart("mercado", ("id_mercado",), ("id_mercado",)),
    Mart("actividad_mes", ("id_campana", "mes"), ("id_campana", "mes", "id_canal", "id_mercado", "moneda")),
    Mart("campana", ("id_campana",), ("id_campana",)),
    Mart("campana_pais", ("id_campana",), ("id_campana", "codigo_pais")),
    Mart("embudo_mes", ("id_campana", "cohorte"), ("id_campana", "cohorte", "id_canal", "codigo_pais")),
    Mart("contenido_mes", ("id_campana", "mes"), ("id_campana", "mes", "origen", "motor", "detalle")),
    Mart("sentimiento_mes", ("id_campana", "mes"), ("id_campana", "mes", "id_canal")),
]
"""The others, each after those that it reads."""


@dataclass(frozen=True)
class MartReport:
    """What one refresh of the marts did.

    Attributes:
        version: of the marts, as caches know it.
        rows: how many rows it inserted, updated or deleted, by table of `mart`; tables without any are left out.
        seconds: from the lock to the end.
    """

    version: int
    rows: dict[str, int]
    seconds: float


def refresh_marts(connections: Connections) -> MartReport:
    """Bring `mart` up to the last refresh of `dw`, all of it or nothing.

    Args:
        connections: the warehouse's factory is called.

    Raises:
        MartError: another refresh runs, or PostgreSQL refused something. Nothing was changed.
    """
    with closing(connections.postgres()) as connection:
        connection.autocommit = False
        # One snapshot of dw: its refresh commits at once, and all marts see it or none does.
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        try:
            return repeated(lambda: _transaction(connection))
        except psycopg.errors.LockNotAvailable as error:
            raise MartError(
                f"mart: another refresh has been running for {LOCK_WAIT}; it goes on by itself, or end its session in "
                "PostgreSQL."
            ) from error
        except psycopg.Error as error:
            reason = (error.diag.message_primary or str(error)).strip().splitlines()[0].rstrip(".")
            raise MartError(
                f"mart: PostgreSQL refused the refresh and nothing of it was kept: {reason}. If a table or function is "
                "missing, run `promptsales db init`."
            ) from error


def _transaction(connection: psycopg.Connection[Any]) -> MartReport:
    with connection.transaction():
        return _MartRefresh(connection).run()


class _MartRefresh:
    """One refresh inside one transaction."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def run(self) -> MartReport:
        started = time.monotonic()
        self._lock()
        [(low, version, high, tables, whole)] = self.execute("pending").fetchall()
        rows: dict[str, int] = {}
        if high is not None:
            self.columns: dict[str, list[str]] = dict(self.connection.execute(COLUMNS).fetchall())
            self._list_changes(low, high, whole)
            for mart in MARTS:
                self._follow(mart, brands_changed=sql.Literal("dim_marca" in tables))
            self._follow_customers(whole)
            [(version,)] = self.execute(
                "record", high=sql.Literal(high), channels_changed=sql.Literal("dim_canal" in tables)
            ).fetchall()
            self.execute("mark_campaigns", version=sql.Literal(version))
            rows = self._touched()
        # The one job that runs whatever else does.
        self.connection.execute("SELECT ops.purgar_auditoria()")
        report = MartReport(version, rows, time.monotonic() - started)
        logger.info("mart: version %d, %d rows changed in %.1f s", version, sum(rows.values()), report.seconds)
        return report

    def execute(self, name: str, /, **parts: sql.Composable) -> psycopg.Cursor[Any]:
        return self.connection.execute(statement(name).format(**parts))

    def _lock(self) -> None:
        """Keep other refreshes out. LOCK comes first: unlike a query it waits without having taken the snapshot."""
        self.connection.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
        self.connection.execute("LOCK TABLE mart.posicion IN EXCLUSIVE MODE")
        self.connection.execute(f"SET LOCAL work_mem = '{WORK_MEM}'")
        self.connection.execute("SET LOCAL jit = off")

    def _list_changes(self, low: int | None, high: int, whole: bool) -> None:
        self.connection.execute(
            "CREATE TEMP TABLE touched_marts (mart text NOT NULL, id_campana integer, filas bigint NOT NULL)"
            " ON COMMIT DROP"
        )
        for name in ("changes", "customer_changes"):
            query = (
                statement(f"all_{name}").format()
                if whole
                else statement(name).format(low=sql.Literal(low), high=sql.Literal(high))
            )
            self._keep(name, query)

    def _keep(self, name: str, query: sql.Composable) -> None:
        """Keep a query's result in a temporary table; without statistics the planner would guess its size."""
        table = sql.Identifier(name)
        self.connection.execute(sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS {}").format(table, query))
        self.connection.execute(sql.SQL("ANALYZE {}").format(table))

    def _follow(self, mart: Mart, **parts: sql.Composable) -> None:
        self._stage(mart, **parts)
        self._merge(mart)

    def _stage(self, mart: Mart, **parts: sql.Composable) -> None:
        self._keep(f"affected_{mart.name}", statement(f"affected/{mart.name}").format(**parts))
        staged, columns = _staged(mart), _names(self.columns[mart.name])
        self.connection.execute(sql.SQL("CREATE TEMP TABLE {} (LIKE {}) ON COMMIT DROP").format(staged, _table(mart)))
        self.connection.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM ({}) AS derived").format(
                staged, columns, columns, statement(f"rows/{mart.name}").format()
            )
        )
        self.connection.execute(sql.SQL("ANALYZE {}").format(staged))

    def _merge(self, mart: Mart) -> None:
        columns = self.columns[mart.name]
        others = [name for name in columns if name not in mart.key]
        merged = self.execute(
            "merge",
            mart=_table(mart),
            name=sql.Literal(mart.name),
            staged=_staged(mart),
            affected=sql.Identifier(f"affected_{mart.name}"),
            group=_names(mart.group),
            key=_names(mart.key),
            first_key=sql.Identifier(mart.key[0]),
            same_key=sql.SQL(" AND ").join(
                sql.SQL("mart.{0} = different.{0}").format(sql.Identifier(name)) for name in mart.key
            ),
            staged_others=_names(others, "staged"),
            assignments=sql.SQL(", ").join(
                sql.SQL("{0} = different.{0}").format(sql.Identifier(name)) for name in others
            ),
            columns=_names(columns),
            different_columns=_names(columns, "different"),
            campaign=sql.SQL("different.id_campana" if "id_campana" in mart.key else "NULL::integer"),
        )
        if merged.rowcount:
            self._analyze_changed(mart)

    def _follow_customers(self, whole: bool) -> None:
        self._stage(CUSTOMERS)
        if not whole:
            self.execute("move_customers")
        self._merge(CUSTOMERS)
        if whole:
            self._follow(CUSTOMER_GROUPS)

    def _analyze_changed(self, mart: Mart) -> None:
        """Refresh the statistics of a mart that changed by a tenth or more."""
        [(stale,)] = self.connection.execute(
            "SELECT sum(filas) > 50 + 0.1 * (SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = to_regclass(%s))"
            " FROM touched_marts WHERE mart = %s",
            [f"mart.{mart.name}", mart.name],
        ).fetchall()
        if stale:
            self.connection.execute(sql.SQL("ANALYZE {}").format(_table(mart)))

    def _touched(self) -> dict[str, int]:
        return dict(
            self.connection.execute(
                "SELECT mart, sum(filas)::bigint FROM touched_marts GROUP BY mart ORDER BY mart"
            ).fetchall()
        )


def _table(mart: Mart) -> sql.Identifier:
    return sql.Identifier("mart", mart.name)


def _staged(mart: Mart) -> sql.Identifier:
    return sql.Identifier(f"staged_{mart.name}")


def _names(columns: list[str] | tuple[str, ...], table: str | None = None) -> sql.Composed:
    prefix = [table] if table else []
    return sql.SQL(", ").join(sql.Identifier(*prefix, column) for column in columns)
