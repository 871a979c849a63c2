"""What a simulation changes, counted while it is done, and the SQL that its parts share."""

# ruff: noqa: S608 - the names and values in this SQL are the project's own, never a caller's

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import islice
from typing import Any, Literal, TypeVar

import numpy as np
import pymssql

from promptsales.errors import PromptSalesError
from promptsales.seeding.table import STATEMENT_ROWS

Kind = Literal["inserted", "updated", "deleted"]
Row = TypeVar("Row")
Report = dict[str, dict[str, dict[str, int]]]
"""`{source: {table: {"inserted": n, "updated": n, "deleted": n}}}`, sources as the pipelines name them."""

CANDIDATES_PER_ROW = 4
"""How many random keys are looked up for each row wanted: some are gone, or not in the state asked for."""


class SimulationError(PromptSalesError):
    """The changes could not be made; nothing was committed unless the message says so."""


class Tally:
    """Counts changed keys by source, table and kind. A key is changed at most once in a simulation."""

    def __init__(self) -> None:
        self.report: Report = {}
        self.total = 0

    def add(self, database: str, table: str, kind: Kind, count: int) -> None:
        """Count `count` keys of one table."""
        if count:
            tables = self.report.setdefault(database.lower(), {})
            tables.setdefault(table, {"inserted": 0, "updated": 0, "deleted": 0})[kind] += count
            self.total += count


class Session:
    """One SQL Server database within one transaction: statements whose effect is counted and checked."""

    def __init__(self, connection: pymssql.Connection, database: str, tally: Tally, rng: np.random.Generator) -> None:
        self._connection = connection
        self._database = database
        self._tally = tally
        self._rng = rng

    def rows(self, sql: str, *parameters: date) -> list[tuple[Any, ...]]:
        """The result of a query; `parameters` take the places of %s in it."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def keys(self, table: str, count: int) -> list[int]:
        """The next `count` keys of the table's sequence."""
        if not count:
            return []
        places = ", ".join(["(0)"] * count)
        return [
            int(key)
            for (key,) in self.rows(f"SELECT NEXT VALUE FOR dbo.seq_{table} AS clave FROM (VALUES {places}) AS v(n)")
        ]

    def insert(self, table: str, columns: str, rows: Iterable[str]) -> None:
        """Insert rows given as T-SQL text."""
        remaining = iter(rows)
        while piece := list(islice(remaining, STATEMENT_ROWS)):
            self._change(
                table, "inserted", len(piece), f"INSERT INTO dbo.{table} ({columns}) VALUES {', '.join(piece)}"
            )

    def update(self, table: str, assignments: str, where: str, expected: int) -> None:
        """Update exactly `expected` rows."""
        self._change(table, "updated", expected, f"UPDATE dbo.{table} SET {assignments} WHERE {where}")

    def delete(self, table: str, where: str, expected: int) -> None:
        """Delete exactly `expected` rows."""
        self._change(table, "deleted", expected, f"DELETE FROM dbo.{table} WHERE {where}")

    def move(self, table: str, assignments: str, where: str) -> None:
        """Change the key of one row: to whoever follows the table, one row less and another one more."""
        self._execute(table, 1, f"UPDATE dbo.{table} SET {assignments} WHERE {where}")
        self._tally.add(self._database, table, "deleted", 1)
        self._tally.add(self._database, table, "inserted", 1)

    def sample(self, table: str, key: str, columns: str, where: str, count: int) -> list[tuple[Any, ...]]:
        """Up to `count` random rows that meet `where`, without reading the whole table; the key comes first."""
        ((highest,),) = self.rows(f"SELECT MAX({key}) FROM dbo.{table}")
        if not count or highest is None:
            return []
        candidates = np.unique(self._rng.integers(1, highest + 1, count * CANDIDATES_PER_ROW + 20))
        found = self.rows(
            f"SELECT {key}, {columns} FROM dbo.{table} WHERE {key} IN ({numbers(candidates.tolist())}) AND {where} "
            f"ORDER BY {key}"
        )
        return self.choose(found, count)

    def choose(self, rows: Sequence[Row], count: int) -> list[Row]:
        """Up to `count` of `rows`, by lot."""
        picked = self._rng.permutation(len(rows))[:count]
        return [rows[index] for index in np.sort(picked).tolist()]

    def _change(self, table: str, kind: Kind, expected: int, sql: str) -> None:
        if expected:
            self._execute(table, expected, sql)
            self._tally.add(self._database, table, kind, expected)

    def _execute(self, table: str, expected: int, sql: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            if cursor.rowcount != expected:
                raise SimulationError(
                    f"{self._database}.dbo.{table}: {cursor.rowcount} rows changed where {expected} were meant to: "
                    "something else is writing to it. Nothing was committed; run the simulation again."
                )


def numbers(values: Iterable[int]) -> str:
    """Numbers for an IN list."""
    return ", ".join(map(str, values))
