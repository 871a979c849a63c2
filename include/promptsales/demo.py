"""`promptsales demo`: the main job from nothing to three checked ETL cycles, on engines of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from promptsales.comparison import RevenueCheck, TableCount, check_revenue, count_tables
from promptsales.connections import from_settings
from promptsales.database.cli import answer_table
from promptsales.database.initialise import initialise
from promptsales.local import airflow, engines
from promptsales.local.interruption import end_by_keyboard_interrupt
from promptsales.local.state import local_dir
from promptsales.paths import DATABASE_DIR
from promptsales.seeding.plan import SeedPlan, today
from promptsales.seeding.progress import table_bars
from promptsales.seeding.seed import seed_all
from promptsales.seeding.simulate import simulate_changes
from promptsales.settings import Settings
from promptsales.steps import step

DAGS = [*(f"etl_{source}" for source in ("promptcontent", "promptads", "promptcrm")), "refresh_marts"]

MOVED = """
    SELECT source, table_name, sum(rows_inserted)::bigint, sum(rows_updated)::bigint, sum(rows_deleted)::bigint
    FROM etl.loads WHERE load_id > %s GROUP BY source, table_name
"""

REFRESHED = """
    SELECT
        (SELECT coalesce(sum(value::bigint), 0)::bigint FROM jsonb_each_text(filas)),
        (SELECT sum(total) FROM dw.hecho_venta),
        (SELECT sum(ingresos) FROM mart.actividad_mes)
    FROM dw.refrescos ORDER BY id_refresco DESC LIMIT 1
"""

QUESTIONS = ("010_rendimiento_campana", "030_ranking_canal", "070_segmentos_rfm")
"""Of `database/postgresql/marts`, asked at the end."""

console = Console()


@dataclass(frozen=True)
class Changes:
    """Rows of one table that were inserted, updated and deleted."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def total(self) -> int:
        """All three together."""
        return self.inserted + self.updated + self.deleted


TableChanges = dict[tuple[str, str], Changes]


def demo(
    scale: Annotated[float, typer.Option(help="1.0 is 500,000 customers and 1,000 campaigns", min=0.001)] = 1.0,
    changes: Annotated[int, typer.Option(help="how many changes to simulate between the cycles", min=50)] = 1000,
) -> None:
    """Seed four databases, move their deltas through Airflow in three cycles, and check every count.

    Uses engines of its own under `.local/demo`, which it empties first and stops at the end.
    """
    end_by_keyboard_interrupt()
    root = local_dir() / "demo"
    engines.down(root, purge=True)
    started = time.monotonic()
    try:
        agreed = _Demo(root).play(SeedPlan(as_of=today(), scale=scale), changes)
    finally:
        with step(console, "Stopping the engines"):
            engines.down(root)
    verdict = "[green]✓ every count agreed[/green]" if agreed else "[red]✗ some counts did not agree: see above[/red]"
    console.print(f"\n{verdict} in {time.monotonic() - started:.0f} s. The data is kept in {root}.", soft_wrap=True)
    if not agreed:
        raise typer.Exit(1)


class _Demo:
    """One play of the demo, on the engines under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def play(self, plan: SeedPlan, changes: int) -> bool:
        """Run every act; returns whether every count agreed."""
        with step(console, "Starting PostgreSQL, the SQL Server stand-in, MongoDB and Valkey"):
            engines.up(self.root)
        settings = Settings.model_validate(engines.environment(self.root))
        self.owner = from_settings(settings, admin=True)
        self.etl = from_settings(settings)
        with step(console, "Creating the schemas (promptsales db init)"):
            initialise(settings)
        with step(console, "Preparing Airflow's metadata database"):
            airflow.migrate(self.root)
        with airflow.dag_process(self.root) as self.airflow:
            self._seed(plan)
            agreed = all([self._first_cycle(), self._changed_cycle(changes), self._idle_cycle()])
        self._question_marts()
        return agreed

    def _seed(self, plan: SeedPlan) -> None:
        with _bars() as bars:
            report = seed_all(self.owner, plan, table_bars(bars))
        rate = f"{report.rows:,} rows in {report.seconds:.1f} s, {report.rows_per_second:,.0f} rows/s"
        console.print(f"[green]✓[/green] Seeding the three sources ({rate})")

    def _first_cycle(self) -> bool:
        moved = self._cycle("Cycle 1: everything is new", sum(c.source_rows for c in count_tables(self.etl)))
        counts = count_tables(self.etl)
        revenue = check_revenue(self.etl)
        console.print(_counts_table(counts, moved))
        console.print(_revenue_line(revenue), soft_wrap=True)
        followed = self._star_schema_follows(revenue)
        return followed and all(c.agrees and moved_of(moved, c).total == c.source_rows for c in counts)

    def _changed_cycle(self, changes: int) -> bool:
        with step(console, f"Simulating about {changes:,} changes in the three sources"):
            made = {
                (source, table): Changes(**kinds)
                for source, tables in simulate_changes(self.owner, changes).items()
                for table, kinds in tables.items()
            }
        moved = self._cycle("Cycle 2: exactly these changes move", sum(change.total for change in made.values()))
        counts = count_tables(self.etl)
        revenue = check_revenue(self.etl)
        console.print(_changes_table(counts, made, moved))
        console.print(_revenue_line(revenue), soft_wrap=True)
        followed = self._star_schema_follows(revenue)
        return followed and all(c.agrees and moved_of(made, c) == moved_of(moved, c) for c in counts)

    def _idle_cycle(self) -> bool:
        total = sum(change.total for change in self._cycle("Cycle 3: nothing changed", 0).values())
        [(refreshed, _, _)] = self._query(REFRESHED)
        idle = total == 0 and bool(refreshed == 0)
        console.print(f"{_mark(idle)} Cycle 3 moved {total:,} rows, and {refreshed:,} in the star schema")
        return idle

    def _star_schema_follows(self, revenue: RevenueCheck) -> bool:
        """Show what the refresh changed; returns whether the revenue is the same everywhere."""
        [(rows, sales, in_marts)] = self._query(REFRESHED)
        agrees = revenue.agrees and bool(revenue.promptcrm == sales == in_marts)
        console.print(
            f"{_mark(agrees)} sales in dw.hecho_venta {sales:,}\n"
            f"  and in the marts     {in_marts:,} ({rows:,} rows of the star schema changed)",
            soft_wrap=True,
        )
        return agrees

    def _question_marts(self) -> None:
        with closing(self.owner.postgres()) as connection:
            for name in QUESTIONS:
                file = DATABASE_DIR / "postgresql" / "marts" / f"{name}.sql"
                question = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("-- ")
                console.print(f"\n[bold]{question}[/bold]")
                console.print(answer_table(connection.execute(file.read_bytes())))

    def _cycle(self, title: str, expected: int) -> TableChanges:
        """Run the DAGs through Airflow; returns what the loads they committed moved."""
        before = self._last_load()
        with _bars() as bars, _watch(lambda: self._rows_since(before), bars, title, expected):
            self.airflow.run(DAGS)
        return self._moved_since(before)

    def _last_load(self) -> int:
        return int(self._query("SELECT coalesce(max(load_id), 0) FROM etl.loads")[0][0])

    def _rows_since(self, load_id: int) -> int:
        return sum(sum(row[2:]) for row in self._query(MOVED, [load_id]))

    def _moved_since(self, load_id: int) -> TableChanges:
        return {(source, table): Changes(*kinds) for source, table, *kinds in self._query(MOVED, [load_id])}

    def _query(self, query: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        with closing(self.etl.postgres()) as connection:
            return connection.execute(query, values).fetchall()


def moved_of(changes: TableChanges, count: TableCount) -> Changes:
    """The changes of one table; none where it had none."""
    return changes.get((count.source, count.table), Changes())


def _counts_table(counts: list[TableCount], moved: TableChanges) -> Table:
    view = Table("", "table", title="Rows at the source and in the warehouse", box=SIMPLE)
    for heading in ("source", "moved", "warehouse"):
        view.add_column(heading, justify="right")
    for count in counts:
        total = moved_of(moved, count).total
        agrees = count.agrees and total == count.source_rows
        view.add_row(
            _mark(agrees),
            _name(count),
            f"{count.source_rows:,}",
            f"{total:,}",
            f"{count.mirror_rows:,}",
        )
    return view


def _changes_table(counts: list[TableCount], made: TableChanges, moved: TableChanges) -> Table:
    view = Table("", "table", title="Rows inserted/updated/deleted in the sources, and moved", box=SIMPLE)
    for heading in ("made", "moved", "source", "warehouse"):
        view.add_column(heading, justify="right", no_wrap=True)
    for count in counts:
        expected, found = moved_of(made, count), moved_of(moved, count)
        if expected.total or found.total or not count.agrees:
            view.add_row(
                _mark(expected == found and count.agrees), _name(count), _slashed(expected), _slashed(found),
                f"{count.source_rows:,}", f"{count.mirror_rows:,}",
            )  # fmt: skip
    total_made, total_moved = (sum(change.total for change in side.values()) for side in (made, moved))
    view.add_section()
    view.add_row(_mark(total_made == total_moved), "all changes", f"{total_made:,}", f"{total_moved:,}", "", "")
    return view


def _revenue_line(revenue: RevenueCheck) -> str:
    return (
        f"{_mark(revenue.agrees)} Revenue in PromptAds {revenue.promptads:,}\n"
        f"  sales in PromptCRM   {revenue.promptcrm:,}\n"
        f"  sales in warehouse   {revenue.warehouse:,} (every campaign in its own currency; "
        f"{revenue.campaigns_apart} differ by a cent or more)"
    )


def _slashed(change: Changes) -> str:
    return f"{change.inserted:,}/{change.updated:,}/{change.deleted:,}"


def _name(count: TableCount) -> str:
    return f"{count.source}.{count.table}"


def _mark(agrees: bool) -> str:
    return "[green]✓[/green]" if agrees else "[red]✗[/red]"


def _bars() -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console, transient=True,
    )  # fmt: skip


@contextmanager
def _watch(rows: Callable[[], int], bars: Progress, title: str, expected: int) -> Iterator[None]:
    """Show the rows committed so far, once a second, while the work runs."""
    bar = bars.add_task(title, total=expected or None)
    done = threading.Event()

    def follow() -> None:
        while not done.wait(1):
            bars.update(bar, completed=rows())

    follower = threading.Thread(target=follow, daemon=True)
    started = time.monotonic()
    follower.start()
    try:
        yield
    finally:
        done.set()
        follower.join()
    bars.console.print(f"\n[bold]{title}[/bold] ({len(DAGS)} DAGs through Airflow, {time.monotonic() - started:.1f} s)")
