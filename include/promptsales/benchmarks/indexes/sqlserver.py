"""SQL Server: the columns that a query and its index need are copied twice, by the table's key; one has the index."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import groupby
from typing import Any

import pymssql

from promptsales.benchmarks.indexes.cases import SqlCase, sql_cases
from promptsales.benchmarks.indexes.measurement import (
    ROUNDS,
    Measurement,
    Omission,
    Phase,
    interleaved,
)
from promptsales.connections import Connections, sqlserver_message, sqlserver_number
from promptsales.errors import MissingCapabilityError

SHOWPLAN = "{http://schemas.microsoft.com/sqlserver/2004/07/showplan}"

REFUSED = frozenset({229, 262, 40510})
"""No permission; or the stand-in, which runs no DDL."""


def measure(
    connections: Connections, rounds: int = ROUNDS, notify: Callable[[str], object] = lambda query: None
) -> Iterator[Measurement | Omission]:
    """Every query of both databases, without and with its index; the copies are gone in the end.

    Args:
        connections: of the logins that own the databases.
        rounds: runs of each.
        notify: told the name of each query.

    Raises:
        MissingCapabilityError: the server makes no copies, or shows no plans.
    """
    cases = sorted(sql_cases("sqlserver"), key=lambda case: (case.table, case.columns))
    for (table, columns), of_table in groupby(cases, lambda case: (case.table, case.columns)):
        database, name = table.split()
        connect = connections.ads if database == "PromptAds" else connections.crm
        with closing(connect()) as connection:
            connection.autocommit(True)
            queries = list(of_table)
            with _copies(connection, name, columns, queries[0].key) as rows:
                for case in queries:
                    notify(case.name)
                    yield from _compare(connection, case, rows, rounds)


def plan_figures(plan: str) -> tuple[int, int, set[str]]:
    """Rows of the answer, pages read and indexes used, out of an actual plan in XML."""
    root = ElementTree.fromstring(plan)
    operators = list(root.iter(f"{SHOWPLAN}RelOp"))
    rows = _counters(operators[0], "ActualRows") if operators else 0
    reads = sum(_counters(operator, "ActualLogicalReads") for operator in operators)
    indexes = {each.get("Index", "").strip("[]") for each in root.iter(f"{SHOWPLAN}Object")}
    return rows, reads, indexes - {""}


def server_name(connection: pymssql.Connection) -> str:
    """Product and version."""
    [(version,)] = _run(connection, "SELECT @@VERSION AS version")
    return re.sub(r"\s+", " ", str(version).split("\n")[0]).strip()


def _counters(operator: ElementTree.Element, name: str) -> int:
    """The sum over an operator's own threads."""
    own = operator.find(f"{SHOWPLAN}RunTimeInformation")
    return sum(int(thread.get(name, 0)) for thread in own) if own is not None else 0


def _run(connection: pymssql.Connection, statement: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """The first result of a batch that has columns."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values) if values else cursor.execute(statement)
        while not cursor.description:
            if not cursor.nextset():
                return []
        return cursor.fetchall()


@contextmanager
def _copies(connection: pymssql.Connection, table: str, columns: str, key: str) -> Iterator[int]:
    """Copies in the schema `banco`, and how many rows each has."""
    try:
        _drop(connection)
        _run(connection, "IF SCHEMA_ID(N'banco') IS NULL EXECUTE (N'CREATE SCHEMA banco')")
        for phase in Phase:
            _run(connection, f"SELECT {columns} INTO banco.{phase} FROM {table}")  # noqa: S608 - out of our own files
            _run(connection, f"CREATE UNIQUE CLUSTERED INDEX PK_{phase} ON banco.{phase} ({key})")
        [(rows,)] = _run(connection, f"SELECT COUNT_BIG(*) AS filas FROM banco.{Phase.after}")  # noqa: S608
    except pymssql.Error as error:
        if sqlserver_number(error) in REFUSED:
            raise MissingCapabilityError(
                f"SQL Server makes no copies of tables to measure indexes on ({sqlserver_message(error)}). "
                "It takes SQL Server, and a login that owns the database."
            ) from error
        raise
    try:
        yield int(rows)
    finally:
        _drop(connection)


def _drop(connection: pymssql.Connection) -> None:
    for phase in Phase:
        _run(connection, f"DROP TABLE IF EXISTS banco.{phase}")


def _compare(
    connection: pymssql.Connection, case: SqlCase, table_rows: int, rounds: int
) -> Iterator[Measurement | Omission]:
    index, _, columns = case.index.partition(" ")
    _run(connection, f"CREATE INDEX {index} ON banco.{Phase.after} {columns}")
    with connection.cursor(as_dict=True) as cursor:
        cursor.execute(case.values)
        values: list[dict[str, Any]] = list(cursor.fetchall())
    if not values:
        yield Omission("sqlserver", case.name, f"{case.table} has no rows.")
        return
    texts = {phase: case.sql.replace("{table}", f"banco.{phase}") for phase in Phase}

    def runner(text: str) -> Callable[[int], object]:
        return lambda number: _run(connection, text, values[number % len(values)])

    times = interleaved({phase: runner(text) for phase, text in texts.items()}, rounds)
    for phase, text in texts.items():
        plan = _plan(connection, text, values[0])
        rows, reads, used = plan_figures(plan)
        yield Measurement(
            engine="sqlserver",
            server=server_name(connection),
            query=case.name,
            question=case.question,
            statement=case.sql.replace("{table}", case.table),
            table=case.table,
            table_rows=table_rows,
            index=index,
            phase=phase,
            rows=rows,
            reads=reads,
            reads_unit="pages of 8 kB",
            milliseconds=times[phase],
            uses_index=index in used,
            plan=plan,
        )
    _run(connection, f"DROP INDEX {index} ON banco.{Phase.after}")


def _plan(connection: pymssql.Connection, text: str, values: dict[str, Any]) -> str:
    """The actual plan, which SQL Server sends as one more result after the rows."""
    _run(connection, "SET STATISTICS XML ON")
    try:
        with connection.cursor() as cursor:
            cursor.execute(text, values)
            found = ""
            while True:
                rows = cursor.fetchall() if cursor.description else []
                if rows and str(rows[0][0]).startswith("<ShowPlanXML"):
                    found = str(rows[0][0])
                if not cursor.nextset():
                    break
    finally:
        _run(connection, "SET STATISTICS XML OFF")
    if not found:
        raise MissingCapabilityError("SQL Server shows no plan in XML: it takes SQL Server, and SHOWPLAN permission.")
    return found
