"""The plugin in Airflow's API server, over a real warehouse: who may see its pages, what they show, what it records."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from types import ModuleType, SimpleNamespace
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient

from promptsales.airflow_connections import airflow_connections
from promptsales.connections import Connections
from promptsales.operations.places import PREFIX
from promptsales.operations.web import web_app
from promptsales.paths import PROJECT_ROOT
from promptsales.settings import Settings

SOURCE = "promptpaginas"
"""No real one: the rows of these tests are theirs alone."""

RUN = "scheduled__2026-02-03T09:53:00+00:00"
SECRET = "dato-personal"


@pytest.fixture(scope="module")
def plugin(airflow_home: None, settings: Settings) -> Iterator[ModuleType]:
    """The plugin's module, as Airflow loads it: its connection in the environment, its users in the API server."""
    from airflow.api_fastapi.app import init_auth_manager
    from airflow.utils.db import initdb

    spec = importlib.util.spec_from_file_location("operations_plugin", PROJECT_ROOT / "plugins/operations_plugin.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in airflow_connections(settings).items():
            patch.setenv(name, value)
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", token_hex(64))
        initdb()
        init_auth_manager()
        yield module


@pytest.fixture
def warehouse(settings: Settings, admin_connections: Connections) -> Iterator[psycopg.Connection[Any]]:
    """The owner's connection, in autocommit; afterwards nothing is left of what these tests wrote."""
    with closing(admin_connections.postgres()) as connection:
        connection.autocommit = True
        yield connection
        for table in ("watermarks", "loads", "rejected_rows", "failures"):
            connection.execute(f"DELETE FROM etl.{table} WHERE source = %s", [SOURCE])
        connection.execute("DELETE FROM ops.dag_runs WHERE dag_id LIKE 'prueba%'")


@pytest.fixture
def client(plugin: ModuleType) -> TestClient:
    """A browser that nobody has signed in with."""
    return TestClient(plugin.OperationsPlugin.fastapi_apps[0]["app"])


def signed_in(plugin: ModuleType, role: str) -> dict[str, str]:
    """The cookie that Airflow gives a user of this role."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    return {"_token": get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="ana", role=role))}


def load(
    connection: psycopg.Connection[Any], table: str, *, minutes: float = 1, inserted: int = 0, run_id: str = RUN
) -> int:
    """A committed load of so many minutes ago, and the watermark it moved."""
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    row = connection.execute(
        "INSERT INTO etl.loads (source, table_name, run_id, low, high, rows_read, rows_inserted, rows_updated,"
        " rows_deleted, rows_rejected, seconds, committed_at)"
        " VALUES (%s, %s, %s, NULL, '{\"version\": 7}', %s, %s, 0, 0, 0, 0.25, %s) RETURNING load_id",
        [SOURCE, table, run_id, inserted, inserted, at],
    ).fetchone()
    assert row is not None
    connection.execute(
        "INSERT INTO etl.watermarks (source, table_name, position, load_id, updated_at) VALUES (%s, %s, '{}', %s, %s)"
        " ON CONFLICT (source, table_name) DO UPDATE SET load_id = excluded.load_id, updated_at = excluded.updated_at",
        [SOURCE, table, row[0], at],
    )
    return int(row[0])


def row_of(page: str, table: str) -> str:
    """The page's line of a table, without its tags."""
    found = re.search(rf'<tr data-table="{SOURCE}\.{table}">.*?</tr>', page, re.DOTALL)
    assert found is not None, page
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


@pytest.mark.parametrize("path", ["/warehouse", "/loads/1", f"/runs/{SOURCE}/ventas/{RUN}"])
def test_nobody_sees_a_page_without_signing_in(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 401
    assert "Sign in to Airflow" in answer.text
    assert SOURCE not in answer.text


@pytest.mark.slow
def test_a_task_that_loads_the_plugin_does_not_wait_for_the_pages() -> None:
    code = (
        "import sys, airflow.plugins_manager, airflow.listeners, airflow.sdk; before = set(sys.modules);"
        " import operations_plugin; print(*(set(sys.modules) - before))"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT / "plugins")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "promptsales.operations.places" in done.stdout.split()
    assert not {"jinja2", "psycopg", "promptsales.operations.web"} & set(done.stdout.split())


def test_a_forged_token_is_refused(client: TestClient) -> None:
    assert client.get("/warehouse", cookies={"_token": "eyJhbGciOiJub25lIn0.e30."}).status_code in (401, 403)


def test_the_page_shows_what_the_database_says(
    plugin: ModuleType, client: TestClient, warehouse: psycopg.Connection[Any]
) -> None:
    load(warehouse, "ventas", minutes=30, inserted=1200)
    last = load(warehouse, "ventas", minutes=2, inserted=34)
    answer = client.get("/warehouse", cookies=signed_in(plugin, "VIEWER"))
    assert answer.status_code == 200
    assert row_of(answer.text, "ventas").startswith("ventas fresh 2 min")
    assert "1,234" in row_of(answer.text, "ventas"), "what its cycles moved"
    assert f'href="/loads/{last}"' in answer.text
    assert "rows, the most, 1,200," in answer.text


def test_a_failure_is_told_with_what_to_do_and_where(
    plugin: ModuleType, client: TestClient, warehouse: psycopg.Connection[Any]
) -> None:
    load(warehouse, "ventas", minutes=5)
    message = f"{SOURCE}.ventas: <b>SQL Server</b> does not answer."
    warehouse.execute(
        "INSERT INTO etl.failures (source, table_name, run_id, message) VALUES (%s, 'ventas', %s, %s)",
        [SOURCE, RUN, message],
    )
    page = client.get("/warehouse", cookies=signed_in(plugin, "ADMIN")).text
    assert "No, loads fail" in page
    assert "<b>SQL Server" not in page
    assert "&lt;b&gt;SQL Server&lt;/b&gt; does not answer." in page
    assert (
        f'href="/dags/etl_{SOURCE}/runs/scheduled__2026-02-03T09%3A53%3A00%2B00%3A00/tasks/ventas.load" data-airflow'
    ) in page
    record = client.get(f"/runs/{SOURCE}/ventas/{RUN}", cookies=signed_in(plugin, "ADMIN")).text
    assert "&lt;b&gt;SQL Server&lt;/b&gt; does not answer." in record


def test_a_stalled_window_is_told_with_its_age(
    plugin: ModuleType, client: TestClient, warehouse: psycopg.Connection[Any]
) -> None:
    load(warehouse, "leads", minutes=1)
    warehouse.execute(
        "UPDATE etl.watermarks SET held_since = now() - interval '25 minutes 2 seconds' WHERE source = %s", [SOURCE]
    )
    page = client.get("/warehouse", cookies=signed_in(plugin, "ADMIN")).text
    assert "25 min" in row_of(page, "leads")
    assert "stalled" in row_of(page, "leads")
    assert f"{SOURCE}: a transaction stays open, 25 min" in page


def test_rejected_rows_are_told_without_what_they_hold(
    plugin: ModuleType, client: TestClient, warehouse: psycopg.Connection[Any]
) -> None:
    load_id = load(warehouse, "ventas")
    reason = f'invalid input syntax for type integer: "{SECRET}" (COPY staged_rows, line 1, column edad: "{SECRET}")'
    for key in (41, 42):
        warehouse.execute(
            "INSERT INTO etl.rejected_rows (load_id, source, table_name, row_key, rejected_row, reason)"
            " VALUES (%s, %s, 'ventas', jsonb_build_array(%s::int), jsonb_build_object('edad', %s::text), %s)",
            [load_id, SOURCE, key, SECRET, reason],
        )
    cookies = signed_in(plugin, "ADMIN")
    page, record = (client.get(path, cookies=cookies).text for path in ("/warehouse", f"/loads/{load_id}"))
    assert "2: invalid input syntax for type integer (column edad)" in page
    assert "[42]" in record
    assert "invalid input syntax for type integer (column edad)" in record
    assert SECRET not in page + record


def test_the_page_s_role_reads_no_rejected_row_and_writes_nothing(
    plugin: ModuleType, warehouse: psycopg.Connection[Any]
) -> None:
    from promptsales.operations.overview import begin_reading

    for forbidden in ("SELECT rejected_row FROM etl.rejected_rows", "SELECT * FROM ods_promptcrm.clientes"):
        with closing(plugin.connect()) as connection:
            begin_reading(connection)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)
    with closing(plugin.connect()) as connection:
        begin_reading(connection)
        with pytest.raises((psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.InsufficientPrivilege)):
            connection.execute("DELETE FROM etl.loads")


def test_of_a_check_that_was_asked_again_the_last_answer_counts(
    plugin: ModuleType, client: TestClient, warehouse: psycopg.Connection[Any]
) -> None:
    load(warehouse, "ventas")
    for check, state, rows in (
        ("prueba_pasa_luego", "falla", 10), ("prueba_sigue", "falla", 2),
        ("prueba_pasa_luego", "pasa", 0), ("prueba_sigue", "falla", 1),
    ):  # fmt: skip
        warehouse.execute(
            "INSERT INTO ops.quality_results (corrida, chequeo, tipo, gravedad, estado, filas, muestra, segundos)"
            " VALUES (%s, %s, 'no_rows', 'error', %s, %s, '[]', 0)",
            [RUN, check, state, rows],
        )
    try:
        page = client.get("/warehouse", cookies=signed_in(plugin, "ADMIN")).text
    finally:
        warehouse.execute("DELETE FROM ops.quality_results WHERE corrida = %s", [RUN])
    assert page.count("<h3>Data check prueba_sigue does not pass</h3>") == 1
    assert "1 row is wrong." in page
    assert "prueba_pasa_luego" not in page


def test_a_load_that_never_was_is_not_found(plugin: ModuleType, client: TestClient) -> None:
    answer = client.get("/loads/999999999", cookies=signed_in(plugin, "ADMIN"))
    assert (answer.status_code, "There is no load 999999999." in answer.text) == (404, True)


@pytest.mark.parametrize("path", ["/nothing", "/loads/first", f"/runs/{SOURCE}/ventas/a%00b", "/static/nothing.css"])
def test_what_is_no_page_is_said_in_one(plugin: ModuleType, client: TestClient, path: str) -> None:
    answer = client.get(path, cookies=signed_in(plugin, "ADMIN"))
    assert (answer.status_code, "Not found" in answer.text) == (404, True)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_pages_take_nothing_from_elsewhere_and_links_know_where_airflow_is(
    plugin: ModuleType, warehouse: psycopg.Connection[Any]
) -> None:
    load(warehouse, "ventas")
    airflow = FastAPI()
    airflow.mount(f"/base{PREFIX}", plugin.OperationsPlugin.fastapi_apps[0]["app"])
    client = TestClient(airflow)
    answer = client.get(f"/base{PREFIX}/warehouse", cookies=signed_in(plugin, "ADMIN"))
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cache-control"] == "no-store"
    assert f'href="/base/dags/etl_{SOURCE}"' in answer.text
    addresses = re.findall(r'(?:href|src)="([^"]*)"', answer.text)
    assert [each for each in addresses if not each.startswith(("/base/", "#"))] == []
    assets = [each for each in addresses if "/static/" in each]
    assert assets
    for asset in assets:
        assert client.get(asset).status_code == 200, asset


def test_a_warehouse_that_is_away_is_said_and_no_password_with_it() -> None:
    def away() -> psycopg.Connection[Any]:
        return psycopg.connect(f"postgresql://promptsales_etl:{SECRET}@127.0.0.1:1/promptsales", connect_timeout=2)

    answer = TestClient(web_app(away, lambda: None, list)).get("/warehouse")
    assert answer.status_code == 503
    assert "Unknown" in answer.text
    assert "promptsales db init" in answer.text
    assert SECRET not in answer.text


def test_a_user_without_the_right_is_told_so() -> None:
    def refuse() -> None:
        raise HTTPException(403, "Forbidden")

    def never() -> psycopg.Connection[Any]:
        raise AssertionError("asked the warehouse")

    answer = TestClient(web_app(never, refuse, list)).get("/warehouse")
    assert (answer.status_code, "Not allowed" in answer.text) == (403, True)
    assert "Sign in to Airflow again." in answer.text


def test_a_loading_task_links_to_its_record_and_no_other_does(plugin: ModuleType) -> None:
    link = plugin.OperationsPlugin.global_operator_extra_links[0]

    def of(dag_id: str, task_id: str) -> str:
        told: str = link.get_link(None, ti_key=SimpleNamespace(dag_id=dag_id, task_id=task_id, run_id=RUN))
        return told

    assert of("etl_promptcrm", "ventas.load").endswith(
        "/plugin/warehouse/promptsales/runs/promptcrm/ventas/scheduled__2026-02-03T09%3A53%3A00%2B00%3A00"
    )
    assert of("refresh_marts", "refresh_dw") == ""


def ended() -> Any:
    """A run as Airflow hands it to listeners."""
    from airflow.models.dagrun import DagRun

    run = DagRun(dag_id="prueba", run_id=RUN, run_type="scheduled")
    run.start_date = datetime(2026, 2, 3, 10, 0, 0, tzinfo=UTC)
    run.end_date = datetime(2026, 2, 3, 10, 0, 12, tzinfo=UTC)
    return run


def recorded(connection: psycopg.Connection[Any]) -> Any:
    return connection.execute("SELECT state, seconds, error FROM ops.dag_runs WHERE dag_id = 'prueba'").fetchone()


def test_the_end_of_a_run_is_recorded_and_a_cleared_run_ends_again(
    plugin: ModuleType, warehouse: psycopg.Connection[Any]
) -> None:
    plugin.on_dag_run_failed(ended(), "timed_out")
    assert recorded(warehouse) == ("failed", 12.0, "It took too long and was ended.")
    plugin.on_dag_run_success(ended(), "success")
    assert recorded(warehouse) == ("success", 12.0, None)


def test_airflow_goes_on_where_an_end_cannot_be_recorded(
    plugin: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PROMPTSALES_POSTGRES", f"postgres://etl:{SECRET}@127.0.0.1:1/promptsales")
    with caplog.at_level(logging.WARNING):
        plugin.on_dag_run_success(ended(), "success")
    [record] = [each for each in caplog.records if "was not recorded in ops.dag_runs" in each.getMessage()]
    assert SECRET not in record.getMessage()
