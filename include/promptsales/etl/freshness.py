"""Whether the warehouse can be trusted now: one verdict, for the command line, the MCP servers and the operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

CYCLE_SECONDS = 11 * 60
"""How often loads run."""

LATE_SECONDS = 2 * CYCLE_SECONDS
"""Older than this, a table has missed a whole cycle."""

STALL_SECONDS = CYCLE_SECONDS / 2
"""Work that waited at its source at two loads this far apart, or more, is stalled. Less is ordinary traffic."""


class Verdict(StrEnum):
    """The state of the warehouse, the worst first."""

    empty = "empty"
    failing = "failing"
    stalled = "stalled"
    late = "late"
    fresh = "fresh"


@dataclass(frozen=True)
class Freshness:
    """How one table of the warehouse stands.

    Attributes:
        source: the source that it mirrors; promptsales for what is derived from the mirrors.
        table: its name.
        seconds: since its last committed load; None before the first.
        failed: whether a load failed since.
        held_seconds: since committed work was first seen to wait at the source above this table's position, held back
            by an older open transaction there; None where none waits.
    """

    source: str
    table: str
    seconds: float | None
    failed: bool = False
    held_seconds: float | None = None

    @property
    def name(self) -> str:
        """As people read it."""
        return f"{self.source}.{self.table}"

    @property
    def is_late(self) -> bool:
        """Whether it missed a cycle."""
        return self.seconds is None or self.seconds > LATE_SECONDS

    @property
    def stalled_seconds(self) -> float | None:
        """How long work has waited for it at the source; None where it waited for less than two loads."""
        if self.held_seconds is None or self.held_seconds - (self.seconds or 0) < STALL_SECONDS:
            return None
        return self.held_seconds

    @property
    def state(self) -> str:
        """In a word: failing, never (loaded), stalled, late or fresh."""
        if self.failed:
            return Verdict.failing.value
        if self.seconds is None:
            return "never"
        if self.stalled_seconds is not None:
            return Verdict.stalled.value
        return Verdict.late.value if self.is_late else Verdict.fresh.value


@dataclass(frozen=True)
class Report:
    """The verdict, and why.

    Attributes:
        verdict: of all tables together.
        summary: one sentence for a person.
        tables: the names that the verdict is about; none where it is fresh.
    """

    verdict: Verdict
    summary: str
    tables: tuple[str, ...] = ()


def judge(tables: Sequence[Freshness]) -> Report:
    """The verdict on the warehouse: its worst table decides."""
    ages = [table.seconds for table in tables if table.seconds is not None]
    failed = tuple(table.name for table in tables if table.failed)
    stalled = {table.name: table.stalled_seconds for table in tables if table.stalled_seconds is not None}
    late = tuple(table.name for table in tables if table.is_late)
    if failed:
        return Report(Verdict.failing, f"Loads have failed since their last success: {', '.join(failed)}.", failed)
    if not ages:
        return Report(Verdict.empty, "Nothing was loaded yet.")
    if stalled:
        longest = humanised(max(stalled.values()))
        names = ", ".join(stalled)
        return Report(
            Verdict.stalled,
            f"An open transaction at the source has held back committed work for {longest}: {names}.",
            tuple(stalled),
        )
    if late:
        return Report(Verdict.late, _lateness([table.seconds for table in tables if table.is_late]), late)
    return Report(Verdict.fresh, f"Every table was loaded within the last {humanised(max(ages))}.")


def _lateness(ages: Sequence[float | None]) -> str:
    known = [age for age in ages if age is not None]
    never = len(ages) - len(known)
    if not known:
        return f"{_tables(never)} never loaded."
    told = f"{_tables(len(ages))} not loaded in the last two cycles: the oldest for {humanised(max(known))}"
    return f"{told}, and {never} never." if never else f"{told}."


def _tables(count: int) -> str:
    return "1 table was" if count == 1 else f"{count} tables were"


def humanised(seconds: float) -> str:
    """A length of time in its two largest units: 42 s, 7 min 5 s, 3 h 20 min, 2 d 4 h."""
    whole = max(0, round(seconds))
    for size, unit, below, smaller in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // below
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"
