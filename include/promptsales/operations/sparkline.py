"""The last day of a table as a row of small bars, one a cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, log10

from promptsales.etl.freshness import CYCLE_SECONDS

CYCLES = ceil(86_400 / CYCLE_SECONDS)
HEIGHT = 20
"""Units of the drawing; a cycle is one unit wide."""

_FLOOR = HEIGHT - 1


@dataclass(frozen=True)
class Sparkline:
    """What the page draws.

    Attributes:
        ran: an SVG path with a mark for each cycle that ran.
        moved: an SVG path with a bar for each cycle that moved rows, its height logarithmic.
        label: the same in words.
        rows: moved in all.
    """

    ran: str
    moved: str
    label: str
    rows: int


def sparkline(cycles: Mapping[int, int], at: datetime) -> Sparkline:
    """The drawing of the cycles of the day before `at`: cycle number since the epoch to rows."""
    last = int(at.timestamp()) // CYCLE_SECONDS
    shown = {number - last + CYCLES - 1: rows for number, rows in cycles.items() if last - CYCLES < number <= last}
    highest = log10(1 + max(shown.values(), default=0)) or 1
    bars = {place: round(_FLOOR * log10(1 + rows) / highest, 1) for place, rows in shown.items() if rows}
    return Sparkline(
        ran="".join(f"M{place}.5 {HEIGHT}v-1" for place in sorted(shown)),
        moved="".join(f"M{place}.5 {_FLOOR}v-{height}" for place, height in sorted(bars.items())),
        label=_label({place + last - CYCLES + 1: rows for place, rows in shown.items()}),
        rows=sum(shown.values()),
    )


def _label(cycles: Mapping[int, int]) -> str:
    ran = f"{len(cycles)} of {CYCLES} cycles of the last day ran"
    if not any(cycles.values()):
        return f"{ran} and moved nothing"
    best = max(cycles, key=lambda number: cycles[number])
    moment = datetime.fromtimestamp(best * CYCLE_SECONDS, UTC)
    moved = f"{sum(cycles.values()):,} rows, the most, {cycles[best]:,}, in the cycle of {moment:%H:%M} UTC"
    return f"{ran} and moved {moved}"
