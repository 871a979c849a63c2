"""What the SQL Server databases promise the ETL: versions, tombstones, and rights on nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pymssql
import pytest

from promptsales.connections import Connections, sqlserver_number

PERMISSION_DENIED = 229
FIRST = 9000


@pytest.fixture
def ads(admin_connections: Connections) -> Iterator[pymssql.Connection]:
    """PromptAds with a brand, a campaign and its three markets, all numbered from FIRST."""
    with closing(admin_connections.ads()) as connection:
        _clear(connection)
        brand, campaign = f"{FIRST}, 'contrato', 'prueba', 'CR'", f"{FIRST}, {FIRST}"
        run(
            connection,
            f"INSERT INTO dbo.marcas (id_marca, nombre, sector, codigo_pais) VALUES ({brand})",
            "INSERT INTO dbo.campanas (id_campana, id_marca, referencia, nombre, descripcion, objetivo, estado,"
            " fecha_inicio, fecha_fin, presupuesto, moneda)"
            f" VALUES ({campaign}, '00000000-0000-0000-0000-000000009000', N'c', N'd', N'trafico', N'activa',"
            " '2026-01-01', '2026-02-01', 1, 'USD')",
        )
        for number in range(FIRST, FIRST + 3):
            run(
                connection,
                "INSERT INTO dbo.mercados (id_mercado, pais, codigo_pais, region, ciudad, latitud, longitud,"
                f" poblacion, moneda) VALUES ({number}, N'x', 'CR', N'contrato', N'c{number}', 1, 1, 1, 'CRC')",
                f"INSERT INTO dbo.campanas_mercados (id_campana, id_mercado, peso) VALUES ({FIRST}, {number}, 0.3)",
            )
        yield connection
        _clear(connection)


def _clear(connection: pymssql.Connection) -> None:
    run(
        connection,
        f"DELETE FROM dbo.campanas_mercados WHERE id_campana >= {FIRST}",
        f"DELETE FROM dbo.mercados WHERE id_mercado >= {FIRST}",
        f"DELETE FROM dbo.campanas WHERE id_campana >= {FIRST}",
        f"DELETE FROM dbo.marcas WHERE id_marca >= {FIRST}",
    )


def run(connection: pymssql.Connection, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def rows(connection: pymssql.Connection, query: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def limit(connection: pymssql.Connection) -> int:
    return int(str(rows(connection, "SELECT version FROM etl.limite")[0][0]))


def tombstones(connection: pymssql.Connection, table: str, after: int) -> list[object]:
    query = f"SELECT clave FROM etl.bajas WHERE tabla = '{table}' AND version > {after} ORDER BY clave"
    return [key for (key,) in rows(connection, query)]


def test_a_delete_of_many_rows_leaves_a_tombstone_each(ads: pymssql.Connection) -> None:
    before = limit(ads)
    run(ads, f"DELETE FROM dbo.campanas_mercados WHERE id_campana = {FIRST}")
    assert tombstones(ads, "campanas_mercados", before) == [f"[{FIRST},{FIRST + n}]" for n in range(3)]


def test_a_delete_of_nothing_leaves_none(ads: pymssql.Connection) -> None:
    before = limit(ads)
    run(ads, "DELETE FROM dbo.marcas WHERE id_marca = -1", "UPDATE dbo.marcas SET id_marca = 1 WHERE id_marca = -1")
    assert tombstones(ads, "marcas", before) == []


def test_an_update_leaves_none_and_a_later_version(ads: pymssql.Connection) -> None:
    before = limit(ads)
    run(ads, f"UPDATE dbo.marcas SET id_marca = id_marca, sector = N'otro' WHERE id_marca = {FIRST}")
    assert tombstones(ads, "marcas", before) == []
    assert rows(ads, f"SELECT id_marca FROM etl.marcas WHERE version > {before}") == [(FIRST,)]


def test_a_changed_key_leaves_the_old_one(ads: pymssql.Connection) -> None:
    before = limit(ads)
    run(ads, f"UPDATE dbo.campanas_mercados SET id_mercado = {FIRST} WHERE id_mercado = {FIRST} AND peso = 0.3")
    assert tombstones(ads, "campanas_mercados", before) == []
    run(ads, f"DELETE FROM dbo.campanas_mercados WHERE id_mercado = {FIRST + 2}")
    run(ads, f"UPDATE dbo.campanas_mercados SET id_mercado = {FIRST + 2} WHERE id_mercado = {FIRST}")
    assert tombstones(ads, "campanas_mercados", before) == [f"[{FIRST},{FIRST}]", f"[{FIRST},{FIRST + 2}]"]


def test_rows_that_swap_keys_leave_none(ads: pymssql.Connection) -> None:
    before = limit(ads)
    run(
        ads,
        f"UPDATE dbo.campanas_mercados SET id_mercado = {2 * FIRST + 1} - id_mercado"
        f" WHERE id_campana = {FIRST} AND id_mercado <= {FIRST + 1}",
    )
    assert tombstones(ads, "campanas_mercados", before) == []
    assert len(rows(ads, f"SELECT 1 FROM etl.campanas_mercados WHERE version > {before}")) == 2


def test_rows_that_shift_keys_leave_the_one_that_is_gone(ads: pymssql.Connection) -> None:
    run(ads, f"DELETE FROM dbo.campanas_mercados WHERE id_mercado = {FIRST + 2}")
    before = limit(ads)
    run(ads, f"UPDATE dbo.campanas_mercados SET id_mercado = id_mercado + 1 WHERE id_campana = {FIRST}")
    assert tombstones(ads, "campanas_mercados", before) == [f"[{FIRST},{FIRST}]"]


def test_a_row_inserted_again_is_not_older_than_its_tombstone(ads: pymssql.Connection) -> None:
    before = limit(ads)
    run(
        ads,
        f"DELETE FROM dbo.campanas_mercados WHERE id_campana = {FIRST} AND id_mercado = {FIRST}",
        f"INSERT INTO dbo.campanas_mercados (id_campana, id_mercado, peso) VALUES ({FIRST}, {FIRST}, 1)",
    )
    (gone,) = rows(ads, f"SELECT version FROM etl.bajas WHERE tabla = 'campanas_mercados' AND version > {before}")
    (back,) = rows(ads, f"SELECT version FROM etl.campanas_mercados WHERE id_mercado = {FIRST}")
    assert int(str(back[0])) >= int(str(gone[0]))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO dbo.marcas (id_marca, nombre, sector, codigo_pais, rv) VALUES (9999, 'v', 'v', 'CR', 5)",
        f"UPDATE dbo.marcas SET rv = 5 WHERE id_marca = {FIRST}",
    ],
)
def test_no_client_can_choose_a_version(statement: str, ads: pymssql.Connection) -> None:
    before = rows(ads, "SELECT id_marca, version FROM etl.marcas ORDER BY 1")
    with pytest.raises(pymssql.Error, match="timestamp column"):
        run(ads, statement)
    assert rows(ads, "SELECT id_marca, version FROM etl.marcas ORDER BY 1") == before


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT nombre FROM dbo.marcas",
        "SELECT nombre FROM marcas",
        "SELECT clave FROM dbo.bajas",
        "SELECT archivo FROM dbo.migraciones",
        "UPDATE etl.marcas SET nombre = N'x'",
        "DELETE FROM etl.bajas",
        "INSERT INTO dbo.marcas (nombre, sector, codigo_pais) VALUES (N'x', N'x', 'CR')",
    ],
)
def test_the_etl_may_only_read_the_contract(statement: str, connections: Connections) -> None:
    with closing(connections.ads()) as connection, pytest.raises(pymssql.Error) as refused:
        run(connection, statement)
    assert sqlserver_number(refused.value) == PERMISSION_DENIED


@pytest.mark.parametrize("column", ["nombre", "apellidos", "documento_hash", "fecha_nacimiento", "correo_cifrado"])
def test_the_etl_cannot_read_personal_data(column: str, connections: Connections) -> None:
    with closing(connections.crm()) as connection:
        with pytest.raises(pymssql.Error):
            run(connection, f"SELECT {column} FROM etl.clientes")
        with pytest.raises(pymssql.Error) as refused:
            run(connection, f"SELECT {column} FROM dbo.clientes")
    assert sqlserver_number(refused.value) == PERMISSION_DENIED
