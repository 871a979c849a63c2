"""Personal data never reaches the schema that the warehouse reads. No server is needed: the files are read."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from promptsales.database.batches import split_batches
from promptsales.paths import DATABASE_DIR

CRM = DATABASE_DIR / "sqlserver_crm"

PERSONAL = {
    "nombre",
    "apellidos",
    "fecha_nacimiento",
    "documento_cifrado",
    "documento_hash",
    "correo_cifrado",
    "telefono_cifrado",
    "telefono_hash",
    "ubicacion",
}
"""Columns of dbo.clientes that stay in PromptCRM."""

ALLOWED = {
    "clientes": {
        "id_cliente",
        "correo_hash",  # keyed: whoever has no key cannot tell whose it is
        "anio_nacimiento",
        "genero",
        "segmento",
        "pais",
        "codigo_pais",
        "region",
        "ciudad",
        "latitud",
        "longitud",
        "id_campana_origen",
        "fecha_registro",
        "activo",
    },
    "leads": {
        "id_lead",
        "id_campana",
        "id_canal",
        "id_cliente",
        "estado",
        "puntaje",
        "creado_en",
        "convertido_en",
    },
    "ventas": {
        "id_venta",
        "id_cliente",
        "id_campana",
        "id_canal",
        "fecha",
        "total",
        "moneda",
        "estado",
        "referencia",
    },
    "lineas_venta": {"id_venta", "numero_linea", "producto", "cantidad", "precio_unitario", "importe"},
    "consentimientos": {"id_consentimiento", "id_cliente", "medio", "otorgado", "fecha", "fuente"},
    "bajas": {"tabla", "clave"},
    "limite": set(),
}
"""Every column that may leave, by view: one that is not here fails, whoever added it for whatever reason."""

VERSION = {"rv", "version"}

WHOLE_OF = {"anio_nacimiento": "fecha_nacimiento"}
"""Exported columns that are made of a personal one, and lose most of it."""


def views(folder: Path, dialect: str) -> dict[str, exp.Select]:
    """The query of each view of schema etl that the folder's files create."""
    found: dict[str, exp.Select] = {}
    for path in sorted(folder.glob("*.sql")):
        for batch in split_batches(path.read_text()):
            if "VIEW etl." not in batch.sql:
                continue
            for statement in sqlglot.parse(batch.sql, dialect=dialect):
                if isinstance(statement, exp.Create) and statement.kind == "VIEW" and statement.this.db == "etl":
                    found[statement.this.name] = statement.expression
    return found


@pytest.fixture(params=[("schema", "tsql"), ("standin", "postgres")], ids=lambda param: param[0])
def exported(request: pytest.FixtureRequest) -> dict[str, exp.Select]:
    folder, dialect = request.param
    return views(CRM / folder, dialect)


def test_every_exported_column_is_one_that_may_leave(exported: dict[str, exp.Select]) -> None:
    assert exported.keys() == ALLOWED.keys()
    for name, query in exported.items():
        assert set(query.named_selects) - VERSION == ALLOWED[name], f"etl.{name}"


def test_no_exported_column_is_made_of_personal_data(exported: dict[str, exp.Select]) -> None:
    """An alias hides where a column comes from, so the columns under each are looked at."""
    for name, query in exported.items():
        for selected in query.selects:
            assert not isinstance(selected, exp.Star), f"etl.{name} exports whatever its table has"
            sources = {column.name for column in selected.find_all(exp.Column)} & PERSONAL
            allowed = {WHOLE_OF[selected.alias_or_name]} if selected.alias_or_name in WHOLE_OF else set()
            assert sources <= allowed, f"etl.{name}.{selected.alias_or_name}"


def test_a_year_of_birth_is_all_that_leaves_of_the_date(exported: dict[str, exp.Select]) -> None:
    (column,) = (each for each in exported["clientes"].selects if each.alias_or_name == "anio_nacimiento")
    assert column.find(exp.Year) or column.find(exp.Extract), "not the year of the date"


def test_every_column_of_a_customer_is_judged() -> None:
    """A new column of dbo.clientes must be put on one list or the other."""
    known = PERSONAL | ALLOWED["clientes"] | VERSION
    columns = {
        column.name
        for path in sorted((CRM / "schema").glob("*.sql"))
        for batch in split_batches(path.read_text())
        if "TABLE dbo.clientes" in batch.sql and "REBUILD" not in batch.sql
        for statement in sqlglot.parse(batch.sql, dialect="tsql")
        if statement is not None
        for column in statement.find_all(exp.ColumnDef)
    }
    assert "nombre" in columns
    assert columns <= known
