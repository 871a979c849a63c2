"""How fast seeding and the initial load are, and how much memory the ETL process takes."""

from __future__ import annotations

import multiprocessing
import resource
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from promptsales.connections import from_settings
from promptsales.database.initialise import initialise
from promptsales.etl.run import TableResult, run_pipeline
from promptsales.etl.spec import load_pipelines, pipeline_of
from promptsales.local import engines
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.seed import Progress, SeedReport, seed_all
from promptsales.settings import Settings


@dataclass(frozen=True)
class SourceFigures:
    """The initial load of one source by a process of its own.

    Attributes:
        results: what moved, table by table, with seconds from the first read to the last commit.
        peak_mb: the most memory the process held, in megabytes of 10^6 bytes.
    """

    source: str
    results: list[TableResult]
    peak_mb: float


def measure(root: Path, plan: SeedPlan, progress: Progress) -> tuple[SeedReport, list[SourceFigures]]:
    """Seed fresh engines under `root` and load every source once; the engines are stopped at the end.

    Raises:
        PromptSalesError: an engine, the seeding or a load failed.
    """
    engines.down(root, purge=True)
    engines.up(root)
    try:
        settings = Settings.model_validate(engines.environment(root))
        owner = from_settings(settings, admin=True)
        initialise(owner)
        seeded = seed_all(owner, plan, progress)
        return seeded, [_in_own_process(source, settings) for source in load_pipelines()]
    finally:
        engines.down(root, purge=True)


def _in_own_process(source: str, settings: Settings) -> SourceFigures:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(_load, source, settings).result()


def _load(source: str, settings: Settings) -> SourceFigures:
    results = run_pipeline(pipeline_of(source), from_settings(settings), "bench")
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return SourceFigures(source, results, peak_kib * 1024 / 1e6)
