"""The refresh of `dw`, change by change: versions of customers, late and deleted members, corrected rates, faults."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from star_schema import execute, load, query, row_versions

from promptsales.connections import Connections
from promptsales.warehouse.reference import REFERENCE_DIR
from promptsales.warehouse.refresh import RefreshError, refresh

DAY = date(2025, 3, 10)
NOON = datetime(2025, 3, 10, 12)
LATER = datetime(2999, 1, 1)
MEXICO = {"pais": "México", "codigo_pais": "MX", "region": "Jalisco", "ciudad": "Guadalajara"}
SPAIN = {"pais": "España", "codigo_pais": "ES", "region": "Madrid", "ciudad": "Madrid"}

SALE = {
    "id_cliente": 1,
    "id_campana": 7,
    "id_canal": 2,
    "total": Decimal("100.00"),
    "moneda": "MXN",
    "estado": "enviada",
}
CUSTOMER = {"id_cliente": 1, "segmento": "nuevo", "genero": "F", "anio_nacimiento": 1990, "activo": True, **MEXICO}

VERSIONS = """
    SELECT segmento, ciudad, genero, vigente_desde = '-infinity', vigente_hasta = 'infinity', es_actual
    FROM dw.dim_cliente WHERE id_cliente = 1 ORDER BY vigente_desde
"""
SALES_BY_VERSION = """
    SELECT id_venta, segmento, ciudad FROM dw.hecho_venta JOIN dw.dim_cliente USING (cliente_clave) ORDER BY id_venta
"""


EMPTY = """
    DO $$
    DECLARE
        name text;
    BEGIN
        FOR name IN
            SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
            WHERE schemaname = 'dw' OR schemaname LIKE 'ods%' OR tablename IN ('watermarks', 'deleted_rows')
        LOOP
            EXECUTE 'DELETE FROM ' || name;
        END LOOP;
    END
    $$
"""


@pytest.fixture(scope="module")
def warehouse(connections: Connections, admin_connections: Connections) -> Connections:
    """The ETL login's connections to a warehouse with nothing in its mirrors."""
    execute(admin_connections, EMPTY)
    return connections


@pytest.fixture(autouse=True)
def _emptied(warehouse: Connections, admin_connections: Connections) -> Iterator[None]:
    """Nothing is left to the next test."""
    yield
    execute(admin_connections, EMPTY)


def customer(connections: Connections, **changes: Any) -> None:
    load(connections, "promptcrm", "clientes", [CUSTOMER | changes])


def sale(connections: Connections, id_venta: int, moment: datetime = NOON, **changes: Any) -> None:
    load(connections, "promptcrm", "ventas", [SALE | {"id_venta": id_venta, "fecha": moment} | changes])


def campaign(connections: Connections, **changes: Any) -> None:
    row = {"id_campana": 7, "nombre": "Siete", "moneda": "MXN", "fecha_inicio": DAY, "presupuesto": Decimal(1000)}
    load(connections, "promptads", "campanas", [row | changes])


def performance(connections: Connections, key: int, day: date, revenue: int) -> None:
    row = {"id_rendimiento": key, "id_campana": 7, "id_canal": 2, "fecha": day, "ingresos": revenue, "costo": 10}
    load(connections, "promptads", "rendimiento_diario", [row])


def test_a_new_segment_opens_a_version_and_old_sales_keep_theirs(warehouse: Connections) -> None:
    customer(warehouse)
    sale(warehouse, 1)
    sale(warehouse, 2, LATER)
    refresh(warehouse)
    customer(warehouse, segmento="premium")
    sale(warehouse, 3)
    refresh(warehouse)

    assert query(warehouse, VERSIONS) == [
        ("nuevo", "Guadalajara", "F", True, False, False),
        ("premium", "Guadalajara", "F", False, True, True),
    ]
    # Sale 2 is later than the change, though it was loaded before it; sale 3 is older, though loaded with it.
    assert query(warehouse, SALES_BY_VERSION) == [
        (1, "nuevo", "Guadalajara"), (2, "premium", "Guadalajara"), (3, "nuevo", "Guadalajara"),
    ]  # fmt: skip


def test_a_version_begins_when_its_load_was_committed(warehouse: Connections) -> None:
    customer(warehouse)
    refresh(warehouse)
    customer(warehouse, ciudad="Zapopan")
    refresh(warehouse)
    [(committed,)] = query(warehouse, "SELECT max(committed_at) FROM etl.loads WHERE table_name = 'clientes'")
    assert query(warehouse, "SELECT vigente_hasta FROM dw.dim_cliente WHERE NOT es_actual") == [(committed,)]
    assert query(warehouse, "SELECT vigente_desde FROM dw.dim_cliente WHERE es_actual") == [(committed,)]


def test_attributes_without_a_history_change_in_every_version(warehouse: Connections) -> None:
    customer(warehouse)
    refresh(warehouse)
    customer(warehouse, segmento="premium")
    refresh(warehouse)
    customer(warehouse, segmento="premium", genero="X")
    refresh(warehouse)
    assert [row[2:] for row in query(warehouse, VERSIONS)] == [("X", True, False, False), ("X", False, True, True)]


def test_a_move_changes_the_market_of_later_sales_alone(warehouse: Connections) -> None:
    load(warehouse, "promptads", "mercados", [{"id_mercado": 1, **MEXICO}, {"id_mercado": 2, **SPAIN}])
    customer(warehouse)
    sale(warehouse, 1)
    refresh(warehouse)
    customer(warehouse, **SPAIN)
    sale(warehouse, 2, LATER)
    refresh(warehouse)
    assert query(warehouse, "SELECT id_venta, id_mercado FROM dw.hecho_venta ORDER BY 1") == [(1, 1), (2, 2)]


def test_a_market_that_arrives_or_goes_takes_its_sales_along(warehouse: Connections) -> None:
    customer(warehouse)
    sale(warehouse, 1)
    refresh(warehouse)
    market_of_sale = "SELECT id_mercado FROM dw.hecho_venta"
    assert query(warehouse, market_of_sale) == [(None,)]
    load(warehouse, "promptads", "mercados", [{"id_mercado": 5, **MEXICO}])
    refresh(warehouse)
    assert query(warehouse, market_of_sale) == [(5,)]
    load(warehouse, "promptads", "mercados", deletions=[(5,)])
    refresh(warehouse)
    assert query(warehouse, market_of_sale) == [(None,)]
    assert query(warehouse, "SELECT * FROM dw.dim_mercado") == []


def test_members_that_arrive_late_are_completed_in_place(warehouse: Connections) -> None:
    sale(warehouse, 1)
    performance(warehouse, 1, DAY, 100)
    refresh(warehouse)
    [(key,)] = query(warehouse, "SELECT cliente_clave FROM dw.hecho_venta")
    assert query(warehouse, "SELECT id_campana, nombre, es_inferido FROM dw.dim_campana") == [(7, None, True)]
    assert query(warehouse, "SELECT es_inferido FROM dw.dim_cliente") == [(True,)]
    assert query(warehouse, "SELECT es_inferido FROM dw.dim_canal") == [(True,)]
    assert query(warehouse, "SELECT ingresos, ingresos_usd FROM dw.hecho_rendimiento") == [(100, None)]

    customer(warehouse)
    campaign(warehouse)
    load(warehouse, "promptads", "canales", [{"id_canal": 2, "nombre": "Correo"}])
    refresh(warehouse)
    assert query(warehouse, "SELECT cliente_clave, segmento, es_inferido FROM dw.dim_cliente") == [
        (key, "nuevo", False)
    ]
    assert query(warehouse, "SELECT nombre, es_inferido FROM dw.dim_campana") == [("Siete", False)]
    assert query(warehouse, "SELECT nombre, es_inferido FROM dw.dim_canal") == [("Correo", False)]
    assert query(warehouse, "SELECT cliente_clave FROM dw.hecho_venta") == [(key,)]
    [(revenue,)] = query(warehouse, "SELECT ingresos_usd FROM dw.hecho_rendimiento")
    assert revenue > 0, "the currency came with the campaign"


def test_deleted_members_stay_while_facts_refer_to_them(warehouse: Connections) -> None:
    campaign(warehouse)
    customer(warehouse)
    sale(warehouse, 1)
    refresh(warehouse)
    load(warehouse, "promptads", "campanas", deletions=[(7,)])
    load(warehouse, "promptcrm", "clientes", deletions=[(1,)])
    refresh(warehouse)
    assert query(warehouse, "SELECT nombre, eliminado FROM dw.dim_campana") == [("Siete", True)]
    assert query(warehouse, "SELECT segmento, eliminado FROM dw.dim_cliente") == [("nuevo", True)]

    load(warehouse, "promptcrm", "ventas", deletions=[(1,)])
    refresh(warehouse)
    for table in ("dim_campana", "dim_cliente", "dim_canal", "hecho_venta"):
        assert query(warehouse, f"SELECT * FROM dw.{table}") == [], table


def test_a_key_that_comes_back_is_there_once(warehouse: Connections) -> None:
    campaign(warehouse)
    customer(warehouse)
    sale(warehouse, 1)
    refresh(warehouse)
    load(warehouse, "promptcrm", "ventas", deletions=[(1,)])
    load(warehouse, "promptcrm", "clientes", deletions=[(1,)])
    refresh(warehouse)
    assert query(warehouse, "SELECT count(*) FROM dw.hecho_venta") == [(0,)]
    customer(warehouse, segmento="premium")
    sale(warehouse, 1, total=Decimal("55.00"))
    # Once more gone and back between two refreshes.
    load(warehouse, "promptcrm", "ventas", deletions=[(1,)])
    sale(warehouse, 1, total=Decimal("66.00"))
    refresh(warehouse)
    assert query(warehouse, "SELECT total FROM dw.hecho_venta") == [(Decimal("66.00"),)]
    assert query(warehouse, SALES_BY_VERSION) == [(1, "premium", "Guadalajara")]
    assert query(warehouse, "SELECT * FROM etl.deleted_rows") == []


def test_lines_are_added_up_in_their_sale(warehouse: Connections) -> None:
    customer(warehouse)
    sale(warehouse, 1)
    lines = [{"id_venta": 1, "numero_linea": n, "cantidad": n, "importe": 1} for n in (1, 2, 3)]
    load(warehouse, "promptcrm", "lineas_venta", lines)
    refresh(warehouse)
    assert query(warehouse, "SELECT lineas, unidades FROM dw.hecho_venta") == [(3, 6)]
    load(warehouse, "promptcrm", "lineas_venta", deletions=[(1, 2)])
    refresh(warehouse)
    assert query(warehouse, "SELECT lineas, unidades FROM dw.hecho_venta") == [(2, 4)]


def test_sentiment_follows_its_ad(warehouse: Connections) -> None:
    load(warehouse, "promptads", "sentimientos", [{"id_sentimiento": 1, "id_anuncio": 4, "fecha": DAY, "positivos": 9}])
    refresh(warehouse)
    whose = "SELECT id_campana, id_influencer FROM dw.hecho_sentimiento"
    assert query(warehouse, whose) == [(None, None)]
    load(warehouse, "promptads", "anuncios", [{"id_anuncio": 4, "id_campana": 7, "id_canal": 2, "id_influencer": 3}])
    refresh(warehouse)
    assert query(warehouse, whose) == [(7, 3)]
    assert query(warehouse, "SELECT id_influencer, es_inferido FROM dw.dim_influencer") == [(3, True)]


def test_performance_has_one_partition_a_month_and_moves_between_them(warehouse: Connections) -> None:
    campaign(warehouse)
    performance(warehouse, 1, DAY, 100)
    refresh(warehouse)
    performance(warehouse, 1, date(2031, 12, 31), 100)
    refresh(warehouse)
    partitions = "SELECT tableoid::regclass::text, fecha FROM dw.hecho_rendimiento"
    assert query(warehouse, partitions) == [("dw.hecho_rendimiento_203112", date(2031, 12, 31))]
    assert query(warehouse, "SELECT count(*) FROM dw.dim_fecha WHERE anio = 2031") == [(365,)]


def test_the_etl_login_makes_no_tables_but_partitions(warehouse: Connections) -> None:
    with closing(warehouse.postgres()) as connection:
        for refused in ("CREATE TABLE dw.nada (a int)", "DROP TABLE dw.hecho_venta", "TRUNCATE dw.hecho_venta"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused)
            connection.rollback()


def test_a_corrected_rate_restates_the_facts_that_took_it(warehouse: Connections, tmp_path: Path) -> None:
    shutil.copytree(REFERENCE_DIR, tmp_path, dirs_exist_ok=True)
    rates = tmp_path / "tipo_cambio.csv"

    def dollars(*lines: str) -> list[Decimal]:
        rates.write_text("\n".join(["moneda,fecha,usd_por_unidad", *lines]) + "\n")
        refresh(warehouse, tmp_path)
        return [usd for (usd,) in query(warehouse, "SELECT total_usd FROM dw.hecho_venta ORDER BY id_venta")]

    campaign(warehouse)
    customer(warehouse)
    sale(warehouse, 1, NOON)
    sale(warehouse, 2, NOON + timedelta(days=40))
    performance(warehouse, 1, DAY, 100)

    assert dollars("MXN,2025-04-01,0.10") == [None, 10]
    assert dollars("MXN,2025-03-01,0.05", "MXN,2025-04-01,0.10") == [5, 10]
    assert query(warehouse, "SELECT ingresos_usd FROM dw.hecho_rendimiento") == [(5,)]
    assert query(warehouse, "SELECT presupuesto_usd FROM dw.dim_campana") == [(50,)]
    assert dollars("MXN,2025-03-01,0.06") == [6, 6]
    assert query(warehouse, "SELECT ingresos_usd FROM dw.hecho_rendimiento") == [(6,)]
    [(rows,)] = query(warehouse, "SELECT filas FROM dw.refrescos ORDER BY id_refresco DESC LIMIT 1")
    assert rows == {"dim_campana": 1, "hecho_rendimiento": 1, "hecho_venta": 2}


def test_tokens_cost_what_the_tariff_of_the_day_says(warehouse: Connections, tmp_path: Path) -> None:
    shutil.copytree(REFERENCE_DIR, tmp_path, dirs_exist_ok=True)
    tariffs = tmp_path / "tarifa_modelo.csv"
    header = "modelo,desde,usd_por_millon_tokens\n"
    tariffs.write_text(header + "m,2025-01-01,2\n")
    copy = {"id": "a", "id_campana": 2**40, "modelo": "m", "tokens": 500_000, "latencia_ms": 8.5, "creado_en": NOON}
    request = {"id": "a", "servicio_utilizado": "s", "tokens_consumidos": 1, "resultado": "exito", "fecha": NOON}
    load(warehouse, "promptcontent", "logs_campanas", [copy])
    load(warehouse, "promptcontent", "bitacora_solicitudes", [request])
    refresh(warehouse, tmp_path)
    costs = "SELECT origen, id_campana, estado, tokens, costo_usd FROM dw.hecho_contenido ORDER BY origen"
    assert query(warehouse, costs) == [("copia", None, None, 500_000, 1), ("solicitud", None, "exito", 1, None)]
    tariffs.write_text(header + "m,2025-01-01,4\n")
    refresh(warehouse, tmp_path)
    assert query(warehouse, costs)[0][-1] == 2


def test_what_changed_is_on_record_for_whoever_follows(warehouse: Connections) -> None:
    campaign(warehouse)
    customer(warehouse)
    sale(warehouse, 1)
    sale(warehouse, 2)
    refresh(warehouse)
    sale(warehouse, 2, NOON + timedelta(days=1), id_campana=8)
    report = refresh(warehouse)
    assert query(
        warehouse,
        "SELECT tabla, id_campana, fecha FROM dw.cambios WHERE id_refresco = %s ORDER BY 1, 2",
        report.refresh_id,
    ) == [("dim_campana", 8, None), ("hecho_venta", 7, DAY), ("hecho_venta", 8, DAY + timedelta(days=1))]
    assert query(warehouse, "SELECT id_cliente FROM dw.cambios_cliente WHERE id_refresco = %s", report.refresh_id) == [
        (1,)
    ]


def test_deletions_that_nobody_follows_are_kept_for_a_week(
    warehouse: Connections, admin_connections: Connections
) -> None:
    images = [{"id": name, "descripcion": name} for name in ("old", "new", "stays")]
    load(warehouse, "promptcontent", "imagenes", images)
    load(warehouse, "promptcontent", "imagenes", deletions=[("old",)])
    execute(admin_connections, "UPDATE etl.deleted_rows SET deleted_at = now() - interval '8 days'")
    load(warehouse, "promptcontent", "imagenes", deletions=[("new",)])
    assert refresh(warehouse).rows == {}
    assert query(warehouse, "SELECT row_key FROM etl.deleted_rows") == [(["new"],)]


def test_a_mirror_emptied_by_hand_is_compared_whole_without_a_position(
    warehouse: Connections, admin_connections: Connections
) -> None:
    customer(warehouse)
    sale(warehouse, 1)
    sale(warehouse, 2)
    refresh(warehouse)
    execute(admin_connections, "TRUNCATE ods_promptcrm.ventas", "DELETE FROM dw.posiciones WHERE tabla = 'ventas'")
    sale(warehouse, 2)
    assert refresh(warehouse).rows == {"hecho_venta": 1}
    assert query(warehouse, "SELECT id_venta FROM dw.hecho_venta") == [(2,)]


def test_a_refresh_that_is_killed_leaves_nothing_behind(warehouse: Connections, admin_connections: Connections) -> None:
    campaign(warehouse)
    customer(warehouse)
    sale(warehouse, 1)
    refresh(warehouse)
    before = row_versions(warehouse), query(warehouse, "SELECT * FROM dw.posiciones ORDER BY 1, 2")
    customer(warehouse, segmento="premium")
    sale(warehouse, 2)
    load(warehouse, "promptcontent", "logs_campanas", [{"id": "a", "id_campana": 7}])

    failures: list[str] = []

    def attempt() -> None:
        with pytest.raises(RefreshError) as caught:
            refresh(warehouse)
        failures.append(str(caught.value))

    with closing(admin_connections.postgres()) as blocker:
        # Content comes last: everything else is written when the refresh waits here.
        blocker.execute("LOCK TABLE dw.hecho_contenido IN EXCLUSIVE MODE")
        running = threading.Thread(target=attempt)
        running.start()
        kill_waiting(warehouse)
        running.join(30)
    assert len(failures) == 1
    assert "nothing" in failures[0]
    assert (row_versions(warehouse), query(warehouse, "SELECT * FROM dw.posiciones ORDER BY 1, 2")) == before
    assert refresh(warehouse).rows["hecho_venta"] == 1


def kill_waiting(connections: Connections) -> None:
    """End the session that waits for a lock on a table of `dw`, once there is one."""
    kill = """
        SELECT pg_terminate_backend(pid) FROM pg_locks
        WHERE NOT granted AND locktype = 'relation' AND relation = 'dw.hecho_contenido'::regclass
    """
    with closing(connections.postgres()) as observer:
        observer.autocommit = True
        for _ in range(10_000):
            if observer.execute(kill).fetchall():
                return
    pytest.fail("the refresh never came to its last table")


def test_two_refreshes_at_once_do_the_work_once(warehouse: Connections) -> None:
    customer(warehouse)
    sale(warehouse, 1)
    changed: list[int] = []
    threads = [
        threading.Thread(target=lambda: changed.append(refresh(warehouse).rows.get("hecho_venta", 0))) for _ in "ab"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(changed) == [0, 1]
