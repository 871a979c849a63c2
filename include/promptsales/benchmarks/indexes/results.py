"""What runs found, in the warehouse's `ops`: recorded, read back, and looked through for regressions."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from promptsales.benchmarks.indexes.measurement import TITLES, Measurement, Omission, Phase
from promptsales.etl import sql as etl_sql
from promptsales.monitoring.top_queries import TopQuery

statement = partial(etl_sql.statement, package="promptsales.benchmarks.indexes.sql")

NIGHTS_NEEDED = 3
"""Earlier runs, below which nothing is called a regression."""

SLOWER, SLOWER_MS = 1.5, 1.0
"""A query regressed when even its faster runs take more than this times its usual median, and more than this many
milliseconds more, and when it takes longer beside the same run's time without the index too: a busy machine slows both.
"""

MORE_READS = 1.25
"""Reads hardly vary from run to run: this times the median night's is a regression."""


@dataclass(frozen=True)
class Night:
    """A query with its index in one run, this one or an earlier.

    Attributes:
        median: milliseconds, with the index.
        low_quartile: likewise; a quarter of the runs was faster.
        median_without: milliseconds, without it.
    """

    engine: str
    query: str
    moment: datetime
    median: float
    low_quartile: float
    median_without: float
    reads: int
    uses_index: bool
    is_this_run: bool


@dataclass(frozen=True)
class Regression:
    """A query that has become worse than its history."""

    engine: str
    query: str
    finding: str


@dataclass(frozen=True)
class Run:
    """Everything that a run found."""

    name: str
    measurements: list[Measurement]
    top_queries: list[TopQuery]
    omissions: list[Omission]
    history: list[Night]

    @property
    def pairs(self) -> list[tuple[Measurement, Measurement]]:
        """Each query's measurement without and with its index."""
        found: dict[tuple[str, str], dict[Phase, Measurement]] = {}
        for each in self.measurements:
            found.setdefault((each.engine, each.query), {})[each.phase] = each
        pairs = [(each[Phase.before], each[Phase.after]) for each in found.values() if len(each) == len(Phase)]
        return sorted(pairs, key=lambda pair: list(TITLES).index(pair[0].engine))

    @property
    def regressions(self) -> list[Regression]:
        """Of this run, against the nights before it."""
        return regressions(self.history)


def record(connection: psycopg.Connection[Any], run: str, found: Iterable[Measurement | Omission]) -> int:
    """Store what was measured or left out, as it comes, and forget what is older than a year.

    Returns:
        How many measurements there were.
    """
    connection.execute(statement("purge"))
    count = 0
    for each in found:
        if isinstance(each, Omission):
            record_omission(connection, run, each)
        else:
            count += 1
            _record_measurement(connection, run, each)
    return count


def record_top_queries(connection: psycopg.Connection[Any], run: str, queries: Iterable[TopQuery]) -> int:
    """Store what a server spent most on; returns how many statements there were."""
    count = 0
    for query in queries:
        count += 1
        connection.execute(statement("record_top_query"), asdict(query) | {"run": run})
    return count


def record_omission(connection: psycopg.Connection[Any], run: str, omission: Omission) -> None:
    """Store what was skipped, and why."""
    connection.execute(statement("record_omission"), asdict(omission) | {"run": run})


def _record_measurement(connection: psycopg.Connection[Any], run: str, measurement: Measurement) -> None:
    values = vars(measurement) | {"run": run, "median": measurement.median, "phase": measurement.phase.value}
    is_xml = isinstance(measurement.plan, str)
    values["plan_xml"] = measurement.plan if is_xml else None
    values["plan"] = None if is_xml else Jsonb(measurement.plan)
    connection.execute(statement("record_measurement"), values)


def read_run(connection: psycopg.Connection[Any], run: str) -> Run:
    """What a run found, with the history of its queries."""
    values = {"run": run}
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement("measurements"), values).fetchall()
    with connection.cursor(row_factory=class_row(TopQuery)) as cursor:
        top_queries = cursor.execute(statement("top_queries"), values).fetchall()
    with connection.cursor(row_factory=class_row(Omission)) as cursor:
        omissions = cursor.execute(statement("omissions"), values).fetchall()
    with connection.cursor(row_factory=class_row(Night)) as cursor:
        history = cursor.execute(statement("history"), values).fetchall()
    measurements = [Measurement(**row | {"phase": Phase(row["phase"])}) for row in rows]
    return Run(run, measurements, top_queries, omissions, history)


def regressions(history: Iterable[Night]) -> list[Regression]:
    """Queries that this run found slower, or reading more, than their median night, or without their index."""
    by_query: dict[tuple[str, str], list[Night]] = {}
    for night in history:
        by_query.setdefault((night.engine, night.query), []).append(night)
    return [
        Regression(engine, query, finding)
        for (engine, query), nights in by_query.items()
        for finding in _findings([each for each in nights if not each.is_this_run], nights)
    ]


def _findings(earlier: list[Night], nights: list[Night]) -> list[str]:
    now = [each for each in nights if each.is_this_run]
    if len(earlier) < NIGHTS_NEEDED or not now:
        return []
    found = []
    usual, reads = statistics.median(each.median for each in earlier), statistics.median(e.reads for e in earlier)
    part = statistics.median(each.median / each.median_without for each in earlier)
    is_slower = now[-1].low_quartile > usual * SLOWER and now[-1].low_quartile - usual > SLOWER_MS
    if is_slower and now[-1].median / now[-1].median_without > part * SLOWER:
        found.append(
            f"takes {now[-1].median:.2f} ms, {now[-1].median / usual:.1f} times its median of {len(earlier)} earlier "
            f"runs ({usual:.2f} ms)"
        )
    if now[-1].reads > reads * MORE_READS:
        found.append(f"reads {now[-1].reads:,}, against {reads:,.0f} in the median of {len(earlier)} earlier runs")
    if not now[-1].uses_index and earlier[-1].uses_index:
        found.append("no longer uses its index")
    return found
