"""Alerts on a real warehouse and a webhook on loopback: told once, again after a while, and once more when over."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier

import psycopg
import pymssql
import pytest
from local_service import LocalService, Scripted, local_service
from pydantic import SecretStr
from pymongo import MongoClient
from redis import Redis

from promptsales.airflow_connections import airflow_connections
from promptsales.alerts.alert import LONGEST, MOST_TOLD, Alert, Kind, payload, raised
from promptsales.alerts.causes import WAREHOUSE, alerts_of, server_of
from promptsales.alerts.report import report
from promptsales.alerts.stalls import stalled_windows
from promptsales.connections import Connections
from promptsales.errors import PromptSalesError
from promptsales.etl.errors import LoadError
from promptsales.etl.freshness import Freshness
from promptsales.quality.run import CheckResult, QualityError, State, fail_on_errors
from promptsales.settings import Settings

SECRET_PATH = "/services/T0/B0/hook-of-the-operators"

FAILED = Alert(
    Kind.task, "etl_promptcrm: ventas.load", "The view lacks <total>.", "etl_promptcrm/ventas.load", "http://a/b"
)


@pytest.fixture
def webhook() -> Iterator[LocalService]:
    with local_service() as service:
        service.otherwise = lambda request: Scripted(200, "ok")
        yield service


@pytest.fixture
def told(settings: Settings, webhook: LocalService) -> Settings:
    """The settings with the webhook."""
    return settings.model_copy(update={"alert_webhook_url": SecretStr(webhook.url + SECRET_PATH)})


@pytest.fixture(autouse=True)
def no_alerts(admin_connections: Connections) -> None:
    with closing(admin_connections.postgres()) as warehouse:
        warehouse.execute("DELETE FROM ops.alerts")
        warehouse.commit()


@pytest.fixture(autouse=True)
def nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptsales.alerts.webhook.LONGEST_WAIT", 0.01)


def texts(webhook: LocalService) -> list[str]:
    return [json.loads(request.body)["text"] for request in webhook.received]


def an_unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_cause_is_told_once_then_after_a_while_and_when_it_is_over(
    connections: Connections, told: Settings, webhook: LocalService
) -> None:
    for _ in range(3):
        report(connections, told, [FAILED])
    assert texts(webhook) == ["ALERT: A task failed: etl_promptcrm: ventas.load"]
    [section] = json.loads(webhook.received[0].body)["blocks"]
    shown = section["text"]["text"]
    assert "The view lacks &lt;total&gt;." in shown
    assert "<http://a/b|Open the run>" in shown
    assert "What to do: documentation/OPERATIONS.md#task-failed" in shown
    assert "Since 20" in shown

    with closing(connections.postgres()) as warehouse:
        warehouse.execute("UPDATE ops.alerts SET avisada_en = now() - interval '7 hours'")
        warehouse.commit()
    report(connections, told, [FAILED])
    assert texts(webhook)[1:] == ["STILL: A task failed: etl_promptcrm: ventas.load"]
    assert "met 4 times" in webhook.received[1].body

    report(connections, told, over=["etl_promptcrm/leads.load"])
    assert len(webhook.received) == 2, "of another task's success nothing follows"
    report(connections, told, over=[FAILED.scope])
    report(connections, told, over=[FAILED.scope])
    assert texts(webhook)[2:] == ["RECOVERED: A task failed: etl_promptcrm: ventas.load"]
    report(connections, told, [FAILED])
    assert texts(webhook)[3:] == ["ALERT: A task failed: etl_promptcrm: ventas.load"], "it is a new one"


def test_tasks_that_meet_one_cause_at_the_same_moment_tell_it_once(
    connections: Connections, told: Settings, webhook: LocalService
) -> None:
    tasks = 6
    together = Barrier(tasks)

    def meet(number: int) -> None:
        together.wait()
        report(connections, told, [Alert(Kind.server, "promptads", f"table {number}", "server:promptads")])

    with ThreadPoolExecutor(tasks) as pool:
        list(pool.map(meet, range(tasks)))
    assert texts(webhook) == ["ALERT: A server does not answer: promptads"]
    with closing(connections.postgres()) as warehouse:
        assert warehouse.execute("SELECT veces FROM ops.alerts").fetchall() == [(tasks,)]


@pytest.mark.parametrize("problem", ["refuses", "is away", "breaks off"])
def test_a_webhook_that_does_not_take_it_breaks_nothing_and_is_told_the_next_time(
    connections: Connections,
    told: Settings,
    webhook: LocalService,
    caplog: pytest.LogCaptureFixture,
    problem: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = told
    match problem:
        case "refuses":
            webhook.answers.extend([Scripted(503)] * 3)
        case "is away":
            url = SecretStr(f"http://127.0.0.1:{an_unused_port()}{SECRET_PATH}")
            settings = told.model_copy(update={"alert_webhook_url": url})
        case "breaks off":
            webhook.answers.extend([Scripted(500, missing=7)] * 3)
    report(connections, settings, [FAILED])
    assert "the webhook did not take the message" in caplog.text
    before = len(webhook.received)
    assert before == (0 if problem == "is away" else 3), "it is tried three times"
    report(connections, told, [FAILED])
    report(connections, told, [FAILED])
    assert len(webhook.received) == before + 1
    assert SECRET_PATH not in caplog.text
    assert "hook-of-the-operators" not in caplog.text
    assert "hook-of-the-operators" not in repr(told)


def test_a_webhook_that_refuses_for_good_is_asked_once(
    connections: Connections, told: Settings, webhook: LocalService
) -> None:
    webhook.answers.append(Scripted(404))
    report(connections, told, [FAILED])
    assert len(webhook.received) == 1


def test_without_a_webhook_alerts_are_remembered_and_logged(
    connections: Connections, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    report(connections, settings, [FAILED])
    assert "ALERT: A task failed: etl_promptcrm: ventas.load" in caplog.text
    with closing(connections.postgres()) as warehouse:
        [row] = warehouse.execute("SELECT tipo, ambito, enlace, resuelta_en FROM ops.alerts").fetchall()
    assert row == ("task-failed", FAILED.scope, "http://a/b", None)


def test_without_the_warehouse_redis_keeps_tasks_from_telling_the_same(
    connections: Connections, settings: Settings, told: Settings, webhook: LocalService
) -> None:
    def away() -> psycopg.Connection:
        return psycopg.connect(host="127.0.0.1", port=an_unused_port(), dbname="promptsales")

    away_too = Redis(port=an_unused_port())
    alert = replace(FAILED, kind=Kind.server, subject=f"warehouse {datetime.now(UTC).timestamp()}")
    without_warehouse = replace(connections, postgres=away)
    report(without_warehouse, told, [alert])
    report(without_warehouse, told, [alert])
    assert len(webhook.received) == 1
    report(replace(without_warehouse, redis=lambda: away_too), told, [alert])
    assert len(webhook.received) == 2, "rather twice than not at all"


@pytest.mark.parametrize("character", ["x", "&"])
def test_a_message_holds_what_slack_takes(character: str) -> None:
    now = datetime.now(UTC)
    long = [raised(replace(FAILED, message=character * 9_000), now, 1, "https://wiki.example.com/OPERATIONS.md")] * 70
    message = payload(long)
    assert len(message["blocks"]) == MOST_TOLD + 1 <= 50
    assert all(len(block["text"]["text"]) <= 3_000 for block in message["blocks"])
    assert len(message["blocks"][0]["text"]["text"]) > LONGEST, "no more is cut than has to be"
    assert message["blocks"][-1]["text"]["text"] == "And 50 more: the table `ops.alerts` has them all."
    assert "<https://wiki.example.com/OPERATIONS.md#task-failed|What to do>" in message["blocks"][0]["text"]["text"]


def error_of(attempt: object) -> BaseException:
    with pytest.raises(Exception) as caught:
        attempt()  # type: ignore[operator]
    return caught.value


def test_a_server_that_is_away_is_one_cause_whichever_table_meets_it() -> None:
    port = an_unused_port()
    errors = {
        WAREHOUSE: error_of(lambda: psycopg.connect(host="127.0.0.1", port=port, dbname="d")),
        "promptads": error_of(lambda: pymssql.connect(server="127.0.0.1", port=str(port), login_timeout=2)),
        "promptcontent": error_of(
            lambda: MongoClient(port=port, serverSelectionTimeoutMS=200).admin.command("ping"),
        ),
    }
    for server, error in errors.items():
        wrapped = LoadError("marcas: the load failed.")
        wrapped.__cause__ = error
        made = {
            alert.fingerprint
            for table in ("a", "b")
            for alert in alerts_of(wrapped, "etl", f"{table}.load", server, None)
        }
        assert made == {f"server-unreachable:{server}"}


def test_a_failure_of_its_own_is_the_task_s_cause_and_holds_no_secret() -> None:
    error = PromptSalesError("no column x in postgresql://a?password=hunter22 of ods_promptads.marcas")
    assert server_of(error, "promptads") is None
    [alert] = alerts_of(error, "etl_promptads", "marcas.load", "promptads", None)
    assert alert.fingerprint == "task-failed:etl_promptads: marcas.load"
    assert "hunter22" not in alert.message


def test_tasks_of_a_dag_that_are_ended_from_outside_are_one_cause() -> None:
    [first] = alerts_of(None, "etl_promptads", "marcas.load", "promptads", None)
    [second] = alerts_of(None, "etl_promptads", "canales.load", "promptads", None)
    assert first.fingerprint == second.fingerprint == "task-failed:etl_promptads: ended from outside"
    assert "see its log" in first.message


def test_each_check_that_fails_is_a_cause_of_its_own_and_over_when_it_passes(
    connections: Connections, told: Settings, webhook: LocalService
) -> None:
    def result(name: str) -> CheckResult:
        return CheckResult(name, "not_null", "error", State.fails, 3, [], None, 0.1)

    def fail(*names: str) -> None:
        with pytest.raises(QualityError) as caught:
            fail_on_errors([result(name) for name in names])
        alerts = alerts_of(caught.value, "refresh_marts", "check_quality", None, None)
        report(connections, told, alerts, ["refresh_marts/check_quality"])

    fail("ventas_completas", "ventas_una_vez")
    fail("ventas_una_vez")
    assert [text.splitlines() for text in texts(webhook)] == [
        [
            "ALERT: A check of data quality fails: ventas_completas",
            "ALERT: A check of data quality fails: ventas_una_vez",
        ],
        ["RECOVERED: A check of data quality fails: ventas_completas"],
    ]


def test_one_open_transaction_is_one_alert_that_names_the_tables_it_holds_back() -> None:
    tables = [
        Freshness("promptads", "marcas", 10.0, held_seconds=3_700.0),
        Freshness("promptads", "canales", 10.0, held_seconds=900.0),
        Freshness("promptads", "mercados", 10.0, held_seconds=60.0),
        Freshness("promptads", "anuncios", 10.0),
    ]
    [alert] = stalled_windows("promptads", tables, "promptads/windows", None)
    assert alert.fingerprint == "stalled-window:promptads"
    assert "1 h 1 min" in alert.message
    assert "canales, marcas" in alert.message
    assert "mercados" not in alert.message
    assert stalled_windows("promptads", tables[2:], "promptads/windows", None) == []


def test_a_cycle_that_is_overdue_is_told_and_one_that_ended_badly_in_time_is_not(
    airflow_home: None, settings: Settings, webhook: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Airflow's triggerer calls back when a deadline has passed: it keeps deadlines of runs that failed, too."""
    from promptsales.orchestration import tell_overdue

    for name, value in airflow_connections(settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PROMPTSALES_ALERT_WEBHOOK_URL", webhook.url + SECRET_PATH)
    run = {
        "dag_id": "etl_promptcrm",
        "dag_run_id": "scheduled__2026-02-03T09:53:00+00:00",
        "queued_at": "2026-02-03T10:04:00Z",
        "end_date": None,
    }
    deadline = {"deadline_time": "2026-02-03T10:15:00Z"}
    asyncio.run(tell_overdue({"dag_run": {**run, "end_date": "2026-02-03T10:09:00Z"}, "deadline": deadline}))
    assert texts(webhook) == []
    asyncio.run(tell_overdue({"dag_run": run, "deadline": deadline}))
    assert texts(webhook) == ["ALERT: A cycle is overdue: etl_promptcrm"]
    [block] = json.loads(webhook.received[0].body)["blocks"]
    assert "Since 2026-02-03 10:04 UTC." in block["text"]["text"]
    assert (
        "/dags/etl_promptcrm/runs/scheduled__2026-02-03T09%3A53%3A00%2B00%3A00|Open the run>" in block["text"]["text"]
    )
