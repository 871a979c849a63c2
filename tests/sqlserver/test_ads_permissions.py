"""Who may do what in PromptAds: each role through a login of its own, on SQL Server."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pymssql
import pytest
from ads_world import World, build, campaign, create, remove
from server_calls import raises, results, value

from promptsales.connections import Connections, connect_sqlserver, from_settings
from promptsales.database.batches import split_batches
from promptsales.paths import DATABASE_DIR
from promptsales.settings import Settings

pytestmark = pytest.mark.sqlserver

DENIED = 229

ROLES = DATABASE_DIR / "sqlserver_ads" / "security" / "010_roles.sql"

Login = Callable[[str], pymssql.Connection]


@pytest.fixture(scope="module")
def roles(ads_database: Callable[[], pymssql.Connection]) -> None:
    """The roles as `security/010_roles.sql` makes them, which can be run again."""
    with closing(ads_database()) as connection:
        for _ in range(2):
            for batch in split_batches(ROLES.read_text(encoding="utf-8")):
                results(connection, batch.sql)


@pytest.fixture
def login(ads: pymssql.Connection, roles: None, server_settings: Settings) -> Iterator[Login]:
    """Connects as a new login in the given role; all are gone afterwards."""
    made: list[tuple[str, pymssql.Connection]] = []

    def connect(role: str) -> pymssql.Connection:
        name, password = f"prueba_{secrets.token_hex(6)}", f"Aa1-{secrets.token_hex(12)}"
        results(ads, f"CREATE LOGIN {name} WITH PASSWORD = N'{password}'")
        results(ads, f"CREATE USER {name} FOR LOGIN {name}")
        results(ads, f"ALTER ROLE {role} ADD MEMBER {name}")
        url = urlsplit(server_settings.url("ads", admin=True))
        place = f"{url.hostname}:{url.port or 1433}{url.path}"
        connection = connect_sqlserver(f"mssql://{name}:{password}@{place}")
        made.append((name, connection))
        return connection

    yield connect
    for name, connection in made:
        connection.close()
        results(ads, f"DROP USER {name}")
        results(ads, f"DROP LOGIN {name}")


@pytest.fixture
def world(ads: pymssql.Connection) -> Iterator[World]:
    built = build(ads)
    yield built
    remove(ads, built)


def test_the_mcp_server_executes_and_reads_the_views_that_hold_rows(login: Login, world: World) -> None:
    connection = login("rol_mcp_ads")
    new, keys = create(connection, campaign(world))
    assert len(keys) == 3
    assert value(connection, "SELECT COUNT(*) AS filas FROM etl.campanas WHERE id_campana = %s", new) == 1
    for table in ("dbo.campanas", "dbo.errores", "dbo.bitacora_procedimientos", "etl.bajas", "etl.limite"):
        with raises(DENIED):
            results(connection, f"SELECT * FROM {table}")
    with raises(DENIED):
        results(connection, f"UPDATE dbo.marcas SET activa = 0 WHERE id_marca = {world.brand}")
    with raises(DENIED):
        results(connection, "SELECT NEXT VALUE FOR dbo.seq_campanas AS clave")


@pytest.mark.parametrize(
    "call",
    [
        "EXECUTE dbo.usp_registrar_evento N'falso', N'correcto'",
        "EXECUTE dbo.usp_lanzar_error 50101",
        "EXECUTE dbo.usp_cerrar_campanas_vencidas @hasta = '1900-01-01'",
        "DECLARE @dias dbo.tipo_rendimiento; EXECUTE dbo.usp_registrar_rendimiento @dias",
    ],
)
def test_the_mcp_server_executes_nothing_that_no_tool_of_it_does(login: Login, call: str) -> None:
    with raises(DENIED):
        results(login("rol_mcp_ads"), call)


@pytest.mark.parametrize("role", ["etl_reader", "data_writer"])
def test_no_other_role_executes(login: Login, role: str) -> None:
    with raises(DENIED):
        results(login(role), "EXECUTE dbo.usp_cerrar_campanas_vencidas @hasta = '1900-01-01'")


def test_the_etl_reads_the_contract_and_no_table(login: Login) -> None:
    connection = login("etl_reader")
    for view in ("etl.campanas", "etl.bajas", "etl.limite"):
        assert value(connection, f"SELECT COUNT(*) AS filas FROM {view}") >= 0
    for table in ("dbo.campanas", "dbo.bajas", "dbo.bitacora_procedimientos"):
        with raises(DENIED):
            results(connection, f"SELECT * FROM {table}")


def test_seeding_restarts_sequences_and_writes_no_tombstone(login: Login, world: World) -> None:
    connection = login("rol_siembra")
    results(connection, "UPDATE STATISTICS dbo.marcas")
    results(connection, "ALTER TABLE dbo.marcas NOCHECK CONSTRAINT ALL")
    results(connection, "ALTER TABLE dbo.marcas WITH CHECK CHECK CONSTRAINT ALL")
    following = value(connection, "SELECT NEXT VALUE FOR dbo.seq_marcas AS clave")
    results(connection, f"ALTER SEQUENCE dbo.seq_marcas RESTART WITH {following}")
    results(connection, f"UPDATE dbo.marcas SET sector = N'otro' WHERE id_marca = {world.brand}")
    for table in ("bajas", "migraciones", "errores", "bitacora_procedimientos"):
        with raises(DENIED):
            results(connection, f"DELETE FROM dbo.{table}")


def test_the_etl_s_own_login_reads_the_contract_only(ads_database: object, server_settings: Settings) -> None:
    if server_settings.ads_url is None or server_settings.ads_url == server_settings.ads_admin_url:
        pytest.skip("PROMPTSALES_ADS_URL names no login but the owner's")
    etl: Connections = from_settings(server_settings)
    with closing(etl.ads()) as connection:
        assert value(connection, "SELECT COUNT(*) AS filas FROM etl.campanas") >= 0
        with raises(DENIED):
            results(connection, "SELECT * FROM dbo.campanas")
