"""Mirrors compared with their sources: what no delta tells is found and mended, what is on its way is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from typing import Any

import pytest
from star_schema import execute, load_sources, query
from typer.testing import CliRunner

from promptsales.cli import app
from promptsales.connections import Connections, from_settings
from promptsales.etl import reconcile as reconciliation
from promptsales.etl import watermarks
from promptsales.etl.errors import LoadError
from promptsales.etl.reconcile import DriftError, Outcome, Reconciliation, reconcile
from promptsales.etl.run import TableResult, run_table
from promptsales.etl.source import Source
from promptsales.etl.spec import load_pipelines, pipeline_of
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.seed import seed_all
from promptsales.settings import Settings
from promptsales.warehouse.marts import refresh_marts
from promptsales.warehouse.refresh import refresh

SCALE = 0.004

TOUCHED = (
    ("promptads", "marcas"),
    ("promptcrm", "ventas"),
    ("promptcrm", "lineas_venta"),
    ("promptcrm", "consentimientos"),
    ("promptcontent", "imagenes"),
    ("promptcontent", "mcp_servers"),
)
"""What tests change, at the source or in the mirror."""


@pytest.fixture(scope="module")
def loaded(own_engines: Connections) -> Connections:
    """Seeded sources, mirrors, a star schema and marts that are up to date."""
    seed_all(own_engines, SeedPlan(as_of=date(2025, 10, 22), scale=SCALE))
    load_sources(own_engines)
    refresh(own_engines)
    refresh_marts(own_engines)
    return own_engines


@pytest.fixture
def mended(loaded: Connections) -> Iterator[None]:
    """For tests that leave something behind: the next one begins with mirrors that are equal to their sources."""
    yield
    for source, table in TOUCHED:
        pipeline = pipeline_of(source)
        assert not run_table(pipeline, pipeline.table(table), loaded, "test-run").error
        compare(source, table, max_drift=1)


def compare(source: str, table: str, **options: Any) -> Reconciliation:
    """With the logins of the ETL, whose rights have to do."""
    pipeline = pipeline_of(source)
    return reconcile(pipeline, pipeline.table(table), from_settings(Settings()), "test-run", **options)


def change(connections: Connections, statement: str) -> None:
    with closing(connections.crm()) as connection, connection.cursor() as cursor:
        cursor.execute(statement)


def mirror(connections: Connections, table: str) -> list[tuple[Any, ...]]:
    """A mirror's rows without what the loads wrote beside them."""
    pipeline = next(each for each in load_pipelines().values() if table in [one.name for one in each.tables])
    columns = ", ".join(pipeline.table(table).column_names)
    return query(connections, f"SELECT {columns} FROM {pipeline.target_schema}.{table} ORDER BY 1, 2")


@pytest.mark.parametrize(
    ("source", "table"), [(each.source, table.name) for each in load_pipelines().values() for table in each.tables]
)
def test_a_mirror_that_was_just_loaded_is_equal(loaded: Connections, source: str, table: str) -> None:
    found = compare(source, table)
    assert (found.outcome, found.drift, found.in_flight) == (Outcome.equal, 0, 0)
    assert found.source_rows == found.mirror_rows == len(mirror(loaded, table)) > 0


DAMAGE = {
    "deleted": ("DELETE FROM ods_promptcrm.ventas WHERE id_venta % 40 = 0", "missing"),
    "changed": ("UPDATE ods_promptcrm.ventas SET total = total + 0.01 WHERE id_venta % 40 = 0", "different"),
    "emptied": ("UPDATE ods_promptcrm.ventas SET moneda = NULL WHERE id_venta % 40 = 0", "different"),
    "added": (
        "INSERT INTO ods_promptcrm.ventas (id_venta, total, _version, _load_id)"
        " SELECT 900000 + i, 1, 0, 0 FROM generate_series(1, 20) AS i",
        "extra",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_was_done_to_a_mirror_by_hand_is_mended(loaded: Connections, damage: str) -> None:
    statement, kind = DAMAGE[damage]
    before = mirror(loaded, "ventas")
    execute(loaded, statement)
    assert mirror(loaded, "ventas") != before
    found = compare("promptcrm", "ventas")
    assert found.outcome is Outcome.repaired
    assert found.drift == getattr(found, kind) > 10
    assert mirror(loaded, "ventas") == before
    assert compare("promptcrm", "ventas").outcome is Outcome.equal


def test_only_the_ranges_that_differ_are_looked_into(loaded: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciliation, "RANGE_ROWS", 100)
    execute(
        loaded,
        "UPDATE ods_promptcrm.ventas SET total = 0 WHERE id_venta = (SELECT max(id_venta) FROM ods_promptcrm.ventas)",
    )
    found = compare("promptcrm", "ventas")
    assert found.ranges == 1 + found.source_rows // 100 > 10
    assert (found.differing_ranges, found.different) == (1, 1)


def test_a_truncated_mirror_is_filled_again_and_told_of(loaded: Connections) -> None:
    before = mirror(loaded, "ventas")
    execute(loaded, "TRUNCATE ods_promptcrm.ventas")
    with pytest.raises(DriftError, match=r"promptcrm\.ventas: ([0-9,]+) of \1 rows were missing.* are back"):
        compare("promptcrm", "ventas")
    assert mirror(loaded, "ventas") == before
    record = "SELECT resultado, faltan FROM ops.reconciliaciones ORDER BY id_reconciliacion DESC LIMIT 1"
    assert query(loaded, record) == [("reparada", len(before))]
    assert compare("promptcrm", "ventas").outcome is Outcome.equal


@pytest.mark.usefixtures("mended")
def test_a_source_that_lost_its_rows_is_more_than_drift(loaded: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    """A truncate there tells no deletion: whether the rows shall go from the warehouse too is a person's to say."""
    before = mirror(loaded, "ventas")
    with monkeypatch.context() as patch:
        patch.setattr(Source, "rows", lambda self: iter(()))
        with pytest.raises(DriftError, match=r"promptcrm\.ventas: ([0-9,]+) of \1 rows differ .*--max-drift 100"):
            compare("promptcrm", "ventas")
        assert mirror(loaded, "ventas") == before, "nothing is repaired that nobody looked at"
        assert compare("promptcrm", "ventas", max_drift=1).outcome is Outcome.repaired
        assert mirror(loaded, "ventas") == []
    assert compare("promptcrm", "ventas", max_drift=1).missing == len(before)
    assert mirror(loaded, "ventas") == before


def test_a_small_table_is_mended_whatever_part_of_it_is_gone(loaded: Connections) -> None:
    before = mirror(loaded, "canales")
    execute(loaded, "TRUNCATE ods_promptads.canales")
    assert compare("promptads", "canales").missing == len(before)
    assert mirror(loaded, "canales") == before


@pytest.mark.usefixtures("mended")
def test_checking_changes_nothing(loaded: Connections) -> None:
    execute(loaded, "DELETE FROM ods_promptads.marcas WHERE id_marca < 3")
    damaged = mirror(loaded, "marcas")
    assert compare("promptads", "marcas", repair=False).outcome is Outcome.differs
    assert mirror(loaded, "marcas") == damaged


def test_the_largest_drift_that_can_be_allowed_allows_all(loaded: Connections) -> None:
    """Where no key is the same, as after another seeding, twice as many rows differ as there are."""
    before = mirror(loaded, "ventas")
    execute(loaded, "UPDATE ods_promptcrm.ventas SET id_venta = -id_venta")
    found = compare("promptcrm", "ventas", max_drift=1)
    assert (found.outcome, found.missing, found.extra) == (Outcome.repaired, len(before), len(before))
    assert mirror(loaded, "ventas") == before


@pytest.mark.usefixtures("mended")
def test_what_an_interrupted_load_left_for_the_next_is_no_drift(loaded: Connections) -> None:
    """Its watermark is within one version: the rows of one transaction, of which only the first were committed."""

    def stop(result: TableResult) -> None:
        raise InterruptedError(f"after {result.pieces} piece")

    pipeline = pipeline_of("promptcrm")
    lines = mirror(loaded, "lineas_venta")
    last = lines[0][0] + 99
    change(loaded, f"UPDATE dbo.lineas_venta SET cantidad = cantidad + 1 WHERE id_venta <= {last}")
    with pytest.raises(LoadError, match="after 1 piece"):
        run_table(pipeline, pipeline.table("lineas_venta"), loaded, "test-run", stop, page_rows=60)
    half_loaded = mirror(loaded, "lineas_venta")
    found = compare("promptcrm", "lineas_venta")
    left = sum(line[0] <= last for line in lines) - 60
    assert (found.outcome, found.drift, found.in_flight) == (Outcome.equal, 0, left)
    assert left > 0
    assert mirror(loaded, "lineas_venta") == half_loaded


@pytest.mark.usefixtures("mended")
def test_what_changed_since_the_last_load_is_no_drift(loaded: Connections) -> None:
    """An insert, an update, a deletion and a change of a key: the next load brings them, and nothing is in its way."""
    before = mirror(loaded, "lineas_venta")
    one, two, three = (row[:2] for row in before[:3])
    where = "WHERE id_venta = {} AND numero_linea = {}"
    change(loaded, "UPDATE dbo.lineas_venta SET cantidad = cantidad + 1 " + where.format(*one))
    change(loaded, "DELETE FROM dbo.lineas_venta " + where.format(*two))
    change(loaded, "UPDATE dbo.lineas_venta SET numero_linea = 90 " + where.format(*three))
    change(
        loaded,
        "INSERT INTO dbo.lineas_venta (id_venta, numero_linea, producto, cantidad, precio_unitario, importe)"
        f" VALUES ({one[0]}, 91, 'x', 1, 1, 1)",
    )
    found = compare("promptcrm", "lineas_venta")
    assert (found.outcome, found.in_flight) == (Outcome.equal, 5)
    assert mirror(loaded, "lineas_venta") == before
    load_sources(loaded, "promptcrm")
    found = compare("promptcrm", "lineas_venta")
    assert (found.outcome, found.in_flight) == (Outcome.equal, 0)
    assert mirror(loaded, "lineas_venta") != before


def test_what_changes_while_it_is_read_is_no_drift(loaded: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is changed behind the reader's back, and its load, which commits before the comparison does."""
    original = Source.rows

    def rows(self: Source) -> Iterator[tuple[Any, ...]]:
        yield from original(self)
        change(loaded, "UPDATE dbo.ventas SET estado = 'enviada' WHERE id_venta % 10 = 0")
        load_sources(loaded, "promptcrm")

    monkeypatch.setattr(Source, "rows", rows)
    found = compare("promptcrm", "ventas")
    assert (found.outcome, found.drift) == (Outcome.equal, 0)
    assert found.in_flight > 10


@pytest.mark.usefixtures("mended")
def test_a_document_that_changed_since_the_last_load_is_no_drift(loaded: Connections) -> None:
    database = loaded.mongo()
    with database.client:
        images = database["imagenes"]
        first, second = (each["_id"] for each in images.find({}, {"_id": 1}).limit(2))
        kept = images.find_one({"_id": second})
        images.update_one({"_id": first}, {"$set": {"descripcion": "otra"}})
        images.delete_one({"_id": second})
        execute(
            loaded,
            "DELETE FROM ods_promptcontent.imagenes WHERE id IN"
            " (SELECT id FROM ods_promptcontent.imagenes ORDER BY id OFFSET 50 LIMIT 3)",
        )
        found = compare("promptcontent", "imagenes")
        assert (found.in_flight, found.missing, found.extra, found.different) == (2, 3, 0, 0)
        images.insert_one(kept)


def test_a_source_restored_to_an_earlier_state_is_read_again(loaded: Connections) -> None:
    """What the restore took back is in the mirror; the source's versions begin below the mirror's."""
    with closing(loaded.postgres()) as connection:
        position = watermarks.committed(connection, "promptcrm", "consentimientos")
        assert position is not None
        connection.execute(
            "UPDATE etl.watermarks SET position = jsonb_set(position, '{version}', to_jsonb(%s::bigint))"
            " WHERE source = 'promptcrm' AND table_name = 'consentimientos'",
            [position["version"] + 10**9],
        )
        connection.execute(
            "INSERT INTO ods_promptcrm.consentimientos (id_consentimiento, _version, _load_id) VALUES (999999, %s, 0)",
            [position["version"] + 10],
        )
        connection.execute(
            "UPDATE ods_promptcrm.consentimientos SET fuente = 'otra', _version = 10^15 WHERE id_consentimiento < 5"
        )
        connection.commit()
    found = compare("promptcrm", "consentimientos")
    assert (found.outcome, found.extra, found.different) == (Outcome.read_again, 1, 4)
    assert compare("promptcrm", "consentimientos").outcome is Outcome.equal
    change(loaded, "UPDATE dbo.consentimientos SET fuente = 'web' WHERE id_consentimiento < 9")
    load_sources(loaded, "promptcrm")
    assert compare("promptcrm", "consentimientos").outcome is Outcome.equal


def test_the_star_schema_follows_a_repair(loaded: Connections) -> None:
    """Also where the mirror was emptied by hand and the source has less than it had then: no deletion was ever told."""
    [(gone,)] = query(loaded, "SELECT min(id_venta) FROM dw.hecho_venta")
    execute(loaded, "TRUNCATE ods_promptcrm.ventas")
    change(loaded, f"DELETE FROM dbo.lineas_venta WHERE id_venta = {gone}")
    change(loaded, f"DELETE FROM dbo.ventas WHERE id_venta = {gone}")
    load_sources(loaded, "promptcrm")
    compare("promptcrm", "ventas", max_drift=1)
    refresh(loaded)
    refresh_marts(loaded)
    sales = "SELECT count(*), sum(total), min(id_venta) = %s FROM "
    expected = query(loaded, sales + "ods_promptcrm.ventas", gone)
    assert query(loaded, sales + "dw.hecho_venta", gone) == expected
    sold = query(loaded, "SELECT sum(ventas), sum(ingresos) FROM mart.actividad_mes")
    assert sold == [expected[0][:2]]


@pytest.mark.usefixtures("mended")
def test_a_table_that_was_never_loaded_is_not_compared(loaded: Connections) -> None:
    execute(loaded, "DELETE FROM etl.watermarks WHERE table_name = 'mcp_servers'")
    with pytest.raises(LoadError, match=r"promptcontent\.mcp_servers was not loaded whole yet: run"):
        compare("promptcontent", "mcp_servers")


def test_what_was_found_is_on_record(loaded: Connections) -> None:
    execute(loaded, "DELETE FROM ops.reconciliaciones", "DELETE FROM ods_promptads.marcas WHERE id_marca = 1")
    compare("promptads", "marcas")
    record = "SELECT corrida, fuente, tabla, resultado, faltan, muestra FROM ops.reconciliaciones"
    assert query(loaded, record) == [("test-run", "promptads", "marcas", "reparada", 1, [["missing", 1]])]


@pytest.mark.slow
def test_the_command_line(loaded: Connections) -> None:
    runner = CliRunner()
    execute(loaded, "DELETE FROM ods_promptads.marcas WHERE id_marca < 4")
    result = runner.invoke(app, ["etl", "reconcile", "promptads", "--check-only"], catch_exceptions=False)
    assert result.exit_code == 1
    assert "differs" in result.stdout
    result = runner.invoke(app, ["etl", "reconcile", "promptads", "--table", "marcas"], catch_exceptions=False)
    assert (result.exit_code, "repaired" in result.stdout) == (0, True)
    result = runner.invoke(app, ["etl", "reconcile"], catch_exceptions=False)
    assert (result.exit_code, result.stdout.count(" equal ")) == (0, 19)


@pytest.mark.usefixtures("mended")
def test_a_table_that_is_reset_is_read_whole(loaded: Connections) -> None:
    before = mirror(loaded, "marcas")
    execute(loaded, "UPDATE ods_promptads.marcas SET nombre = 'otra' WHERE id_marca = 1")
    execute(
        loaded,
        "INSERT INTO ods_promptads.marcas SELECT * FROM jsonb_populate_record(NULL::ods_promptads.marcas, "
        "(SELECT to_jsonb(marcas) || '{\"id_marca\": 999999}' FROM ods_promptads.marcas WHERE id_marca = 2))",
    )
    done = CliRunner().invoke(app, ["etl", "reset", "promptads", "--table", "marcas"])
    assert done.exit_code == 0, done.output
    assert mirror(loaded, "marcas") != before

    pipeline = pipeline_of("promptads")
    assert run_table(pipeline, pipeline.table("marcas"), loaded, "test-run").read == len(before)
    assert mirror(loaded, "marcas") == before


def test_only_declared_tables_can_be_reset(loaded: Connections) -> None:
    done = CliRunner().invoke(app, ["etl", "reset", "promptads", "--table", "clientes"])
    assert "has no table 'clientes'" in str(done.exception)
