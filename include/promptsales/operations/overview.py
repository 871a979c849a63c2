"""Everything the operators' page is made of, read from the warehouse in one snapshot."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg.rows import class_row

from promptsales.etl import sql as etl_sql
from promptsales.etl.freshness import CYCLE_SECONDS, Freshness, Report, judge
from promptsales.etl.status import TableStatus, read_status
from promptsales.operations.reasons import without_values

READER = "promptsales_operador"
"""The role that the page reads as, whoever connects."""

Row = TypeVar("Row")

statement = partial(etl_sql.statement, package="promptsales.operations.sql")


@dataclass(frozen=True)
class Mirror:
    """One mirror.

    Attributes:
        status: its freshness.
        cycles: rows that each cycle of the last day moved, by the cycle's number since the epoch; a cycle that moved
            nothing counts 0, one that did not run is missing.
        refusals: why rows of it are in quarantine, without their values, and how often; the commonest first.
    """

    status: TableStatus
    cycles: Mapping[int, int]
    refusals: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Derived:
    """What is derived from the mirrors: dw or mart, its age in seconds, the rows that its last refresh changed."""

    tabla: str
    segundos: float
    filas: int

    @property
    def freshness(self) -> Freshness:
        """What the verdict on the warehouse is made of."""
        return Freshness("promptsales", self.tabla, self.segundos)


@dataclass(frozen=True)
class DagRun:
    """How the last run of a DAG ended: `state` is success or failed, `seconds` its length."""

    dag_id: str
    run_id: str
    state: str
    ended_at: datetime
    seconds_ago: float
    seconds: float | None
    error: str | None

    @property
    def failed(self) -> bool:
        """Whether it did."""
        return self.state == "failed"


@dataclass(frozen=True)
class FailingCheck:
    """A check of data quality that did not pass when it was asked last; `gravedad` is error or aviso."""

    chequeo: str
    gravedad: str
    filas: int | None
    mensaje: str | None


@dataclass(frozen=True)
class Overview:
    """The warehouse at one moment."""

    at: datetime
    mirrors: Sequence[Mirror]
    derived: Sequence[Derived]
    dag_runs: Sequence[DagRun]
    failing_checks: Sequence[FailingCheck]

    @property
    def freshness(self) -> list[Freshness]:
        """Of every table."""
        return [*(mirror.status.freshness for mirror in self.mirrors), *(each.freshness for each in self.derived)]

    @property
    def report(self) -> Report:
        """The verdict."""
        return judge(self.freshness)


def begin_reading(connection: psycopg.Connection[Any]) -> None:
    """Make the connection one that reads, as `READER`, and sees one moment of the warehouse until it is closed."""
    connection.read_only = True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.execute(statement("begin_reading"))


def read_overview(connection: psycopg.Connection[Any]) -> Overview:
    """The whole page's content, over a connection that `begin_reading` was given."""
    [(at,)] = connection.execute(statement("moment")).fetchall()
    cycles: defaultdict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for source, table, number, rows in connection.execute(statement("moved"), {"cycle_seconds": CYCLE_SECONDS}):
        cycles[source, table][number] = rows
    refusals: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for source, table, reason in connection.execute(statement("rejected")):
        refusals[source, table][without_values(reason)] += 1
    return Overview(
        at=at,
        mirrors=[
            Mirror(
                status,
                cycles[status.source, status.table_name],
                refusals[status.source, status.table_name].most_common(),
            )
            for status in read_status(connection)
        ],
        derived=_rows(connection, Derived, "derived"),
        dag_runs=_rows(connection, DagRun, "dag_runs"),
        failing_checks=_rows(connection, FailingCheck, "failing_checks"),
    )


def _rows(connection: psycopg.Connection[Any], kind: type[Row], name: str) -> list[Row]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(statement(name)).fetchall()
