"""`promptsales bench`: figures of the platform, printed so that anyone can make them again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from promptsales.benchmarks import isolation as isolation_benchmark
from promptsales.benchmarks import refresh as refresh_benchmark
from promptsales.benchmarks.etl import SourceFigures, fresh_engines, measure
from promptsales.benchmarks.indexes import run as index_benchmark
from promptsales.benchmarks.indexes.measurement import ROUNDS, TITLES, Measurement
from promptsales.benchmarks.indexes.results import Run
from promptsales.benchmarks.marts import Answer
from promptsales.benchmarks.mcp_figures import CrowdFigures, ToolFigures, percentile
from promptsales.concurrency.anomalies import markdown
from promptsales.connections import from_settings
from promptsales.database.initialise import initialise
from promptsales.local.interruption import end_by_keyboard_interrupt
from promptsales.local.state import local_dir
from promptsales.seeding.plan import SeedPlan, today
from promptsales.seeding.progress import table_bars
from promptsales.settings import Settings

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
    plans: Annotated[bool, typer.Option("--plans", help="print EXPLAIN (ANALYZE, BUFFERS) of each question")] = False,
) -> None:
    """Refresh after the same number of changes, and the marts' answers, at a tenth of the scale and at all of it."""
    end_by_keyboard_interrupt()
    figures = []
    for size in (scale / 10, scale):
        plan = SeedPlan(as_of=today(), scale=size)
        with console.status("starting the engines") as status:
            figures.append(refresh_benchmark.measure(local_dir() / "bench", plan, changes, status.update))
    console.print(_refresh_table(figures))
    console.print(_answers_table(figures))
    if plans:
        for answer in figures[-1].answers:
            console.print(f"\n{answer.question}, reader of {answer.countries}", style="bold")
            console.print("\n".join(answer.plan), soft_wrap=True, highlight=False, markup=False)


@app.command()
def search() -> None:
    """How well the labelled questions find their images, and how fast with and without the cache."""
    # Imported where it is used: Pinecone's client would slow every command of the command line down.
    from promptsales.benchmarks import search as search_benchmark

    end_by_keyboard_interrupt()
    with console.status("seeding, indexing, asking"):
        figures = search_benchmark.measure(local_dir() / "bench")
    view = Table(title=f"{figures.images} images, {figures.model}")
    view.add_column("questions")
    for heading in ("asked", "recall@1", "recall@5", "MRR"):
        view.add_column(heading, justify="right")
    for language, found in figures.quality.items():
        rates = (found.recall_at_1, found.recall_at_5, found.reciprocal_rank)
        view.add_row(language, str(found.questions), *(f"{rate:.3f}" for rate in rates))
    console.print(view)
    missed = "; ".join(figures.quality["all"].missed) or "none"
    console.print(f"Not among the first five: {missed}", highlight=False)
    for name, times in (("uncached", figures.uncached_ms), ("cached", figures.cached_ms)):
        middle, high = times[len(times) // 2], times[int(len(times) * 0.95)]
        console.print(f"{name}: p50 {middle:.1f} ms, p95 {high:.1f} ms, {len(times)} searches", highlight=False)


@app.command()
def mcp(
    scale: Annotated[float, typer.Option(help="1.0 is 500,000 customers and 1,000 campaigns", min=0.001)] = 1.0,
) -> None:
    """How fast the MCP servers answer, kept answers and new ones, and 300 sessions at once, beside the bare SDK."""
    from promptsales.benchmarks import mcp as mcp_benchmark

    end_by_keyboard_interrupt()
    with console.status("starting the engines") as status:
        tools, crowds = mcp_benchmark.measure(
            local_dir() / "bench", SeedPlan(as_of=today(), scale=scale), status.update
        )
    console.print(_tools_table(tools))
    console.print(_crowds_table(crowds))
    for crowd in crowds:
        for error in sorted(set(crowd.errors))[:5]:
            console.print(f"{crowd.server}: {error}", style="red", markup=False, highlight=False)
    if any(crowd.errors for crowd in crowds):
        raise typer.Exit(1)


def _tools_table(figures: list[ToolFigures]) -> Table:
    view = Table(title="Answers over HTTP, one after the other, in ms")
    for heading in ("server", "tool"):
        view.add_column(heading, no_wrap=True)
    for heading in ("new: p50", "p95", "max", "again: p50", "p95"):
        view.add_column(heading, justify="right")
    for each in figures:
        new, again = each.uncached_ms, each.cached_ms
        shown = (percentile(new, 50), percentile(new, 95), new[-1], percentile(again, 50), percentile(again, 95))
        view.add_row(each.server, each.tool, *(f"{milliseconds:.1f}" for milliseconds in shown))
    return view


def _crowds_table(figures: list[CrowdFigures]) -> Table:
    view = Table(title="Sessions at once: each connects, and asks its questions one after the other")
    view.add_column("server", no_wrap=True)
    for heading in ("sessions", "calls", "errors", "ms of a call: p50", "p95", "max", "seconds in all"):
        view.add_column(heading, justify="right")
    for each in figures:
        times = each.call_ms or [float("nan")]
        view.add_row(
            each.server,
            str(each.sessions),
            str(each.calls),
            str(len(each.errors)),
            *(f"{milliseconds:.0f}" for milliseconds in (percentile(times, 50), percentile(times, 95), times[-1])),
            f"{each.seconds:.1f}",
        )
    return view


@app.command()
def isolation(
    configured: Annotated[
        bool, typer.Option("--configured", help="try it on the servers that the settings name, not on new ones")
    ] = False,
) -> None:
    """Which anomalies each isolation level allows, observed on the servers, as tables in Markdown."""
    end_by_keyboard_interrupt()
    with console.status("trying the anomalies at each level"):
        if configured:
            observed = isolation_benchmark.measure(from_settings(Settings(), admin=True))
        else:
            with fresh_engines(local_dir() / "bench") as settings:
                owner = from_settings(settings, admin=True)
                initialise(owner)
                observed = isolation_benchmark.measure(owner)
    for server, verdicts in observed.items():
        typer.echo(f"### {server}\n\n{markdown(verdicts)}\n")


@app.command()
def indexes(
    scale: Annotated[float, typer.Option(help="of the data on the new servers", min=0.02)] = 0.1,
    configured: Annotated[
        bool, typer.Option("--configured", help="on the servers that the settings name, not on new ones")
    ] = False,
    rounds: Annotated[int, typer.Option(help="runs of each query, without and with its index", min=4)] = ROUNDS,
) -> None:
    """What each index gains its queries, on copies of the tables; writes a report in HTML."""
    end_by_keyboard_interrupt()
    with console.status("starting the engines") as status:
        if configured:
            path, found = _benchmark_indexes(Settings(), rounds, status.update)
        else:
            with fresh_engines(local_dir() / "bench") as settings:
                refresh_benchmark.fill(settings, SeedPlan(as_of=today(), scale=scale), status.update)
                path, found = _benchmark_indexes(settings, rounds, status.update)
    console.print(_indexes_table(found))
    for each in found.omissions:
        console.print(f"[yellow]![/yellow] {TITLES[each.engine]}: no {each.measurement}. {each.reason}", soft_wrap=True)
    for worse in found.regressions:
        console.print(f"[red]![/red] {TITLES[worse.engine]}: {worse.query} {worse.finding}", soft_wrap=True)
    console.print(f"The report is {path}", soft_wrap=True)


def _benchmark_indexes(settings: Settings, rounds: int, notify: Callable[[str], None]) -> tuple[Path, Run]:
    owner = from_settings(settings, admin=True)
    run = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    index_benchmark.measure_all(owner, run, rounds, notify)
    return index_benchmark.write_report(owner, run, settings.report_dir)


def _indexes_table(run: Run) -> Table:
    view = Table(title="Each query on a copy of its table: median and quartiles in ms, and reads")
    view.add_column("query", no_wrap=True)
    for heading in ("rows", "without its index", "with it", "ratio", "reads"):
        view.add_column(heading, justify="right", no_wrap=True)
    for engine, pairs in groupby(run.pairs, key=lambda pair: pair[0].engine):
        view.add_section()
        view.add_row(f"[bold]{TITLES[engine]}[/bold]")
        for before, after in pairs:
            view.add_row(
                *(before.query, f"{before.table_rows:,}", _spread(before), _spread(after)),
                *(f"{before.median / after.median:.1f}", f"{before.reads:,} / {after.reads:,}"),
            )
    return view


def _spread(measured: Measurement) -> str:
    low, high = measured.quartiles
    return f"{measured.median:.2f} ({low:.2f} to {high:.2f})"


def _refresh_table(figures: list[refresh_benchmark.ScaleFigures]) -> Table:
    view = Table(title="Refresh of dw and mart: time by what changed")
    for heading in ("scale", "mirror rows", "refresh after", "rows in dw", "rows in mart", "dw s", "mart s", "both s"):
        view.add_column(heading, justify="right")
    for scale in figures:
        view.add_section()
        after = ["first load", *(f"{scale.changes:,} changes" for _ in scale.cycles)]
        for label, cycle in zip(after, [scale.first, *scale.cycles], strict=True):
            view.add_row(
                f"{scale.scale:g}",
                f"{scale.mirror_rows:,}",
                label,
                f"{cycle.star_schema.changed:,}",
                f"{sum(cycle.marts.rows.values()):,}",
                f"{cycle.star_schema.seconds:.2f}",
                f"{cycle.marts.seconds:.2f}",
                f"{cycle.seconds:.2f}",
            )
    return view


def _answers_table(figures: list[refresh_benchmark.ScaleFigures]) -> Table:
    view = Table(
        title="Answers of the marts, not cached, as promptsales_mcp: first / 95th percentile / EXPLAIN ANALYZE, in ms"
    )
    view.add_column("question", no_wrap=True)
    view.add_column("reader of")
    for scale in figures:
        view.add_column(f"scale {scale.scale:g}", justify="right")
    for answers in zip(*(scale.answers for scale in figures), strict=True):
        view.add_row(answers[0].question, answers[-1].countries, *map(_milliseconds, answers))
    return view


def _milliseconds(answer: Answer) -> str:
    return f"{answer.first_ms:.0f} / {answer.p95_ms:.0f} / {answer.executed_ms:.0f}"


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
