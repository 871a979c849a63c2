"""What the operators' page says: advice, drawings, links and reasons, without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptsales.errors import PromptSalesError
from promptsales.etl.freshness import CYCLE_SECONDS, LATE_SECONDS, STALL_SECONDS
from promptsales.etl.status import TableStatus
from promptsales.operations.advice import answer, problems
from promptsales.operations.overview import DagRun, Derived, FailingCheck, Mirror, Overview
from promptsales.operations.places import load_of_task, record_path, run_path, task_path
from promptsales.operations.reasons import without_values
from promptsales.operations.sparkline import CYCLES, sparkline

NOW = datetime(2026, 2, 3, 10, 4, 5, tzinfo=UTC)
RUN = "scheduled__2026-02-03T09:53:00+00:00"


def mirror(
    table: str,
    seconds: float | None = 30.0,
    *,
    source: str = "promptads",
    error: str | None = None,
    run_id: str = RUN,
    held: float | None = None,
    rejected: int = 0,
) -> Mirror:
    failed_at = NOW - timedelta(seconds=90) if error else None
    return Mirror(
        TableStatus(source, table, 3, seconds, rejected, held, 7, error, run_id if error else None, failed_at), {}, []
    )


def overview(
    *mirrors: Mirror,
    derived: tuple[Derived, ...] = (),
    runs: tuple[DagRun, ...] = (),
    checks: tuple[FailingCheck, ...] = (),
) -> Overview:
    return Overview(NOW, mirrors, derived, runs, checks)


def ended(dag_id: str, state: str = "failed") -> DagRun:
    return DagRun(dag_id, RUN, state, NOW, 120.0, 4.0, "Failed: refresh_dw." if state == "failed" else None)


def titles(view: Overview, *paused: str) -> list[tuple[str, bool]]:
    return [(problem.title, problem.serious) for problem in problems(view, paused)]


def test_where_all_is_well_there_is_nothing_to_do() -> None:
    assert titles(overview(mirror("marcas"), runs=(ended("refresh_marts", "success"),))) == []


def test_a_table_that_failed_links_to_its_task_and_the_source_s_run_is_not_told_twice() -> None:
    view = overview(mirror("marcas", error="promptads.marcas: gone."), runs=(ended("etl_promptads"),))
    [problem] = problems(view, [])
    assert (problem.title, problem.why) == ("promptads.marcas failed 1 min 30 s ago", "promptads.marcas: gone.")
    assert problem.link is not None
    assert problem.link[0] == (
        "/dags/etl_promptads/runs/scheduled__2026-02-03T09%3A53%3A00%2B00%3A00/tasks/marcas.load"
    )


def test_a_failure_of_the_command_line_has_no_task_to_link_to() -> None:
    [problem] = problems(overview(mirror("marcas", error="gone", run_id="cli-1")), [])
    assert problem.link is None


def test_a_run_that_failed_elsewhere_is_told_though_every_table_is_fresh() -> None:
    assert titles(overview(mirror("marcas"), runs=(ended("refresh_marts"),))) == [
        ("refresh_marts failed 2 min ago", True)
    ]


def test_what_keeps_the_warehouse_from_being_fresh_comes_before_a_run_that_does_not_feed_it() -> None:
    held = mirror("marcas", held=STALL_SECONDS + 30.0)
    told = titles(overview(held, runs=(ended("refresh_marts"), ended("simulate_activity"))))
    assert [title.split()[0] for title, _ in told] == ["refresh_marts", "promptads:", "simulate_activity"]


def test_a_run_whose_tables_were_all_loaded_since_is_over() -> None:
    assert titles(overview(mirror("marcas", 119.0), mirror("canales", 30.0), runs=(ended("etl_promptads"),))) == []
    assert titles(overview(mirror("marcas", 121.0), mirror("canales", 30.0), runs=(ended("etl_promptads"),))) == [
        ("etl_promptads failed 2 min ago", True)
    ]


def test_a_stall_is_told_once_a_source() -> None:
    held = STALL_SECONDS + 30.0
    [problem] = problems(overview(mirror("marcas", held=held), mirror("canales", held=held + 60)), [])
    assert problem.title == "promptads: a transaction stays open, 7 min by now"
    assert "marcas, canales" in problem.why
    assert "DBCC OPENTRAN" in problem.todo


@pytest.mark.parametrize(
    ("runs", "paused", "told"),
    [
        ((), (), [("etl_promptads is late: 1 of its tables, by up to 22 min 1 s", True)]),
        ((), ("etl_promptads",), [("etl_promptads is paused", False)]),
        ((ended("etl_promptads"),), (), [("etl_promptads failed 2 min ago", True)]),
        (
            (ended("etl_promptcrm", "success"),),
            (),
            [("etl_promptads is late: 1 of its tables, by up to 22 min 1 s", True)],
        ),
    ],
)
def test_why_a_source_is_late(runs: tuple[DagRun, ...], paused: tuple[str, ...], told: list[tuple[str, bool]]) -> None:
    assert titles(overview(mirror("marcas", LATE_SECONDS + 1), runs=runs), *paused) == told


def test_a_table_that_waits_for_its_first_load_has_not_failed() -> None:
    view = overview(mirror("marcas"), mirror("canales", None))
    assert answer(view) == "Not yet, it is incomplete"
    assert titles(view) == [("etl_promptads has never loaded 1 of its tables", False)]
    late = overview(mirror("marcas", LATE_SECONDS + 1), mirror("canales", None))
    assert answer(late) == "No, it is late"
    assert titles(late) == [("etl_promptads is late: 2 of its tables, by up to 22 min 1 s", True)]


def test_what_is_derived_is_late_by_its_own_dag() -> None:
    [problem] = problems(overview(mirror("marcas"), derived=(Derived("dw", LATE_SECONDS + 1.0, 0),)), [])
    assert problem.title.startswith("refresh_marts is late")


def test_an_empty_warehouse_says_how_to_fill_it() -> None:
    assert [title for title, _ in titles(overview(), "etl_promptcrm")] == [
        "No load was committed yet", "etl_promptcrm is paused",
    ]  # fmt: skip


def test_checks_and_quarantine_are_told_by_their_weight() -> None:
    checks = (FailingCheck("ventas_unicas", "error", 3, None), FailingCheck("canales_usados", "aviso", None, "no."))
    assert titles(overview(mirror("marcas", rejected=2), checks=checks)) == [
        ("Data check ventas_unicas does not pass", True),
        ("Data check canales_usados does not pass", False),
        ("2 rows are in quarantine", False),
    ]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (
            'invalid input syntax for type integer: "ana@example.com" (COPY staged_rows, line 1, column edad: "ana")',
            "invalid input syntax for type integer (column edad)",
        ),
        ('value "99999" is out of range for type smallint', "value \u2026 is out of range for type smallint"),
        ('date/time field value out of range: "a" b"', "date/time field value out of range"),
        (
            'null value in column "nombre" of relation "staged_rows" violates not-null constraint (COPY staged_rows, '
            'line 1: "7\t\\N")',
            "null value in column nombre of relation staged_rows violates not-null constraint",
        ),
        ('invalid byte sequence for encoding "UTF8": 0xe1 0x6e', "invalid byte sequence for encoding UTF8"),
        (
            "PostgreSQL text fields cannot contain NUL (0x00) bytes",
            "PostgreSQL text fields cannot contain NUL (\u2026) bytes",
        ),
    ],
)  # fmt: skip
def test_a_reason_is_told_without_the_row(reason: str, told: str) -> None:
    assert without_values(reason) == told


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=8))
def test_no_value_passes(value: str) -> None:
    """Of the sentences with which PostgreSQL quotes one."""
    for sentence in ('invalid input syntax for type date: "{}"', 'value "{}" is out of range for type integer'):
        context = f' (COPY staged_rows, line 3, column fecha: "{value}")'
        assert value not in without_values(sentence.format(value) + context)


def test_a_day_is_drawn_cycle_by_cycle() -> None:
    last = int(NOW.timestamp()) // CYCLE_SECONDS
    drawn = sparkline({last: 99, last - 1: 0, last - 2: 9, last - CYCLES: 1000}, NOW)
    assert drawn.rows == 108
    assert drawn.ran.count("M") == 3
    assert drawn.moved == f"M{CYCLES - 3}.5 19v-9.5M{CYCLES - 1}.5 19v-19.0"
    assert drawn.label.startswith(f"3 of {CYCLES} cycles of the last day ran and moved 108 rows, the most, 99,")


def test_a_day_without_rows_is_drawn_too() -> None:
    last = int(NOW.timestamp()) // CYCLE_SECONDS
    assert sparkline({last: 0}, NOW).label.endswith("moved nothing")
    assert sparkline({}, NOW).moved == ""


def test_links() -> None:
    assert run_path("etl_promptads", "cli-1") is None
    assert task_path("promptads", "marcas", "cli-1") is None
    assert record_path("promptads", "marcas", "a/b c") == "/runs/promptads/marcas/a%2Fb%20c"
    assert load_of_task("etl_promptads", "marcas.load") == ("promptads", "marcas")


@pytest.mark.parametrize(("dag_id", "task_id"), [("refresh_marts", "refresh_dw"), ("etl_promptads", "marcas")])
def test_other_tasks_load_no_table(dag_id: str, task_id: str) -> None:
    with pytest.raises(PromptSalesError):
        load_of_task(dag_id, task_id)
