"""`promptsales bench`: figures of the platform, printed so that anyone can make them again."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from promptsales.benchmarks import refresh as refresh_benchmark
from promptsales.benchmarks.etl import SourceFigures, measure
from promptsales.local.interruption import end_by_keyboard_interrupt
from promptsales.local.state import local_dir
from promptsales.seeding.plan import SeedPlan, today
from promptsales.seeding.progress import table_bars

app = typer.Typer(help="Measure the platform on engines of its own.", no_args_is_help=True)
console = Console()


@app.callback()
def bench() -> None:
    """Measure the platform on engines of its own."""


@app.command()
def etl(
    scale: Annotated[float, typer.Option(help="1.0 is 500,000 customers and 1,000 campaigns", min=0.001)] = 1.0,
) -> None:
    """Seeding and initial load in rows per second, and the peak memory of the ETL process."""
    end_by_keyboard_interrupt()
    with Progress(console=console, transient=True) as bars:
        seeded, figures = measure(local_dir() / "bench", SeedPlan(as_of=today(), scale=scale), table_bars(bars))
    console.print(
        f"Seeding at scale {scale:g}: {seeded.rows:,} rows in {seeded.seconds:.1f} s, "
        f"{seeded.rows_per_second:,.0f} rows/s"
    )
    console.print(_loads_table(figures))
    for source in figures:
        console.print(f"Peak memory of the process that loaded {source.source}: {source.peak_mb:,.0f} MB")


@app.command()
def refresh(
    scale: Annotated[float, typer.Option(help="the larger scale; the smaller is a tenth of it", min=0.02)] = 1.0,
    changes: Annotated[int, typer.Option(help="how many changes the sources have before a cycle", min=50)] = 1000,
) -> None:
    """Refresh of the star schema after the same number of changes, at a tenth of the scale and at all of it."""
    end_by_keyboard_interrupt()
    figures = []
    for size in (scale / 10, scale):
        plan = SeedPlan(as_of=today(), scale=size)
        with console.status("starting the engines") as status:
            figures.append(refresh_benchmark.measure(local_dir() / "bench", plan, changes, status.update))
    console.print(_refresh_table(figures))


def _refresh_table(figures: list[refresh_benchmark.ScaleFigures]) -> Table:
    view = Table(title="Refresh of dw: time by what changed")
    for heading in ("scale", "mirror rows", "refresh after", "rows changed in dw", "seconds"):
        view.add_column(heading, justify="right")
    for scale in figures:
        view.add_section()
        size = (f"{scale.scale:g}", f"{scale.mirror_rows:,}")
        view.add_row(*size, "first load", f"{scale.first.changed:,}", f"{scale.first.seconds:.2f}")
        for report in scale.cycles:
            view.add_row(*size, f"{scale.changes:,} changes", f"{report.changed:,}", f"{report.seconds:.2f}")
    return view


def _loads_table(figures: list[SourceFigures]) -> Table:
    view = Table(title="Initial load, source to committed mirror")
    for heading in ("source", "table"):
        view.add_column(heading, no_wrap=True)
    for heading in ("rows", "seconds", "rows/s"):
        view.add_column(heading, justify="right")
    for source in figures:
        for result in source.results:
            rate = result.read / result.seconds if result.seconds else 0
            view.add_row(source.source, result.table, f"{result.read:,}", f"{result.seconds:.1f}", f"{rate:,.0f}")
    return view
