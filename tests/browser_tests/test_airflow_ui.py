"""What an operator does in Airflow's UI, in a real browser against a real Airflow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg
import pytest
from airflow_visits import SCALE, Platform, Visit

from promptsales.connections import connect_sqlserver
from promptsales.etl.errors import LoadError
from promptsales.etl.run import run_table
from promptsales.etl.spec import load_pipelines, pipeline_of

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]

ETL = ("etl_promptads", "etl_promptcrm", "etl_promptcontent")

AS_OF = """
    SELECT
        extract(EPOCH FROM %(at)s - max(committed_at))::double precision,
        sum(rows_inserted + rows_updated + rows_deleted)::bigint
    FROM etl.loads WHERE source = %(source)s AND table_name = %(table)s AND committed_at <= %(at)s
"""


@pytest.fixture(scope="module")
def cycled(platform: Platform) -> Platform:
    """Once every source was loaded by its own DAG, and the star schema and the marts followed."""
    for dag_id in (*ETL, "refresh_marts"):
        platform.wait_for_run(dag_id, "success")
    return platform


@pytest.fixture
def warehouse(platform: Platform) -> Iterator[psycopg.Connection[Any]]:
    """The owner's connection, in autocommit."""
    with closing(platform.owner.postgres()) as connection:
        connection.autocommit = True
        yield connection


def cells(frame: FrameLocator, name: str) -> list[str]:
    """The texts of a table's line."""
    return [text.strip() for text in frame.locator(f'tr[data-table="{name}"]').locator("th, td").all_inner_texts()]


def test_the_page_shows_true_figures_after_a_cycle(
    cycled: Platform, visit: Visit, warehouse: psycopg.Connection[Any]
) -> None:
    frame = visit.open_warehouse()
    visit.keep("warehouse-light")
    assert frame.locator("#verdict").inner_text() == "Yes"
    at = datetime.fromisoformat(str(frame.locator("header time").get_attribute("datetime")))
    for pipeline in load_pipelines().values():
        for table in pipeline.tables:
            values = {"at": at, "source": pipeline.source, "table": table.name}
            [(age, rows)] = warehouse.execute(AS_OF, values).fetchall()
            line = frame.locator(f'tr[data-table="{pipeline.source}.{table.name}"]')
            shown = float(str(line.locator("td[data-seconds]").get_attribute("data-seconds")))
            assert shown == pytest.approx(age, abs=0.01), values
            assert cells(frame, f"{pipeline.source}.{table.name}")[3].split()[-1] == f"{rows:,}", values
    assert {cells(frame, f"promptsales.{schema}")[1] for schema in ("dw", "mart")} == {"fresh"}


def test_the_page_is_dark_where_the_system_is_and_follows_airflow_s_own_switch(
    cycled: Platform, dark_visit: Visit
) -> None:
    frame = dark_visit.open_warehouse()
    dark_visit.keep("warehouse-dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    body = frame.locator("body")
    assert body.evaluate(ground) == "rgb(16, 17, 20)"
    dark_visit.page.evaluate("document.documentElement.classList.replace('dark', 'light')")
    frame.locator("html[data-theme='light']").wait_for()
    assert body.evaluate(ground) == "rgb(255, 255, 255)"


def test_nothing_is_wider_than_a_laptop(cycled: Platform, visit: Visit) -> None:
    frame = visit.open_warehouse()
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert frame.locator("body").evaluate(wider) == 0
    assert frame.locator(".answers").bounding_box()["height"] < 300  # type: ignore[index]  # it is there


def test_an_error_of_any_length_leaves_the_answers_on_the_first_screen(
    cycled: Platform, visit: Visit, warehouse: psycopg.Connection[Any]
) -> None:
    warehouse.execute(
        "INSERT INTO etl.failures (source, table_name, run_id, message)"
        " VALUES ('promptads', 'marcas', 'cli-larga', %s)",
        [f"{'palabra ' * 2_000}{'X' * 6_000}"],
    )
    try:
        frame = visit.open_warehouse()
        assert frame.locator(".answers").bounding_box()["height"] < 400  # type: ignore[index]  # it is there
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert frame.locator("body").evaluate(wider) == 0
    finally:
        warehouse.execute("DELETE FROM etl.failures WHERE run_id = 'cli-larga'")


def test_a_failure_is_answered_and_its_link_opens_the_task(
    cycled: Platform, visit: Visit, warehouse: psycopg.Connection[Any]
) -> None:
    """A source that does not answer, at the run that Airflow made last."""
    pipeline = pipeline_of("promptads")
    run_id = cycled.wait_for_run("etl_promptads", "success")["dag_run_id"]
    nowhere = "mssql://etl:secreto@127.0.0.1:1/PromptAds"
    away = replace(cycled.etl, ads=lambda: connect_sqlserver(nowhere, "PROMPTSALES_ADS_URL"))
    with pytest.raises(LoadError):
        run_table(pipeline, pipeline.table("marcas"), away, run_id)
    warehouse.execute(
        "UPDATE etl.watermarks SET held_since = now() - interval '37 minutes'"
        " WHERE (source, table_name) = ('promptcrm', 'leads')"
    )
    try:
        frame = visit.open_warehouse()
        visit.keep("warehouse-failing")
        assert frame.locator("#verdict").inner_text() == "No, loads fail"
        text = frame.locator("main").inner_text()
        assert "promptads.marcas failed" in text
        assert "promptcrm: a transaction stays open, 37 min" in text
        assert "secreto" not in text
        frame.get_by_role("link", name="Open the task and its log").first.click()
        visit.page.wait_for_url(re.compile(r"/dags/etl_promptads/runs/[^/]+/tasks/marcas\.load"))
        visit.page.get_by_text("marcas.load").first.wait_for()
        visit.keep("task-of-a-failure")
    finally:
        warehouse.execute("DELETE FROM etl.failures WHERE run_id = %s", [run_id])
        warehouse.execute("UPDATE etl.watermarks SET held_since = NULL WHERE table_name = 'leads'")


def test_a_task_links_to_the_record_of_its_load(
    cycled: Platform, visit: Visit, warehouse: psycopg.Connection[Any]
) -> None:
    run_id = cycled.wait_for_run("etl_promptcrm", "success")["dag_run_id"]
    visit.page.goto(f"{cycled.url}/dags/etl_promptcrm/runs/{quote(run_id, safe='')}/tasks/ventas.load/details")
    link = visit.page.get_by_role("link", name="Load record")
    address = str(link.get_attribute("href"))
    visit.page.goto(address if address.startswith("http") else f"{cycled.url}{address}")
    frame = visit.page.frame_locator("iframe")
    frame.locator("tr[data-load]").first.wait_for()
    visit.keep("load-record")
    committed = warehouse.execute(
        "SELECT load_id::text, to_char(rows_read, 'FM999,999,999') FROM etl.loads"
        " WHERE (source, table_name, run_id) = ('promptcrm', 'ventas', %s) ORDER BY load_id",
        [run_id],
    ).fetchall()
    lines = [line.split("\t") for line in frame.locator("tr[data-load]").all_inner_texts()]
    assert [(line[0], line[2]) for line in lines] == committed


def test_the_end_of_every_run_is_in_the_warehouse(cycled: Platform, warehouse: psycopg.Connection[Any]) -> None:
    runs = {run["dag_run_id"]: run for run in cycled.api("dags/etl_promptcrm/dagRuns")["dag_runs"]}
    kept = warehouse.execute(
        "SELECT run_id, state, ended_at FROM ops.dag_runs WHERE dag_id = 'etl_promptcrm'"
    ).fetchall()
    assert kept
    for run_id, state, ended_at in kept:
        assert runs[run_id]["state"] == state
        assert datetime.fromisoformat(runs[run_id]["end_date"]) == ended_at


def test_seeding_is_started_from_its_form(cycled: Platform, visit: Visit) -> None:
    visit.page.goto(f"{cycled.url}/dags/seed_databases")
    visit.page.get_by_role("button", name="Trigger").first.click()
    form = visit.page.get_by_role("dialog")
    scale = form.get_by_role("spinbutton").first
    assert scale.input_value() == "0.02", "the form begins with the DAG's own default"
    scale.fill(str(SCALE))
    scale.press("Tab")
    visit.keep("seed-form")
    form.get_by_role("button", name="Trigger").last.click()
    run = cycled.wait_for_run("seed_databases", "queued", "running", "success")
    assert run["conf"]["scale"] == SCALE
    assert run["run_type"] == "manual"
    done = cycled.wait_for_run("seed_databases", "success", "failed")
    assert done["state"] == "success"
    visit.keep("seed-run")
