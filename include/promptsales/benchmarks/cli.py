"""`promptsales bench`: figures of the platform, printed so that anyone can make them again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from promptsales.benchmarks import dag_files
from promptsales.benchmarks import isolation as isolation_benchmark
from promptsales.benchmarks import refresh as refresh_benchmark
from promptsales.benchmarks.etl import fresh_engines, measure
from promptsales.benchmarks.figures import Figures
from promptsales.benchmarks.indexes import run as index_benchmark
from promptsales.benchmarks.indexes.measurement import ROUNDS, TITLES
from promptsales.benchmarks.indexes.results import Run
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

Scale = Annotated[float, typer.Option(help="1.0 is 500,000 customers and 1,000 campaigns", min=0.02)]
Configured = Annotated[
    bool, typer.Option("--configured", help="on the servers that the settings name, not on new ones")
]


@app.callback()
def bench() -> None:
    """Measure the platform on engines of its own."""


@app.command()
def etl(
    scale: Annotated[float, typer.Option(help="1.0 is 500,000 customers and 1,000 campaigns", min=0.001)] = 1.0,
) -> None:
    """Seeding and initial load in rows per second, and the peak memory of the ETL process."""
    from promptsales.benchmarks import summary

    end_by_keyboard_interrupt()
    with Progress(console=console, transient=True) as bars:
        seeded, sources = measure(local_dir() / "bench", SeedPlan(as_of=today(), scale=scale), table_bars(bars))
    _show(summary.of_etl(scale, seeded, sources))


@app.command()
def refresh(
    scale: Annotated[float, typer.Option(help="the larger scale; the smaller is a tenth of it", min=0.02)] = 1.0,
    changes: Annotated[int, typer.Option(help="how many changes the sources have before a cycle", min=50)] = 1000,
    plans: Annotated[bool, typer.Option("--plans", help="print EXPLAIN (ANALYZE, BUFFERS) of each question")] = False,
) -> None:
    """Refresh after the same number of changes, and the marts' answers, at a tenth of the scale and at all of it."""
    from promptsales.benchmarks import summary

    end_by_keyboard_interrupt()
    scales = []
    for size in (scale / 10, scale):
        plan = SeedPlan(as_of=today(), scale=size)
        with console.status("starting the engines") as status:
            scales.append(refresh_benchmark.measure(local_dir() / "bench", plan, changes, status.update))
    _show(summary.of_refresh(scales))
    if plans:
        for answer in scales[-1].answers:
            console.print(f"\n{answer.question}, reader of {answer.countries}", style="bold")
            console.print("\n".join(answer.plan), soft_wrap=True, highlight=False, markup=False)


@app.command()
def search() -> None:
    """How well the labelled questions find their images, and how fast with and without the cache."""
    # Imported where it is used: Pinecone's client would slow every command of the command line down.
    from promptsales.benchmarks import search as search_benchmark
    from promptsales.benchmarks import summary

    end_by_keyboard_interrupt()
    with console.status("seeding, indexing, asking"):
        found = search_benchmark.measure(local_dir() / "bench")
    _show(summary.of_search(found))
    missed = "; ".join(found.quality["all"].missed) or "none"
    console.print(f"Not among the first five: {missed}", highlight=False)


@app.command()
def mcp(scale: Scale = 1.0) -> None:
    """How fast the MCP servers answer, kept answers and new ones, and 300 sessions at once, beside the bare SDK."""
    # Imported where it is used, as is the search's: the protocol's library takes a second.
    from promptsales.benchmarks import mcp as mcp_benchmark
    from promptsales.benchmarks import summary

    end_by_keyboard_interrupt()
    with console.status("starting the engines") as status:
        found = mcp_benchmark.measure(local_dir() / "bench", SeedPlan(as_of=today(), scale=scale), status.update)
    _show(summary.of_mcp(found))
    for crowd in found.crowds:
        for error in sorted(set(crowd.errors))[:5]:
            console.print(f"{crowd.server}: {error}", style="red", markup=False, highlight=False)
    if any(crowd.errors for crowd in found.crowds):
        raise typer.Exit(1)


@app.command()
def dags() -> None:
    """Seconds that Airflow takes to read each DAG file, and all of them, once it is itself imported."""
    from promptsales.benchmarks import summary

    with console.status("reading the DAG files"):
        found = dag_files.measure()
    _show(summary.of_dag_files(found))


@app.command()
def isolation(configured: Configured = False) -> None:
    """Which anomalies each isolation level allows, observed on the servers, as tables in Markdown."""
    end_by_keyboard_interrupt()
    with console.status("trying the anomalies at each level"):
        if configured:
            observed = isolation_benchmark.measure(from_settings(Settings(), admin=True))
        else:
            with fresh_engines(local_dir() / "bench") as settings:
                owner = from_settings(settings, admin=True)
                initialise(settings)
                observed = isolation_benchmark.measure(owner)
    for server, verdicts in observed.items():
        typer.echo(f"### {server}\n\n{markdown(verdicts)}\n")


@app.command()
def indexes(
    scale: Scale = 0.1,
    configured: Configured = False,
    rounds: Annotated[int, typer.Option(help="runs of each query, without and with its index", min=4)] = ROUNDS,
) -> None:
    """What each index gains its queries, on copies of the tables; writes a report in HTML."""
    from promptsales.benchmarks import summary

    end_by_keyboard_interrupt()
    with console.status("starting the engines") as status:
        if configured:
            path, found = _benchmark_indexes(Settings(), rounds, status.update)
        else:
            with fresh_engines(local_dir() / "bench") as settings:
                refresh_benchmark.fill(settings, SeedPlan(as_of=today(), scale=scale), status.update)
                path, found = _benchmark_indexes(settings, rounds, status.update)
    _show(summary.of_indexes(found))
    for worse in found.regressions:
        console.print(f"[red]![/red] {TITLES[worse.engine]}: {worse.query} {worse.finding}", soft_wrap=True)
    console.print(f"The report is {path}", soft_wrap=True)


@app.command(name="all")
def everything(scale: Scale = 1.0) -> None:
    """Every benchmark, one after the other, and one report of them in Markdown and HTML; 1 if one of them failed."""
    from promptsales.benchmarks import suite

    end_by_keyboard_interrupt()
    folder = Settings().report_dir
    facts = suite.facts_of(scale)
    sections = []
    with console.status("starting the engines") as status:
        for section in suite.run(local_dir() / "bench", scale, folder, status.update):
            sections.append(section)
            _show(section.figures)
            if section.failure:
                console.print(f"{section.title}: {section.failure}", style="red", markup=False, highlight=False)
            # After each: what was measured stays, whatever becomes of the next.
            paths = suite.write(sections, facts, folder)
    for path in filter(Path.exists, [*paths, folder / index_benchmark.REPORT]):
        console.print(f"The report is {path}", soft_wrap=True)
    if any(section.failure for section in sections):
        raise typer.Exit(1)


def _benchmark_indexes(settings: Settings, rounds: int, notify: Callable[[str], None]) -> tuple[Path, Run]:
    owner = from_settings(settings, admin=True)
    run = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    index_benchmark.measure_all(owner, run, rounds, notify)
    # Where the environment says, also for servers of its own.
    return index_benchmark.write_report(owner, run, Settings().report_dir)


def _show(tables: list[Figures]) -> None:
    for each in tables:
        console.print(each.terminal())
