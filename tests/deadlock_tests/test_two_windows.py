"""Each script for two windows, played step by step: it shows what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from windows import Step, play, steps

from promptsales.concurrency.laboratory import Laboratory
from promptsales.paths import DATABASE_DIR

SCENARIOS = [
    "concurrencia_1_interbloqueo",
    "concurrencia_2_lectura_sucia",
    "concurrencia_3_actualizacion_perdida",
    "concurrencia_4_resumen_incorrecto",
    "concurrencia_5_lectura_no_repetible",
    "concurrencia_6_fantasma",
    "concurrencia_7_sesgo_de_escritura",
]


def script(folder: str, scenario: str) -> Path:
    return DATABASE_DIR / folder / "scripts" / f"{scenario}.sql"


def check(step: Step, shown: str | None) -> None:
    assert shown == (step.shows.split(",")[0] if step.shows else None), f"step {step.number} in {step.window}"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_on_postgresql(scenario: str, postgres: Laboratory) -> None:
    play(script("postgresql", scenario), postgres, check)


@pytest.mark.sqlserver
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_on_sql_server(scenario: str, sqlserver_lab: Laboratory) -> None:
    play(script("sqlserver_ads", scenario), sqlserver_lab, check)


@pytest.mark.parametrize("folder", ["postgresql", "sqlserver_ads", "sqlserver_crm"])
def test_every_database_has_every_scenario(folder: str) -> None:
    found = sorted((DATABASE_DIR / folder / "scripts").glob("concurrencia_*.sql"))
    assert [path.stem for path in found] == SCENARIOS
    for path in found:
        numbers = [step.number for step in steps(path)]
        assert numbers == list(range(1, len(numbers) + 1)), path
        assert {"Window A", "Window B"} <= {step.window for step in steps(path)}


def test_both_sql_server_databases_have_the_same_steps() -> None:
    for scenario in SCENARIOS:
        assert steps(script("sqlserver_ads", scenario)) == steps(script("sqlserver_crm", scenario))
