"""What one run's loads of a table moved and refused, and why it failed where it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from promptsales.operations.overview import statement


@dataclass(frozen=True)
class Load:
    """A row of `etl.loads`."""

    load_id: int
    source: str
    table_name: str
    run_id: str
    low: Any
    high: Any
    rows_read: int
    rows_inserted: int
    rows_updated: int
    rows_deleted: int
    rows_rejected: int
    seconds: float
    committed_at: datetime


@dataclass(frozen=True)
class RejectedRow:
    """A row of `etl.rejected_rows`, without what the row holds."""

    load_id: int
    row_key: Any
    reason: str
    rejected_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True)
class Failure:
    """A row of `etl.failures`."""

    message: str
    failed_at: datetime


@dataclass(frozen=True)
class LoadRecord:
    """The loads of one table that a page shows: one, or all of a run."""

    source: str
    table: str
    run_id: str
    loads: Sequence[Load]
    rejected: Sequence[RejectedRow]
    failures: Sequence[Failure]


def read_load(connection: psycopg.Connection[Any], load_id: int) -> LoadRecord | None:
    """One load with the rows it refused; None where there is none of this number."""
    with connection.cursor(row_factory=class_row(Load)) as cursor:
        load = cursor.execute(statement("load"), {"load_id": load_id}).fetchone()
    if load is None:
        return None
    return LoadRecord(load.source, load.table_name, load.run_id, [load], _rejected(connection, [load_id]), [])


def read_run(connection: psycopg.Connection[Any], source: str, table: str, run_id: str) -> LoadRecord:
    """Every load of a table that a run committed, the rows they refused, and the run's failures."""
    wanted = {"source": source, "table": table, "run_id": run_id}
    with connection.cursor(row_factory=class_row(Load)) as cursor:
        loads = cursor.execute(statement("loads_of_run"), wanted).fetchall()
    with connection.cursor(row_factory=class_row(Failure)) as cursor:
        failures = cursor.execute(statement("failures_of_run"), wanted).fetchall()
    rejected = _rejected(connection, [load.load_id for load in loads])
    return LoadRecord(source, table, run_id, loads, rejected, failures)


def _rejected(connection: psycopg.Connection[Any], load_ids: list[int]) -> list[RejectedRow]:
    with connection.cursor(row_factory=class_row(RejectedRow)) as cursor:
        return cursor.execute(statement("rejected_of_loads"), {"load_ids": load_ids}).fetchall()
