"""Who reads what in `mart`: each role its own grants, each signed-on user their own countries."""

from __future__ import annotations

import psycopg
import pytest
from mart_readers import EVERY_COUNTRY, READERS, FilledWarehouse
from star_schema import execute, query

BY_COUNTRY = [
    "mercado", "campana_pais", "actividad_mes", "embudo_mes", "rfm_grupo", "ventas_lugar_mes", "ranking_mercado",
    "embudo_cohorte", "segmentos_rfm",
]  # fmt: skip
BY_CAMPAIGN = [
    "campana", "contenido_mes", "sentimiento_mes", "rendimiento_campana", "rendimiento_campana_mes",
    "sentimiento_campana", "rendimiento_contenido",
]  # fmt: skip

REFUSED = [
    "SELECT * FROM dw.hecho_venta",
    "SELECT * FROM ods_promptcrm.clientes",
    "SELECT * FROM mart.rfm_cliente",
    "UPDATE mart.campana SET nombre = 'x'",
    "DELETE FROM mart.actividad_mes",
    "INSERT INTO mart.mercado (id_mercado, codigo_pais) VALUES (0, 'ZZ')",
    "UPDATE mart.posicion SET version = 0",
    "CREATE TABLE mart.mia (a int)",
    "ALTER TABLE mart.campana DISABLE ROW LEVEL SECURITY",
    "SELECT * FROM etl.rejected_rows",
    "SET ROLE promptsales_etl",
]


@pytest.fixture(scope="module")
def countries(filled_warehouse: FilledWarehouse) -> list[str]:
    """The two countries that sold most."""
    best = "SELECT codigo_pais FROM mart.actividad_mes GROUP BY 1 ORDER BY sum(ingresos_usd) DESC, 1 LIMIT 2"
    return [country for (country,) in query(filled_warehouse.owner, best)]


@pytest.mark.parametrize("role", READERS)
def test_each_role_is_refused_what_it_must_not_do(filled_warehouse: FilledWarehouse, role: str) -> None:
    with filled_warehouse.session(role, EVERY_COUNTRY) as connection:
        for refused in REFUSED:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused)


@pytest.mark.parametrize("role", READERS)
def test_who_is_not_signed_on_sees_no_figures(filled_warehouse: FilledWarehouse, role: str) -> None:
    with filled_warehouse.session(role) as connection:
        for mart in BY_COUNTRY + BY_CAMPAIGN:
            assert connection.execute(f"SELECT count(*) FROM mart.{mart}").fetchall() == [(0,)], mart


@pytest.mark.parametrize("role", READERS)
def test_a_reader_of_every_country_sees_all(filled_warehouse: FilledWarehouse, role: str) -> None:
    for mart in BY_COUNTRY + BY_CAMPAIGN:
        count = f"SELECT count(*) FROM mart.{mart}"
        assert filled_warehouse.ask(role, EVERY_COUNTRY, count) == query(filled_warehouse.owner, count) != [(0,)], mart


def test_an_analyst_of_a_country_sees_that_country_alone(
    filled_warehouse: FilledWarehouse, countries: list[str]
) -> None:
    for seen in (countries[:1], countries):
        for mart in BY_COUNTRY:
            found = filled_warehouse.ask(
                "promptsales_analista", ",".join(seen), f"SELECT codigo_pais, count(*) FROM mart.{mart} GROUP BY 1"
            )
            expected = query(
                filled_warehouse.owner,
                f"SELECT codigo_pais, count(*) FROM mart.{mart} WHERE codigo_pais = ANY(%s) GROUP BY 1",
                seen,
            )
            if not mart.startswith("ranking"):
                assert sorted(found) == sorted(expected), mart
            assert {country for country, _ in found} <= set(seen), mart
            assert found, mart


def test_an_analyst_sees_the_campaigns_of_the_country_with_its_share(
    filled_warehouse: FilledWarehouse, countries: list[str]
) -> None:
    country = countries[0]
    own = {row[0] for row in query(
        filled_warehouse.owner, "SELECT id_campana FROM mart.campana_pais WHERE codigo_pais = %s", country
    )}  # fmt: skip
    all_campaigns = {row[0] for row in query(filled_warehouse.owner, "SELECT id_campana FROM mart.campana")}
    for mart in BY_CAMPAIGN:
        found = {row[0] for row in filled_warehouse.ask(
            "promptsales_analista", country, f"SELECT DISTINCT id_campana FROM mart.{mart}"
        )}  # fmt: skip
        assert found, mart
        assert found <= own < all_campaigns, mart
    revenue = "SELECT sum(ingresos_usd) FROM mart.rendimiento_campana"
    [(of_country,)] = filled_warehouse.ask("promptsales_analista", country, revenue)
    [(expected,)] = query(
        filled_warehouse.owner, "SELECT sum(ingresos_usd) FROM mart.actividad_mes WHERE codigo_pais = %s", country
    )
    assert abs(of_country - expected) < 1


def test_the_user_of_a_transaction_is_forgotten_with_it(filled_warehouse: FilledWarehouse) -> None:
    """Servers share sessions among users: what one set must not be there for the next."""
    user = filled_warehouse.reader("promptsales_mcp", EVERY_COUNTRY)
    with filled_warehouse.session("promptsales_mcp", says="") as connection:
        with connection.transaction():
            connection.execute("SELECT set_config('promptsales.id_usuario', %s, true)", [str(user)])
            assert connection.execute("SELECT count(*) > 0 FROM mart.actividad_mes").fetchall() == [(True,)]
        assert connection.execute("SELECT count(*) > 0 FROM mart.actividad_mes").fetchall() == [(False,)]


def test_who_has_a_login_of_their_own_cannot_be_someone_else(
    filled_warehouse: FilledWarehouse, countries: list[str]
) -> None:
    everyone = filled_warehouse.reader("promptsales_mcp", EVERY_COUNTRY)
    seen = "SELECT array_agg(DISTINCT codigo_pais) FROM mart.actividad_mes"
    filled_warehouse.reader("promptsales_analista", countries[0])
    with filled_warehouse.session("promptsales_analista", says=str(everyone)) as connection:
        assert connection.execute(seen).fetchall() == [([countries[0]],)]


@pytest.mark.parametrize("says", ["", "0", "*", "-1", "1 OR TRUE", "99999999999999", "ES"])
def test_a_server_that_says_no_user_sees_no_figures(filled_warehouse: FilledWarehouse, says: str) -> None:
    with filled_warehouse.session("promptsales_mcp", says=says) as connection:
        assert connection.execute("SELECT count(*) FROM mart.actividad_mes").fetchall() == [(0,)]


def test_a_user_who_is_disabled_sees_no_figures(filled_warehouse: FilledWarehouse) -> None:
    user = filled_warehouse.reader("promptsales_mcp", EVERY_COUNTRY)
    change = "UPDATE sso.usuarios SET activo = {} WHERE id_usuario = " + str(user)
    execute(filled_warehouse.owner, change.format("FALSE"))
    with filled_warehouse.session("promptsales_mcp", says=str(user)) as connection:
        assert connection.execute("SELECT count(*) FROM mart.actividad_mes").fetchall() == [(0,)]
        execute(filled_warehouse.owner, change.format("TRUE"))
        assert connection.execute("SELECT count(*) > 0 FROM mart.actividad_mes").fetchall() == [(True,)]
