"""The refresh of `dw` on seeded data: the money agrees, a replay writes nothing, and increments equal a rebuild."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies
from seeded_data import query as ask
from star_schema import (
    DIMENSIONS,
    FACTS,
    contents,
    execute,
    load_sources,
    orphans,
    query,
    row_versions,
)
from typer.testing import CliRunner

from promptsales.comparison import check_revenue
from promptsales.connections import Connections, from_settings
from promptsales.etl.cli import app
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.seed import seed_all
from promptsales.seeding.simulate import simulate_changes
from promptsales.settings import Settings
from promptsales.warehouse.marts import refresh_marts
from promptsales.warehouse.refresh import RefreshReport, refresh
from promptsales.warehouse.tables import MIRRORS

pytestmark = pytest.mark.slow

SOURCES = ["promptads", "promptcrm", "promptcontent"]
SCALE = 0.004

SALES = "SELECT id_campana, sum(total) FROM dw.hecho_venta GROUP BY id_campana"
MARTS = "SELECT id_campana, sum(ingresos) FROM mart.actividad_mes GROUP BY id_campana HAVING sum(ingresos) <> 0"
REVENUE = """
    SELECT id_campana, sum(ingresos) FROM dw.hecho_rendimiento GROUP BY id_campana HAVING sum(ingresos) <> 0
"""
COPIES = {
    "dim_marca": "ods_promptads.marcas",
    "dim_canal": "ods_promptads.canales",
    "dim_mercado": "ods_promptads.mercados",
    "dim_influencer": "ods_promptads.influencers",
    "dim_campana": "ods_promptads.campanas",
    "dim_cliente": "ods_promptcrm.clientes",
    "puente_campana_mercado": "ods_promptads.campanas_mercados",
    "hecho_rendimiento": "ods_promptads.rendimiento_diario",
    "hecho_sentimiento": "ods_promptads.sentimientos",
    "hecho_lead": "ods_promptcrm.leads",
    "hecho_venta": "ods_promptcrm.ventas",
}


@pytest.fixture(scope="module")
def seeded(own_engines: Connections) -> Connections:
    """The sources, seeded; logins that own the schemas."""
    seed_all(own_engines, SeedPlan(as_of=date(2025, 10, 22), scale=SCALE))
    return own_engines


@pytest.fixture(scope="module")
def etl(seeded: Connections) -> Connections:
    """The ETL login's connections, with `dw` built from the CRM alone first: every campaign is late."""
    connections = from_settings(Settings())
    load_sources(connections, "promptcrm")
    refresh(connections)
    assert query(connections, "SELECT count(*) FROM dw.dim_campana WHERE NOT es_inferido") == [(0,)]
    assert query(connections, "SELECT count(*) FROM dw.hecho_venta")[0][0] > 1000
    load_sources(connections)
    refresh(connections)
    return connections


def cycle(connections: Connections, *sources: str) -> RefreshReport:
    load_sources(connections, *sources)
    return refresh(connections)


def assert_money_agrees(connections: Connections) -> None:
    """Revenue in PromptAds, sales in PromptCRM, and both facts of `dw`, campaign by campaign, to the cent."""
    check = check_revenue(connections)
    assert check.agrees
    sales: dict[int, Decimal] = dict(query(connections, SALES))
    assert sales == dict(query(connections, REVENUE))
    assert sum(sales.values()) == check.promptcrm == check.promptads


def change(connections: Connections, *statements: str) -> None:
    """Run T-SQL on PromptCRM."""
    with closing(connections.crm()) as crm, crm.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_after_seeding_everything_is_there(etl: Connections) -> None:
    assert_money_agrees(etl)
    assert orphans(etl) == {}
    assert query(etl, "SELECT count(*) FROM dw.posiciones") == [(len(MIRRORS),)], "none is compared whole again"
    for table, mirror in COPIES.items():
        counts = query(etl, f"SELECT (SELECT count(*) FROM dw.{table}), (SELECT count(*) FROM {mirror})")
        assert counts[0][0] == counts[0][1] > 0, table
    waiting = " UNION ALL ".join(
        f"SELECT count(*) FROM dw.{name} WHERE es_inferido OR eliminado" for name in DIMENSIONS
    )
    assert query(etl, f"SELECT sum(count) FROM ({waiting}) AS c") == [(0,)]
    for money in ("hecho_venta WHERE total_usd IS NULL", "hecho_rendimiento WHERE ingresos_usd IS NULL"):
        assert query(etl, f"SELECT count(*) FROM dw.{money}") == [(0,)], money
    assert query(etl, "SELECT count(*) FROM dw.hecho_venta WHERE id_mercado IS NULL OR lineas = 0") == [(0,)]
    assert query(etl, "SELECT count(*) FROM dw.hecho_contenido WHERE origen = 'copia' AND costo_usd IS NULL") == [(0,)]


@pytest.mark.slow
def test_a_replay_writes_nothing(etl: Connections, seeded: Connections) -> None:
    before = row_versions(etl)
    assert refresh(etl).rows == {}
    execute(seeded, "DELETE FROM dw.posiciones")
    assert refresh(etl).rows == {}
    # Every mirror row read and written once more, under new load ids.
    execute(seeded, "DELETE FROM etl.watermarks")
    assert cycle(etl).rows == {}
    assert row_versions(etl) == before


def test_the_command_says_what_changed(etl: Connections, seeded: Connections) -> None:
    simulate_changes(seeded, 50)
    load_sources(etl)
    first, second = (CliRunner().invoke(app, ["refresh"]) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "hecho_venta" in first.stdout
    assert "hecho_venta" not in second.stdout


steps = strategies.one_of(
    strategies.tuples(strategies.just("simulate"), strategies.integers(50, 150), strategies.integers(0, 99)),
    strategies.tuples(strategies.just("load"), strategies.sampled_from(SOURCES)),
    strategies.tuples(strategies.just("replay"), strategies.sampled_from(SOURCES)),
    strategies.tuples(strategies.just("refresh")),
    strategies.tuples(strategies.just("refresh_marts")),
)


@pytest.mark.slow
@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=strategies.lists(steps, min_size=2, max_size=5))
def test_the_money_agrees_after_any_history(
    etl: Connections, seeded: Connections, history: list[tuple[Any, ...]]
) -> None:
    for step, *values in [*history, ("simulate", 60, 7)]:
        if step == "simulate":
            simulate_changes(seeded, values[0], seed=values[1])
        elif step == "load":
            load_sources(etl, values[0])
        elif step == "replay":
            execute(seeded, f"DELETE FROM etl.watermarks WHERE source = '{values[0]}'")
        elif step == "refresh":
            refresh(etl)
        else:
            refresh_marts(etl)
    assert cycle(etl).changed > 0
    assert_money_agrees(etl)
    refresh_marts(etl)
    assert dict(query(etl, MARTS)) == dict(query(etl, SALES))
    assert orphans(etl) == {}


def test_increments_equal_a_rebuild(etl: Connections, seeded: Connections) -> None:
    with closing(seeded.crm()) as crm:
        [(sale, buyer), (other, _)] = ask(
            crm, "SELECT TOP 2 id_venta, id_cliente FROM dbo.ventas ORDER BY id_venta DESC"
        )
        row = ask(crm, "SELECT id_campana, id_canal, moneda FROM dbo.ventas WHERE id_venta = %s", sale)[0]
    # Deleted with its lines; deleted and back under the same key, with a refresh in between and without one.
    change(seeded, f"DELETE FROM dbo.lineas_venta WHERE id_venta IN ({sale}, {other})")
    change(seeded, f"DELETE FROM dbo.ventas WHERE id_venta IN ({sale}, {other})")
    assert cycle(etl, "promptcrm").rows["hecho_venta"] == 2
    again = (
        "INSERT INTO dbo.ventas (id_venta, id_cliente, id_campana, id_canal, fecha, total, moneda, estado, referencia)"
        f" VALUES ({sale}, {buyer}, {row[0]}, {row[1]}, '2025-10-22T10:00:00', 12.34, '{row[2]}', N'enviada', NEWID())"
    )
    change(seeded, again)
    assert cycle(etl, "promptcrm").rows["hecho_venta"] == 1
    change(seeded, f"DELETE FROM dbo.ventas WHERE id_venta = {sale}", again)
    simulate_changes(seeded, 200, seed=3)
    cycle(etl)
    # A member that is late for good: no such campaign will ever arrive.
    change(seeded, f"UPDATE dbo.ventas SET id_campana = 999999 WHERE id_venta = {sale}")
    cycle(etl, "promptcrm")
    assert query(etl, "SELECT es_inferido FROM dw.dim_campana WHERE id_campana = 999999") == [(True,)]

    incremental = contents(etl)
    execute(seeded, f"TRUNCATE dw.posiciones, {', '.join(f'dw.{table}' for table in (*DIMENSIONS, *FACTS))}")
    refresh(etl)
    rebuilt = contents(etl)
    for table in rebuilt:
        assert incremental[table] == rebuilt[table], table
