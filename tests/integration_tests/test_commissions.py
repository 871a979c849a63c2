"""The month-end commission run: batch by batch, resumable after a failure, audited, and of the manager alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import psycopg
import pytest
from mart_readers import EVERY_COUNTRY, FilledWarehouse
from star_schema import Rows, execute, query

from promptsales.warehouse.marts import refresh_marts

MANAGER = "promptsales_gerente"
CALL = "CALL ops.calcular_comisiones(%s, %s)"

EMPTY = "TRUNCATE ops.comisiones, ops.corridas_comision, ops.auditoria"

FAIL_FROM = """
    CREATE FUNCTION ops.fallar() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN IF new.id_influencer >= {0} THEN RAISE EXCEPTION ''out of paper''; END IF; RETURN new; END';
    CREATE TRIGGER tr_fallar BEFORE INSERT ON ops.comisiones FOR EACH ROW EXECUTE FUNCTION ops.fallar()
"""


@pytest.fixture(scope="module", autouse=True)
def _carried(filled_warehouse: FilledWarehouse) -> Iterator[None]:
    """Every ad is carried by one of six influencers: at this scale hardly any of the seeded ones is."""
    execute(
        filled_warehouse.owner,
        "CREATE TABLE ops.antes AS SELECT id_anuncio, id_influencer FROM ods_promptads.anuncios",
        "UPDATE ods_promptads.anuncios SET id_influencer = 1 + id_anuncio % 6",
    )
    yield
    execute(
        filled_warehouse.owner,
        "UPDATE ods_promptads.anuncios AS anuncio SET id_influencer = antes.id_influencer FROM ops.antes"
        " WHERE antes.id_anuncio = anuncio.id_anuncio",
        "DROP TABLE ops.antes",
    )


@pytest.fixture
def month(filled_warehouse: FilledWarehouse) -> Iterator[date]:
    """The month with most influencers to pay; no commissions before or after."""
    [(best, influencers)] = query(
        filled_warehouse.owner,
        "SELECT mes, count(*) FROM (SELECT DISTINCT date_trunc('month', fecha)::date AS mes FROM dw.hecho_venta) AS m,"
        " LATERAL ops.base_comision(mes) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1",
    )
    assert influencers > 4
    execute(filled_warehouse.owner, EMPTY)
    yield best
    execute(filled_warehouse.owner, EMPTY)


def run(warehouse: FilledWarehouse, month: date, batch: int = 2) -> None:
    with warehouse.session(MANAGER, says="7") as connection:
        connection.execute(CALL, [month, batch])


def commissions(warehouse: FilledWarehouse) -> Rows:
    return query(
        warehouse.owner,
        "SELECT id_influencer, ventas, base_usd, porcentaje, comision_usd FROM ops.comisiones ORDER BY id_influencer",
    )


def state(warehouse: FilledWarehouse) -> Rows:
    return query(warehouse.owner, "SELECT mes, estado, procesados FROM ops.corridas_comision")


def test_every_influencer_of_the_month_is_paid_by_the_tariff(filled_warehouse: FilledWarehouse, month: date) -> None:
    run(filled_warehouse, month)
    expected = query(
        filled_warehouse.owner,
        "SELECT id_influencer, ventas, base_usd, p, round(base_usd * p / 100, 2) FROM ops.base_comision(%s),"
        " LATERAL (SELECT max(porcentaje) AS p FROM ops.tarifa_comision WHERE desde_usd <= base_usd) AS t ORDER BY 1",
        month,
    )
    assert commissions(filled_warehouse) == expected != []
    assert state(filled_warehouse) == [(month, "terminada", len(expected))]


def test_sales_are_shared_among_the_influencers_of_a_channel(filled_warehouse: FilledWarehouse, month: date) -> None:
    run(filled_warehouse, month, 50)
    [(carried,)] = query(
        filled_warehouse.owner,
        "SELECT sum(total_usd) FROM dw.hecho_venta AS v WHERE date_trunc('month', fecha) = %s AND EXISTS (SELECT FROM"
        " ods_promptads.anuncios AS a WHERE a.id_influencer IS NOT NULL AND (a.id_campana, a.id_canal) ="
        " (v.id_campana, v.id_canal))",
        month,
    )
    paid_on = sum(row[2] for row in commissions(filled_warehouse))
    assert abs(paid_on - carried) < 1, "in whole, but for the cents of the parts"


def test_a_run_that_fails_goes_on_from_its_last_batch(filled_warehouse: FilledWarehouse, month: date) -> None:
    run(filled_warehouse, month)
    whole = commissions(filled_warehouse)
    assert len(whole) > 4
    execute(filled_warehouse.owner, "TRUNCATE ops.comisiones, ops.corridas_comision")

    execute(filled_warehouse.owner, FAIL_FROM.format(whole[3][0]))
    try:
        with pytest.raises(psycopg.errors.RaiseException, match="out of paper"):
            run(filled_warehouse, month)
    finally:
        execute(filled_warehouse.owner, "DROP FUNCTION ops.fallar() CASCADE")
    assert commissions(filled_warehouse) == whole[:2], "one batch, and nothing of the next"
    assert state(filled_warehouse) == [(month, "en_curso", 2)]
    rows = "SELECT xmin::text FROM ops.comisiones ORDER BY id_influencer LIMIT 2"
    first = query(filled_warehouse.owner, rows)

    run(filled_warehouse, month)
    assert commissions(filled_warehouse) == whole
    assert query(filled_warehouse.owner, rows) == first
    run(filled_warehouse, month)
    assert state(filled_warehouse) == [(month, "terminada", len(whole))], "a finished month is left as it is"


@pytest.mark.parametrize(
    ("month_given", "batch", "fault"),
    [
        (date(2025, 3, 2), 5, "whole month"),
        (None, 5, "whole month"),
        (date(2999, 1, 1), 5, "is not over"),
        (date(2025, 3, 1), 0, "at least one influencer"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    filled_warehouse: FilledWarehouse, month_given: date | None, batch: int, fault: str
) -> None:
    execute(filled_warehouse.owner, EMPTY)
    with filled_warehouse.session(MANAGER) as connection, pytest.raises(psycopg.Error, match=fault):
        connection.execute(CALL, [month_given, batch])
    assert state(filled_warehouse) == []


def test_the_manager_runs_but_does_not_write(filled_warehouse: FilledWarehouse, month: date) -> None:
    run(filled_warehouse, month)
    with filled_warehouse.session(MANAGER, EVERY_COUNTRY) as connection:
        assert connection.execute("SELECT count(*) FROM ops.comisiones").fetchall() != [(0,)]
        for refused in (
            "UPDATE ops.comisiones SET comision_usd = 1",
            "INSERT INTO ops.corridas_comision (mes) VALUES ('2020-01-01')",
            "UPDATE ops.tarifa_comision SET porcentaje = 100",
            "SELECT * FROM ops.auditoria",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused)


@pytest.mark.parametrize("role", ["promptsales_analista", "promptsales_mcp"])
def test_others_do_not_even_run(filled_warehouse: FilledWarehouse, role: str) -> None:
    with filled_warehouse.session(role, EVERY_COUNTRY) as connection:
        for refused in ("CALL ops.calcular_comisiones('2025-03-01')", "SELECT * FROM ops.comisiones"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused)


def test_every_change_is_on_record_with_who_made_it(filled_warehouse: FilledWarehouse, month: date) -> None:
    run(filled_warehouse, month)
    paid = len(commissions(filled_warehouse))
    written = query(
        filled_warehouse.owner,
        "SELECT DISTINCT usuario, id_usuario, operacion, antes IS NULL, despues ? 'actualizado_en' FROM ops.auditoria"
        " WHERE tabla = 'ops.comisiones'",
    )
    assert written == [(MANAGER, "7", "INSERT", True, False)]

    execute(filled_warehouse.owner, "UPDATE ops.comisiones SET comision_usd = comision_usd")
    assert query(filled_warehouse.owner, "SELECT count(*) FROM ops.auditoria") == [(paid,)], "nothing changed"
    execute(filled_warehouse.owner, "UPDATE ops.comisiones SET comision_usd = 0", "DELETE FROM ops.comisiones")
    changes = query(
        filled_warehouse.owner,
        "SELECT operacion, count(*), bool_and(antes IS NOT NULL), bool_and(despues IS NOT NULL),"
        " bool_and((antes ->> 'comision_usd')::numeric > 0) FROM ops.auditoria WHERE operacion <> 'INSERT'"
        " GROUP BY 1 ORDER BY 1",
    )
    assert changes == [("DELETE", paid, True, False, False), ("UPDATE", paid, True, True, True)]


def test_an_update_says_when_it_was(filled_warehouse: FilledWarehouse, month: date) -> None:
    run(filled_warehouse, month)
    later = "SELECT bool_and(actualizado_en > (SELECT iniciado_en FROM ops.corridas_comision)) FROM ops.comisiones"
    execute(filled_warehouse.owner, "UPDATE ops.comisiones SET comision_usd = 0, actualizado_en = '2000-01-01'")
    assert query(filled_warehouse.owner, later) == [(True,)]


def test_a_refresh_keeps_90_days_of_the_audit_log(filled_warehouse: FilledWarehouse, month: date) -> None:
    run(filled_warehouse, month)
    execute(
        filled_warehouse.owner,
        "UPDATE ops.auditoria SET momento = now() - interval '91 days'"
        " WHERE id_auditoria = (SELECT min(id_auditoria) FROM ops.auditoria)",
    )
    refresh_marts(filled_warehouse.etl)
    kept = len(commissions(filled_warehouse)) - 1
    assert query(filled_warehouse.owner, "SELECT count(*) FROM ops.auditoria") == [(kept,)]
