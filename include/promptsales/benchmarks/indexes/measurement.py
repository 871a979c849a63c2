"""What a measurement is, and how the runs of a query without and with its index are interleaved."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

TITLES = {"postgresql": "PostgreSQL", "sqlserver": "SQL Server", "mongodb": "MongoDB"}
"""The engines, and what people call them."""

ROUNDS = 15
"""Runs of a query without and with its index, each."""


class Phase(StrEnum):
    """Without the index, and with it."""

    before = "antes"
    after = "despues"


@dataclass(frozen=True)
class Measurement:
    """A query on a copy of its table, in one of the two phases.

    Attributes:
        engine: `postgresql`, `sqlserver` or `mongodb`.
        server: product and version.
        statement: what was run, as people read it.
        table: the live one.
        table_rows: rows of the copy.
        rows: in the answer.
        reads: pages or documents that the server went through for one answer, as `reads_unit` says.
        milliseconds: of every run, in their order, until the last row was here.
        uses_index: whether the plan names the index.
        plan: as JSON, or as the text of an XML document.
    """

    engine: str
    server: str
    query: str
    question: str
    statement: str
    table: str
    table_rows: int
    index: str
    phase: Phase
    rows: int
    reads: int
    reads_unit: str
    milliseconds: list[float]
    uses_index: bool
    plan: dict[str, Any] | str

    @property
    def median(self) -> float:
        """Of the runs, in milliseconds."""
        return statistics.median(self.milliseconds)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Between these, in milliseconds, lies the middle half of the runs."""
        low, _, high = statistics.quantiles(self.milliseconds, n=4, method="inclusive")
        return low, high


@dataclass(frozen=True)
class Omission:
    """A part of a run that was left out, and why."""

    engine: str
    measurement: str
    reason: str


def interleaved(runs: dict[Phase, Callable[[int], object]], rounds: int) -> dict[Phase, list[float]]:
    """Milliseconds of every run of each phase, in turns, so that whatever else the machine does hits both alike.

    Args:
        runs: what runs the query, given the number of the round; it also returns the rows.
        rounds: how many runs each phase has, after one that is not counted.
    """
    times: dict[Phase, list[float]] = {phase: [] for phase in runs}
    for number in range(-1, rounds):
        order: Sequence[Phase] = list(runs) if number % 2 else list(reversed(runs))
        for phase in order:
            started = time.perf_counter()
            runs[phase](max(number, 0))
            if number >= 0:
                times[phase].append((time.perf_counter() - started) * 1000)
    return times
