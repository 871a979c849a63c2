"""The statements that a server spent most time and most reads on: pg_stat_statements, Query Store, the profiler."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg
import pymssql
from pymongo.database import Database
from pymongo.errors import PyMongoError

from promptsales.connections import Connections, mongodb_message, sqlserver_message, sqlserver_number
from promptsales.errors import MissingCapabilityError
from promptsales.etl.sql import text

PACKAGE = "promptsales.monitoring.sql"

PAGES, DOCUMENTS = "pages of 8 kB", "keys and documents"

UNKNOWN_OBJECT = 208
NO_PERMISSION = frozenset({229, 297, 300})

COLLECTING = (1, 2)
"""States of Query Store in which it has something to tell."""

OWN = {"$not": {"$regex": r"\.(system\.|banco_|laboratorio_)"}}
"""Not what only this, the index benchmarks and the trials of isolation asked."""

PROFILED: list[dict[str, Any]] = [
    {"$match": {"op": {"$in": ["query", "command", "update", "remove", "insert"]}, "ns": OWN}},
    {"$sort": {"ts": -1}},
    {"$limit": 5000},
]
LONGEST = 15


@dataclass(frozen=True)
class TopQuery:
    """A statement of one server.

    Attributes:
        engine: `postgresql`, `sqlserver` or `mongodb`.
        source: what counted it.
        statement: without the values that it was run with.
        calls, seconds, reads: in all, since the source began to count.
    """

    engine: str
    source: str
    database: str
    statement: str
    calls: int
    seconds: float
    reads: int
    reads_unit: str


def of_postgresql(connections: Connections) -> list[TopQuery]:
    """The warehouse's, out of pg_stat_statements.

    Raises:
        MissingCapabilityError: the server has not loaded it.
    """
    with closing(connections.postgres()) as connection:
        try:
            rows = connection.execute(text("postgresql", PACKAGE).encode()).fetchall()
        except (psycopg.errors.UndefinedTable, psycopg.errors.ObjectNotInPrerequisiteState) as error:
            raise MissingCapabilityError(
                "PostgreSQL counts no statements: load pg_stat_statements (shared_preload_libraries) and run "
                "`promptsales db init`."
            ) from error
    return [_counted("postgresql", "pg_stat_statements", row) for row in rows]


def of_sqlserver(connections: Connections) -> list[TopQuery]:
    """Those of PromptAds and PromptCRM, out of Query Store, or out of the plans in memory where it is off.

    Raises:
        MissingCapabilityError: the server has neither, or does not show them to this login.
    """
    found = list[TopQuery]()
    for connect in (connections.ads, connections.crm):
        with closing(connect()) as connection:
            try:
                states = _rows(connection, "query_store_state")
                stored = bool(states) and int(states[0][0]) in COLLECTING
                rows = _rows(connection, "query_store" if stored else "query_stats")
            except pymssql.Error as error:
                if sqlserver_number(error) in {UNKNOWN_OBJECT, *NO_PERMISSION}:
                    raise MissingCapabilityError(
                        f"SQL Server tells nothing of its statements ({sqlserver_message(error)}). It "
                        "takes SQL Server, and a login with VIEW DATABASE STATE."
                    ) from error
                raise
        source = "Query Store" if stored else "sys.dm_exec_query_stats"
        found += [_counted("sqlserver", source, row) for row in rows]
    return found


def of_mongodb(connections: Connections) -> list[TopQuery]:
    """PromptContent's: out of the profiler, or, while it is off, what runs at this moment.

    Raises:
        MissingCapabilityError: the profiler is off and nothing runs, or the server has neither.
    """
    database = connections.mongo()
    with database.client:
        try:
            profiled = int(database.command("profile", -1)["was"]) > 0
            found = list(_profiled(database) if profiled else _running(database))
        except PyMongoError as error:
            raise MissingCapabilityError(
                f"MongoDB tells nothing of its operations: {mongodb_message(error).rstrip('.')}."
            ) from error
    if not profiled and not found:
        raise MissingCapabilityError(
            "MongoDB's profiler is off and nothing runs at this moment. `db.setProfilingLevel(1, {slowms: 20})` in "
            "promptcontent has slow operations recorded."
        )
    return sorted(found, key=lambda query: query.seconds, reverse=True)[:LONGEST]


def _counted(engine: str, source: str, row: tuple[Any, ...]) -> TopQuery:
    database, statement, calls, seconds, reads = row
    return TopQuery(engine, source, database, statement, int(calls), float(seconds), int(reads), PAGES)


def _rows(connection: pymssql.Connection, name: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text(name, PACKAGE))
        return cursor.fetchall()


def _profiled(database: Database[dict[str, Any]]) -> Iterator[TopQuery]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for operation in database["system.profile"].aggregate(PROFILED):
        groups.setdefault(_shape_of(operation), []).append(operation)
    for statement, operations in groups.items():
        yield TopQuery(
            "mongodb",
            "profiler",
            database.name,
            statement,
            calls=len(operations),
            seconds=sum(each.get("millis", 0) for each in operations) / 1000,
            reads=sum(each.get("keysExamined", 0) + each.get("docsExamined", 0) for each in operations),
            reads_unit=DOCUMENTS,
        )


def _running(database: Database[dict[str, Any]]) -> Iterator[TopQuery]:
    running: list[dict[str, Any]] = [
        {"$currentOp": {"allUsers": True}},
        {"$match": {"active": True, "ns": {"$regex": f"^{database.name}\\."}}},
    ]
    for operation in database.client.admin.aggregate(running):
        seconds = operation.get("microsecs_running", 0) / 1e6
        yield TopQuery("mongodb", "$currentOp", database.name, _shape_of(operation), 1, seconds, 0, DOCUMENTS)


def _shape_of(operation: dict[str, Any]) -> str:
    """The operation with its field names and none of its values."""
    command = operation.get("command") or operation.get("originatingCommand") or {}
    parts = {key: command[key] for key in ("filter", "q", "pipeline", "query", "sort", "limit") if key in command}
    name = operation.get("ns", "").split(".", 1)[-1]
    return f"{operation.get('op', 'command')} {name} {_shape(parts)}"


def _shape(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shape(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{_shape(value[0])}]" if value else "[]"
    return "?"
