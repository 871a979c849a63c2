"""What the control tables say about each mirror."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from promptsales.etl.freshness import Freshness
from promptsales.etl.spec import load_pipelines
from promptsales.etl.sql import statement


@dataclass(frozen=True)
class TableStatus:
    """One mirror's freshness.

    Attributes:
        last_run_rows: mirror rows that its last run inserted, updated or deleted.
        seconds_since_load: since its last window was committed, by the warehouse clock; None before the first.
        rows_rejected: refused rows that no later version has replaced.
        held_seconds: since committed work has waited at the source for an older transaction there; None: none waits.
        last_load_id: of its last committed window.
        last_error: why the last attempt failed, if it failed after the last committed window.
        failed_run_id: the run of that attempt.
        failed_at: its moment.
    """

    source: str
    table_name: str
    last_run_rows: int
    seconds_since_load: float | None
    rows_rejected: int
    held_seconds: float | None
    last_load_id: int | None
    last_error: str | None
    failed_run_id: str | None
    failed_at: datetime | None

    @property
    def freshness(self) -> Freshness:
        """What the verdict on the warehouse is made of."""
        return Freshness(
            self.source, self.table_name, self.seconds_since_load, self.last_error is not None, self.held_seconds
        )


def read_status(connection: psycopg.Connection[Any]) -> list[TableStatus]:
    """The status of every table that is declared, or was ever loaded or attempted."""
    with connection.cursor(row_factory=class_row(TableStatus)) as cursor:
        known = cursor.execute(statement("status")).fetchall()
    names = {(status.source, status.table_name) for status in known}
    declared = {(pipeline.source, table.name) for pipeline in load_pipelines().values() for table in pipeline.tables}
    never = [TableStatus(source, table, 0, None, 0, None, None, None, None, None) for source, table in declared - names]
    return sorted([*known, *never], key=lambda status: (status.source, status.table_name))
