"""`promptsales etl`: run a source's deltas by hand, and see how fresh the mirrors are."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from promptsales.connections import from_settings
from promptsales.etl.run import TableResult, run_pipeline
from promptsales.etl.spec import PipelineSpec, pipeline_of
from promptsales.etl.status import TableStatus, read_status
from promptsales.settings import Settings

app = typer.Typer(help="Move deltas into the warehouse, and look at how fresh it is.", no_args_is_help=True)
console = Console()


@app.command()
def run(
    source: Annotated[str, typer.Argument(help="promptads, promptcrm or promptcontent")],
    table: Annotated[str | None, typer.Option(help="only this table")] = None,
) -> None:
    """Move what changed in SOURCE since the committed watermarks; safe to run at any time."""
    pipeline = pipeline_of(source)
    if table is not None:
        pipeline = pipeline.model_copy(update={"tables": [pipeline.table(table)]})
    results = _run_with_progress(pipeline)
    console.print(results_table(results))
    for result in results:
        if result.error:
            console.print(f"[red]✗[/red] {result.error}", soft_wrap=True)
    if any(result.error for result in results):
        raise typer.Exit(1)


@app.command()
def status() -> None:
    """Per mirror: age of its last committed window, what its last run moved, rejected rows, last error."""
    with closing(from_settings(Settings()).postgres()) as connection:
        rows = read_status(connection)
    console.print(status_table(rows))
    if any(row.last_error for row in rows):
        raise typer.Exit(1)


def _run_with_progress(pipeline: PipelineSpec) -> list[TableResult]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(pipeline.source)

        def show(result: TableResult) -> None:
            progress.update(bar, description=f"{result.source}.{result.table}: {result.read:,} rows read")

        return run_pipeline(pipeline, from_settings(Settings()), f"cli-{uuid4()}", show)


def results_table(results: list[TableResult]) -> Table:
    """What a run moved, one line a table."""
    view = Table("", "source", "table", title="ETL run")
    for heading in ("read", "inserted", "updated", "deleted", "rejected", "seconds"):
        view.add_column(heading, justify="right")
    for result in results:
        counts = (result.read, result.inserted, result.updated, result.deleted, result.rejected)
        mark = "[red]✗[/red]" if result.error else "[green]✓[/green]"
        view.add_row(mark, result.source, result.table, *(f"{n:,}" for n in counts), f"{result.seconds:.1f}")
    return view


def status_table(rows: list[TableStatus]) -> Table:
    """Freshness, one line a mirror."""
    view = Table("", "source", "table", title="Mirrors")
    for heading in ("loaded ago", "rows in last run", "rejected"):
        view.add_column(heading, justify="right")
    view.add_column("last error")
    for row in rows:
        mark = "[red]✗[/red]" if row.last_error else "[green]✓[/green]"
        age = "never" if row.seconds_since_load is None else f"{row.seconds_since_load:,.0f} s"
        view.add_row(
            mark, row.source, row.table_name, age, f"{row.last_run_rows or 0:,}", f"{row.rows_rejected:,}",
            row.last_error or "",
        )  # fmt: skip
    return view
