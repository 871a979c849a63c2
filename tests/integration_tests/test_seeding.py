"""Seeding the real engines: killed three times and continued, complete, refused when it would mix data."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import date

import pytest
from seeded_data import broken_promises, query
from typer.testing import CliRunner

from promptsales.cli import app
from promptsales.connections import Connections
from promptsales.seeding.ads_tables import ads_tables
from promptsales.seeding.content import content_documents
from promptsales.seeding.crm_tables import crm_tables
from promptsales.seeding.plan import PlanError, SeedPlan, today
from promptsales.seeding.seed import SeedReport, existing_plan, seed_all
from promptsales.seeding.world import World, build_world

pytestmark = pytest.mark.slow

# As of today: MongoDB forgets requests that are 90 days old.
PLAN = SeedPlan(today(), scale=0.05)

# Large enough for several transactions: a kill leaves them half done.
KILLED_IN = ("clientes", "ventas", "lineas_venta")

SEED_AND_DIE = """
import os, signal, sys
from datetime import date
from promptsales.connections import from_settings
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.seed import seed_all
from promptsales.settings import Settings

def die(database, table, done, total):
    if table == sys.argv[3] and 0 < done < total:
        os.kill(os.getpid(), signal.SIGKILL)

seed_all(from_settings(Settings(), admin=True), SeedPlan(date.fromisoformat(sys.argv[1]), float(sys.argv[2])), die)
"""


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(PLAN)


@pytest.fixture(scope="module")
def partly_seeded(own_engines: Connections) -> dict[str, int]:
    """Rows of each table right after the seeding was killed in it."""
    found: dict[str, int] = {}
    for table in KILLED_IN:
        arguments = [sys.executable, "-c", SEED_AND_DIE, str(PLAN.as_of), str(PLAN.scale), table]
        assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL
        with closing(own_engines.crm()) as crm:
            found[table] = query(crm, f"SELECT COUNT(*) FROM dbo.{table}")[0][0]
    return found


@pytest.fixture(scope="module")
def seeded(own_engines: Connections, partly_seeded: dict[str, int]) -> SeedReport:
    return seed_all(own_engines, PLAN)


@pytest.mark.slow
def test_a_killed_seeding_left_whole_transactions(partly_seeded: dict[str, int], world: World) -> None:
    totals = {table.name: table.rows for table in crm_tables(world)}
    for table, rows in partly_seeded.items():
        assert 0 < rows < totals[table]


def test_the_last_run_inserted_only_what_was_missing(
    partly_seeded: dict[str, int], seeded: SeedReport, world: World
) -> None:
    totals = {table.name: table.rows for table in crm_tables(world)}
    last = KILLED_IN[-1]
    assert seeded.inserted["PromptCRM"]["clientes"] == 0
    assert seeded.inserted["PromptCRM"]["ventas"] == 0
    assert 0 < seeded.inserted["PromptCRM"][last] <= totals[last] - partly_seeded[last]


def test_every_row_is_there_once(own_engines: Connections, seeded: SeedReport, world: World) -> None:
    for connect, tables in ((own_engines.ads, ads_tables(world)), (own_engines.crm, crm_tables(world))):
        with closing(connect()) as connection:
            for table in tables:
                key = table.key[0]
                ((rows, highest),) = query(connection, f"SELECT COUNT(*), MAX({key}) FROM dbo.{table.name}")
                assert rows == table.rows, table.name
                if table.sequence:
                    assert highest == table.rows, table.name


def test_the_rows_are_those_of_the_plan(own_engines: Connections, seeded: SeedReport, world: World) -> None:
    text = "".join(statement for _, piece in crm_tables(world)[0].chunks(PLAN) for statement in piece)
    expected = [found[:64] for found in text.split("0x")[1::3]]
    with closing(own_engines.crm()) as crm:
        found = query(crm, "SELECT documento_hash FROM dbo.clientes ORDER BY id_cliente")
        names = query(
            crm, "SELECT nombre, apellidos FROM dbo.clientes WHERE apellidos LIKE N'O''%' OR nombre = N'Sofía'"
        )
        assert query(crm, "SELECT COUNT(*) FROM dbo.clientes WHERE documento_cifrado IS NOT NULL") == [(0,)]
    assert [digest.hex() for (digest,) in found] == expected
    assert any(name == "Sofía" for name, _ in names)


def test_everything_promised_holds(own_engines: Connections, seeded: SeedReport) -> None:
    assert {name: found for name, found in broken_promises(own_engines, str(PLAN.as_of)).items() if found} == {}


def test_three_in_ten_campaigns_are_active(own_engines: Connections, seeded: SeedReport) -> None:
    with closing(own_engines.ads()) as ads:
        states = dict(query(ads, "SELECT estado, COUNT(*) FROM dbo.campanas GROUP BY estado"))
    assert states["activa"] == round(0.3 * PLAN.campaigns)
    assert states["finalizada"] > states["planificada"] > 0


def test_new_keys_follow_the_seeded_ones(own_engines: Connections, seeded: SeedReport, world: World) -> None:
    with closing(own_engines.crm()) as crm:
        rows = query(crm, "SELECT NEXT VALUE FOR dbo.seq_ventas AS clave")
    assert rows == [(len(world.sales.second) + 1,)]


def test_documents_pass_their_validators(own_engines: Connections, seeded: SeedReport, world: World) -> None:
    database = own_engines.mongo()
    for name, documents in content_documents(world).items():
        assert [found["_id"] for found in database[name].find({}, {"_id": 1}).sort("_id", 1)] == [
            document["_id"] for document in documents
        ]
        schema = next(iter(database.list_collections(filter={"name": name})))["options"]["validator"]
        assert database[name].count_documents({"$nor": [schema]}) == 0


def test_seeding_again_inserts_nothing(own_engines: Connections, seeded: SeedReport) -> None:
    again = CliRunner().invoke(app, ["seed", "--scale", str(PLAN.scale)], env={"COLUMNS": "120"})
    assert again.exit_code == 0, again.output
    assert "0 rows inserted" in again.output
    assert seed_all(own_engines, PLAN).rows == 0


def test_the_recorded_date_is_the_default(own_engines: Connections, seeded: SeedReport) -> None:
    assert existing_plan(own_engines) == PLAN


@pytest.mark.parametrize(
    "other",
    [{"scale": 0.02}, {"seed": 1}, {"as_of": date(2020, 1, 1)}, {"peak_month": 5}],
    ids=lambda other: next(iter(other)),
)
def test_other_parameters_are_refused(own_engines: Connections, seeded: SeedReport, other: dict[str, float]) -> None:
    with pytest.raises(PlanError, match="would mix two data sets") as refused:
        seed_all(own_engines, replace(PLAN, **other))
    assert f"--as-of {PLAN.as_of}" in str(refused.value)
    assert re.search(r"down --purge", str(refused.value))
