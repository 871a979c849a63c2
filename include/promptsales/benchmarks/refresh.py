"""Whether the refresh of the star schema takes time by what changed, or by how large the tables are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from promptsales.benchmarks.etl import fresh_engines
from promptsales.comparison import count_tables
from promptsales.connections import Connections, from_settings
from promptsales.database.initialise import initialise
from promptsales.etl.errors import LoadError
from promptsales.etl.run import run_pipeline
from promptsales.etl.spec import load_pipelines
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.seed import seed_all
from promptsales.seeding.simulate import simulate_changes
from promptsales.settings import Settings
from promptsales.warehouse.refresh import RefreshReport, refresh

CYCLES = 3

Notify = Callable[[str], None]


@dataclass(frozen=True)
class ScaleFigures:
    """The refresh at one scale.

    Attributes:
        mirror_rows: rows in all mirrors before the first change.
        first: the refresh that built the star schema.
        changes: how many changes the sources had before each of the cycles.
        cycles: the refresh after each of them.
    """

    scale: float
    mirror_rows: int
    first: RefreshReport
    changes: int
    cycles: list[RefreshReport]


def measure(root: Path, plan: SeedPlan, changes: int, notify: Notify) -> ScaleFigures:
    """Build the star schema of a seeded platform, then refresh it after each of a few simulated cycles.

    Args:
        root: the folder of the engines; they are stopped and removed in the end.
        plan: what is seeded.
        changes: in the sources, before each cycle.
        notify: called with what is being done.

    Raises:
        PromptSalesError: an engine, the seeding, a load or a refresh failed.
    """
    with fresh_engines(root) as settings:
        return _measure(settings, plan, changes, notify)


def _measure(settings: Settings, plan: SeedPlan, changes: int, notify: Notify) -> ScaleFigures:
    owner, etl = from_settings(settings, admin=True), from_settings(settings)
    initialise(owner)
    notify(f"scale {plan.scale:g}: seeding")
    seed_all(owner, plan)
    notify(f"scale {plan.scale:g}: loading the mirrors")
    _load(etl)
    rows = sum(count.mirror_rows for count in count_tables(etl))
    notify(f"scale {plan.scale:g}: building the star schema")
    first = refresh(etl)
    cycles = []
    for number in range(1, CYCLES + 1):
        notify(f"scale {plan.scale:g}: cycle {number} of {CYCLES}")
        simulate_changes(owner, changes)
        _load(etl)
        cycles.append(refresh(etl))
    return ScaleFigures(plan.scale, rows, first, changes, cycles)


def _load(connections: Connections) -> None:
    for pipeline in load_pipelines().values():
        results = run_pipeline(pipeline, connections, "bench")
        if failures := [result.error for result in results if result.error]:
            raise LoadError("\n".join(failures))
