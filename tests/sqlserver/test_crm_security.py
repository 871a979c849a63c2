"""Personal data in PromptCRM: what is stored, who reads it in clear, masked, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pymssql
import pytest
from crm_world import Customer, Line, customer, find, last_event, member_of, register, remove, sell, transaction
from server_calls import raises, results, value

pytestmark = pytest.mark.sqlserver

DENIED = 229
ENCRYPTED = ("documento", "correo", "telefono")

# What each role must be refused. Each is one statement that its role has no business with.
FORBIDDEN = {
    "rol_ejecuta": [
        "SELECT TOP (1) id_cliente FROM dbo.clientes",
        "SELECT TOP (1) id_cliente FROM enmascarado.clientes",
        "SELECT TOP (1) id_cliente FROM etl.clientes",
        "SELECT id FROM seguridad.bloques_hash",
        "DECLARE @c dbo.tipo_claves; EXECUTE seguridad.usp_mostrar_clientes @c, 1",
        "DECLARE @a varbinary(64), @b varbinary(64); EXECUTE seguridad.usp_leer_bloques_hash @a OUTPUT, @b OUTPUT",
        "DECLARE @g uniqueidentifier, @b bit; EXECUTE seguridad.usp_abrir_llave @g OUTPUT, @b OUTPUT",
    ],
    "rol_mcp_crm": [
        "SELECT TOP (1) id_cliente FROM dbo.clientes",
        "SELECT TOP (1) id_cliente FROM enmascarado.clientes",
        "EXECUTE dbo.usp_convertir_lead 1, 1",
        f"EXECUTE dbo.usp_registrar_cliente {', '.join(['NULL'] * 14)}",
        "DECLARE @c dbo.tipo_claves; EXECUTE seguridad.usp_mostrar_clientes @c, 1",
    ],
    "rol_descifra": [
        "SELECT TOP (1) id_cliente FROM dbo.clientes",
        "SELECT id FROM seguridad.bloques_hash",
        "EXECUTE dbo.usp_convertir_lead 1, 1",
        "DECLARE @c dbo.tipo_claves; EXECUTE seguridad.usp_mostrar_clientes @c, 1",
        "DECLARE @g uniqueidentifier, @b bit; EXECUTE seguridad.usp_abrir_llave @g OUTPUT, @b OUTPUT",
    ],
    "rol_lee_enmascarado": [
        "SELECT TOP (1) id_cliente FROM dbo.clientes",
        "SELECT TOP (1) id_cliente FROM etl.clientes",
        "DELETE FROM enmascarado.ventas",
        "EXECUTE dbo.usp_buscar_cliente N'correo', N'a@b.cd'",
        "EXECUTE dbo.usp_convertir_lead 1, 1",
    ],
    "etl_reader": [
        "SELECT TOP (1) id_cliente FROM dbo.clientes",
        "SELECT TOP (1) id_cliente FROM enmascarado.clientes",
        "SELECT id FROM seguridad.bloques_hash",
        "EXECUTE dbo.usp_buscar_cliente N'correo', N'a@b.cd'",
    ],
    "data_writer": [
        "DELETE FROM dbo.bajas",
        "DELETE FROM dbo.errores",
        "DELETE FROM dbo.bitacora_procedimientos",
        "SELECT id FROM seguridad.bloques_hash",
        "EXECUTE dbo.usp_buscar_cliente N'correo', N'a@b.cd'",
    ],
}


@pytest.fixture(autouse=True)
def clean(crm: pymssql.Connection) -> Iterator[None]:
    if not value(crm, "SELECT COUNT(*) AS filas FROM seguridad.bloques_hash"):
        pytest.skip("the keys of the personal data are not installed: database/sqlserver_crm/security/README.md")
    remove(crm)
    yield
    remove(crm)


@pytest.fixture
def person() -> Customer:
    return customer()


@pytest.fixture
def key(crm: pymssql.Connection, person: Customer) -> int:
    return register(crm, person)


def ciphertexts(crm: pymssql.Connection, key: int) -> tuple[bytes, ...]:
    columns = ", ".join(f"{name}_cifrado" for name in ENCRYPTED)
    return results(crm, f"SELECT {columns} FROM dbo.clientes WHERE id_cliente = %s", (key,))[-1][0]


def test_the_table_holds_no_plaintext_of_what_is_encrypted(crm: pymssql.Connection, person: Customer, key: int) -> None:
    (row,) = results(crm, "SELECT * FROM dbo.clientes WHERE id_cliente = %s", (key,))[-1]
    for text in (person.documento, person.correo, person.telefono):
        for cell in row:
            stored = cell if isinstance(cell, bytes) else str(cell).encode()
            assert text.encode() not in stored
            assert text.encode("utf-16-le") not in stored


def test_equal_values_have_different_ciphertexts(crm: pymssql.Connection, person: Customer, key: int) -> None:
    twin = register(crm, customer(correo=person.correo, telefono=person.telefono))
    for mine, theirs in zip(ciphertexts(crm, key), ciphertexts(crm, twin), strict=True):
        assert mine != theirs
    assert [row["id_cliente"] for row in find(crm, "correo", person.correo)] == [key, twin]


def test_who_may_decrypt_reads_what_was_registered(crm: pymssql.Connection, person: Customer, key: int) -> None:
    with member_of(crm, "rol_descifra"):
        (found,) = find(crm, "documento", person.documento)
    assert found["id_cliente"] == key
    assert found["descifrado"]
    for name in ("nombre", "apellidos", "fecha_nacimiento", *ENCRYPTED):
        assert found[name] == getattr(person, name)
    assert last_event(crm, "usp_buscar_cliente") == ("descifrado", str(key), 1, None)


def test_nothing_is_read_in_clear_off_the_record(crm: pymssql.Connection, person: Customer, key: int) -> None:
    with member_of(crm, "rol_descifra"):
        with transaction(crm), raises(50242):
            find(crm, "documento", person.documento)
        results(crm, "SET IMPLICIT_TRANSACTIONS ON")
        try:
            (found,) = find(crm, "documento", person.documento)
            results(crm, "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION")
        finally:
            results(crm, "SET IMPLICIT_TRANSACTIONS OFF")
    assert found["correo"] == person.correo
    assert last_event(crm, "usp_buscar_cliente") == ("descifrado", str(key), 1, None)


def test_what_must_be_on_the_record_fails_without_it(crm: pymssql.Connection) -> None:
    with raises(547):
        results(crm, "EXECUTE dbo.usp_registrar_evento N'prueba', N'resultado que no existe', @obligatorio = 1")


@pytest.mark.parametrize("role", ["rol_ejecuta", "rol_mcp_crm"])
def test_everyone_else_reads_masks(role: str, crm: pymssql.Connection, person: Customer, key: int) -> None:
    with member_of(crm, role):
        (found,) = find(crm, "documento", person.documento)
    assert (found["id_cliente"], found["descifrado"]) == (key, False)
    assert (found["nombre"], found["apellidos"], found["fecha_nacimiento"]) == ("I***", "N***", None)
    assert {found[name] for name in ENCRYPTED} == {"***"}
    assert last_event(crm, "usp_buscar_cliente")[0] == "correcto"


def test_who_executes_needs_no_right_on_the_keys(crm: pymssql.Connection, person: Customer) -> None:
    with member_of(crm, "rol_ejecuta"):
        key = register(crm, person)
        sell(crm, key, Line())
    with member_of(crm, "rol_mcp_crm"):
        sell(crm, key, Line())
        assert value(crm, "SELECT COUNT(*) AS abiertas FROM sys.openkeys") == 0
    assert all(ciphertexts(crm, key))


def test_the_mcp_server_finds_who_is_near(crm: pymssql.Connection, person: Customer, key: int) -> None:
    call = "EXECUTE dbo.usp_clientes_cercanos %s, %s, 1"
    with member_of(crm, "rol_mcp_crm"):
        found = results(crm, call, (person.latitud, person.longitud))[-1]
    assert key in [row[0] for row in found]


@pytest.mark.parametrize("name", ENCRYPTED)
def test_a_ciphertext_of_another_customer_does_not_open(
    name: str, crm: pymssql.Connection, person: Customer, key: int
) -> None:
    other = register(crm, customer())
    results(
        crm,
        f"UPDATE dbo.clientes SET {name}_cifrado = (SELECT o.{name}_cifrado FROM dbo.clientes AS o"
        " WHERE o.id_cliente = %s) WHERE id_cliente = %s",
        (other, key),
    )
    with member_of(crm, "rol_descifra"), raises(50211):
        find(crm, "documento", person.documento)


def test_a_ciphertext_of_another_column_does_not_open(crm: pymssql.Connection, person: Customer, key: int) -> None:
    results(crm, "UPDATE dbo.clientes SET correo_cifrado = documento_cifrado WHERE id_cliente = %s", (key,))
    with member_of(crm, "rol_descifra"), raises(50211):
        find(crm, "documento", person.documento)


def test_masked_readers_cannot_ask_for_a_name(crm: pymssql.Connection, person: Customer, key: int) -> None:
    with member_of(crm, "rol_lee_enmascarado"):
        query = "SELECT nombre, apellidos, decada_nacimiento FROM enmascarado.clientes WHERE id_cliente = %s"
        assert results(crm, query, (key,))[-1] == [("I***", "N***", 1980)]
        query = "SELECT id_cliente FROM enmascarado.clientes WHERE id_cliente = %s AND nombre = %s"
        assert results(crm, query, (key, person.nombre))[-1] == []


def test_the_etl_reads_the_year_of_birth(crm: pymssql.Connection, person: Customer, key: int) -> None:
    with member_of(crm, "etl_reader"):
        year = value(crm, "SELECT anio_nacimiento FROM etl.clientes WHERE id_cliente = %s", key)
    assert year == person.fecha_nacimiento.year


def test_who_writes_customers_reads_masked_names(crm: pymssql.Connection, person: Customer, key: int) -> None:
    with member_of(crm, "data_writer"):
        query = "SELECT nombre, apellidos, YEAR(fecha_nacimiento) FROM dbo.clientes WHERE id_cliente = %s"
        assert results(crm, query, (key,))[-1] == [("I***", "N***", 0)]


@pytest.mark.parametrize(("role", "statement"), [(role, each) for role, all_ in FORBIDDEN.items() for each in all_])
def test_each_role_is_refused_the_rest(role: str, statement: str, crm: pymssql.Connection) -> None:
    with member_of(crm, role), raises(DENIED):
        results(crm, statement)


def test_the_keys_are_a_certificate_with_its_private_key_and_aes_256(crm: pymssql.Connection) -> None:
    rows: list[Any] = results(
        crm,
        "SELECT k.algorithm_desc, c.pvt_key_encryption_type_desc FROM seguridad.llaves AS l"
        " INNER JOIN sys.symmetric_keys AS k ON l.nombre_llave = k.name"
        " INNER JOIN sys.certificates AS c ON l.nombre_certificado = c.name WHERE l.retirada_en IS NULL",
    )[-1]
    assert rows
    assert set(rows) == {("AES_256", "ENCRYPTED_BY_MASTER_KEY")}


def test_who_seeds_sets_constraints_aside_and_checks_them_again(crm: pymssql.Connection, key: int) -> None:
    trusted = """
        SELECT COUNT(*) AS llaves FROM sys.foreign_keys
        WHERE parent_object_id = OBJECT_ID(N'dbo.consentimientos') AND is_disabled = 0 AND is_not_trusted = 0
    """
    held = value(crm, trusted)
    with member_of(crm, "rol_siembra"):
        results(crm, "ALTER TABLE dbo.consentimientos NOCHECK CONSTRAINT ALL")
        results(crm, "ALTER TABLE dbo.consentimientos WITH CHECK CHECK CONSTRAINT ALL")
    assert value(crm, trusted) == held >= 1
