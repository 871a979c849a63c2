"""How fast seeding and the initial load are, and how much memory the ETL process takes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from promptsales.connections import from_settings
from promptsales.database.initialise import initialise
from promptsales.errors import PromptSalesError
from promptsales.etl.errors import LoadError
from promptsales.etl.run import TableResult, run_pipeline
from promptsales.etl.spec import load_pipelines, pipeline_of
from promptsales.local import engines
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.seed import Progress, SeedReport, seed_all
from promptsales.settings import Settings

PROCESS_STATUS = Path("/proc/self/status")


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
        PromptSalesError: an engine, the seeding or a load failed, or this system does not tell a process's memory.
    """
    if not PROCESS_STATUS.exists():
        raise PromptSalesError(f"the peak memory is read from {PROCESS_STATUS}, which only Linux has: run this there.")
    spawn = multiprocessing.get_context("spawn")
    # The engines stop before the processes are waited for: an interrupted load then fails, where it would run on.
    with ExitStack() as processes, fresh_engines(root) as settings:
        owner = from_settings(settings, admin=True)
        initialise(settings)
        seeded = seed_all(owner, plan, progress)
        figures = []
        for source in load_pipelines():
            process = processes.enter_context(ProcessPoolExecutor(1, mp_context=spawn))
            figures.append(process.submit(_load, source, settings).result())
        return seeded, figures


@contextmanager
def fresh_engines(root: Path) -> Iterator[Settings]:
    """Engines under `root` with empty databases; they and their data are gone in the end."""
    engines.down(root, purge=True)
    try:
        engines.up(root)
        yield Settings.model_validate(engines.environment(root))
    finally:
        engines.down(root, purge=True)


def _load(source: str, settings: Settings) -> SourceFigures:
    results = run_pipeline(pipeline_of(source), from_settings(settings), "bench")
    if failures := [result.error for result in results if result.error]:
        raise LoadError("\n".join(failures))
    return SourceFigures(source, results, _peak_bytes() / 1e6)


def _peak_bytes() -> int:
    """The most resident memory of this process; unlike ru_maxrss it does not begin with the parent's."""
    [line] = [line for line in PROCESS_STATUS.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024
