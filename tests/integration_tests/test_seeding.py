"""Seeding the real engines: killed three times and continued, complete, refused when it would mix data."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date

import pymssql
import pytest
from seeded_data import broken_promises, query
from typer.testing import CliRunner

from promptsales.cli import app
from promptsales.connections import Connections, sqlserver_number
from promptsales.seeding import sqlserver_loader
from promptsales.seeding.ads_tables import ads_tables
from promptsales.seeding.content import content_documents
from promptsales.seeding.crm_tables import CONSENT_COLUMNS, crm_tables
from promptsales.seeding.plan import PlanError, SeedPlan, today
from promptsales.seeding.seed import SeedReport, existing_plan, seed_all
from promptsales.seeding.sqlserver_loader import LoadError
from promptsales.seeding.table import CHUNK_ROWS
from promptsales.seeding.world import World, build_world

pytestmark = pytest.mark.slow

# As of today: MongoDB forgets requests that are 90 days old.
PLAN = SeedPlan(today(), scale=0.05)

BEGUN = """
    ALTER TABLE dbo.ventas NOCHECK CONSTRAINT ALL;
    DELETE FROM dbo.siembra WHERE parametro = N'completa:ventas'
"""

WAITING = "SELECT session_id FROM sys.dm_exec_requests WHERE blocking_session_id <> 0"

# After so many rows of all tables: whole transactions of several tables are there, and others under way.
KILLED_AFTER = (30_000, 65_000, 95_000)

SEED_AND_DIE = """
import os, signal, sys
from datetime import date
from promptsales.connections import from_settings
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.seed import seed_all
from promptsales.settings import Settings

there = {}

def die(database, table, done, total):
    there[database, table] = done
    if sum(there.values()) >= int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

seed_all(from_settings(Settings(), admin=True), SeedPlan(date.fromisoformat(sys.argv[1]), float(sys.argv[2])), die)
"""


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(PLAN)


@pytest.fixture(scope="module")
def partly_seeded(own_engines: Connections, world: World) -> list[dict[str, int]]:
    """Rows of each table of PromptCRM after each of three killed seedings."""
    found = []
    for rows in KILLED_AFTER:
        arguments = [sys.executable, "-c", SEED_AND_DIE, str(PLAN.as_of), str(PLAN.scale), str(rows)]
        assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL
        with closing(own_engines.crm()) as crm:
            found.append(
                {table.name: query(crm, f"SELECT COUNT(*) FROM dbo.{table.name}")[0][0] for table in crm_tables(world)}
            )
    return found


@pytest.fixture(scope="module")
def seeded(own_engines: Connections, partly_seeded: list[dict[str, int]]) -> SeedReport:
    return seed_all(own_engines, PLAN)


def test_a_killed_seeding_left_whole_transactions(partly_seeded: list[dict[str, int]], world: World) -> None:
    totals = {table.name: table.rows for table in crm_tables(world)}
    for found in partly_seeded:
        assert all(rows % CHUNK_ROWS == 0 or rows == totals[table] for table, rows in found.items()), found
        assert 0 < sum(found.values()) < sum(totals.values())
    assert any(0 < rows < totals[table] for found in partly_seeded for table, rows in found.items())


def test_the_last_run_inserted_only_what_was_missing(
    partly_seeded: list[dict[str, int]], seeded: SeedReport, world: World
) -> None:
    missing = {table.name: table.rows - partly_seeded[-1][table.name] for table in crm_tables(world)}
    assert seeded.inserted["PromptCRM"] == missing


def test_foreign_keys_hold_again(own_engines: Connections, seeded: SeedReport) -> None:
    """They are off while rows are loaded, and were when the seeding was killed."""
    orphan = "(9000000, 9000000, N'correo', 1, '2025-01-01', N'prueba')"
    with closing(own_engines.crm()) as crm, pytest.raises(pymssql.IntegrityError) as refused:
        crm.cursor().execute(f"INSERT INTO dbo.consentimientos ({CONSENT_COLUMNS}) VALUES {orphan}")
    assert sqlserver_number(refused.value) == 547


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


def test_a_row_that_points_nowhere_is_found_in_the_end(own_engines: Connections, seeded: SeedReport) -> None:
    begun = f"{BEGUN}; UPDATE dbo.ventas SET id_cliente = %s WHERE id_venta = 1"
    with closing(own_engines.crm()) as crm, closing(crm.cursor()) as cursor:
        crm.autocommit(True)
        ((customer,),) = query(crm, "SELECT id_cliente FROM dbo.ventas WHERE id_venta = 1")
        cursor.execute(begun, (9_000_000,))
        with pytest.raises(LoadError, match=r"PromptCRM\.dbo\.ventas: .*(?i:fk_ventas_clientes).* seed` again"):
            seed_all(own_engines, PLAN)
        cursor.execute("UPDATE dbo.ventas SET id_cliente = %s WHERE id_venta = 1", (customer,))
    assert seed_all(own_engines, PLAN).rows == 0
    assert broken_promises(own_engines, str(PLAN.as_of))["origin"] == []


def test_a_table_that_another_seeding_completes_keeps_its_constraints(
    own_engines: Connections, seeded: SeedReport, world: World
) -> None:
    """Else they were off for good, when the later one ends half way: nobody completes the table again."""
    completed = """
        ALTER TABLE dbo.ventas WITH CHECK CHECK CONSTRAINT ALL;
        INSERT INTO dbo.siembra (parametro, valor) VALUES (N'completa:ventas', N'another')
    """
    with closing(own_engines.crm()) as first, closing(own_engines.crm()) as second, ThreadPoolExecutor(1) as pool:
        first.cursor().execute(BEGUN)
        first.autocommit(False)
        first.cursor().execute(completed)
        begun = pool.submit(sqlserver_loader.begin, second, "PromptCRM", crm_tables(world))
        with closing(own_engines.crm()) as watcher:
            while not query(watcher, WAITING):
                assert not begun.done()
        first.commit()
        assert begun.result() == []
        with pytest.raises(pymssql.IntegrityError) as refused:
            second.cursor().execute("UPDATE dbo.ventas SET id_cliente = 9000000 WHERE id_venta = 1")
        assert sqlserver_number(refused.value) == 547


def test_completing_again_leaves_marks_and_sequences(
    own_engines: Connections, seeded: SeedReport, world: World
) -> None:
    with closing(own_engines.crm()) as crm:
        marks = query(crm, "SELECT parametro, valor FROM dbo.siembra ORDER BY parametro")
        ((used,),) = query(crm, "SELECT NEXT VALUE FOR dbo.seq_ventas AS clave")
        sqlserver_loader.complete(crm, "PromptCRM", crm_tables(world))
        assert query(crm, "SELECT parametro, valor FROM dbo.siembra ORDER BY parametro") == marks
        assert query(crm, "SELECT NEXT VALUE FOR dbo.seq_ventas AS clave") == [(used + 1,)]


def test_seeding_does_not_wait_for_ever_for_a_table_in_use(
    own_engines: Connections, seeded: SeedReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlserver_loader, "LOCK_WAIT_MS", 100)
    with closing(own_engines.crm()) as other, closing(other.cursor()) as cursor:
        cursor.execute(BEGUN)
        other.autocommit(False)
        cursor.execute("UPDATE dbo.ventas SET id_cliente = id_cliente WHERE id_venta = 1")
        with pytest.raises(LoadError, match=r"PromptCRM\.dbo\.ventas: error 1222: .* seed` again"):
            seed_all(own_engines, PLAN)
        other.rollback()
    assert seed_all(own_engines, PLAN).rows == 0
