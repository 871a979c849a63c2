"""Seeding's progress as bars, one a table."""

from __future__ import annotations

from rich.progress import Progress as Bars
from rich.progress import TaskID

from promptsales.seeding.seed import Progress


def table_bars(bars: Bars) -> Progress:
    """A callback for `seed_all` that keeps one bar a table, gone when the table is complete."""
    shown: dict[tuple[str, str], TaskID] = {}

    def advance(database: str, table: str, done: int, total: int) -> None:
        if (database, table) not in shown:
            shown[database, table] = bars.add_task(f"{database}.{table}", total=total)
        bars.update(shown[database, table], completed=done, visible=done < total)

    return advance
