"""Any interleaving of writers, open transactions and ETL runs ends with the mirror equal to the source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pymssql
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptsales.connections import Connections
from promptsales.etl.run import run_table
from promptsales.etl.spec import pipeline_of

ADS = pipeline_of("promptads")
MARCAS = ADS.table("marcas")

WRITERS = 3
KEYS_PER_WRITER = 4

# A step is one writer's statement on one of its own keys (writers that touch one row would wait for each other, in one
# thread for ever), the end of its transaction, or a run of the ETL in pieces of one to three rows.
WRITER = st.integers(0, WRITERS - 1)
KEY = st.integers(0, KEYS_PER_WRITER - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), WRITER, KEY),
        st.tuples(st.just("update"), WRITER, KEY),
        st.tuples(st.just("delete"), WRITER, KEY),
        st.tuples(st.just("move"), WRITER, KEY),
        st.tuples(st.sampled_from(["commit", "rollback"]), WRITER, st.just(0)),
        st.tuples(st.just("run"), st.just(0), st.integers(1, 3)),
    ),
    max_size=40,
)

STATEMENTS = {
    "insert": "INSERT INTO dbo.marcas (id_marca, nombre, sector, codigo_pais, activa, creado_en)"
    " SELECT {key}, N'Marca {key}', N'moda', 'CR', 1, '2025-01-02'"
    " WHERE NOT EXISTS (SELECT 1 FROM dbo.marcas WHERE id_marca = {key})",
    "update": "UPDATE dbo.marcas SET sector = CONCAT(sector, N'+') WHERE id_marca = {key}",
    "delete": "DELETE FROM dbo.marcas WHERE id_marca = {key}",
    "move": "UPDATE dbo.marcas SET id_marca = {key} + 500, nombre = N'Marca {key}, otra' WHERE id_marca = {key}"
    " AND NOT EXISTS (SELECT 1 FROM dbo.marcas WHERE id_marca = {key} + 500)",
}


def clear(admin: Connections) -> None:
    with closing(admin.ads()) as ads, ads.cursor() as cursor:
        for table in ("campanas_mercados", "anuncios", "rendimiento_diario", "campanas", "marcas", "bajas"):
            cursor.execute(f"DELETE FROM dbo.{table}")
    with closing(admin.postgres()) as warehouse:
        warehouse.execute("DELETE FROM ods_promptads.marcas")
        warehouse.execute("DELETE FROM etl.watermarks WHERE source = 'promptads' AND table_name = 'marcas'")
        warehouse.commit()


@pytest.fixture
def clean(admin_connections: Connections) -> Iterator[Connections]:
    clear(admin_connections)
    yield admin_connections
    clear(admin_connections)


def run(connections: Connections, page_rows: int) -> None:
    run_table(ADS, MARCAS, connections, "history", page_rows=page_rows)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=STEPS)
def test_any_history_ends_equal(
    clean: Connections, connections: Connections, steps: list[tuple[str, int, int]]
) -> None:
    clear(clean)
    with ExitStack() as stack:
        writers: list[pymssql.Connection] = [stack.enter_context(closing(clean.ads())) for _ in range(WRITERS)]
        for writer in writers:
            writer.autocommit(False)
        for action, number, value in steps:
            if action == "run":
                run(connections, value)
            elif action == "commit":
                writers[number].commit()
            elif action == "rollback":
                writers[number].rollback()
            else:
                with writers[number].cursor() as cursor:
                    cursor.execute(STATEMENTS[action].format(key=number * 100 + value))
        for writer in writers:
            writer.commit()
    run(connections, 2)
    columns = ", ".join(MARCAS.column_names)
    with closing(connections.ads()) as source, source.cursor() as cursor:
        cursor.execute(f"SELECT {columns}, version FROM etl.marcas ORDER BY id_marca")
        at_source = [tuple(row) for row in cursor.fetchall()]
    with closing(connections.postgres()) as warehouse:
        mirrored = warehouse.execute(
            f"SELECT {columns}, _version FROM ods_promptads.marcas ORDER BY id_marca"
        ).fetchall()
    assert mirrored == at_source
