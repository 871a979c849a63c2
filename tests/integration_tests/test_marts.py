"""The marts say what the star schema says, follow it by increments, and each tells its grain and question."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from mart_readers import FilledWarehouse
from star_schema import Rows, execute, load, query

from promptsales.benchmarks import marts
from promptsales.paths import DATABASE_DIR, PROJECT_ROOT
from promptsales.seeding.simulate import simulate_changes
from promptsales.warehouse.marts import CUSTOMER_GROUPS, CUSTOMERS, MARTS, MartError, refresh_marts
from promptsales.warehouse.refresh import refresh

TABLES = [mart.name for mart in [*MARTS, CUSTOMERS, CUSTOMER_GROUPS]]

# Each pair says the same thing, once out of a mart and once out of the facts.
AGREE = {
    "sales of a campaign": (
        "SELECT id_campana, sum(ventas), sum(unidades), sum(ingresos), sum(ingresos_usd) FROM mart.actividad_mes"
        " GROUP BY id_campana HAVING sum(ventas) > 0",
        "SELECT id_campana, count(*), sum(unidades), sum(total), sum(total_usd) FROM dw.hecho_venta GROUP BY 1",
    ),
    "performance of a campaign": (
        "SELECT id_campana, mes, sum(impresiones), sum(clics), sum(costo), sum(costo_usd) FROM mart.actividad_mes"
        " GROUP BY 1, 2 HAVING sum(impresiones) > 0",
        "SELECT id_campana, date_trunc('month', fecha)::date, sum(impresiones), sum(clics), sum(costo), sum(costo_usd)"
        " FROM dw.hecho_rendimiento GROUP BY 1, 2 HAVING sum(impresiones) > 0",
    ),
    "sales of a city": (
        "SELECT id_mercado, mes, ventas, ingresos_usd FROM mart.ventas_lugar_mes",
        "SELECT coalesce(id_mercado, 0), date_trunc('month', fecha)::date, count(*), round(sum(total_usd), 2)"
        " FROM dw.hecho_venta GROUP BY 1, 2",
    ),
    "revenue by place and by campaign's days": (
        "SELECT id_campana, sum(ingresos) FROM mart.actividad_mes GROUP BY 1 HAVING sum(ingresos) > 0",
        "SELECT id_campana, sum(ingresos) FROM dw.hecho_rendimiento GROUP BY 1 HAVING sum(ingresos) > 0",
    ),
    "budgets": (
        "SELECT id_campana, presupuesto FROM mart.rendimiento_campana",
        "SELECT id_campana, presupuesto FROM dw.dim_campana",
    ),
    "leads of a cohort": (
        "SELECT cohorte, sum(leads), sum(convertidos), sum(perdidos) FROM mart.embudo_cohorte GROUP BY 1",
        "SELECT date_trunc('month', creado_en)::date, count(*), count(*) FILTER (WHERE estado = 'convertido'),"
        " count(*) FILTER (WHERE estado = 'perdido') FROM dw.hecho_lead GROUP BY 1",
    ),
    "buyers": (
        "SELECT sum(compradores) FROM mart.embudo_mes",
        "SELECT count(*) FROM dw.hecho_lead AS l WHERE EXISTS (SELECT FROM dw.hecho_venta AS v WHERE"
        " v.id_cliente = l.id_cliente AND v.id_campana = l.id_campana AND v.momento >= l.convertido_en)",
    ),
    "customers of a country": (
        "SELECT codigo_pais, sum(clientes), sum(ventas) FROM mart.segmentos_rfm GROUP BY 1",
        "SELECT codigo_pais, count(DISTINCT id_cliente), count(*) FROM dw.hecho_venta"
        " JOIN dw.dim_cliente AS c USING (id_cliente) WHERE c.es_actual AND NOT c.eliminado GROUP BY 1",
    ),
    "groups of customers": (
        "SELECT codigo_pais, mes_ultima, frecuencia, monto, clientes, ventas, ingresos_usd FROM mart.rfm_grupo",
        "SELECT codigo_pais, mes_ultima, frecuencia, monto, count(*), sum(ventas), sum(ingresos_usd)"
        " FROM mart.rfm_cliente GROUP BY 1, 2, 3, 4",
    ),
    "content": (
        "SELECT origen, sum(piezas), sum(aprobadas), sum(tokens), sum(costo_usd) FROM mart.contenido_mes GROUP BY 1",
        "SELECT origen, count(*), count(aprobado_en), sum(tokens), coalesce(sum(costo_usd), 0) FROM dw.hecho_contenido"
        " WHERE fecha IS NOT NULL GROUP BY 1",
    ),
    "sentiment": (
        "SELECT id_campana, sum(positivos), sum(neutros), sum(negativos) FROM mart.sentimiento_campana GROUP BY 1",
        "SELECT coalesce(id_campana, 0), sum(positivos), sum(neutros), sum(negativos) FROM dw.hecho_sentimiento"
        " GROUP BY 1",
    ),
}


def contents(warehouse: FilledWarehouse) -> dict[str, Rows]:
    """Every mart, without the versions: they count refreshes."""
    found = {table: sorted(query(warehouse.owner, f"SELECT * FROM mart.{table}"), key=repr) for table in TABLES}
    return {**found, "campana": [row[:-1] for row in found["campana"]]}


def normal(rows: Rows) -> Rows:
    """Sorted, with each number as it compares."""
    return sorted(
        (tuple(value.normalize() if isinstance(value, Decimal) else value for value in row) for row in rows), key=str
    )


def numbers(rows: Rows) -> Rows:
    return [tuple(Decimal(v) if isinstance(v, int) else v for v in row) for row in rows]


def assert_agrees(warehouse: FilledWarehouse) -> None:
    for question, (of_mart, of_facts) in AGREE.items():
        answers = [normal(numbers(query(warehouse.owner, text))) for text in (of_mart, of_facts)]
        assert answers[0] == answers[1] != [], question


def assert_equal_to_a_rebuild(warehouse: FilledWarehouse) -> None:
    followed = contents(warehouse)
    execute(warehouse.owner, *(f"DELETE FROM mart.{table}" for table in TABLES))
    execute(warehouse.owner, "UPDATE mart.posicion SET id_refresco = NULL")
    refresh_marts(warehouse.etl)
    assert contents(warehouse) == followed


def test_the_marts_say_what_the_facts_say(filled_warehouse: FilledWarehouse) -> None:
    assert_agrees(filled_warehouse)


def test_increments_equal_a_rebuild(filled_warehouse: FilledWarehouse) -> None:
    simulate_changes(filled_warehouse.owner, 200, seed=1)
    assert filled_warehouse.cycle().rows["actividad_mes"] > 0
    assert_agrees(filled_warehouse)
    assert_equal_to_a_rebuild(filled_warehouse)


def test_a_replay_writes_nothing(filled_warehouse: FilledWarehouse) -> None:
    def versions() -> list[Rows]:
        return [query(filled_warehouse.owner, f"SELECT xmin::text FROM mart.{name} ORDER BY 1") for name in TABLES]

    before, version = versions(), refresh_marts(filled_warehouse.etl).version
    refresh(filled_warehouse.etl)
    again = refresh_marts(filled_warehouse.etl)
    assert (again.rows, again.version) == ({}, version)
    execute(filled_warehouse.owner, "UPDATE mart.posicion SET id_refresco = NULL")
    assert refresh_marts(filled_warehouse.etl).rows == {}
    assert versions() == before


@pytest.mark.slow
def test_moves_between_markets_months_and_countries_are_followed(filled_warehouse: FilledWarehouse) -> None:
    """What the simulation never does: a sale to another month, a customer abroad, other markets, a campaign gone."""
    warehouse = filled_warehouse
    [(campaign, market, weight)] = query(
        warehouse.owner, "SELECT id_campana, id_mercado, peso FROM dw.puente_campana_mercado ORDER BY peso LIMIT 1"
    )
    [(sale,)] = query(warehouse.owner, "SELECT max(id_venta) FROM dw.hecho_venta")
    sales = query(warehouse.owner, "SELECT * FROM ods_promptcrm.ventas WHERE id_venta = %s", sale)
    names = [row[0] for row in query(warehouse.owner, COLUMN_NAMES, "ods_promptcrm.ventas")]
    moved = dict(zip(names, sales[0], strict=True))
    customer = moved["id_cliente"]
    load(warehouse.etl, "promptcrm", "ventas", [{**moved, "fecha": "2024-01-05T10:00:00", "total": "12.34"}])
    load(warehouse.etl, "promptads", "campanas_mercados", deletions=[(campaign, market)])
    clients = query(warehouse.owner, "SELECT * FROM ods_promptcrm.clientes WHERE id_cliente = %s", customer)
    names = [row[0] for row in query(warehouse.owner, COLUMN_NAMES, "ods_promptcrm.clientes")]
    abroad = {**dict(zip(names, clients[0], strict=True)), "codigo_pais": "JP", "pais": "Japon", "ciudad": "Osaka"}
    load(warehouse.etl, "promptcrm", "clientes", [abroad])
    refresh(warehouse.etl)
    refresh_marts(warehouse.etl)
    assert_equal_to_a_rebuild(warehouse)
    assert query(warehouse.owner, "SELECT ventas FROM mart.rfm_grupo WHERE codigo_pais = 'JP'") != []
    # A market less: its part of the campaign is nobody's, and the whole is still the whole.
    [(rest,)] = query(
        warehouse.owner, "SELECT peso FROM mart.campana_pais WHERE id_campana = %s AND codigo_pais = 'ZZ'", campaign
    )
    assert rest == weight
    # Back to what the source says.
    execute(warehouse.owner, "DELETE FROM etl.watermarks")
    warehouse.cycle()
    assert_agrees(warehouse)
    assert_equal_to_a_rebuild(warehouse)


COLUMN_NAMES = """
    SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""


def test_each_mart_tells_its_grain_and_a_question(filled_warehouse: FilledWarehouse) -> None:
    told = query(
        filled_warehouse.owner,
        "SELECT relname, obj_description(oid) FROM pg_class"
        " WHERE relnamespace = 'mart'::regnamespace AND relkind IN ('r', 'v')",
    )
    assert [name for name, comment in told if not re.match(r"Grain: .+ Question: .+", comment or "")] == []
    assert {"rendimiento_campana", "ranking_canal", "ranking_mercado", "ventas_lugar_mes", "embudo_cohorte",
            "segmentos_rfm", "rendimiento_contenido", "frescura_etl"} <= {name for name, _ in told}  # fmt: skip


def test_the_document_lists_every_mart_and_its_file(filled_warehouse: FilledWarehouse) -> None:
    text = (PROJECT_ROOT / "documentation" / "WAREHOUSE.md").read_text(encoding="utf-8")
    relations = query(
        filled_warehouse.owner,
        "SELECT relname FROM pg_class WHERE relnamespace IN ('dw'::regnamespace, 'mart'::regnamespace)"
        " AND (relkind = 'v' OR (relkind IN ('p', 'r') AND NOT relispartition AND relname ~ '^(dim|hecho|puente)_'))",
    )
    assert [name for (name,) in relations if f"`{name}`" not in text] == []
    for file in (DATABASE_DIR / "postgresql" / "marts").glob("*.sql"):
        mart = file.stem.partition("_")[2]
        assert re.search(rf"\| `{mart}` \| .+ \| \[.+\?\]\(\.\./database/postgresql/marts/{file.name}\) \|", text), mart


def test_the_freshness_mart_lists_every_mirror_and_what_is_derived(filled_warehouse: FilledWarehouse) -> None:
    found = query(filled_warehouse.owner, "SELECT fuente, tabla FROM mart.frescura_etl WHERE segundos IS NOT NULL")
    assert len(found) == 19 + 2
    assert {("promptsales", "dw"), ("promptsales", "mart"), ("promptcrm", "ventas")} <= set(found)


def test_the_benchmark_asks_every_question_and_leaves_nothing(filled_warehouse: FilledWarehouse) -> None:
    users = "SELECT count(*) FROM sso.usuarios"
    before = query(filled_warehouse.owner, users)
    answers = marts.measure(filled_warehouse.folder)
    assert [answer.question for answer in answers] == 2 * [path.stem for path in marts.QUESTIONS]
    assert all(answer.rows > 0 for answer in answers if answer.countries == marts.EVERY_COUNTRY)
    assert all(answer.executed_ms > 0 for answer in answers)
    assert query(filled_warehouse.owner, users) == before


def test_without_the_schema_the_error_says_what_to_do(filled_warehouse: FilledWarehouse) -> None:
    execute(filled_warehouse.owner, "ALTER TABLE mart.posicion RENAME TO otra")
    try:
        with pytest.raises(MartError, match=r"posicion.*promptsales db init"):
            refresh_marts(filled_warehouse.etl)
    finally:
        execute(filled_warehouse.owner, "ALTER TABLE mart.otra RENAME TO posicion")
