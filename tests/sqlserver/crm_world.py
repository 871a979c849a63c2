"""Customers, leads and sales of campaigns that no one else has, and the calls of PromptCRM's procedures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pymssql
from server_calls import results, value

FIRST_CAMPAIGN = 900_000_000
"""Campaigns from here on are the tests': what belongs to them is removed."""

NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=0)

CUSTOMER_COLUMNS = (
    "nombre, apellidos, documento, correo, telefono, fecha_nacimiento, genero, pais, codigo_pais, region, ciudad, "
    "latitud, longitud, id_campana_origen"
)


@dataclass(frozen=True)
class Customer:
    """A customer in clear, as the procedures take one."""

    nombre: str | None
    apellidos: str
    documento: str
    correo: str
    telefono: str
    fecha_nacimiento: date = date(1980, 5, 17)
    genero: str = "F"
    pais: str = "España"
    codigo_pais: str = "ES"
    region: str = "Comunidad de prueba"
    ciudad: str = "Ciudad de prueba"
    latitud: Decimal = Decimal("10.5")
    longitud: Decimal = Decimal("-140.25")
    id_campana_origen: int = FIRST_CAMPAIGN

    def values(self) -> tuple[Any, ...]:
        """In the order of CUSTOMER_COLUMNS."""
        return tuple(getattr(self, name) for name in CUSTOMER_COLUMNS.replace(",", "").split())


def customer(**changes: Any) -> Customer:
    """A customer whose document, e-mail and telephone nobody else has."""
    token = uuid4()
    person = Customer(
        nombre="Inés",
        apellidos="Núñez Prueba",
        documento=f"ES-{token.hex[:20]}",
        correo=f"ines.{token.hex[:12]}@ejemplo.test",
        telefono=f"+34{token.int % 10**11:011d}",
    )
    return replace(person, **changes)


def register(connection: pymssql.Connection, person: Customer) -> int:
    """The key that usp_registrar_cliente gives."""
    arguments = ", ".join(f"@{name} = %s" for name in CUSTOMER_COLUMNS.replace(",", "").split())
    return int(
        value(
            connection,
            "DECLARE @id int;"
            f" EXECUTE dbo.usp_registrar_cliente {arguments}, @id_cliente = @id OUTPUT;"
            " SELECT @id AS id_cliente;",
            *person.values(),
        )
    )


def load(connection: pymssql.Connection, people: dict[int, Customer]) -> dict[int, int]:
    """The key of each row that usp_cargar_clientes registers, by its `orden`."""
    batch = ["DECLARE @lote dbo.tipo_clientes;"]
    values: list[Any] = []
    for order, person in people.items():
        marks = ", ".join(["%s"] * len(person.values()))
        batch.append(f"INSERT INTO @lote (orden, {CUSTOMER_COLUMNS}) VALUES (%s, {marks});")
        values += [order, *person.values()]
    batch.append("EXECUTE dbo.usp_cargar_clientes @clientes = @lote;")
    return {int(order): int(key) for order, key in results(connection, "\n".join(batch), values)[-1]}


def find(connection: pymssql.Connection, kind: str | None, what: str | None) -> list[dict[str, Any]]:
    """What usp_buscar_cliente finds, a dictionary a customer."""
    with connection.cursor(as_dict=True) as cursor:
        cursor.execute("EXECUTE dbo.usp_buscar_cliente @tipo = %s, @valor = %s", (kind, what))
        return list(cursor.fetchall())


@dataclass(frozen=True)
class Line:
    """A line of a sale."""

    numero_linea: int = 1
    producto: str = "Producto de prueba"
    cantidad: int = 2
    precio_unitario: Decimal = Decimal("10.25")


def sell(
    connection: pymssql.Connection,
    client: int | None,
    *lines: Line,
    reference: UUID | None = None,
    currency: str = "EUR",
    campaign: int = FIRST_CAMPAIGN,
    moment: datetime | None = None,
) -> int:
    """The key that usp_registrar_venta gives."""
    batch = ["DECLARE @lineas dbo.tipo_lineas_venta, @id int;"]
    values: list[Any] = []
    for line in lines:
        batch.append("INSERT INTO @lineas VALUES (%s, %s, %s, %s);")
        values += [line.numero_linea, line.producto, line.cantidad, line.precio_unitario]
    batch.append(
        "EXECUTE dbo.usp_registrar_venta @id_cliente = %s, @id_campana = %s, @id_canal = 1, @moneda = %s,"
        " @referencia = %s, @lineas = @lineas, @fecha = %s, @id_venta = @id OUTPUT; SELECT @id AS id_venta;"
    )
    values += [client, campaign, currency, str(reference or uuid4()), moment]
    return int(value(connection, "\n".join(batch), *values))


def add_lead(connection: pymssql.Connection, estado: str = "calificado", client: int | None = None) -> int:
    """The key of a new lead."""
    results(
        connection,
        "INSERT INTO dbo.leads (id_campana, id_canal, id_cliente, estado, puntaje) VALUES (%s, 1, %s, %s, 60)",
        (FIRST_CAMPAIGN, client, estado),
    )
    return int(value(connection, "SELECT MAX(id_lead) AS id_lead FROM dbo.leads WHERE id_campana = %s", FIRST_CAMPAIGN))


def last_event(connection: pymssql.Connection, procedure: str) -> tuple[Any, ...]:
    """Outcome, key, rows and error number of the procedure's last row in the log."""
    return results(
        connection,
        "SELECT TOP (1) resultado, clave, filas, numero_error FROM dbo.bitacora_procedimientos"
        " WHERE procedimiento = %s ORDER BY id_evento DESC",
        (procedure,),
    )[-1][0]


def counts(connection: pymssql.Connection) -> dict[str, int]:
    """How many rows the tests' campaigns have in each table."""
    tables = {"clientes": "id_campana_origen", "ventas": "id_campana", "leads": "id_campana"}
    found = {
        table: int(value(connection, f"SELECT COUNT(*) AS filas FROM dbo.{table} WHERE {column} >= %s", FIRST_CAMPAIGN))
        for table, column in tables.items()
    }
    found["lineas_venta"] = int(
        value(
            connection,
            "SELECT COUNT(*) AS filas FROM dbo.lineas_venta WHERE id_venta IN"
            " (SELECT id_venta FROM dbo.ventas WHERE id_campana >= %s)",
            FIRST_CAMPAIGN,
        )
    )
    return found


def remove(connection: pymssql.Connection) -> None:
    """Everything of the tests' campaigns."""
    for statement in (
        "DELETE FROM dbo.lineas_venta WHERE id_venta IN (SELECT id_venta FROM dbo.ventas WHERE id_campana >= %s)",
        "DELETE FROM dbo.ventas WHERE id_campana >= %s",
        "DELETE FROM dbo.leads WHERE id_campana >= %s",
        "DELETE FROM dbo.clientes WHERE id_campana_origen >= %s",
    ):
        results(connection, statement, (FIRST_CAMPAIGN,))


@contextmanager
def transaction(connection: pymssql.Connection) -> Iterator[None]:
    """A caller's transaction, undone at the end whatever state it is in."""
    results(connection, "BEGIN TRANSACTION")
    try:
        yield
    finally:
        results(connection, "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION")


@contextmanager
def member_of(connection: pymssql.Connection, role: str) -> Iterator[None]:
    """The connection works as a user whose only role is this one."""
    user = f"prueba_{role}"
    results(
        connection,
        f"IF DATABASE_PRINCIPAL_ID(N'{user}') IS NULL CREATE USER {user} WITHOUT LOGIN;"
        f" ALTER ROLE {role} ADD MEMBER {user};",
    )
    results(connection, f"EXECUTE AS USER = '{user}'")
    try:
        yield
    finally:
        results(connection, "REVERT")
        results(connection, f"DROP USER {user}")


def months_ago(count: int) -> datetime:
    """Some 30-day months before now."""
    return NOW - timedelta(days=30 * count)
