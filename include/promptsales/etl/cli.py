"""`promptsales etl`: run a source's deltas by hand, and see how fresh the mirrors are."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from itertools import groupby
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from promptsales.cache.campaign_statistics import feed
from promptsales.connections import from_settings
from promptsales.etl.errors import LoadError
from promptsales.etl.freshness import humanised, judge
from promptsales.etl.parameters import MAX_DRIFT
from promptsales.etl.reconcile import Outcome, Reconciliation
from promptsales.etl.reconcile import reconcile as reconcile_table
from promptsales.etl.run import TableResult, run_pipeline
from promptsales.etl.spec import PipelineSpec, load_pipelines, pipeline_of
from promptsales.etl.status import TableStatus, read_status
from promptsales.etl.warehouse import reset_table
from promptsales.quality.run import CheckResult, State, run_checks
from promptsales.settings import Settings
from promptsales.warehouse.marts import refresh_marts
from promptsales.warehouse.refresh import refresh as refresh_dw

app = typer.Typer(help="Move deltas into the warehouse, and look at how fresh it is.", no_args_is_help=True)
console = Console()

OUTCOMES = {
    Outcome.equal: "equal",
    Outcome.differs: "differs",
    Outcome.repaired: "repaired",
    Outcome.read_again: "read again",
}


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
    console.print(results_table(pipeline.source, results))
    _print_errors(result.error for result in results)


@app.command()
def status() -> None:
    """Per mirror: age of its last committed window, what its last run moved, rejected rows, last error; a verdict."""
    with closing(from_settings(Settings()).postgres()) as connection:
        rows = read_status(connection)
    for source, mirrors in groupby(rows, lambda row: row.source):
        console.print(status_table(source, list(mirrors)))
        console.print()
    report = judge([row.freshness for row in rows])
    console.print(f"{report.verdict}: {report.summary}", soft_wrap=True, highlight=False)
    _print_errors(row.last_error for row in rows)


@app.command()
def reconcile(
    source: Annotated[
        str | None, typer.Argument(help="promptads, promptcrm or promptcontent; all where not given")
    ] = None,
    table: Annotated[str | None, typer.Option(help="only this table")] = None,
    check_only: Annotated[bool, typer.Option("--check-only", help="compare, and change nothing")] = False,
    max_drift: Annotated[
        float, typer.Option(min=0, max=100, help="percent of a table that may be repaired; above it, nothing is")
    ] = MAX_DRIFT * 100,
) -> None:
    """Compare mirrors with their sources, by counts and digests of key ranges, and repair what drifted."""
    pipelines = [pipeline_of(source)] if source else list(load_pipelines().values())
    wanted = [(pipeline, each) for pipeline in pipelines for each in pipeline.tables if table in (None, each.name)]
    if not wanted:
        pipelines[0].table(str(table))
    run_id, results, errors = f"cli-{uuid4()}", list[Reconciliation](), list[str]()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("")
        for pipeline, each in wanted:
            name = f"{pipeline.source}.{each.name}"

            def show(rows: int, name: str = name) -> None:
                progress.update(bar, description=f"{name}: {rows:,} rows read")

            show(0)
            try:
                results.append(
                    reconcile_table(
                        pipeline,
                        each,
                        from_settings(Settings()),
                        run_id,
                        repair=not check_only,
                        max_drift=max_drift / 100,
                        on_read=show,
                    )
                )
            except LoadError as error:
                errors.append(str(error))
    console.print(reconciliation_table(results))
    _print_errors(errors)
    if any(result.outcome is Outcome.differs for result in results):
        raise typer.Exit(1)


@app.command()
def reset(
    source: Annotated[str, typer.Argument(help="promptads, promptcrm or promptcontent")],
    table: Annotated[str | None, typer.Option(help="only this table")] = None,
) -> None:
    """Have the next load read tables whole, as after a restore of their source; mirrors keep their rows until then."""
    pipeline = pipeline_of(source)
    with closing(from_settings(Settings()).postgres()) as warehouse:
        for each in [pipeline.table(table)] if table else pipeline.tables:
            reset_table(warehouse, pipeline, each)
            console.print(f"{_mark(None)} {source}.{each.name}: the next load reads it whole", highlight=False)


@app.command()
def quality() -> None:
    """Check what must be true of the warehouse; exit status 1 if a check of severity error fails."""
    with console.status("asking the checks"):
        results = run_checks(from_settings(Settings()), f"cli-{uuid4()}")
    console.print(quality_table(results))
    _print_errors(str(result) for result in results if result.is_error)


@app.command()
def refresh() -> None:
    """Bring the star schema, the marts and the cache up to the last committed loads; safe to run at any time."""
    connections = from_settings(Settings())
    with console.status("dw follows the mirrors") as status:
        star_schema = refresh_dw(connections)
        status.update("mart follows dw")
        marts = refresh_marts(connections)
        status.update("the cache follows mart")
        campaigns = feed(connections)
    console.print(refresh_table("dw", star_schema.rows, star_schema.seconds))
    console.print(refresh_table("mart", marts.rows, marts.seconds))
    console.print(f"Campaigns whose statistics went into Redis: {campaigns:,}")


def _run_with_progress(pipeline: PipelineSpec) -> list[TableResult]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(pipeline.source)

        def show(result: TableResult) -> None:
            progress.update(bar, description=f"{result.source}.{result.table}: {result.read:,} rows read")

        return run_pipeline(pipeline, from_settings(Settings()), f"cli-{uuid4()}", show)


def results_table(source: str, results: list[TableResult]) -> Table:
    """What a run moved, one line a table of the source."""
    view = _table(f"What moved out of {source}", "read", "inserted", "updated", "deleted", "rejected", "s")
    for result in results:
        counts = (result.read, result.inserted, result.updated, result.deleted, result.rejected)
        view.add_row(_mark(result.error), result.table, *(f"{n:,}" for n in counts), f"{result.seconds:.1f}")
    return view


def status_table(source: str, rows: list[TableStatus]) -> Table:
    """Freshness, one line a mirror of the source."""
    view = _table(f"Mirrors of {source}", "loaded ago", "rows in last run", "rejected", "stalled for")
    for row in rows:
        age = "never" if row.seconds_since_load is None else f"{row.seconds_since_load:,.0f} s"
        stalled = row.freshness.stalled_seconds
        view.add_row(
            _mark(row.last_error),
            row.table_name,
            age,
            f"{row.last_run_rows:,}",
            f"{row.rows_rejected:,}",
            "" if stalled is None else humanised(stalled),
        )
    return view


def reconciliation_table(results: list[Reconciliation]) -> Table:
    """What the comparisons found, one line a table."""
    title = "Sources beside their mirrors (new: changed since the last load, not compared)"
    view = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    view.add_column("")
    view.add_column("table", no_wrap=True)
    for heading in ("rows", "ranges", "missing", "extra", "unequal", "new", "s"):
        view.add_column(heading, justify="right", no_wrap=True)
    view.add_column("outcome", no_wrap=True)
    for each in results:
        mark = "[green]✓[/green]" if each.outcome is Outcome.equal else "[yellow]![/yellow]"
        counts = (each.source_rows, each.ranges, each.missing, each.extra, each.different, each.in_flight)
        outcome = OUTCOMES[each.outcome]
        view.add_row(mark, each.table, *(f"{n:,}" for n in counts), f"{each.seconds:.1f}", outcome)
    return view


def quality_table(results: list[CheckResult]) -> Table:
    """What the checks found, one line a check."""
    view = Table(title="Checks of data quality", title_justify="left", box=None, padding=(0, 1, 0, 0))
    view.add_column()
    for heading in ("check", "kind", "severity"):
        view.add_column(heading, no_wrap=True)
    for heading in ("wrong", "s"):
        view.add_column(heading, justify="right", no_wrap=True)
    for each in results:
        mark = (
            "[green]✓[/green]"
            if each.state is State.passes
            else "[red]✗[/red]"
            if each.is_error
            else "[yellow]![/yellow]"
        )
        rows = "?" if each.rows is None else f"{each.rows:,}"
        view.add_row(mark, each.check, each.kind, each.severity, rows, f"{each.seconds:.2f}")
    view.add_section()
    view.add_row("", f"{len(results)} checks", "", "", "", f"{sum(each.seconds for each in results):.2f}")
    return view


def refresh_table(schema: str, rows: dict[str, int], seconds: float) -> Table:
    """What a refresh changed, one line a table of the schema."""
    view = Table(title=f"What changed in {schema}", title_justify="left", box=None, padding=(0, 1, 0, 0), min_width=30)
    view.add_column("table", no_wrap=True)
    view.add_column("rows", justify="right", no_wrap=True)
    for name, count in rows.items():
        view.add_row(name, f"{count:,}")
    view.add_section()
    view.add_row(f"in {seconds:.1f} s", f"{sum(rows.values()):,}")
    return view


def _table(title: str, *headings: str) -> Table:
    # No frame: eight columns of it, with numbers of millions, have to fit into a terminal of 80 characters.
    view = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    view.add_column()
    view.add_column("table", no_wrap=True)
    for heading in headings:
        view.add_column(heading, justify="right", no_wrap=True)
    return view


def _mark(error: str | None) -> str:
    return "[red]✗[/red]" if error else "[green]✓[/green]"


def _print_errors(errors: Iterable[str | None]) -> None:
    """Below the tables, a line each.

    Raises:
        Exit: with status 1, if there is one.
    """
    found = [error for error in errors if error]
    for error in found:
        console.print(f"{_mark(error)} {escape(error)}", soft_wrap=True, highlight=False)
    if found:
        raise typer.Exit(1)
