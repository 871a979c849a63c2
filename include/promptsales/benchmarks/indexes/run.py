"""A run of the index benchmarks: measure, look at what the servers spent most on, report. Each part by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

from promptsales.benchmarks.indexes import mongodb, postgresql, sqlserver
from promptsales.benchmarks.indexes.measurement import ROUNDS, TITLES, Measurement, Omission
from promptsales.benchmarks.indexes.results import (
    Run,
    read_run,
    record,
    record_omission,
    record_top_queries,
)
from promptsales.connections import Connections
from promptsales.errors import MissingCapabilityError
from promptsales.monitoring import top_queries
from promptsales.monitoring.top_queries import TopQuery

Notify = Callable[[str], object]
Measure = Callable[[Connections, int, Notify], Iterator[Measurement | Omission]]
Watch = Callable[[Connections], list[TopQuery]]

REPORT = "index_benchmark.html"
"""The report's file name."""

LOCK = 0x62_61_6E_63
"""Two runs at once would drop each other's copies: the second waits."""

MEASURES: Mapping[str, Measure] = {
    "postgresql": postgresql.measure,
    "mongodb": mongodb.measure,
    "sqlserver": sqlserver.measure,
}

WATCHES: Mapping[str, Watch] = {
    "postgresql": top_queries.of_postgresql,
    "mongodb": top_queries.of_mongodb,
    "sqlserver": top_queries.of_sqlserver,
}


def measure(
    connections: Connections, engine: str, run: str, rounds: int = ROUNDS, notify: Notify = lambda query: None
) -> int:
    """Measure the queries of one engine and record them in the warehouse; returns how many measurements there were.

    Args:
        connections: logins that own the schemas.
        engine: a key of `MEASURES`.
        run: the name that all parts of a run share.
        rounds: how often each query runs, without and with its index.
        notify: told the name of each query.

    Raises:
        MissingCapabilityError: it cannot be measured here, or has no rows. That is recorded too.
    """
    with closing(connections.postgres()) as warehouse:
        warehouse.autocommit = True
        warehouse.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            # Whole or not at all: half a run would be taken for one.
            with warehouse.transaction():
                count = record(warehouse, run, MEASURES[engine](connections, rounds, notify))
        except MissingCapabilityError as error:
            record_omission(warehouse, run, Omission(engine, "index benchmarks", str(error)))
            raise
    if not count:
        raise MissingCapabilityError(f"{TITLES[engine]}: none of the tables has a row to ask about.")
    return count


def watch(connections: Connections, engine: str, run: str) -> int:
    """Record what one engine spent most time and reads on; returns how many statements there were.

    Raises:
        MissingCapabilityError: the engine does not tell, or has nothing to tell of. That is recorded too.
    """
    with closing(connections.postgres()) as warehouse:
        warehouse.autocommit = True
        try:
            found = WATCHES[engine](connections)
            if not found:
                raise MissingCapabilityError(f"{TITLES[engine]} has recorded no statement yet.")
            return record_top_queries(warehouse, run, found)
        except MissingCapabilityError as error:
            record_omission(warehouse, run, Omission(engine, "costliest queries", str(error)))
            raise


def measure_all(connections: Connections, run: str, rounds: int = ROUNDS, notify: Notify = lambda query: None) -> None:
    """Measure and watch every engine; what one cannot do is recorded, and left out."""
    for engine in MEASURES:
        with suppress(MissingCapabilityError):
            measure(connections, engine, run, rounds, notify)
        with suppress(MissingCapabilityError):
            watch(connections, engine, run)


def write_report(connections: Connections, run: str, folder: Path) -> tuple[Path, Run]:
    """Write the HTML report of a run; returns its path, and what it tells.

    Args:
        connections: a login that reads `ops`.
        run: its name.
        folder: made where it is not there.
    """
    # Imported where it is used: drawing takes long to import.
    from promptsales.benchmarks.indexes.report import report

    with closing(connections.postgres()) as warehouse:
        found = read_run(warehouse, run)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / REPORT
    path.write_text(report(found), encoding="utf-8")
    return path, found
