"""Rows as T-SQL text, made at the speed of `%` formatting over whole columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

import numpy as np

from promptsales.seeding.plan import EPOCH, SeedPlan
from promptsales.seeding.reference import Ints

CHUNK_ROWS = 20_000
"""Rows a transaction. Each chunk draws from a random stream of its own, so any of them can be made alone."""

STATEMENT_ROWS = 1_000
"""SQL Server takes no more rows in one VALUES."""

Columns = Sequence[Sequence[Any]]
ChunkMaker = Callable[[int, int, np.random.Generator], Columns]

UUID = "%08x-%04x-4%03x-%04x-%012x"
"""Template of a version 4 UUID; its five arguments come from `uuids`."""


@dataclass(frozen=True)
class Table:
    """How one table is written.

    Attributes:
        name: without its schema, dbo.
        key: key columns; rows are in ascending order of them.
        columns: the columns given, comma separated.
        template: one row as a `%` template, its literals ready for T-SQL.
        rows: how many rows there are.
        chunk: template arguments of rows start to stop, column by column.
        position: how many rows have keys up to the given one.
        sequence: whether dbo.seq_<name> hands out its keys.
    """

    name: str
    key: tuple[str, ...]
    columns: str
    template: str
    rows: int
    chunk: ChunkMaker
    position: Callable[[tuple[int, ...]], int] = lambda key: key[0]
    sequence: bool = True

    def chunks(self, plan: SeedPlan, done: int = 0) -> Iterator[tuple[int, list[str]]]:
        """The INSERT statements of each chunk after the first `done` rows, with how many rows they hold."""
        for index in range(done // CHUNK_ROWS, -(-self.rows // CHUNK_ROWS)):
            start, stop = index * CHUNK_ROWS, min((index + 1) * CHUNK_ROWS, self.rows)
            columns = self.chunk(start, stop, plan.generator(self.name, "filas", index))
            rows = map(self.template.__mod__, zip(*columns, strict=True))
            skipped = max(done - start, 0)
            yield stop - start - skipped, list(self._statements(islice(rows, skipped, None)))

    def _statements(self, rows: Iterator[str]) -> Iterator[str]:
        head = f"INSERT INTO dbo.{self.name} ({self.columns}) VALUES\n"
        while values := ",\n".join(islice(rows, STATEMENT_ROWS)):
            yield head + values


def small_table(name: str, columns: str, template: str, rows: Sequence[tuple[Any, ...]]) -> Table:
    """A table whose rows are already made; its key is its first column."""
    return Table(
        name=name,
        key=(columns.split(",")[0],),
        columns=columns,
        template=template,
        rows=len(rows),
        chunk=lambda start, stop, rng: list(zip(*rows[start:stop], strict=True)),
    )


def literal(text: str) -> str:
    """`text` as it stands between the quotes of a T-SQL literal."""
    return text.replace("'", "''")


def words(texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """A vocabulary that arrays of indices pick from."""
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


class DateTexts:
    """ISO dates of a range of days, counted from 1970-01-01, and times of day."""

    def __init__(self, first: int, last: int) -> None:
        self._first = first
        self._dates = words([str(EPOCH + timedelta(days=day)) for day in range(first, last + 1)])
        self._times = words(
            [f"{hour:02}:{minute:02}:{second:02}" for hour in range(24) for minute in range(60) for second in range(60)]
        )

    def dates(self, days: Ints) -> list[str]:
        """`YYYY-MM-DD` of each day."""
        return list(self._dates[days - self._first])

    def moments(self, seconds: Ints) -> tuple[list[str], list[str]]:
        """The date and the `HH:MM:SS` of each second: arguments of `%sT%s`."""
        days, rest = np.divmod(seconds, 86_400)
        return self.dates(days), list(self._times[rest])


def whole_and_cents(cents: Ints) -> tuple[list[int], list[int]]:
    """Arguments of `%d.%02d` for amounts that are not negative."""
    whole, rest = np.divmod(cents, 100)
    return whole.tolist(), rest.tolist()


def uuids(rng: np.random.Generator, count: int) -> list[list[int]]:
    """Arguments of the template `UUID` for `count` random version 4 UUIDs."""
    variant = 0x8000 + rng.integers(0, 1 << 14, count)
    return [
        rng.integers(0, 1 << 32, count).tolist(),
        rng.integers(0, 1 << 16, count).tolist(),
        rng.integers(0, 1 << 12, count).tolist(),
        variant.tolist(),
        rng.integers(0, 1 << 48, count).tolist(),
    ]
