"""The anomalies of each isolation level, as observed, beside the tables of the documentation."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from promptsales.benchmarks.cli import app
from promptsales.concurrency import anomalies
from promptsales.concurrency.anomalies import (
    ANOMALIES,
    HAPPENS,
    OLD_VALUE,
    UNEXPECTED,
    Outcome,
    Stage,
    Verdicts,
    markdown,
    observe,
)
from promptsales.concurrency.laboratory import Laboratory, PostgresLaboratory, PostgresSession, SqlServerLaboratory
from promptsales.paths import PROJECT_ROOT
from promptsales.settings import Settings

DOCUMENT = (PROJECT_ROOT / "documentation" / "CONCURRENCY.md").read_text(encoding="utf-8")

every_server = pytest.mark.parametrize(
    ("fixture", "server"),
    [
        ("postgres", "PostgreSQL"),
        ("standin", "SQL Server stand-in"),
        ("mongodb", "MongoDB"),
        pytest.param("sqlserver_lab", "SQL Server", marks=pytest.mark.sqlserver),
    ],
)


def expected(server: str) -> Verdicts:
    """The table below the heading of a server."""
    table = re.search(rf"^### {server}$.*?(^\|.*?)\n(?:\n|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert table, server
    heading, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines())
    return {anomaly: dict(zip(heading[1:], verdicts, strict=True)) for anomaly, *verdicts in rows}


@every_server
def test_what_is_observed_is_what_is_documented(fixture: str, server: str, request: pytest.FixtureRequest) -> None:
    laboratory: Laboratory = request.getfixturevalue(fixture)
    assert observe(laboratory) == expected(server)
    assert laboratory.values() == {}, "nothing is left behind"


class IdleSession(PostgresSession):
    """Whose writes are lost on the way."""

    def write(self, key: int, value: int) -> None:
        pass


class IdleLaboratory(PostgresLaboratory):
    def session(self) -> PostgresSession:
        return IdleSession(self.connections.postgres(), self.run)


def test_an_anomaly_is_not_said_to_be_prevented_where_it_was_not_tried(postgres: Laboratory) -> None:
    verdicts = observe(IdleLaboratory(postgres.connections, postgres.run))
    told = {anomaly: {verdict.split(":")[0] for verdict in verdicts[anomaly].values()} for anomaly in verdicts}
    assert told.pop("phantom") == {HAPPENS, OLD_VALUE}, "which inserts"
    assert set(told) == set(ANOMALIES) - {"phantom"}
    assert all(each == {UNEXPECTED} for each in told.values()), told


@pytest.mark.parametrize("fixture", ["postgres", "standin"])
def test_a_scenario_that_breaks_off_leaves_nobody_waiting(
    fixture: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    laboratory: Laboratory = request.getfixturevalue(fixture)
    waited = []

    def breaks_off(stage: Stage) -> Outcome:
        stage.opens(stage.first, stage.second)
        stage.first.does(lambda session: session.write(0, 1))
        stage.second.does(lambda session: session.write(0, 2))
        waited.append(stage.second.waited)
        raise RuntimeError("in the middle")

    monkeypatch.setattr(anomalies, "ANOMALIES", {"any": breaks_off})
    before = set(threading.enumerate())
    with pytest.raises(RuntimeError, match="in the middle"):
        observe(laboratory)
    assert waited == [True]
    assert set(threading.enumerate()) <= before
    assert laboratory.values() == {}


@pytest.mark.parametrize("fixture", ["postgres", "standin", "mongodb"])
def test_what_runs_left_behind_long_ago_is_removed(
    fixture: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    laboratory: Laboratory = request.getfixturevalue(fixture)
    laboratory.fill({0: 100})
    laboratory.purge()
    assert laboratory.values() == {0: 100}
    monkeypatch.setattr("promptsales.concurrency.laboratory.KEPT", -timedelta(hours=1))
    laboratory.purge()
    assert laboratory.values() == {}


def test_each_anomaly_is_shown_and_prevented_somewhere() -> None:
    """But for the dirty read, which only SQL Server itself has, each happens at one level of each server at least."""
    for server in ("PostgreSQL", "SQL Server stand-in", "MongoDB", "SQL Server"):
        verdicts = expected(server)
        assert list(verdicts) == list(ANOMALIES)
        for anomaly, by_level in verdicts.items():
            shown = HAPPENS in by_level.values()
            assert shown or (anomaly == "dirty read" and server != "SQL Server"), (server, anomaly)
            prevented = set(by_level.values()) != {HAPPENS}
            assert prevented or (anomaly == "write skew" and server == "MongoDB"), (server, anomaly)


@pytest.mark.parametrize("server", ["PostgreSQL", "SQL Server stand-in", "MongoDB"])
def test_no_server_but_sql_server_shows_what_is_not_committed(server: str) -> None:
    assert set(expected(server)["dirty read"].values()) == {OLD_VALUE}


def test_the_stand_in_is_told_from_sql_server(standin: SqlServerLaboratory) -> None:
    assert standin.is_stand_in()


def test_the_command_prints_the_tables(engines: Settings, owner: object, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("postgres_admin_url", "ads_admin_url", "mongo_admin_url"):
        monkeypatch.setenv(f"PROMPTSALES_{name.upper()}", getattr(engines, name).get_secret_value())
    printed = CliRunner().invoke(app, ["isolation", "--configured"])
    assert printed.exit_code == 0, printed.output
    for server in ("PostgreSQL", "SQL Server stand-in", "MongoDB"):
        assert f"### {server}\n\n{markdown(expected(server))}" in printed.stdout
