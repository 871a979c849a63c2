"""Running the checks: each is asked, each answer is recorded, and a failure is told when all were asked."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from promptsales.connections import Connections
from promptsales.errors import PromptSalesError
from promptsales.etl import sql as etl_sql
from promptsales.quality.checks import Check, load_checks

logger = logging.getLogger(__name__)

statement = partial(etl_sql.statement, package="promptsales.quality.sql")

TIMEOUT = "60s"
"""What one check may take. One that takes longer could not be run, which is a failure of its own."""

SAMPLE = 5

COUNT = sql.SQL(
    "WITH wrong AS MATERIALIZED ({}) SELECT (SELECT count(*) FROM wrong),"
    " coalesce((SELECT jsonb_agg(row) FROM (SELECT row FROM wrong LIMIT {}) AS few), '[]')"
)

KEPT = "DELETE FROM ops.quality_results WHERE momento < now() - interval '90 days'"


class QualityError(PromptSalesError):
    """Something that must be true of the warehouse is not; `failed` are the checks that found it."""

    def __init__(self, text: str, failed: list[CheckResult]) -> None:
        super().__init__(text)
        self.failed = failed


class State(StrEnum):
    """What a check ended in."""

    passes = "pasa"
    fails = "falla"
    prevented = "impedido"


@dataclass(frozen=True)
class CheckResult:
    """What one check found.

    Attributes:
        rows: how many rows, or values, are wrong; None where the check could not be run.
        sample: some of them.
        message: why it could not be run.
    """

    check: str
    kind: str
    severity: str
    state: State
    rows: int | None
    sample: list[Any]
    message: str | None
    seconds: float

    @property
    def is_error(self) -> bool:
        """Whether it fails the run."""
        return self.state is not State.passes and self.severity == "error"

    def __str__(self) -> str:
        found = self.message if self.state is State.prevented else f"{self.rows:,} wrong, such as {self.sample[:2]}"
        return f"{self.check} ({self.kind}): {found}"


def run_checks(connections: Connections, run_id: str, checks: Iterable[Check] | None = None) -> list[CheckResult]:
    """Ask every check and record what it found; nothing else is changed.

    Args:
        connections: the warehouse's is called.
        run_id: recorded with the results.
        checks: which ones; all that are declared where not given.

    Raises:
        UnreachableError: the warehouse does not answer.
    """
    results = []
    with closing(connections.postgres()) as connection:
        connection.autocommit = True
        connection.execute(KEPT)
        for check in load_checks() if checks is None else checks:
            result = _ask(connection, check)
            _record(connection, result, run_id)
            level = logging.INFO if result.state is State.passes else logging.WARNING
            logger.log(level, "%s %s", result.state.value, result if level > logging.INFO else result.check)
            results.append(result)
    return results


def fail_on_errors(results: Iterable[CheckResult]) -> None:
    """Tell what is wrong.

    Raises:
        QualityError: naming every check of severity `error` that failed.
    """
    failed = [result for result in results if result.is_error]
    if failed:
        raise QualityError(
            f"{len(failed)} check(s) of data quality failed: {'; '.join(map(str, failed))}. The results are in "
            "ops.quality_results; `promptsales etl reconcile` compares the mirrors with their sources.",
            failed,
        )


def _ask(connection: psycopg.Connection[Any], check: Check) -> CheckResult:
    started = time.monotonic()
    rows, sample, message = None, list[Any](), None
    try:
        with connection.transaction():
            connection.execute(f"SET LOCAL statement_timeout = '{TIMEOUT}'")
            connection.execute("SET TRANSACTION READ ONLY")
            [(rows, sample)] = connection.execute(COUNT.format(check.wrong(), sql.Literal(SAMPLE))).fetchall()
    except psycopg.OperationalError as error:
        if connection.closed:
            raise
        message = _first_line(error)
    except psycopg.Error as error:
        message = _first_line(error)
    state = State.prevented if rows is None else State.fails if rows else State.passes
    seconds = time.monotonic() - started
    return CheckResult(check.name, check.kind, check.severity, state, rows, sample, message, seconds)


def _record(connection: psycopg.Connection[Any], result: CheckResult, run_id: str) -> None:
    severity = {"error": "error", "warning": "aviso"}[result.severity]
    values = vars(result) | {"run_id": run_id, "severity": severity, "state": result.state.value}
    connection.execute(statement("record_results"), values | {"sample": Jsonb(result.sample)})


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().splitlines()[0]
