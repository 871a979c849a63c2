"""PostgreSQL: each table is copied twice, with all of its indexes; in one copy the one in question is dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import groupby
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from promptsales.benchmarks.indexes.cases import SqlCase, sql_cases
from promptsales.benchmarks.indexes.measurement import ROUNDS, Measurement, Omission, Phase, interleaved
from promptsales.connections import Connections

SCHEMAS = {Phase.before: "banco_antes", Phase.after: "banco_despues"}

LIVE_INDEXES = """
    SELECT indice.relname, pg_get_indexdef(pg_index.indexrelid)
    FROM pg_index
    JOIN pg_class AS indice ON indice.oid = pg_index.indexrelid
    WHERE pg_index.indrelid = %s::regclass
"""


def measure(
    connections: Connections, rounds: int = ROUNDS, notify: Callable[[str], object] = lambda query: None
) -> Iterator[Measurement | Omission]:
    """Every query, without and with its index; the copies are gone in the end.

    Args:
        connections: of the login that owns the warehouse.
        rounds: runs of each.
        notify: told the name of each query.

    Raises:
        psycopg.Error: the warehouse lacks a table or an index, or refused a copy.
    """
    with closing(connections.postgres()) as connection:
        connection.autocommit = True
        server = f"PostgreSQL {connection.info.parameter_status('server_version')}"
        for table, cases in groupby(sorted(sql_cases("postgresql"), key=lambda case: case.table), lambda c: c.table):
            with _copies(connection, table) as (indexes, rows):
                for case in cases:
                    notify(case.name)
                    yield from _compare(connection, case, server, rows, indexes[case.index], rounds)


@contextmanager
def _copies(connection: psycopg.Connection[Any], table: str) -> Iterator[tuple[dict[str, str], int]]:
    """Two copies of a table with its indexes: how each index is made, on a table of any schema, and their rows."""
    live = dict(connection.execute(LIVE_INDEXES, [table]).fetchall())
    name = sql.Identifier(_name(table))
    indexes = {index: _elsewhere(definition, table) for index, definition in live.items()}
    source = sql.Identifier(*table.split("."))
    _drop(connection)
    try:
        rows = 0
        for schema in SCHEMAS.values():
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
            copy = sql.SQL("CREATE UNLOGGED TABLE {}.{} AS SELECT * FROM {}")
            rows = connection.execute(copy.format(sql.Identifier(schema), name, source)).rowcount
            for definition in indexes.values():
                connection.execute(definition.format(schema=schema).encode())
            connection.execute(sql.SQL("VACUUM (ANALYZE) {}.{}").format(sql.Identifier(schema), name))
        yield indexes, rows
    finally:
        _drop(connection)


def _drop(connection: psycopg.Connection[Any]) -> None:
    for schema in SCHEMAS.values():
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))


def _name(table: str) -> str:
    return table.split(".")[1]


def _elsewhere(definition: str, table: str) -> str:
    """A live index's own definition, for the copy in `{schema}`."""
    before, _, after = definition.replace(" ON ONLY ", " ON ").partition(f" ON {table} ")
    return f"{before} ON {{schema}}.{_name(table)} {after}"


def _compare(
    connection: psycopg.Connection[Any], case: SqlCase, server: str, table_rows: int, index: str, rounds: int
) -> Iterator[Measurement | Omission]:
    without = sql.Identifier(SCHEMAS[Phase.before], case.index)
    connection.execute(sql.SQL("DROP INDEX {}").format(without))
    # Bound here, not by the server: each run is planned for its own values, as the queries of the servers are.
    cursor = psycopg.ClientCursor(connection)
    with connection.cursor(row_factory=dict_row) as look_up:
        values = look_up.execute(case.values.encode()).fetchall()
    if not values:
        yield Omission("postgresql", case.name, f"{case.table} has no rows.")
        return
    texts = {
        phase: case.sql.replace("{table}", f"{schema}.{_name(case.table)}").encode()
        for phase, schema in SCHEMAS.items()
    }

    def runner(text: bytes) -> Callable[[int], object]:
        return lambda number: cursor.execute(text, values[number % len(values)]).fetchall()

    times = interleaved({phase: runner(text) for phase, text in texts.items()}, rounds)
    for phase, text in texts.items():
        explain = b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + text
        [([plan],)] = cursor.execute(explain, values[0]).fetchall()
        root = plan["Plan"]
        yield Measurement(
            engine="postgresql",
            server=server,
            query=case.name,
            question=case.question,
            statement=case.sql.replace("{table}", case.table),
            table=case.table,
            table_rows=table_rows,
            index=case.index,
            phase=phase,
            rows=int(root["Actual Rows"]),
            reads=root["Shared Hit Blocks"] + root["Shared Read Blocks"],
            reads_unit="pages of 8 kB",
            milliseconds=times[phase],
            uses_index=f'"{case.index}"' in str(plan).replace("'", '"'),
            plan=plan,
        )
    connection.execute(index.format(schema=SCHEMAS[Phase.before]).encode())
