"""Whether the refresh of the star schema and the marts takes time by what changed, or by how large the tables are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from promptsales.benchmarks import marts
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
from promptsales.warehouse.marts import MartReport, refresh_marts
from promptsales.warehouse.refresh import RefreshReport, refresh

CYCLES = 3

Notify = Callable[[str], None]


@dataclass(frozen=True)
class Cycle:
    """What one refresh changed, and how long it took, in `dw` and in `mart`."""

    star_schema: RefreshReport
    marts: MartReport

    @property
    def seconds(self) -> float:
        """Of both."""
        return self.star_schema.seconds + self.marts.seconds


@dataclass(frozen=True)
class ScaleFigures:
    """The refresh at one scale.

    Attributes:
        mirror_rows: rows in all mirrors before the first change.
        first: the refresh that built star schema and marts.
        changes: how many changes the sources had before each of the cycles.
        cycles: the refresh after each of them.
        answers: how fast the marts answer after the last.
    """

    scale: float
    mirror_rows: int
    first: Cycle
    changes: int
    cycles: list[Cycle]
    answers: list[marts.Answer]


def measure(root: Path, plan: SeedPlan, changes: int, notify: Notify) -> ScaleFigures:
    """Build star schema and marts of a seeded platform, refresh them after each of a few cycles, question the marts.

    Args:
        root: the folder of the engines; they are stopped and removed in the end.
        plan: what is seeded.
        changes: in the sources, before each cycle.
        notify: called with what is being done.

    Raises:
        PromptSalesError: an engine, the seeding, a load or a refresh failed.
    """
    with fresh_engines(root) as settings:
        return _measure(root, settings, plan, changes, notify)


def fill(settings: Settings, plan: SeedPlan, notify: Notify) -> None:
    """Seed the sources of fresh engines, load the mirrors, and build star schema and marts once."""
    owner, etl = from_settings(settings, admin=True), from_settings(settings)
    initialise(settings)
    notify(f"scale {plan.scale:g}: seeding")
    seed_all(owner, plan)
    notify(f"scale {plan.scale:g}: loading the mirrors")
    _load(etl)
    notify(f"scale {plan.scale:g}: building star schema and marts")
    _refresh(etl)


def _measure(root: Path, settings: Settings, plan: SeedPlan, changes: int, notify: Notify) -> ScaleFigures:
    owner, etl = from_settings(settings, admin=True), from_settings(settings)
    initialise(settings)
    notify(f"scale {plan.scale:g}: seeding")
    seed_all(owner, plan)
    notify(f"scale {plan.scale:g}: loading the mirrors")
    _load(etl)
    rows = sum(count.mirror_rows for count in count_tables(etl))
    notify(f"scale {plan.scale:g}: building star schema and marts")
    first = _refresh(etl)
    cycles = []
    for number in range(1, CYCLES + 1):
        notify(f"scale {plan.scale:g}: cycle {number} of {CYCLES}")
        simulate_changes(owner, changes)
        _load(etl)
        cycles.append(_refresh(etl))
    notify(f"scale {plan.scale:g}: questioning the marts")
    return ScaleFigures(plan.scale, rows, first, changes, cycles, marts.measure(root))


def _refresh(connections: Connections) -> Cycle:
    return Cycle(refresh(connections), refresh_marts(connections))


def _load(connections: Connections) -> None:
    for pipeline in load_pipelines().values():
        results = run_pipeline(pipeline, connections, "bench")
        if failures := [result.error for result in results if result.error]:
            raise LoadError("\n".join(failures))
