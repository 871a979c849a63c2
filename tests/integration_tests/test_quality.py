"""The checks of data quality on a real warehouse: quiet on good data, and each finds what it is there to find."""

from __future__ import annotations

from uuid import uuid4

import pytest
from mart_readers import FilledWarehouse
from star_schema import execute, load_sources, query
from typer.testing import CliRunner

from promptsales.cli import app
from promptsales.quality.checks import NoRows, NotNull, load_checks
from promptsales.quality.run import QualityError, State, fail_on_errors, run_checks
from promptsales.seeding.simulate import simulate_changes

FIRST_SALE = "(SELECT min(id_venta) FROM ods_promptcrm.ventas)"

# What is done to the warehouse, what undoes it, and which checks must find it.
DAMAGE = {
    "a sale without a state": (
        f"UPDATE ods_promptcrm.ventas SET estado = NULL WHERE id_venta = {FIRST_SALE}",
        f"UPDATE ods_promptcrm.ventas SET estado = 'enviada' WHERE id_venta = {FIRST_SALE}",
        {"ventas_completas"},
    ),
    "an unknown state": (
        f"UPDATE ods_promptcrm.ventas SET estado = 'perdida' WHERE id_venta = {FIRST_SALE}",
        f"UPDATE ods_promptcrm.ventas SET estado = 'enviada' WHERE id_venta = {FIRST_SALE}",
        {"estados_de_venta"},
    ),
    "a sale twice": (
        "INSERT INTO ods_promptcrm.ventas SELECT 999999, id_cliente, id_campana, id_canal, fecha, 0, moneda, estado,"
        f" referencia, 0, 0 FROM ods_promptcrm.ventas WHERE id_venta = {FIRST_SALE}",
        "DELETE FROM ods_promptcrm.ventas WHERE id_venta = 999999",
        {"ventas_una_vez", "hechos_igual_ventas", "lineas_suman_la_venta"},
    ),
    "a sale that costs": (
        f"UPDATE ods_promptcrm.ventas SET total = -total WHERE id_venta = {FIRST_SALE}",
        f"UPDATE ods_promptcrm.ventas SET total = -total WHERE id_venta = {FIRST_SALE}",
        {"ventas_positivas", "ingresos_igual_ventas", "hechos_igual_ventas", "lineas_suman_la_venta"},
    ),
    "a cent too much": (
        f"UPDATE dw.hecho_venta SET total = total + 0.01 WHERE id_venta = {FIRST_SALE}",
        f"UPDATE dw.hecho_venta SET total = total - 0.01 WHERE id_venta = {FIRST_SALE}",
        {"hechos_igual_ventas"},
    ),
    "a sale of nobody": (
        f"UPDATE ods_promptcrm.ventas SET id_cliente = -id_cliente WHERE id_venta = {FIRST_SALE}",
        f"UPDATE ods_promptcrm.ventas SET id_cliente = -id_cliente WHERE id_venta = {FIRST_SALE}",
        {"ventas_con_cliente"},
    ),
    "a conversion of nobody": (
        "UPDATE ods_promptcrm.leads SET estado = 'convertido', puntaje = -1 - puntaje WHERE estado = 'perdido'",
        "UPDATE ods_promptcrm.leads SET estado = 'perdido', puntaje = -1 - puntaje WHERE puntaje < 0",
        {"convertidos_con_cliente"},
    ),
    "an impossible feeling": (
        "UPDATE ods_promptads.sentimientos SET puntaje = puntaje + 10",
        "UPDATE ods_promptads.sentimientos SET puntaje = puntaje - 10",
        {"sentimiento_en_escala"},
    ),
}


def test_good_data_passes_every_check(filled_warehouse: FilledWarehouse) -> None:
    results = run_checks(filled_warehouse.etl, "test-run")
    assert [result for result in results if result.state is not State.passes] == []
    assert [result.check for result in results] == [check.name for check in load_checks()]
    fail_on_errors(results)


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_wrong_is_found(filled_warehouse: FilledWarehouse, damage: str) -> None:
    break_it, mend_it, expected = DAMAGE[damage]
    execute(filled_warehouse.owner, break_it)
    try:
        results = run_checks(filled_warehouse.etl, "test-run")
    finally:
        execute(filled_warehouse.owner, mend_it)
    assert {result.check for result in results if result.state is State.fails} == expected
    with pytest.raises(QualityError, match=next(iter(expected))):
        fail_on_errors(results)
    assert all(result.state is State.passes for result in run_checks(filled_warehouse.etl, "test-run"))


@pytest.mark.slow
def test_sales_that_were_loaded_since_the_refresh_are_no_difference(filled_warehouse: FilledWarehouse) -> None:
    """In Airflow the next refresh waits for this check, so that asking again would not help."""
    totals = "SELECT (SELECT sum(total) FROM ods_promptcrm.ventas), (SELECT sum(total) FROM dw.hecho_venta)"
    simulate_changes(filled_warehouse.owner, 60, seed=5)
    load_sources(filled_warehouse.etl)
    try:
        [(mirrored, derived)] = query(filled_warehouse.owner, totals)
        assert mirrored != derived
        assert [each for each in run_checks(filled_warehouse.etl, "test-run") if each.is_error] == []
        execute(filled_warehouse.owner, DAMAGE["a cent too much"][0])
        [failed] = [each for each in run_checks(filled_warehouse.etl, "test-run") if each.is_error]
        assert (failed.check, failed.rows) == ("hechos_igual_ventas", 1), "the rest is compared"
        execute(filled_warehouse.owner, DAMAGE["a cent too much"][1])
        execute(filled_warehouse.owner, "DELETE FROM dw.posiciones WHERE tabla = 'ventas'")
        assert any(each.is_error for each in run_checks(filled_warehouse.etl, "test-run")), "followed by nothing"
    finally:
        filled_warehouse.cycle()
    assert all(each.state is State.passes for each in run_checks(filled_warehouse.etl, "test-run"))


def test_mirrors_that_were_not_loaded_for_long_are_told_by_name(filled_warehouse: FilledWarehouse) -> None:
    at = "UPDATE etl.loads SET committed_at = committed_at {} interval '2 hours' WHERE table_name = 'leads'"
    execute(filled_warehouse.owner, at.format("-"))
    try:
        results = {result.check: result for result in run_checks(filled_warehouse.etl, "test-run")}
    finally:
        execute(filled_warehouse.owner, at.format("+"))
    late = results["promptcrm_al_dia"]
    assert (late.state, late.rows, late.sample[0]["tabla"]) == (State.fails, 1, "leads")
    assert not late.is_error, "a warning is recorded, and fails nothing"
    fail_on_errors(results.values())


def test_what_is_shown_of_a_customer_is_the_key_alone(filled_warehouse: FilledWarehouse) -> None:
    """Results outlive the row, and Airflow's log shows them: not the place, nor the hash of the e-mail address."""
    where = "WHERE id_cliente = (SELECT min(id_cliente) FROM ods_promptcrm.clientes)"
    [(key, segment)] = query(filled_warehouse.owner, f"SELECT id_cliente, segmento FROM ods_promptcrm.clientes {where}")
    execute(filled_warehouse.owner, f"UPDATE ods_promptcrm.clientes SET segmento = NULL {where}")
    try:
        results = {result.check: result for result in run_checks(filled_warehouse.etl, "test-run")}
    finally:
        execute(filled_warehouse.owner, f"UPDATE ods_promptcrm.clientes SET segmento = '{segment}' {where}")
    assert results["clientes_completos"].sample == [{"id_cliente": key, "faltan": ["segmento"]}]


def test_results_are_on_record(filled_warehouse: FilledWarehouse) -> None:
    run_id = f"test-{uuid4()}"
    run_checks(filled_warehouse.etl, run_id)
    recorded = query(
        filled_warehouse.owner, "SELECT chequeo, estado FROM ops.quality_results WHERE corrida = %s", run_id
    )
    assert recorded == [(check.name, "pasa") for check in load_checks()]


def test_a_check_that_cannot_be_run_is_a_failure_and_stops_no_other(filled_warehouse: FilledWarehouse) -> None:
    broken = NotNull(name="sin_tabla", kind="not_null", table="mart.nada", columns=["a"])
    good = NoRows(name="lineas", kind="no_rows", query="lineas_suman_la_venta")
    first, second = run_checks(filled_warehouse.etl, "test-run", [broken, good])
    assert (first.state, first.rows, first.is_error) == (State.prevented, None, True)
    assert "nada" in str(first)
    assert second.state is State.passes


def test_a_check_changes_nothing(filled_warehouse: FilledWarehouse) -> None:
    destructive = NotNull(
        name="malo", kind="not_null", table="ods_promptcrm.ventas", columns=["total"],
        where="(SELECT nextval(pg_get_serial_sequence('etl.loads', 'load_id'))) > 0",
    )  # fmt: skip
    [result] = run_checks(filled_warehouse.etl, "test-run", [destructive])
    assert (result.state, "read-only" in str(result.message)) == (State.prevented, True)


def test_the_command_line(filled_warehouse: FilledWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in filled_warehouse.environment().items():
        monkeypatch.setenv(name, value)
    runner = CliRunner()
    result = runner.invoke(app, ["etl", "quality"], catch_exceptions=False)
    assert (result.exit_code, f"{len(load_checks())} checks" in result.stdout) == (0, True)
    break_it, mend_it, _ = DAMAGE["a cent too much"]
    execute(filled_warehouse.owner, break_it)
    try:
        result = runner.invoke(app, ["etl", "quality"], catch_exceptions=False)
    finally:
        execute(filled_warehouse.owner, mend_it)
    assert result.exit_code == 1
    assert "hechos_igual_ventas" in result.stdout
