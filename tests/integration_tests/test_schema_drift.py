"""The stand-in's tables are those of the T-SQL files: compared through the live catalog, and able to fail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from schema_shapes import Shape, declared_shape, differences, live_shape, read_scripts

from promptsales.connections import connect_postgres
from promptsales.local.postgres import StandInStorage
from promptsales.local.state import load_passwords, load_state
from promptsales.paths import DATABASE_DIR
from promptsales.settings import Settings

DATABASES = {"promptads": "sqlserver_ads", "promptcrm": "sqlserver_crm"}

CONTROL_TABLES = {"bajas", "laboratorio", "migraciones", "siembra"}

PERSONAL = re.compile(r"nombre|apellidos|documento|telefono|cifrado|fecha_nacimiento")


@pytest.fixture(params=DATABASES, scope="module")
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def scripts(database: str) -> list[str]:
    return read_scripts(DATABASE_DIR / DATABASES[database] / "schema")


@pytest.fixture(scope="module")
def live(database: str, local_dir: Path, engines: Settings) -> Shape:
    with storage(local_dir, database) as connection:
        return live_shape(connection)


@pytest.fixture
def throwaway(database: str, local_dir: Path, engines: Settings) -> Iterator[psycopg.Connection]:
    """The stand-in's database inside a transaction that is rolled back."""
    with storage(local_dir, database) as connection:
        yield connection
        connection.rollback()


def storage(local_dir: Path, database: str) -> psycopg.Connection:
    cluster = StandInStorage(local_dir, load_passwords(local_dir))
    return connect_postgres(cluster.url(load_state(local_dir).ports(), database=database))


def test_the_stand_in_has_the_shape_of_the_t_sql_files(scripts: list[str], live: Shape) -> None:
    assert differences(declared_shape(scripts), live) == []


def test_every_exported_table_has_its_view_and_tombstones(scripts: list[str]) -> None:
    shape = declared_shape(scripts)
    exported = shape.tables.keys() - CONTROL_TABLES
    assert shape.views.keys() == exported | {"bajas", "limite"}
    assert shape.tombstones == {table: shape.tables[table].primary_key for table in exported}


def test_every_table_can_be_read_in_the_order_of_change(scripts: list[str]) -> None:
    shape = declared_shape(scripts)
    for name in shape.tables.keys() - CONTROL_TABLES:
        assert ("rv", *shape.tables[name].primary_key) in shape.tables[name].indexes


def test_views_hold_a_table_s_columns_and_its_version(scripts: list[str]) -> None:
    shape = declared_shape(scripts)
    for name in shape.tables.keys() - CONTROL_TABLES - {"clientes"}:
        stored = [column for column, shape_of in shape.tables[name].columns.items() if not shape_of.computed]
        assert shape.views[name] == [*stored, "version"]


def test_no_personal_data_of_customers_leaves_the_crm() -> None:
    columns = declared_shape(read_scripts(DATABASE_DIR / "sqlserver_crm" / "schema")).views["clientes"]
    assert [column for column in columns if PERSONAL.search(column)] == []
    assert [column for column in columns if column.endswith("_hash")] == ["correo_hash"]


def test_the_masked_views_show_the_same_columns(local_dir: Path, engines: Settings) -> None:
    text = (DATABASE_DIR / "sqlserver_crm" / "security" / "050_vistas_enmascaradas.sql").read_text(encoding="utf-8")
    declared = {
        view: re.findall(r"(?:AS )?(\w+),?$", columns, re.MULTILINE)
        for view, columns in re.findall(r"VIEW enmascarado\.(\w+)\nAS\nSELECT\n(.*?)\nFROM", text, re.DOTALL)
    }
    with storage(local_dir, "promptcrm") as connection:
        live = connection.execute(
            "SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) "
            "FROM information_schema.columns WHERE table_schema = 'enmascarado' GROUP BY table_name"
        ).fetchall()
    assert dict(live) == declared
    assert declared.keys() == {"clientes", "ventas", "leads"}
    assert not [
        column for columns in declared.values() for column in columns if re.search("cifrado|hash|latitud", column)
    ]


def test_a_column_added_to_the_t_sql_alone_is_seen(scripts: list[str], live: Shape) -> None:
    drifted = [re.sub(r"(rv rowversion NOT NULL)", r"extra int NULL, \1", script, count=1) for script in scripts]
    found = differences(declared_shape(drifted), live)
    assert len(found) == 1
    assert re.match(r"column dbo\.\w+\.extra: .*absent in the stand-in", found[0])


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ("ALTER TABLE dbo.{table} ADD COLUMN extra integer", "column dbo.{table}.extra: absent in T-SQL"),
        ("ALTER TABLE dbo.{table} DROP CONSTRAINT pk_{table} CASCADE", "dbo.{table}: primary key"),
        ("DROP TRIGGER tr_{table}_bajas ON dbo.{table}", "tombstones of dbo.{table}"),
        ("DROP TRIGGER tr_{table}_bajas_clave ON dbo.{table}", "tombstones of dbo.{table}"),
        ("ALTER TABLE dbo.{table} DISABLE TRIGGER tr_{table}_bajas", "tombstones of dbo.{table}"),
        ("DROP VIEW etl.{table}", "view etl.{table}"),
        ("DROP INDEX dbo.ix_{table}_rv", "dbo.{table}: the stand-in has no index ('rv',"),
        ("DROP SEQUENCE dbo.seq_{table} CASCADE", "sequence dbo.seq_{table}"),
        ("CREATE TABLE dbo.extra (a integer)", "table dbo.extra"),
    ],
)
def test_a_change_to_the_stand_in_alone_is_seen(
    change: str, seen: str, database: str, scripts: list[str], throwaway: psycopg.Connection
) -> None:
    table = {"promptads": "marcas", "promptcrm": "consentimientos"}[database]
    throwaway.execute(change.format(table=table).encode())
    found = differences(declared_shape(scripts), live_shape(throwaway))
    assert any(line.startswith(seen.format(table=table)) for line in found)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "bigint"},
        {"type": "character varying(121)"},
        {"nullable": True},
        {"has_default": True},
        {"computed": True},
    ],
)
def test_a_column_declared_otherwise_is_seen(change: dict[str, object], scripts: list[str], live: Shape) -> None:
    declared = declared_shape(scripts)
    for name, table in declared.tables.items():
        drifted = deepcopy(declared)
        column = next(column for column, shape in table.columns.items() if not shape.has_default)
        drifted.tables[name].columns[column] = replace(table.columns[column], **change)
        assert [line for line in differences(drifted, live) if f"dbo.{name}.{column}" in line]


def test_a_computed_column_added_to_the_t_sql_alone_is_seen(scripts: list[str], live: Shape) -> None:
    table = next(iter(live.tables))
    added = f"ALTER TABLE dbo.{table} ADD extra AS (CONVERT(int, 1)) PERSISTED NOT NULL;"
    found = differences(declared_shape([*scripts, added]), live)
    assert len(found) == 1
    assert re.match(rf"column dbo\.{table}\.extra: .*computed=True.* absent in the stand-in", found[0])


@pytest.mark.parametrize(
    "change", ["ADD extra int NULL", "DROP COLUMN extra", "ADD extra AS (1 + 1)", "ALTER COLUMN extra int NULL"]
)
def test_a_change_of_a_table_that_cannot_be_read_is_an_error(change: str, scripts: list[str]) -> None:
    table = next(iter(declared_shape(scripts).tables))
    with pytest.raises(AssertionError):
        declared_shape([*scripts, f"ALTER TABLE dbo.{table} {change};"])


def test_a_constraint_that_only_the_t_sql_has_is_seen(scripts: list[str], live: Shape) -> None:
    declared = declared_shape(scripts)
    for name, table in declared.tables.items():
        for kind in ("uniques", "foreign_keys", "checks"):
            for constraint in getattr(live.tables[name], kind):
                short = deepcopy(live)
                constraints = getattr(short.tables[name], kind)
                constraints.remove(constraint) if kind == "checks" else constraints.pop(constraint)
                assert [line for line in differences(declared, short) if constraint in line]
        assert table.primary_key == live.tables[name].primary_key
