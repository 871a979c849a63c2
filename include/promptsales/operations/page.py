"""The operators' pages as HTML."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from promptsales.etl.freshness import CYCLE_SECONDS, humanised
from promptsales.etl.status import TableStatus
from promptsales.operations.advice import REFRESH, answer, problems
from promptsales.operations.load_records import LoadRecord
from promptsales.operations.overview import DagRun, Mirror, Overview
from promptsales.operations.places import dag_path, etl_dag_id, record_path, run_path, task_path
from promptsales.operations.reasons import without_values
from promptsales.operations.sparkline import CYCLES, HEIGHT, Sparkline, sparkline

_POSITION_CHARACTERS = 60


@dataclass(frozen=True)
class Bases:
    """What the paths of links begin with.

    Attributes:
        page: the root of these pages.
        airflow: Airflow's own root; empty where that is the server's.
    """

    page: str
    airflow: str


def warehouse_page(overview: Overview, paused: Collection[str], bases: Bases) -> str:
    """The page that answers whether the warehouse is fresh, what failed, and what to do."""
    found = problems(overview, paused)
    runs = {run.dag_id: run for run in overview.dag_runs}
    by_source = groupby(overview.mirrors, lambda mirror: mirror.status.source)
    return _render(
        "warehouse.html",
        bases,
        overview=overview,
        report=overview.report,
        answer=answer(overview),
        failures=[problem for problem in found if problem.serious],
        notices=[problem for problem in found if not problem.serious],
        sources=[_source(name, list(mirrors), overview, runs, paused) for name, mirrors in by_source],
        runs=[{**vars(run), "failed": run.failed, "path": run_path(run.dag_id, run.run_id)} for run in runs.values()],
        refresh_id=REFRESH,
        refresh_path=dag_path(REFRESH),
        cycle_seconds=CYCLE_SECONDS,
        cycles=CYCLES,
        height=HEIGHT,
    )


def load_page(record: LoadRecord, bases: Bases) -> str:
    """The page of one load, or of one run's loads of a table."""
    path = task_path(record.source, record.table, record.run_id)
    return _render("loads.html", bases, record={**vars(record), "log_path": path})


def notice_page(title: str, heading: str, answer: str, sentence: str, todo: str, bases: Bases) -> str:
    """A page that says why there is no other."""
    return _render("notice.html", bases, title=title, heading=heading, answer=answer, sentence=sentence, todo=todo)


@dataclass(frozen=True)
class _Row:
    """A line of a source's table."""

    status: TableStatus
    state: str
    stalled_seconds: float | None
    refusals: list[tuple[str, int]]
    sparkline: Sparkline
    log_path: str | None
    record_path: str | None


@dataclass(frozen=True)
class _Source:
    """A source's section."""

    name: str
    dag_id: str
    dag_path: str
    run: DagRun | None
    paused: bool
    rows: list[_Row]


def _source(
    name: str, mirrors: list[Mirror], overview: Overview, runs: Mapping[str, DagRun], paused: Collection[str]
) -> _Source:
    dag_id = etl_dag_id(name)
    rows = [_row(mirror, overview.at) for mirror in mirrors]
    return _Source(name, dag_id, dag_path(dag_id), runs.get(dag_id), dag_id in paused, rows)


def _row(mirror: Mirror, at: datetime) -> _Row:
    status = mirror.status
    freshness, run_id = status.freshness, status.failed_run_id
    return _Row(
        status=status,
        state=freshness.state,
        stalled_seconds=freshness.stalled_seconds,
        refusals=list(mirror.refusals),
        sparkline=sparkline(mirror.cycles, at),
        log_path=task_path(status.source, status.table_name, run_id) if run_id else None,
        record_path=record_path(status.source, status.table_name, run_id) if run_id else None,
    )


def _render(template: str, bases: Bases, **values: Any) -> str:
    return _ENVIRONMENT.get_template(template).render(root=bases.page, airflow=bases.airflow, **values)


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _position(value: Any) -> str:
    """JSON on one line; a resume token is longer than anyone reads."""
    if value is None:
        return "the beginning"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _POSITION_CHARACTERS else f"{text[:_POSITION_CHARACTERS]}\u2026"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("promptsales.operations"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "humanised": humanised,
        "utc": _utc,
        "position": _position,
        "without_values": without_values,
    }
    return environment


_ENVIRONMENT = _environment()
