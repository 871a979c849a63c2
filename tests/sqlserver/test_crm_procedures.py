"""PromptCRM's procedures on SQL Server: what each does, each of its errors, and that an error leaves nothing behind."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pymssql
import pytest
from crm_world import (
    FIRST_CAMPAIGN,
    NOW,
    Customer,
    Line,
    add_lead,
    counts,
    customer,
    find,
    last_event,
    load,
    months_ago,
    register,
    remove,
    sell,
    transaction,
)
from server_calls import raises, results, value

pytestmark = pytest.mark.sqlserver

NOBODY = 2_147_483_000


@pytest.fixture(autouse=True)
def clean(crm: pymssql.Connection) -> Iterator[None]:
    """The keys of the personal data are installed, and the tests' campaigns have no rows, before and after."""
    if not value(crm, "SELECT COUNT(*) AS filas FROM seguridad.bloques_hash"):
        pytest.skip("the keys of the personal data are not installed: database/sqlserver_crm/security/README.md")
    remove(crm)
    yield
    remove(crm)


@pytest.fixture
def client(crm: pymssql.Connection) -> int:
    return register(crm, customer())


# Customers


def test_a_registered_customer_is_new_and_active(crm: pymssql.Connection) -> None:
    key = register(crm, customer(nombre="  Inés "))
    assert results(
        crm,
        "SELECT nombre, segmento, activo, id_campana_origen, latitud FROM dbo.clientes WHERE id_cliente = %s",
        (key,),
    )[-1] == [("Inés", "nuevo", True, FIRST_CAMPAIGN, Decimal("10.500000"))]
    assert last_event(crm, "usp_registrar_cliente") == ("correcto", str(key), 1, None)
    assert last_event(crm, "usp_cargar_clientes") == ("correcto", str(key), 1, None)


def test_a_batch_returns_the_key_of_each_row(crm: pymssql.Connection) -> None:
    people = {30: customer(nombre="Ana"), 10: customer(nombre="Bea"), 20: customer(nombre="Eva")}
    keys = load(crm, people)
    assert keys.keys() == people.keys()
    for order, key in keys.items():
        name = value(crm, "SELECT nombre FROM dbo.clientes WHERE id_cliente = %s", key)
        assert name == people[order].nombre
    assert last_event(crm, "usp_cargar_clientes") == ("correcto", str(min(keys.values())), 3, None)


@pytest.mark.parametrize("kind", ["documento", "correo", "telefono"])
def test_a_customer_is_found_by_any_spelling(kind: str, crm: pymssql.Connection) -> None:
    person = customer()
    key = register(crm, person)
    spelled = {
        "documento": person.documento.lower().replace("-", " -"),
        "correo": f" {person.correo.upper()} ",
        "telefono": f"{person.telefono[:3]} ({person.telefono[3:6]}) {person.telefono[6:9]}-{person.telefono[9:]}",
    }
    assert [row["id_cliente"] for row in find(crm, kind, spelled[kind])] == [key]


def test_nobody_is_found_by_what_nobody_has(crm: pymssql.Connection) -> None:
    assert find(crm, "correo", f"{uuid4().hex}@ejemplo.test") == []


@pytest.mark.parametrize("text", ["ES-0123456789", "ñandú.€@ejemplo.test", "", "x" * 400])
def test_hashes_are_those_of_any_hmac_library(text: str, crm: pymssql.Connection) -> None:
    key = bytes(range(32))
    padded = key.ljust(64, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in padded) for pad in (0x36, 0x5C))
    found = value(crm, f"SELECT seguridad.fn_hmac(0x{inner.hex()}, 0x{outer.hex()}, %s) AS resumen", text)
    assert found == hmac.new(key, text.encode(), hashlib.sha256).digest()


@pytest.mark.parametrize(
    "column",
    ["nombre", "apellidos", "documento", "correo", "telefono", "fecha_nacimiento", "genero", "latitud"],
)
def test_a_customer_needs_every_column(column: str, crm: pymssql.Connection) -> None:
    with raises(50200):
        register(crm, customer(**{column: None}))
    assert counts(crm)["clientes"] == 0
    assert last_event(crm, "usp_registrar_cliente") == ("error", None, None, 50200)


@pytest.mark.parametrize(
    "wrong",
    [
        {"nombre": " "},
        {"apellidos": ""},
        {"documento": "  "},
        {"correo": "ines.ejemplo.test"},
        {"correo": "ines @ejemplo.test"},
        {"telefono": "600000000"},
        {"telefono": "+34600"},
        {"telefono": "+3460000000²"},
        {"fecha_nacimiento": NOW.date() - timedelta(days=17 * 365)},
        {"fecha_nacimiento": date(1899, 12, 31)},
        {"genero": "Z"},
        {"latitud": Decimal("90.5")},
        {"longitud": Decimal("-180.5")},
        {"nombre": "n" * 81},
        {"documento": "d" * 61},
        {"correo": f"{'c' * 200}@ejemplo.test"},
    ],
)
def test_wrong_data_is_refused(wrong: dict[str, object], crm: pymssql.Connection) -> None:
    with raises(50201):
        register(crm, customer(**wrong))
    assert counts(crm)["clientes"] == 0


def test_one_wrong_row_refuses_the_batch(crm: pymssql.Connection) -> None:
    with raises(50201):
        load(crm, {1: customer(), 2: customer(correo="no"), 3: customer()})
    assert counts(crm)["clientes"] == 0


def test_an_error_never_quotes_personal_data(crm: pymssql.Connection) -> None:
    person = customer(correo="secreto-en-claro")
    with pytest.raises(pymssql.Error) as caught:
        register(crm, person)
    for text in (person.documento, person.correo, person.telefono, person.apellidos):
        assert text not in str(caught.value)


def test_an_empty_batch_is_refused(crm: pymssql.Connection) -> None:
    with raises(50202):
        load(crm, {})


def test_a_document_is_registered_once(crm: pymssql.Connection) -> None:
    person = customer()
    register(crm, person)
    with raises(50203):
        register(crm, customer(documento=person.documento.lower()))
    with raises(50203):
        load(crm, {1: customer(documento="ES-DOS-VECES"), 2: customer(documento="es-dos-veces")})
    assert counts(crm)["clientes"] == 1


def test_without_the_keys_nothing_is_registered_or_found(crm: pymssql.Connection) -> None:
    for attempt in (lambda: register(crm, customer()), lambda: find(crm, "correo", "a@b.cd")):
        with transaction(crm):
            results(crm, "DELETE FROM seguridad.bloques_hash")
            with raises(50210):
                attempt()
    assert counts(crm)["clientes"] == 0


@pytest.mark.parametrize(("kind", "what"), [("apodo", "x"), (None, "x"), ("correo", None), ("correo", "  ")])
def test_a_search_names_a_kind_and_a_value(kind: str | None, what: str | None, crm: pymssql.Connection) -> None:
    with raises(50240):
        find(crm, kind, what)


# Sales


def test_a_sale_adds_up_its_lines(crm: pymssql.Connection, client: int) -> None:
    sale = sell(crm, client, Line(), Line(numero_linea=2, cantidad=3, precio_unitario=Decimal("0.99")), moment=NOW)
    assert results(crm, "SELECT id_cliente, fecha, total, moneda, estado FROM dbo.ventas WHERE id_venta = %s", (sale,))[
        -1
    ] == [(client, NOW, Decimal("23.47"), "EUR", "confirmada")]
    assert results(
        crm, "SELECT numero_linea, importe FROM dbo.lineas_venta WHERE id_venta = %s ORDER BY numero_linea", (sale,)
    )[-1] == [(1, Decimal("20.50")), (2, Decimal("2.97"))]
    assert last_event(crm, "usp_registrar_venta") == ("correcto", str(sale), 1, None)


@pytest.mark.parametrize(
    ("before", "months", "after"),
    [
        ("nuevo", [0], "nuevo"),
        ("nuevo", [0, 20], "ocasional"),
        ("nuevo", [0, 1, 2], "frecuente"),
        ("nuevo", [0, 14, 28], "ocasional"),
        ("nuevo", [0, 1, 2, 3, 4, 5, 6, 7], "premium"),
        ("inactivo", [0], "ocasional"),
        ("premium", [0], "premium"),
        ("frecuente", [0], "frecuente"),
    ],
)
def test_sales_move_the_segment_up(
    before: str, months: list[int], after: str, crm: pymssql.Connection, client: int
) -> None:
    results(crm, "UPDATE dbo.clientes SET segmento = %s, activo = 0 WHERE id_cliente = %s", (before, client))
    for ago in sorted(months, reverse=True):
        sell(crm, client, Line(), moment=months_ago(ago))
    assert results(crm, "SELECT segmento, activo FROM dbo.clientes WHERE id_cliente = %s", (client,))[-1] == [
        (after, True)
    ]


def test_a_sale_that_changes_nothing_of_its_customer_does_not_touch_the_row(
    crm: pymssql.Connection, client: int
) -> None:
    query = "SELECT CONVERT(bigint, rv) AS version FROM dbo.clientes WHERE id_cliente = %s"
    version = value(crm, query, client)
    sell(crm, client, Line())
    assert value(crm, query, client) == version


def test_a_sale_is_recorded_once(crm: pymssql.Connection, client: int) -> None:
    reference = uuid4()
    sell(crm, client, Line(), reference=reference)
    before = counts(crm)
    with raises(50221):
        sell(crm, client, Line(), Line(numero_linea=2), reference=reference)
    assert counts(crm) == before
    assert value(crm, "SELECT @@TRANCOUNT AS abiertas") == 0


def test_a_sale_needs_a_customer(crm: pymssql.Connection) -> None:
    with raises(50220):
        sell(crm, NOBODY, Line())
    with raises(50200):
        sell(crm, None, Line())
    assert counts(crm)["ventas"] == 0
    assert last_event(crm, "usp_registrar_venta")[3] == 50200


def test_a_sale_needs_lines(crm: pymssql.Connection, client: int) -> None:
    with raises(50202):
        sell(crm, client)


@pytest.mark.parametrize(
    "line",
    [
        Line(cantidad=0),
        Line(precio_unitario=Decimal("-0.01")),
        Line(producto="  "),
        Line(numero_linea=0),
    ],
)
def test_a_wrong_line_is_refused(line: Line, crm: pymssql.Connection, client: int) -> None:
    with raises(50222):
        sell(crm, client, Line(numero_linea=9), line)
    assert counts(crm)["ventas"] == 0


@pytest.mark.parametrize("currency", ["eur", "E1R", "EU"])
def test_a_sale_is_in_a_currency(currency: str, crm: pymssql.Connection, client: int) -> None:
    with raises(50201):
        sell(crm, client, Line(), currency=currency)


# Leads


def test_a_converted_lead_is_its_customer(crm: pymssql.Connection, client: int) -> None:
    lead = add_lead(crm)
    results(crm, "EXECUTE dbo.usp_convertir_lead %s, %s", (lead, client))
    assert results(
        crm,
        "SELECT estado, id_cliente, IIF(convertido_en >= creado_en, 1, 0) FROM dbo.leads WHERE id_lead = %s",
        (lead,),
    )[-1] == [("convertido", client, 1)]
    assert last_event(crm, "usp_convertir_lead") == ("correcto", str(lead), 1, None)


def test_a_lead_that_is_not_open_stays_as_it_is(crm: pymssql.Connection, client: int) -> None:
    for estado in ("convertido", "perdido"):
        lead = add_lead(crm, estado)
        with raises(50231):
            results(crm, "EXECUTE dbo.usp_convertir_lead %s, %s", (lead, client))
        assert value(crm, "SELECT estado FROM dbo.leads WHERE id_lead = %s", lead) == estado


def test_a_lead_is_converted_to_its_own_customer(crm: pymssql.Connection, client: int) -> None:
    other = register(crm, customer())
    lead = add_lead(crm, client=other)
    with raises(50232):
        results(crm, "EXECUTE dbo.usp_convertir_lead %s, %s", (lead, client))
    results(crm, "EXECUTE dbo.usp_convertir_lead %s, %s", (lead, other))


@pytest.mark.parametrize(
    ("lead", "who", "number"), [(None, 1, 50200), (1, None, 50200), (1, NOBODY, 50220), (NOBODY, 0, 50230)]
)
def test_a_lead_and_a_customer_must_exist(
    lead: int | None, who: int | None, number: int, crm: pymssql.Connection, client: int
) -> None:
    with raises(number):
        results(crm, "EXECUTE dbo.usp_convertir_lead %s, %s", (lead, client if who == 0 else who))
    assert last_event(crm, "usp_convertir_lead")[3] == number


# Places: 0.1 degrees of longitude on the equator are 11.132 km.

NEAR, FAR, FARTHER = ({"latitud": Decimal(0), "longitud": Decimal(lon)} for lon in ("-140", "-139.9", "-139.5"))


def nearby(crm: pymssql.Connection, *arguments: object) -> list[tuple[object, ...]]:
    marks = ", ".join(["%s"] * len(arguments))
    return results(crm, f"EXECUTE dbo.usp_clientes_cercanos {marks}", arguments)[-1]


def test_the_nearest_customers_come_first(crm: pymssql.Connection) -> None:
    far, near = register(crm, customer(**FAR)), register(crm, customer(**NEAR))
    gone = register(crm, customer(**NEAR))
    results(crm, "UPDATE dbo.clientes SET activo = 0 WHERE id_cliente = %s", (gone,))
    register(crm, customer(**FARTHER))
    found = nearby(crm, 0, -140, 12, 10)
    assert [row[0] for row in found] == [near, far]
    assert [round(float(row[3]), 2) for row in found] == [0, 11.13]  # type: ignore[arg-type]
    assert [row[0] for row in nearby(crm, 0, -140, 12, 1)] == [near]
    assert [row[0] for row in nearby(crm, 0, -140, Decimal("11.1"), 10)] == [near]


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        ((None, 0, 1, 1), 50200),
        ((0, 0, None, 1), 50200),
        ((91, 0, 1, 1), 50241),
        ((0, -181, 1, 1), 50241),
        ((0, 0, 0, 1), 50241),
        ((0, 0, 501, 1), 50241),
        ((0, 0, 1, 0), 50241),
        ((0, 0, 1, 1001), 50241),
    ],
)
def test_an_area_has_bounds(arguments: tuple[object, ...], number: int, crm: pymssql.Connection) -> None:
    with raises(number):
        nearby(crm, *arguments)


# Transactions of a caller


def test_what_a_caller_rolls_back_is_gone(crm: pymssql.Connection) -> None:
    with transaction(crm):
        client = register(crm, customer())
        sell(crm, client, Line())
        lead = add_lead(crm)
        results(crm, "EXECUTE dbo.usp_convertir_lead %s, %s", (lead, client))
        assert value(crm, "SELECT @@TRANCOUNT AS abiertas") == 1
    assert counts(crm) == {"clientes": 0, "ventas": 0, "lineas_venta": 0, "leads": 0}


def test_an_error_dooms_the_caller_s_transaction_and_leaves_it_open(crm: pymssql.Connection, client: int) -> None:
    reference = uuid4()
    sell(crm, client, Line(), reference=reference)
    caught = results(
        crm,
        """
        DECLARE @lineas dbo.tipo_lineas_venta;
        INSERT INTO @lineas VALUES (1, N'x', 1, 1);
        BEGIN TRANSACTION;
        BEGIN TRY
            EXECUTE dbo.usp_registrar_venta
                @id_cliente = %s, @id_campana = %s, @id_canal = 1, @moneda = 'EUR', @referencia = %s,
                @lineas = @lineas;
        END TRY
        BEGIN CATCH
            DECLARE @numero int = ERROR_NUMBER(), @estado int = XACT_STATE(), @abiertas int = @@TRANCOUNT;
            ROLLBACK TRANSACTION;
            SELECT @numero, @estado, @abiertas;
        END CATCH;
        """,
        (client, FIRST_CAMPAIGN, str(reference)),
    )[-1]
    assert caught == [(50221, -1, 1)]


def test_an_error_outside_a_transaction_leaves_none_open(crm: pymssql.Connection) -> None:
    for wrong in (lambda: sell(crm, NOBODY, Line()), lambda: register(crm, customer(genero="Z"))):
        with pytest.raises(pymssql.Error):
            wrong()
        assert value(crm, "SELECT @@TRANCOUNT AS abiertas") == 0


# The log


def test_a_log_that_refuses_a_row_breaks_nothing(crm: pymssql.Connection, client: int) -> None:
    with transaction(crm):
        results(crm, "EXECUTE dbo.usp_registrar_evento N'prueba', N'resultado que no existe'")
        assert value(crm, "SELECT XACT_STATE() AS estado") == 1
        sell(crm, client, Line())
    assert value(crm, "SELECT COUNT(*) AS n FROM dbo.bitacora_procedimientos WHERE procedimiento = N'prueba'") == 0


def test_the_log_holds_no_personal_data(crm: pymssql.Connection) -> None:
    person: Customer = customer()
    register(crm, person)
    with raises(50203):
        register(crm, person)
    find(crm, "correo", person.correo)
    rows = results(crm, "SELECT TOP (20) * FROM dbo.bitacora_procedimientos ORDER BY id_evento DESC")[-1]
    for text in (person.nombre, person.apellidos, person.documento, person.correo, person.telefono):
        assert not any(text in str(cell) for row in rows for cell in row)


def test_an_unregistered_error_says_so(crm: pymssql.Connection) -> None:
    with pytest.raises(pymssql.Error, match="sin registrar"):
        results(crm, "EXECUTE dbo.usp_lanzar_error 50299")


# Purging


def test_old_rows_of_the_log_go_and_others_stay(crm: pymssql.Connection) -> None:
    for days in (91, 89):
        results(
            crm,
            "INSERT INTO dbo.bitacora_procedimientos (procedimiento, resultado, registrado_en)"
            " VALUES (N'prueba de purga', N'correcto', DATEADD(DAY, %s, SYSUTCDATETIME()))",
            (-days,),
        )
    purge = "DECLARE @n int; EXECUTE dbo.usp_purgar_bitacora @borradas = @n OUTPUT; SELECT @n AS borradas"
    assert value(crm, purge) >= 1
    left = "SELECT COUNT(*) AS filas FROM dbo.bitacora_procedimientos WHERE procedimiento = N'prueba de purga'"
    assert value(crm, left) == 1
    results(crm, "DELETE FROM dbo.bitacora_procedimientos WHERE procedimiento = N'prueba de purga'")


def test_a_week_of_the_log_is_always_kept(crm: pymssql.Connection) -> None:
    with raises(50260):
        results(crm, "EXECUTE dbo.usp_purgar_bitacora @dias = 6")


def test_tombstones_up_to_a_version_go_and_later_ones_stay(crm: pymssql.Connection) -> None:
    add = "INSERT INTO dbo.bajas (tabla, clave) VALUES (N'prueba de purga', %s)"
    results(crm, add, ("[1]",))
    version = value(crm, "SELECT version FROM etl.limite")
    results(crm, add, ("[2]",))
    purge = "DECLARE @n int; EXECUTE dbo.usp_purgar_bajas @hasta = %s, @borradas = @n OUTPUT; SELECT @n AS borradas"
    assert value(crm, purge, version) >= 1
    assert results(crm, "SELECT clave FROM dbo.bajas WHERE tabla = N'prueba de purga'")[-1] == [("[2]",)]
    results(crm, "DELETE FROM dbo.bajas WHERE tabla = N'prueba de purga'")


@pytest.mark.parametrize("version", ["NULL", "0", "9223372036854775807"])
def test_tombstones_are_not_purged_beyond_the_limit(version: str, crm: pymssql.Connection) -> None:
    with raises(50261):
        results(crm, f"EXECUTE dbo.usp_purgar_bajas @hasta = {version}")
