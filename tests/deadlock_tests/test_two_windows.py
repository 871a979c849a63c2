"""Each script for two windows, played step by step: it shows what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from windows import Step, play, steps

from promptsales.concurrency.laboratory import Laboratory
from promptsales.paths import DATABASE_DIR

pytestmark = pytest.mark.slow

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


LOCKS_OF_READERS = "concurrencia_7_sesgo_de_escritura"
"""The one scenario whose second half the stand-in cannot go through: its readers hold no lock."""

NO_DIRTY_READ = ("concurrencia_2_lectura_sucia", 3)
"""The one step, of the others, that shows something else on the stand-in."""


def expected(step: Step) -> str | None:
    return step.shows.split(",")[0] if step.shows else None


def check(step: Step, shown: str | None) -> None:
    assert shown == expected(step), f"step {step.number} in {step.window}"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_on_postgresql(scenario: str, postgres: Laboratory) -> None:
    play(script("postgresql", scenario), postgres, check)


@pytest.mark.parametrize("scenario", [scenario for scenario in SCENARIOS if scenario != LOCKS_OF_READERS])
def test_the_t_sql_on_the_stand_in(scenario: str, standin: Laboratory) -> None:
    def check_here(step: Step, shown: str | None) -> None:
        wanted = "100" if (scenario, step.number) == NO_DIRTY_READ else expected(step)
        assert shown == wanted, f"step {step.number} in {step.window}"

    play(script("sqlserver_ads", scenario), standin, check_here)


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
