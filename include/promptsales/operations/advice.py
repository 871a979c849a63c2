"""What is wrong with the warehouse, and what an operator does about it: one entry a problem, the worst first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from promptsales.etl.freshness import Freshness, Verdict, humanised
from promptsales.operations.overview import DagRun, Overview
from promptsales.operations.places import dag_path, etl_dag_id, run_path, task_path

REFRESH = "refresh_marts"
SEED = "seed_databases"

ANSWERS = {
    Verdict.fresh: "Yes",
    Verdict.late: "No, it is late",
    Verdict.stalled: "No, work is held back",
    Verdict.failing: "No, loads fail",
    Verdict.empty: "Not yet, it is empty",
}
"""To the question whether the warehouse is fresh."""

INCOMPLETE = "Not yet, it is incomplete"
"""To the same question, where some tables were never loaded and no other is late."""


@dataclass(frozen=True)
class Problem:
    """Something to act on.

    Attributes:
        title: what failed, in a few words.
        why: what is known of it; empty where the title says it all.
        todo: what to do.
        link: where in Airflow to do it, and what the link says; None where there is no such place.
        serious: whether anything failed; otherwise it is worth a look.
    """

    title: str
    why: str
    todo: str
    link: tuple[str, str] | None = None
    serious: bool = True


def answer(overview: Overview) -> str:
    """To the question whether the warehouse is fresh."""
    late = [table for table in overview.freshness if table.is_late]
    if overview.report.verdict is Verdict.late and all(table.seconds is None for table in late):
        return INCOMPLETE
    return ANSWERS[overview.report.verdict]


def problems(overview: Overview, paused: Collection[str]) -> list[Problem]:
    """Everything that wants an operator.

    Args:
        overview: the warehouse.
        paused: the DAGs that are paused in Airflow.
    """
    if overview.report.verdict is Verdict.empty:
        return _empty(paused)
    feeding = {REFRESH, *(etl_dag_id(mirror.status.source) for mirror in overview.mirrors)}
    failed = [run for run in overview.dag_runs if run.failed and not _is_told(run, overview)]
    return [
        *_failed_tables(overview),
        *(_failed_run(run) for run in failed if run.dag_id in feeding),
        *_stalls(overview),
        *_late(overview, paused),
        # Without these the warehouse is as fresh as with them.
        *(_failed_run(run) for run in failed if run.dag_id not in feeding),
        *_checks(overview),
        *_quarantine(overview),
    ]


def _empty(paused: Collection[str]) -> list[Problem]:
    todo = "Fill the sources, if they are empty, by triggering seed_databases; then the next cycle loads them."
    return [
        Problem("No load was committed yet", "", todo, (dag_path(SEED), f"Open {SEED}"), serious=False),
        *(_paused(dag_id) for dag_id in sorted(paused)),
    ]


def _failed_tables(overview: Overview) -> list[Problem]:
    found = []
    for status in (mirror.status for mirror in overview.mirrors):
        if status.last_error is None or status.failed_run_id is None or status.failed_at is None:
            continue
        ago = humanised((overview.at - status.failed_at).total_seconds())
        path = task_path(status.source, status.table_name, status.failed_run_id)
        found.append(
            Problem(
                f"{status.source}.{status.table_name} failed {ago} ago",
                status.last_error,
                "Mend what the message names. Nothing is half loaded: the next cycle takes the same changes again, or "
                "clear the task to have it now.",
                (path, "Open the task and its log") if path else None,
            )
        )
    return found


def _is_told(run: DagRun, overview: Overview) -> bool:
    """Whether its tables say themselves that they failed, or were all loaded since."""
    tables = [m.status for m in overview.mirrors if etl_dag_id(m.status.source) == run.dag_id]
    loaded_since = all(
        status.seconds_since_load is not None and status.seconds_since_load < run.seconds_ago for status in tables
    )
    return bool(tables) and (loaded_since or any(status.last_error for status in tables))


def _failed_run(run: DagRun) -> Problem:
    path = run_path(run.dag_id, run.run_id)
    return Problem(
        f"{run.dag_id} failed {humanised(run.seconds_ago)} ago",
        run.error or "",
        "Open the run, read the log of the task that is red, mend what its last line names, and clear that task. A log "
        "that ends without an error is of a task that was ended from outside: clear it.",
        (path, "Open the run") if path else (dag_path(run.dag_id), "Open the DAG"),
    )


def _stalls(overview: Overview) -> list[Problem]:
    by_source: defaultdict[str, list[Freshness]] = defaultdict(list)
    for table in overview.freshness:
        if table.stalled_seconds is not None:
            by_source[table.source].append(table)
    return [
        Problem(
            f"{source}: a transaction stays open, {humanised(max(t.stalled_seconds or 0 for t in tables))} by now",
            f"Committed work waits behind it ({', '.join(table.table for table in tables)}): loads run, "
            "and take none of it.",
            f"In the database of {source}, DBCC OPENTRAN names the oldest session: have its owner end it, or KILL it. "
            "The next cycle brings what waits.",
            (dag_path(etl_dag_id(source)), f"Open {etl_dag_id(source)}"),
        )
        for source, tables in by_source.items()
    ]


def _late(overview: Overview, paused: Collection[str]) -> list[Problem]:
    """By the DAG that should have loaded them. Of what failed, the failure was told."""
    by_dag: defaultdict[str, list[Freshness]] = defaultdict(list)
    for table in overview.freshness:
        if table.is_late and not table.failed:
            by_dag[REFRESH if table.source == "promptsales" else etl_dag_id(table.source)].append(table)
    failed_runs = {run.dag_id for run in overview.dag_runs if run.failed}
    found = [_paused(dag_id) for dag_id in sorted(paused)]
    for dag_id, tables in by_dag.items():
        if dag_id in paused or dag_id in failed_runs:
            continue
        found.append(_late_dag(dag_id, tables))
    return found


def _late_dag(dag_id: str, tables: list[Freshness]) -> Problem:
    ages = [table.seconds for table in tables if table.seconds is not None]
    title = (
        f"{dag_id} is late: {len(tables)} of its tables, by up to {humanised(max(ages))}"
        if ages
        else f"{dag_id} has never loaded {len(tables)} of its tables"
    )
    return Problem(
        title,
        ", ".join(table.table for table in tables),
        "Look whether a run of it is queued or running, and wait for its end. If none is, check that Airflow's "
        "scheduler is healthy, or trigger the DAG by hand: running it twice does no harm.",
        (dag_path(dag_id), f"Open {dag_id}"),
        # Before its first load a table has not failed: there is nothing that could have grown old.
        serious=bool(ages),
    )


def _paused(dag_id: str) -> Problem:
    return Problem(
        f"{dag_id} is paused",
        "Its tables grow old until it runs again.",
        "Unpause it with the switch at the top of its page; what it missed comes with its next run.",
        (dag_path(dag_id), f"Open {dag_id}"),
        serious=False,
    )


def _checks(overview: Overview) -> list[Problem]:
    return [
        Problem(
            f"Data check {check.chequeo} does not pass",
            " ".join(
                part for part in ("" if check.filas is None else _wrong(check.filas), check.mensaje or "") if part
            ),
            "Read what it compares in the log of the task check_quality, and correct the source. Where the source is "
            "right, its mirror is not: trigger reconcile_warehouse. The next refresh asks again.",
            (dag_path(REFRESH), f"Open {REFRESH}"),
            serious=check.gravedad == "error",
        )
        for check in overview.failing_checks
    ]


def _wrong(rows: int) -> str:
    return "1 row is wrong." if rows == 1 else f"{rows:,} rows are wrong."


def _quarantine(overview: Overview) -> list[Problem]:
    held = [mirror.status for mirror in overview.mirrors if mirror.status.rows_rejected]
    if not held:
        return []
    rows = sum(status.rows_rejected for status in held)
    return [
        Problem(
            f"{rows:,} {'row is' if rows == 1 else 'rows are'} in quarantine",
            ", ".join(f"{status.source}.{status.table_name} ({status.rows_rejected:,})" for status in held),
            "Correct them at their source: the corrected version is loaded by itself and leaves quarantine. The "
            "reasons are in the tables below.",
            serious=False,
        )
    ]
