"""Committing pieces to the warehouse: one transaction, newest wins, bad rows set aside, nothing counted twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from promptsales.connections import Connections
from promptsales.etl import watermarks
from promptsales.etl.errors import LoadError, WatermarkMovedError
from promptsales.etl.mirrors import create_mirrors
from promptsales.etl.piece import Piece, Position
from promptsales.etl.spec import ColumnSpec, PipelineSpec, TableSpec
from promptsales.etl.sql import statement
from promptsales.etl.warehouse import PieceCounts, commit_piece

TABLE = TableSpec(
    name="prueba",
    source="etl.prueba",
    description="a table of this test",
    key=["a", "b"],
    columns=[
        ColumnSpec(name="a", type="integer"),
        ColumnSpec(name="b", type="integer"),
        ColumnSpec(name="texto", type="text"),
        ColumnSpec(name="importe", type="numeric(6,2)"),
    ],
)
PIPELINE = PipelineSpec(source="promptads", engine="sqlserver", target_schema="ods_promptads", tables=[TABLE])


@pytest.fixture
def warehouse(admin_connections: Connections, connections: Connections) -> Iterator[psycopg.Connection[Any]]:
    """The ETL login's connection, with an empty mirror for the table above."""
    with closing(admin_connections.postgres()) as admin:
        admin.execute("DROP TABLE IF EXISTS ods_promptads.prueba")
        for control in ("watermarks", "loads", "rejected_rows"):
            admin.execute(f"DELETE FROM etl.{control} WHERE table_name = 'prueba'")
        admin.commit()
        create_mirrors(admin, [PIPELINE])
        admin.commit()
    with closing(connections.postgres()) as connection:
        connection.autocommit = True
        yield connection


def position(version: int) -> Position:
    return {"version": version, "key": None}


def piece(low: int | None, high: int, rows: Any = (), deletions: Any = (), **more: Any) -> Piece:
    return Piece(None if low is None else position(low), position(high), rows, deletions, **more)


def load(connection: psycopg.Connection[Any], change: Piece) -> PieceCounts:
    return commit_piece(connection, PIPELINE, TABLE, change, "test-run")


def mirror(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT a, b, texto FROM ods_promptads.prueba ORDER BY a, b").fetchall()


def test_rows_are_inserted_updated_and_deleted_and_counted(warehouse: psycopg.Connection[Any]) -> None:
    first = load(warehouse, piece(None, 5, [(1, 1, "uno", 1, 3), (1, 2, "dos", 2, 4)]))
    second = load(warehouse, piece(5, 9, [(1, 1, "UNO", 1, 8), (2, 1, "tres", 3, 9)], [(1, 2, 7)]))

    assert first == PieceCounts(read=2, inserted=2)
    assert second == PieceCounts(read=3, inserted=1, updated=1, deleted=1)
    assert mirror(warehouse) == [(1, 1, "UNO"), (2, 1, "tres")]
    assert watermarks.committed(warehouse, "promptads", "prueba") == position(9)


def test_the_newest_change_of_a_key_wins_whatever_the_order(warehouse: psycopg.Connection[Any]) -> None:
    load(warehouse, piece(None, 9, [(1, 1, "new", 1, 8), (1, 1, "old", 1, 3)]))
    load(warehouse, piece(9, 10, [(1, 1, "older still", 1, 2)]))
    assert mirror(warehouse) == [(1, 1, "new")]


def test_the_same_rows_read_again_count_nothing(warehouse: psycopg.Connection[Any]) -> None:
    rows = [(1, 1, "uno", 1, 3), (1, 2, None, None, 4)]
    load(warehouse, piece(None, 5, rows))
    assert load(warehouse, piece(5, 6, rows)) == PieceCounts(read=2)


def test_a_deleted_row_that_came_back_in_the_same_window_stays(warehouse: psycopg.Connection[Any]) -> None:
    load(warehouse, piece(None, 5, [(1, 1, "before", 1, 3)]))
    counts = load(warehouse, piece(5, 9, [(1, 1, "after", 1, 7)], [(1, 1, 7)]))
    assert mirror(warehouse) == [(1, 1, "after")]
    assert counts == PieceCounts(read=2, inserted=1, deleted=1)


def test_an_old_tombstone_does_not_delete_a_newer_row(warehouse: psycopg.Connection[Any]) -> None:
    load(warehouse, piece(None, 9, [(1, 1, "reborn", 1, 8)]))
    assert load(warehouse, piece(9, 10, (), [(1, 1, 7)])) == PieceCounts(read=1)
    assert mirror(warehouse) == [(1, 1, "reborn")]


def test_a_snapshot_removes_what_it_did_not_see(warehouse: psycopg.Connection[Any]) -> None:
    load(warehouse, piece(None, 5, [(1, 1, "seen", 1, 3), (1, 2, "gone", 1, 3)]))
    counts = load(warehouse, piece(5, 6, [(1, 1, "seen", 1, 6)], delete_older_than=6))
    assert (counts.deleted, mirror(warehouse)) == (1, [(1, 1, "seen")])


def test_a_restored_source_wins_over_higher_versions(warehouse: psycopg.Connection[Any]) -> None:
    load(warehouse, piece(None, 900, [(1, 1, "lost timeline", 1, 900)]))
    load(warehouse, piece(900, 5, [(1, 1, "restored", 1, 5)], reset_versions=True))
    assert mirror(warehouse) == [(1, 1, "restored")]


@pytest.mark.parametrize("low", [None, 4, 6])
def test_a_piece_planned_from_another_watermark_is_refused(warehouse: psycopg.Connection[Any], low: int | None) -> None:
    load(warehouse, piece(None, 5, [(1, 1, "uno", 1, 3)]))
    with pytest.raises(WatermarkMovedError):
        load(warehouse, piece(low, 9, [(2, 2, "no", 1, 8)]))
    assert mirror(warehouse) == [(1, 1, "uno")]
    assert watermarks.committed(warehouse, "promptads", "prueba") == position(5)


def test_rows_that_postgresql_cannot_take_are_set_aside(warehouse: psycopg.Connection[Any]) -> None:
    good = [(n, 0, "ok", 1, n + 1) for n in range(200)]
    bad = [
        (500, 0, "nul \x00 inside", 1, 300),
        (501, 0, "out of range", 123456, 301),
        (None, 0, "no key", 1, 302),
    ]
    counts = load(warehouse, piece(None, 400, [*good[:77], bad[0], *good[77:150], bad[1], bad[2], *good[150:]]))

    assert counts == PieceCounts(read=203, inserted=200, rejected=3)
    rejected = warehouse.execute(
        "SELECT row_key, rejected_row ->> 'texto', reason FROM etl.rejected_rows"
        " WHERE table_name = 'prueba' AND resolved_at IS NULL ORDER BY rejected_id"
    ).fetchall()
    assert [row[:2] for row in rejected] == [
        ([500, 0], "nul \u2400 inside"), ([501, 0], "out of range"), ([None, 0], "no key"),
    ]  # fmt: skip
    assert "0x00" in rejected[0][2]
    assert "overflow" in rejected[1][2]
    assert "null value" in rejected[2][2]


def test_a_row_that_comes_back_mended_leaves_quarantine(warehouse: psycopg.Connection[Any]) -> None:
    load(warehouse, piece(None, 5, [(1, 1, "\x00", 1, 3)]))
    load(warehouse, piece(5, 6, [(1, 1, "still \x00", 1, 6)]))
    still_open = "SELECT count(*) FROM etl.rejected_rows WHERE table_name = 'prueba' AND resolved_at IS NULL"
    assert warehouse.execute(still_open).fetchone() == (1,)
    load(warehouse, piece(6, 7, [(1, 1, "mended", 1, 7)]))
    assert warehouse.execute(still_open).fetchone() == (0,)


def test_a_window_of_nothing_but_bad_rows_fails_and_moves_nothing(warehouse: psycopg.Connection[Any]) -> None:
    with pytest.raises(LoadError, match="more than 1000 rows"):
        load(warehouse, piece(None, 5, [(n, 0, "x", "not a number", 3) for n in range(1500)]))
    assert mirror(warehouse) == []
    assert watermarks.committed(warehouse, "promptads", "prueba") is None


def test_a_source_that_breaks_halfway_leaves_nothing_behind(warehouse: psycopg.Connection[Any]) -> None:
    def breaks() -> Iterator[tuple[Any, ...]]:
        yield (1, 1, "uno", 1, 3)
        raise ConnectionError("the source went away")

    with pytest.raises(ConnectionError):
        load(warehouse, piece(None, 5, breaks()))
    assert mirror(warehouse) == []
    assert watermarks.committed(warehouse, "promptads", "prueba") is None
    assert load(warehouse, piece(None, 5, [(1, 1, "uno", 1, 3)])).inserted == 1


def test_deleted_keys_are_on_record_with_their_load(warehouse: psycopg.Connection[Any]) -> None:
    warehouse.execute("DELETE FROM etl.deleted_rows WHERE table_name = 'prueba'")
    load(warehouse, piece(None, 5, [(1, 1, "stays", 1, 3), (1, 2, "goes", 1, 3), (2, 1, "unseen", 1, 3)]))
    load(warehouse, piece(5, 6, (), [(1, 2, 6), (9, 9, 6)]))
    load(warehouse, piece(6, 7, [(1, 1, "stays", 1, 7)], delete_older_than=7))
    loads = warehouse.execute("SELECT load_id FROM etl.loads WHERE table_name = 'prueba' ORDER BY load_id").fetchall()
    recorded = warehouse.execute(
        "DELETE FROM etl.deleted_rows WHERE table_name = 'prueba' RETURNING row_key, load_id"
    ).fetchall()
    assert recorded == [([1, 2], loads[1][0]), ([2, 1], loads[2][0])]


def test_a_mirror_from_before_gets_its_index_on_loads(
    warehouse: psycopg.Connection[Any], admin_connections: Connections
) -> None:
    with closing(admin_connections.postgres()) as admin:
        admin.execute("DROP INDEX ods_promptads.ix_prueba_load")
        assert create_mirrors(admin, [PIPELINE]) == ["ods_promptads.ix_prueba_load"]
        assert create_mirrors(admin, [PIPELINE]) == []
        admin.commit()


def test_two_loads_of_one_table_take_turns(warehouse: psycopg.Connection[Any], connections: Connections) -> None:
    """Both plan from the same watermark; the second waits for the first, then must plan again."""
    inside, go_on = threading.Event(), threading.Event()

    def slowly() -> Iterator[tuple[Any, ...]]:
        yield (1, 1, "first", 1, 3)
        inside.set()
        assert go_on.wait(30)

    outcome: list[str] = []

    def second() -> None:
        with closing(connections.postgres()) as other:
            other.autocommit = True
            try:
                load(other, piece(None, 5, [(1, 1, "second", 1, 3)]))
            except WatermarkMovedError:
                outcome.append("planned again")

    first = threading.Thread(target=load, args=(warehouse, piece(None, 5, slowly())))
    first.start()
    assert inside.wait(30)
    waiting = threading.Thread(target=second)
    waiting.start()
    wait_for_advisory_lock(connections)
    go_on.set()
    first.join(30)
    waiting.join(30)
    assert outcome == ["planned again"]
    assert mirror(warehouse) == [(1, 1, "first")]


def wait_for_advisory_lock(connections: Connections) -> None:
    with closing(connections.postgres()) as observer:
        observer.autocommit = True
        for _ in range(10_000):
            if observer.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            ).fetchone() != (0,):
                return
    pytest.fail("the second load never waited for the first")


def test_every_statement_names_the_question_it_answers() -> None:
    for name in ("merge_rows", "delete_rows", "advance_watermark", "status"):
        assert statement(name).as_string(None).startswith("-- ")
