"""`promptsales seed` and `promptsales simulate`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from promptsales.connections import from_settings
from promptsales.seeding.changes import Report
from promptsales.seeding.parameters import DEFAULT_PEAK_MONTH, DEFAULT_SEED
from promptsales.seeding.plan import SeedPlan, today
from promptsales.seeding.progress import table_bars
from promptsales.seeding.record import options
from promptsales.seeding.seed import SeedReport, existing_plan, seed_all
from promptsales.seeding.simulate import DEFAULT_CHANGES, simulate_changes
from promptsales.settings import Settings

console = Console(highlight=False)


def seed(
    scale: Annotated[float, typer.Option(help="1.0 is 1,000 campaigns and 500,000 customers.")] = 1.0,
    seed: Annotated[
        int, typer.Option(help="Root of all randomness: the same seed gives the same rows.")
    ] = DEFAULT_SEED,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="The day the data ends on. Default: the one already seeded, or today in UTC.",
            show_default=False,
        ),
    ] = None,
    peak_month: Annotated[
        int, typer.Option(min=2, max=11, help="The month, beside December and January, in which most campaigns start.")
    ] = DEFAULT_PEAK_MONTH,
) -> None:
    """Fill PromptAds, PromptCRM and PromptContent. Run again, it goes on where it ended and never duplicates."""
    connections = from_settings(Settings(), admin=True)
    existing = existing_plan(connections)
    last_day = as_of.date() if as_of else existing.as_of if existing else today()
    plan = SeedPlan(as_of=last_day, scale=scale, seed=seed, peak_month=peak_month)
    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
    with bars:
        report = seed_all(connections, plan, table_bars(bars))
    console.print(seed_table(report))
    if report.rows:
        console.print(
            f"[green]✓[/green] {report.rows:,} rows in {report.seconds:.1f} s, {report.rows_per_second:,.0f} rows/s"
        )
    else:
        console.print(f"[green]✓[/green] already seeded with {options(plan)}: 0 rows inserted")


def seed_table(report: SeedReport) -> Table:
    """One row a table: how many rows this run inserted."""
    table = Table("database", "table", box=None, pad_edge=False)
    table.add_column("inserted", justify="right")
    for database, tables in report.inserted.items():
        for name, rows in tables.items():
            table.add_row(database, name, f"{rows:,}")
    return table


def simulate(
    changes: Annotated[
        int, typer.Option(min=1, help="Rows and documents to insert, update or delete.")
    ] = DEFAULT_CHANGES,
    seed: Annotated[int, typer.Option(help="Another seed, other changes.")] = 1,
) -> None:
    """Make believable changes in all three sources, and print exactly how many of each."""
    with console.status("changing the sources"):
        report = simulate_changes(from_settings(Settings(), admin=True), changes, seed)
    console.print(simulation_table(report))
    total = sum(sum(kinds.values()) for tables in report.values() for kinds in tables.values())
    if total == changes:
        console.print(f"[green]✓[/green] {total:,} changes")
    else:
        console.print(f"[yellow]![/yellow] {total:,} changes of {changes:,}: the tables are too small for more")


def simulation_table(report: Report) -> Table:
    """One row a table: keys inserted, updated and deleted."""
    table = Table("source", "table", box=None, pad_edge=False)
    for kind in ("inserted", "updated", "deleted"):
        table.add_column(kind, justify="right")
    for source, tables in report.items():
        for name, kinds in sorted(tables.items()):
            table.add_row(source, name, *(f"{kinds[kind]:,}" for kind in ("inserted", "updated", "deleted")))
    return table
