"""Simulated activity on the real engines: what it says it changed is what changed, and no promise is broken."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from seeded_data import broken_promises, query
from typer.testing import CliRunner

from promptsales.cli import app
from promptsales.connections import Connections
from promptsales.errors import PromptSalesError
from promptsales.seeding.changes import Report, SimulationError
from promptsales.seeding.plan import PlanError, SeedPlan, today
from promptsales.seeding.seed import seed_all
from promptsales.seeding.simulate import simulate_changes

pytestmark = pytest.mark.slow

PLAN = SeedPlan(today(), scale=0.01)

KEYS = {
    "promptads": {
        "marcas": 1, "canales": 1, "mercados": 1, "influencers": 1, "campanas": 1, "anuncios": 1,
        "campanas_mercados": 2, "rendimiento_diario": 1, "sentimientos": 1,
    },
    "promptcrm": {"clientes": 1, "leads": 1, "ventas": 1, "lineas_venta": 2, "consentimientos": 1},
}  # fmt: skip
"""Exported tables, and how many of their first columns are the key."""

COLLECTIONS = ("imagenes", "servicios_terceros", "bitacora_solicitudes", "logs_campanas", "mcp_servers")

Snapshot = dict[tuple[str, str], dict[Any, Any]]


@pytest.fixture(scope="module")
def refusals(own_engines: Connections) -> dict[str, PromptSalesError]:
    """What is answered on databases that were not seeded."""
    with pytest.raises(SimulationError) as unseeded:
        simulate_changes(own_engines, 10)
    with closing(own_engines.ads()) as ads, ads.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dbo.marcas (id_marca, nombre, sector, codigo_pais) VALUES (9, N'Ajena', N'moda', 'CR')"
        )
        with pytest.raises(PlanError) as foreign:
            seed_all(own_engines, PLAN)
        cursor.execute("DELETE FROM dbo.marcas WHERE id_marca = 9")
    return {"unseeded": unseeded.value, "foreign": foreign.value}


@pytest.fixture(scope="module")
def seeded(own_engines: Connections, refusals: dict[str, PromptSalesError]) -> Connections:
    seed_all(own_engines, PLAN)
    return own_engines


def snapshot(connections: Connections) -> Snapshot:
    """Every row of every exported table, by key."""
    found: Snapshot = {}
    for source, tables in KEYS.items():
        with closing(connections.ads() if source == "promptads" else connections.crm()) as connection:
            for table, width in tables.items():
                with connection.cursor() as cursor:
                    cursor.execute(f"SELECT * FROM dbo.{table}")
                    kept = [i for i, column in enumerate(cursor.description) if column[0] != "rv"]
                    found[source, table] = {row[:width]: [row[i] for i in kept] for row in cursor.fetchall()}
    database = connections.mongo()
    for name in COLLECTIONS:
        found["promptcontent", name] = {document["_id"]: document for document in database[name].find()}
    return found


def differences(before: Snapshot, after: Snapshot) -> Report:
    """What changed between two snapshots, as a simulation reports it."""
    report: Report = {}
    for (source, table), old in before.items():
        new = after[source, table]
        kinds = {
            "inserted": len(new.keys() - old.keys()),
            "updated": sum(old[key] != new[key] for key in old.keys() & new.keys()),
            "deleted": len(old.keys() - new.keys()),
        }
        if any(kinds.values()):
            report.setdefault(source, {})[table] = kinds
    return report


@pytest.mark.parametrize("changes", [300, 1, 1000, 301, 17])
def test_what_it_reports_is_what_changed(seeded: Connections, changes: int) -> None:
    before = snapshot(seeded)
    report = simulate_changes(seeded, changes)
    assert report == differences(before, snapshot(seeded))
    assert sum(sum(kinds.values()) for tables in report.values() for kinds in tables.values()) == changes
    assert {name: found for name, found in broken_promises(seeded, str(PLAN.as_of)).items() if found} == {}


def test_a_thousand_changes_are_of_every_kind_in_every_source(seeded: Connections) -> None:
    report = simulate_changes(seeded, 1000, seed=2)
    for source in ("promptads", "promptcrm", "promptcontent"):
        for kind in ("inserted", "updated", "deleted"):
            assert sum(kinds[kind] for kinds in report[source].values()) > 0, (source, kind)
    assert report["promptcrm"]["ventas"]["deleted"] == 0
    moved = report["promptads"]["campanas_mercados"]
    assert moved["inserted"] == moved["deleted"] > 0
    assert moved["updated"] == 0


def test_deleted_keys_leave_tombstones(seeded: Connections) -> None:
    with closing(seeded.crm()) as crm:
        ((newest,),) = query(crm, "SELECT COALESCE(MAX(id_baja), 0) FROM dbo.bajas")
        report = simulate_changes(seeded, 400)
        found = query(crm, f"SELECT tabla, COUNT(*) FROM dbo.bajas WHERE id_baja > {newest} GROUP BY tabla")
    expected = {table: kinds["deleted"] for table, kinds in report["promptcrm"].items() if kinds["deleted"]}
    assert dict(found) == expected
    assert expected


def test_seeding_leaves_simulated_changes_alone(seeded: Connections) -> None:
    simulate_changes(seeded, 200)
    before = snapshot(seeded)
    assert seed_all(seeded, PLAN).rows == 0
    assert snapshot(seeded) == before


def test_more_changes_than_there_are_rows_are_not_made_up(seeded: Connections) -> None:
    before = snapshot(seeded)
    report = simulate_changes(seeded, 40_000)
    assert report == differences(before, snapshot(seeded))
    assert sum(sum(kinds.values()) for tables in report.values() for kinds in tables.values()) < 40_000


def test_the_command_prints_how_many_of_each(seeded: Connections) -> None:
    printed = CliRunner().invoke(app, ["simulate", "--changes", "50"], env={"COLUMNS": "120"})
    assert printed.exit_code == 0, printed.output
    assert "50 changes" in printed.output
    assert "clientes" in printed.output


def test_databases_that_are_not_seeded_are_refused(refusals: dict[str, PromptSalesError]) -> None:
    assert "promptsales seed" in str(refusals["unseeded"])


def test_rows_that_no_seeding_made_are_not_mixed_with(refusals: dict[str, PromptSalesError]) -> None:
    assert "PromptAds.dbo.marcas holds rows that no seeding made" in str(refusals["foreign"])
