"""Keeping how Airflow's runs ended where operators and reports look: `ops.dag_runs`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import psycopg

from promptsales.operations.overview import statement
from promptsales.security.redaction import Redactor


@dataclass(frozen=True)
class DagRunOutcome:
    """A run that ended; `error` says why, where it failed."""

    dag_id: str
    run_id: str
    state: Literal["success", "failed"]
    started_at: datetime | None
    ended_at: datetime
    error: str | None = None


def record(connection: psycopg.Connection[Any], outcome: DagRunOutcome) -> None:
    """Write the outcome and commit; a run that ended before is written over. The loads' own errors are added to it.

    Raises:
        psycopg.Error: it could not be written.
    """
    error = None if outcome.error is None else Redactor().text(outcome.error)
    connection.execute(statement("record_dag_run"), {**asdict(outcome), "error": error})
    connection.commit()
