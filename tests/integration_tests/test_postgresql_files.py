"""The files of database/postgresql that people run: each begins with its question, runs as it is, and answers."""

from __future__ import annotations

import re
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from mart_readers import FilledWarehouse
from star_schema import Rows, query
from typer.testing import CliRunner

from promptsales.database.cli import app
from promptsales.local.engines import environment
from promptsales.paths import DATABASE_DIR
from promptsales.seeding.simulate import simulate_changes

# They fill a warehouse for themselves.
pytestmark = pytest.mark.slow

HOME = DATABASE_DIR / "postgresql"
FOLDERS = ("marts", "queries", "metadata", "monitoring")
FILES = sorted(path for folder in FOLDERS for path in (HOME / folder).glob("*.sql"))

MAY_BE_EMPTY = {"queries/080_self_join_movimientos", "queries/130_comisiones_del_mes", "monitoring/020_lecturas_lentas"}

JOINS = ["INNER JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", "LATERAL", "NATURAL JOIN", "NOT EXISTS"]


def name(path: Path) -> str:
    return str(path.relative_to(HOME).with_suffix(""))


@pytest.fixture(scope="module", autouse=True)
def _moved_customers(filled_warehouse: FilledWarehouse) -> None:
    """Customers with more than one version."""
    simulate_changes(filled_warehouse.owner, 200, seed=11)
    filled_warehouse.cycle()


def answer(warehouse: FilledWarehouse, path: Path) -> tuple[list[str], Rows]:
    """Columns and rows."""
    with closing(warehouse.owner.postgres()) as connection:
        cursor = connection.execute(path.read_bytes())
        return [column.name for column in cursor.description or ()], cursor.fetchall()


def rows(warehouse: FilledWarehouse, file: str) -> Rows:
    return answer(warehouse, HOME / f"{file}.sql")[1]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_each_file_asks_and_answers(filled_warehouse: FilledWarehouse, path: Path) -> None:
    assert re.match(r"-- [^?]+(\n-- [^?]+)*\?", path.read_text(encoding="utf-8")), "it begins with its question"
    columns, found = answer(filled_warehouse, path)
    assert columns
    assert found or name(path) in MAY_BE_EMPTY


def test_every_kind_of_join_is_there() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (HOME / "queries").glob("*.sql"))
    assert [join for join in [*JOINS, "COALESCE(", "CASE"] if join not in text.replace("coalesce(", "COALESCE(")] == []


def test_both_systems_tell_the_same_revenue(filled_warehouse: FilledWarehouse) -> None:
    [(verdict, campaigns, of_ads, of_crm)] = rows(filled_warehouse, "queries/060_full_join_ingresos")
    [(sold,)] = query(filled_warehouse.owner, "SELECT count(DISTINCT id_campana) FROM dw.hecho_venta")
    assert (verdict, campaigns) == ("iguales", sold)
    assert of_ads == of_crm > 0


def test_channels_that_sold_nothing_are_in_the_list(filled_warehouse: FilledWarehouse) -> None:
    assert len(rows(filled_warehouse, "queries/050_right_join_canales")) == 8
    assert any(sold == 0 for _, _, sold, _ in rows(filled_warehouse, "queries/050_right_join_canales"))


def test_customers_who_moved_are_counted_by_segment(filled_warehouse: FilledWarehouse) -> None:
    [(moves,)] = query(
        filled_warehouse.owner,
        "SELECT count(*) FROM (SELECT segmento, lag(segmento) OVER (PARTITION BY id_cliente ORDER BY vigente_desde)"
        " AS antes FROM dw.dim_cliente) AS v WHERE antes <> segmento",
    )
    assert sum(row[2] for row in rows(filled_warehouse, "queries/080_self_join_movimientos")) == moves > 0


def test_no_more_than_three_campaigns_a_country(filled_warehouse: FilledWarehouse) -> None:
    by_country: dict[str, list[Decimal]] = {}
    for country, _, _, _, revenue in rows(filled_warehouse, "queries/090_lateral_mejores_campanas"):
        by_country.setdefault(country, []).append(revenue)
    assert max(map(len, by_country.values())) <= 3
    assert all(best == sorted(best, reverse=True) for best in by_country.values())


def test_buyers_who_return_are_counted_once(filled_warehouse: FilledWarehouse) -> None:
    found = {row[0]: row[2:] for row in rows(filled_warehouse, "queries/110_semi_join_recompra")}
    for campaign, (buyers, returning) in found.items():
        [(expected,)] = query(
            filled_warehouse.owner,
            "SELECT count(DISTINCT id_cliente) FROM dw.hecho_venta WHERE id_campana = %s",
            campaign,
        )
        assert buyers == expected >= returning


def test_privileges_tell_what_each_role_may(filled_warehouse: FilledWarehouse) -> None:
    privileges = rows(filled_warehouse, "metadata/030_privilegios")
    told = {(role, schema): allowed for role, schema, _, allowed, _ in privileges}
    assert told["promptsales_mcp", "mart"] == "SELECT"
    assert {schema for role, schema in told if role == "promptsales_mcp"} == {"mart"}
    assert {schema for role, schema in told if role == "promptsales_gerente"} == {"mart", "ops"}
    assert not any(role == "PUBLIC" for role, _ in told)


def test_the_statements_of_every_login_are_shown(filled_warehouse: FilledWarehouse) -> None:
    shown = rows(filled_warehouse, "monitoring/010_consultas_mas_costosas")
    assert any(login == "promptsales_etl" and "insufficient" not in text for login, *_, text in shown)


def test_who_waits_for_whom_is_shown(filled_warehouse: FilledWarehouse) -> None:
    with closing(filled_warehouse.etl.postgres()) as other:
        other.execute("SELECT 1")
        shown = {row[0]: row[1] for row in rows(filled_warehouse, "monitoring/030_esperas")}
        assert shown[other.info.backend_pid] == "promptsales_etl"


def test_the_command_prints_an_answer(filled_warehouse: FilledWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in environment(filled_warehouse.folder).items():
        monkeypatch.setenv(variable, value)
    shown = CliRunner().invoke(app, ["query", str(HOME / "queries" / "060_full_join_ingresos.sql")])
    assert shown.exit_code == 0, shown.output
    assert "iguales" in shown.stdout
    # A procedure that commits, which no transaction may hold.
    month_end = CliRunner().invoke(app, ["query", str(HOME / "scripts" / "cierre_de_mes.sql")])
    assert (month_end.exit_code, month_end.stdout.strip()) == (0, "CALL")


def test_the_etl_login_cannot_run_the_month_end(filled_warehouse: FilledWarehouse) -> None:
    with closing(filled_warehouse.etl.postgres()) as connection:
        connection.autocommit = True
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute((HOME / "scripts" / "cierre_de_mes.sql").read_bytes())
