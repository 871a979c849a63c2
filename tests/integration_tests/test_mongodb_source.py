from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from bson import Decimal128, Int64, ObjectId, json_util
from bson.codec_options import CodecOptions
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from pymongo import MongoClient, UpdateOne
from pymongo.collection import Collection
from pymongo.monitoring import CommandListener, CommandSucceededEvent

from promptsales.errors import UnreachableError
from promptsales.etl.errors import LoadError
from promptsales.etl.mongodb_source import read_pieces
from promptsales.etl.piece import Piece, Position
from promptsales.etl.spec import ColumnSpec, SpecError, TableSpec, pipeline_of
from promptsales.settings import Settings

Documents = Collection[dict[str, Any]]

ITEMS = TableSpec(
    name="articulos",
    source="articulos",
    description="Items of the tests.",
    key=["id"],
    columns=[
        ColumnSpec(name="id", type="text", path="_id"),
        ColumnSpec(name="valor", type="bigint"),
        ColumnSpec(name="formato", type="text", path="metadata.formato"),
    ],
)


@dataclass
class Mirror:
    """The warehouse's side of the contract, on a dict: what a loader does with a piece."""

    position: Position | None = None
    rows: dict[Any, tuple[Any, ...]] = field(default_factory=dict)
    versions: dict[Any, int] = field(default_factory=dict)

    def apply(self, piece: Piece) -> int:
        """Commit one piece and return how many rows and deletions it held."""
        assert piece.low == self.position, "a piece starts where the one before was committed"
        rows, deletions = list(piece.rows), list(piece.deletions)
        keys = [row[0] for row in (*rows, *deletions)]
        assert len(keys) == len(set(keys)), "a key is in a piece once"
        if piece.reset_versions:
            self.versions = dict.fromkeys(self.versions, 0)
        for key, version in deletions:
            if key in self.rows and self.versions[key] < version:
                self._remove(key)
        for *values, version in rows:
            if version >= self.versions.get(values[0], 0):
                self.rows[values[0]] = tuple(values)
                self.versions[values[0]] = version
        if piece.delete_older_than is not None:
            for key in [key for key, version in self.versions.items() if version < piece.delete_older_than]:
                self._remove(key)
        self.position = json.loads(json.dumps(piece.high))
        return len(keys)

    def _remove(self, key: Any) -> None:
        del self.rows[key], self.versions[key]

    def load(
        self,
        collection: Documents,
        *,
        page_size: int = 5000,
        after_piece: Callable[[int], None] | None = None,
        pieces: int | None = None,
    ) -> list[int]:
        """One run: how many changes each piece held. `pieces` abandons it after so many, as a crash does."""
        moved = []
        for number, piece in enumerate(read_pieces(collection, ITEMS, self.position, page_size), 1):
            moved.append(self.apply(piece))
            if pieces == number:
                return moved
            if after_piece:
                after_piece(number)
        assert piece.last
        return moved

    def assert_equals(self, collection: Documents) -> None:
        expected = {}
        for document in collection.find():
            key = document["_id"]
            key = str(key) if isinstance(key, ObjectId) else key
            expected[key] = (key, document.get("valor"), document.get("metadata", {}).get("formato"))
        assert self.rows == expected


def item(number: int, valor: int | None = None) -> dict[str, Any]:
    return {"_id": number, "valor": number if valor is None else valor, "metadata": {"formato": "jpeg"}}


@pytest.fixture(scope="session")
def client(engines: Settings) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](engines.url("mongo")) as client:
        yield client


@pytest.fixture
def items(client: MongoClient[dict[str, Any]]) -> Iterator[Documents]:
    client.drop_database("prueba_origen")
    yield client["prueba_origen"]["articulos"]
    client.drop_database("prueba_origen")


@pytest.fixture
def mirror() -> Mirror:
    return Mirror()


@contextlib.contextmanager
def server(storage: Path, *options: str) -> Iterator[MongoClient[dict[str, Any]]]:
    """A MongoDB of the test's own, for what the shared one must not suffer."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "secantus", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen([*command, "--storage-path", str(storage), *options], stderr=subprocess.DEVNULL)
    try:
        with MongoClient[dict[str, Any]](
            f"mongodb://127.0.0.1:{port}/?directConnection=true", serverSelectionTimeoutMS=30_000
        ) as client:
            yield client
    finally:
        process.terminate()
        process.wait(timeout=30)


# The first load


def test_first_load_in_ranges_then_nothing_to_do(items: Documents, mirror: Mirror) -> None:
    items.insert_many([item(number) for number in range(25)])

    assert mirror.load(items, page_size=10) == [10, 10, 5, 0]
    mirror.assert_equals(items)
    before = dict(mirror.rows)
    assert mirror.load(items) == [0]
    assert mirror.rows == before


def test_a_full_last_range_is_followed_by_an_empty_one(items: Documents, mirror: Mirror) -> None:
    items.insert_many([item(number) for number in range(20)])

    assert mirror.load(items, page_size=10) == [10, 10, 0, 0]
    mirror.assert_equals(items)


def test_a_collection_that_does_not_exist_yet(items: Documents, mirror: Mirror) -> None:
    assert mirror.load(items) == [0, 0]
    assert mirror.load(items) == [0]

    items.insert_one(item(1))
    mirror.load(items)

    mirror.assert_equals(items)


def test_ranges_cross_the_types_of_the_ids(items: Documents, mirror: Mirror) -> None:
    ids = [1, 2.5, "a", "b", ObjectId(), ObjectId(), 7]
    items.insert_many([{"_id": each, "valor": 1} for each in ids])

    for _ in ids:
        mirror.load(items, page_size=2, pieces=1)

    mirror.assert_equals(items)
    assert len(mirror.rows) == len(ids)


def test_writes_between_the_ranges_of_the_snapshot(items: Documents, mirror: Mirror) -> None:
    items.insert_many([item(number) for number in range(10, 40)])

    def write(piece: int) -> None:
        match piece:
            case 1:
                items.insert_one(item(1))  # before the ranges already read
                items.insert_one(item(100))  # after all of them
                items.delete_many({"_id": {"$in": [11, 31]}})  # one read, one not yet
                items.update_many({"_id": {"$in": [12, 32]}}, {"$set": {"valor": -1}})
            case 2:
                items.replace_one({"_id": 13}, {"valor": -2})
                items.delete_one({"_id": 33})
                items.insert_one(item(33, valor=-3))
                items.delete_one({"_id": 1})
            case 3:
                items.update_one({"_id": 34}, {"$set": {"valor": -4}})
                items.delete_one({"_id": 34})

    mirror.load(items, page_size=10, after_piece=write)

    mirror.assert_equals(items)
    assert mirror.load(items) == [0]


def test_a_stale_mirror_without_a_position_is_reconciled(items: Documents, mirror: Mirror) -> None:
    items.insert_many([item(number) for number in range(5)])
    mirror.rows = {9: (9, 9, "jpeg"), 3: (3, -1, "png")}
    mirror.versions = dict.fromkeys(mirror.rows, 2**62)

    mirror.load(items)

    mirror.assert_equals(items)


# Deltas


def test_every_kind_of_change(items: Documents, mirror: Mirror) -> None:
    items.insert_many([item(number) for number in range(10)])
    mirror.load(items)

    items.insert_one(item(50))
    items.update_one({"_id": 1}, {"$set": {"valor": 11}})
    items.update_one({"_id": 1}, {"$set": {"valor": 12}})
    items.replace_one({"_id": 2}, {"otro": 1})
    items.delete_one({"_id": 3})
    items.delete_one({"_id": 4})
    items.insert_one(item(4, valor=44))
    items.update_one({"_id": 5}, {"$set": {"valor": 55}})
    items.delete_one({"_id": 5})
    items.insert_one(item(60))
    items.delete_one({"_id": 60})

    assert mirror.load(items) == [7]
    mirror.assert_equals(items)
    assert mirror.load(items) == [0]


def test_changes_come_in_pieces_that_keep_their_order(items: Documents, mirror: Mirror) -> None:
    items.database.create_collection(items.name)
    mirror.load(items)
    for number in range(7):
        items.insert_one(item(number))
    for number in range(7):
        items.delete_one({"_id": number})
    items.insert_one(item(3, valor=33))

    moved = mirror.load(items, page_size=2)

    assert max(moved) == 2
    mirror.assert_equals(items)


def test_an_update_whose_document_is_gone_waits_for_its_deletion(items: Documents, mirror: Mirror) -> None:
    items.insert_many([item(1), item(2)])
    mirror.load(items)
    items.update_one({"_id": 1}, {"$set": {"valor": 5}})
    items.update_one({"_id": 2}, {"$set": {"valor": 6}})

    # Deleted after the run has taken its bound, before it has looked the updated document up again.
    pieces = read_pieces(items, ITEMS, mirror.position, page_size=1)
    mirror.apply(next(pieces))
    items.delete_one({"_id": 2})
    for piece in pieces:
        mirror.apply(piece)
    mirror.load(items)

    mirror.assert_equals(items)
    assert mirror.rows.keys() == {1}


def test_what_is_written_during_a_run_waits_for_the_next(items: Documents, mirror: Mirror) -> None:
    items.insert_one(item(0))
    mirror.load(items)
    items.insert_many([item(number) for number in range(1, 5)])

    def write(piece: int) -> None:
        items.insert_one(item(100 + piece))

    moved = mirror.load(items, page_size=1, after_piece=write)

    assert sum(moved) == 4
    assert sum(mirror.load(items)) == len(moved)
    mirror.assert_equals(items)


def test_a_transaction_stays_in_one_piece(items: Documents, mirror: Mirror) -> None:
    items.insert_many([item(1), item(2)])
    mirror.load(items)

    with items.database.client.start_session() as session, session.start_transaction():
        items.insert_many([item(number) for number in range(10, 15)], session=session)
        items.update_one({"_id": 1}, {"$set": {"valor": 9}}, session=session)
        items.delete_one({"_id": 10}, session=session)
        items.delete_one({"_id": 2}, session=session)
        items.insert_one(item(2, valor=22), session=session)

    assert mirror.load(items, page_size=1)[0] == 7
    mirror.assert_equals(items)


def test_a_writer_at_work_during_the_runs(items: Documents, mirror: Mirror) -> None:
    items.insert_many([item(number) for number in range(50)])

    def write() -> None:
        for number in range(200):
            match number % 4:
                case 0:
                    items.insert_one(item(1000 + number))
                case 1:
                    items.update_one({"_id": number % 50}, {"$inc": {"valor": 1}})
                case 2:
                    items.delete_one({"_id": 1000 + number - 2})
                case 3:
                    items.replace_one({"_id": number % 50}, {"valor": -number}, upsert=True)

    writer = threading.Thread(target=write)
    writer.start()
    runs = 0
    while writer.is_alive() or runs == 0:
        mirror.load(items, page_size=7)
        runs += 1
    writer.join()
    mirror.load(items)

    mirror.assert_equals(items)
    assert mirror.load(items) == [0]


# Crashes


@pytest.mark.parametrize("crash_after", range(1, 12))
def test_a_crash_between_pieces_loses_and_repeats_nothing(items: Documents, mirror: Mirror, crash_after: int) -> None:
    items.insert_many([item(number) for number in range(10, 30)])

    def write(piece: int) -> None:
        items.insert_one(item(1000 - piece))
        items.update_one({"_id": 10 + piece}, {"$set": {"valor": -piece}})
        items.delete_one({"_id": 29 - piece})

    mirror.load(items, page_size=3, after_piece=write, pieces=crash_after)
    items.delete_one({"_id": 10})
    items.insert_one(item(5))
    mirror.load(items, page_size=3)

    mirror.assert_equals(items)
    assert mirror.load(items) == [0]


def test_a_snapshot_goes_on_after_its_last_committed_id(items: Documents, mirror: Mirror) -> None:
    items.insert_many([item(number) for number in range(6)])
    mirror.load(items, page_size=2, pieces=1)
    assert mirror.load(items, page_size=2, pieces=1) == [2]
    items.delete_one({"_id": 3})  # the id it goes on after

    assert mirror.load(items, page_size=2)[0] == 2
    mirror.assert_equals(items)


def test_a_piece_that_was_not_committed_comes_again(items: Documents, mirror: Mirror) -> None:
    items.insert_many([item(number) for number in range(6)])
    mirror.load(items)
    items.update_many({}, {"$set": {"valor": -1}})
    pieces = read_pieces(items, ITEMS, mirror.position, page_size=2)
    mirror.apply(next(pieces))
    next(pieces)

    assert sum(mirror.load(items)) == 4
    mirror.assert_equals(items)


# The collection itself


def drop(items: Documents) -> None:
    items.drop()


def drop_and_recreate(items: Documents) -> None:
    items.drop()
    items.insert_many([item(2, valor=-2), item(77)])


def rename_away(items: Documents) -> None:
    items.rename("otros")


def replace_by_rename(items: Documents) -> None:
    items.database["nuevos"].insert_many([item(3, valor=-3), item(78)])
    items.database["nuevos"].rename("articulos", dropTarget=True)


def swap(items: Documents) -> None:
    items.database["nuevos"].insert_many([item(4, valor=-4)])
    items.rename("viejos")
    items.database["nuevos"].rename("articulos")


def drop_database(items: Documents) -> None:
    items.database.client.drop_database(items.database.name)
    items.insert_one(item(5, valor=-5))


@pytest.mark.parametrize("replace", [drop, drop_and_recreate, rename_away, replace_by_rename, swap, drop_database])
@pytest.mark.parametrize("moment", ["between runs", "during the snapshot", "during the replay"])
def test_a_collection_that_becomes_another(
    items: Documents, mirror: Mirror, replace: Callable[[Documents], None], moment: str
) -> None:
    items.insert_many([item(number) for number in range(10)])
    if moment == "during the snapshot":
        mirror.load(items, page_size=4, after_piece=lambda piece: replace(items) if piece == 1 else None)
    else:
        mirror.load(items)
        items.update_many({}, {"$inc": {"valor": 1}})
        if moment == "during the replay":
            mirror.load(items, page_size=3, after_piece=lambda piece: replace(items) if piece == 1 else None)
        else:
            replace(items)
    items.insert_one(item(99))

    mirror.load(items)

    mirror.assert_equals(items)
    assert mirror.load(items) == [0]


def test_a_collection_that_appears_by_rename(items: Documents, mirror: Mirror) -> None:
    mirror.load(items)
    items.database["nuevos"].insert_many([item(1), item(2)])
    items.database["nuevos"].rename("articulos")

    mirror.load(items)

    mirror.assert_equals(items)


def test_changes_of_other_collections_are_passed_over(items: Documents, mirror: Mirror) -> None:
    items.insert_one(item(1))
    mirror.load(items)
    others = items.database["otros"]
    others.insert_many([item(number) for number in range(300)])
    assert sum(mirror.load(items)) == 0

    others.create_index("valor")
    items.database.command("collMod", "articulos", validator={})
    mirror.load(items)
    others.drop()
    mirror.load(items)
    items.insert_one(item(2))
    mirror.load(items)

    mirror.assert_equals(items)


# A position that the server cannot follow


@pytest.mark.slow
def test_lost_history_is_read_whole_again(tmp_path: Path, mirror: Mirror, caplog: pytest.LogCaptureFixture) -> None:
    with server(tmp_path / "data", "--oplog-max-entries", "20") as client:
        items = client["prueba"]["articulos"]
        items.insert_many([item(number) for number in range(10)])
        mirror.load(items)
        items.delete_many({"_id": {"$lt": 5}})
        items.bulk_write([UpdateOne({"_id": 7}, {"$inc": {"valor": 1}}) for _ in range(1_500)])

        mirror.load(items, page_size=3)

        mirror.assert_equals(items)
        assert "prueba.articulos is read whole again" in caplog.text
        assert "error 286" in caplog.text
        assert mirror.load(items) == [0]


@pytest.mark.slow
def test_an_oplog_shorter_than_a_snapshot_is_one_clear_error(tmp_path: Path, mirror: Mirror) -> None:
    with server(tmp_path / "data", "--oplog-max-entries", "20") as client:
        items = client["prueba"]["articulos"]
        items.insert_many([item(number) for number in range(5)])

        def write(_: int) -> None:
            items.bulk_write([UpdateOne({"_id": 1}, {"$inc": {"valor": 1}}) for _ in range(1_500)])

        with pytest.raises(LoadError, match=r"prueba\.articulos: after 2 snapshots .* larger oplog"):
            mirror.load(items, page_size=3, after_piece=write)
        mirror.load(items)

        mirror.assert_equals(items)


@pytest.mark.slow
def test_positions_outlive_a_restart(tmp_path: Path, mirror: Mirror, caplog: pytest.LogCaptureFixture) -> None:
    with server(tmp_path / "data") as client:
        items = client["prueba"]["articulos"]
        items.insert_many([item(number) for number in range(10)])
        mirror.load(items, page_size=4, pieces=1)
        items.delete_one({"_id": 1})
    with server(tmp_path / "data") as client:
        items = client["prueba"]["articulos"]
        items.insert_one(item(20))
        mirror.load(items, page_size=4)
        mirror.assert_equals(items)
    assert not caplog.records


@pytest.mark.parametrize(
    "token",
    [
        {"_data": "8267C867A3000000012B0429296E1404"},  # as a mongod writes it
        {"_data": "no es hexadecimal"},
        {"otro": 1},
    ],
)
def test_a_token_of_another_server_is_read_whole_again(items: Documents, mirror: Mirror, token: dict[str, Any]) -> None:
    items.insert_many([item(number) for number in range(5)])
    mirror.load(items)
    items.delete_one({"_id": 3})
    assert mirror.position
    mirror.position["token"] = token

    mirror.load(items)

    mirror.assert_equals(items)


def test_a_server_whose_time_went_back_is_read_whole_again(items: Documents, mirror: Mirror) -> None:
    items.insert_many([item(number) for number in range(5)])
    mirror.load(items)
    assert mirror.position
    # What a mirror holds of the server that was there before: later times, later versions.
    mirror.position["time"] += 3600 << 32
    mirror.versions = {key: version + (3600 << 32) for key, version in mirror.versions.items()}
    mirror.rows[3] = (3, -1, "png")
    items.delete_one({"_id": 4})

    mirror.load(items)
    items.update_one({"_id": 2}, {"$set": {"valor": 22}})
    mirror.load(items)

    mirror.assert_equals(items)


def test_a_server_that_is_down_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with (
        MongoClient[dict[str, Any]](f"mongodb://127.0.0.1:{port}/", serverSelectionTimeoutMS=200) as client,
        pytest.raises(UnreachableError, match=r"MongoDB collection prueba\.articulos") as failure,
    ):
        next(read_pieces(client["prueba"]["articulos"], ITEMS, None))
    assert "\n" not in str(failure.value)


def test_a_server_without_an_oplog_is_one_clear_line(tmp_path: Path) -> None:
    with server(tmp_path / "data", "--standalone") as client:
        client["prueba"]["articulos"].insert_one(item(1))
        with pytest.raises(LoadError, match=r"prueba\.articulos.*replica set"):
            list(read_pieces(client["prueba"]["articulos"], ITEMS, None))


# What leaves MongoDB


def test_credentials_never_leave(items: Documents) -> None:
    with pytest.raises(SpecError, match="credenciales_cifradas never leaves MongoDB"):
        read_pieces(items.database["credenciales_cifradas"], ITEMS, None)


def test_the_key_is_the_id(items: Documents) -> None:
    table = ITEMS.model_copy(update={"key": ["valor"]})

    with pytest.raises(SpecError, match="path _id"):
        read_pieces(items, table, None)


class _Replies(CommandListener):
    def __init__(self) -> None:
        self.text = ""

    def started(self, event: Any) -> None: ...

    def succeeded(self, event: CommandSucceededEvent) -> None:
        self.text += json_util.dumps(event.reply)

    def failed(self, event: Any) -> None: ...


def test_fields_that_are_not_exported_stay_on_the_server(engines: Settings, items: Documents) -> None:
    table = pipeline_of("promptcontent").table("bitacora_solicitudes")
    request = {"servicio_utilizado": "Canva", "request": {"cuerpo": "SECRETO"}, "response": {"cuerpo": "SECRETO"}}
    items.insert_one({"_id": 1, **request})
    replies = _Replies()

    with MongoClient[dict[str, Any]](engines.url("mongo"), event_listeners=[replies]) as client:
        watched = client[items.database.name][items.name]
        first = list(read_pieces(watched, table, None))
        items.insert_one({"_id": 2, **request})
        items.update_one({"_id": 1}, {"$set": {"response.cuerpo": "OTRO SECRETO"}})
        second = list(read_pieces(watched, table, first[-1].high))

    rows = [row for piece in (*first, *second) for row in piece.rows]
    assert [row[:2] for row in rows] == [(1, "Canva"), (2, "Canva"), (1, "Canva")]
    assert "Canva" in replies.text
    assert "SECRETO" not in replies.text


def test_bson_values_become_postgresql_values(items: Documents) -> None:
    when = datetime(2026, 7, 1, 10, 30, 0, 123000, tzinfo=UTC)
    image = ObjectId("65a1b2c3d4e5f60718293a4b")
    values: dict[str, tuple[str, Any, Any]] = {
        "entero": ("bigint", Int64(2**40), 2**40),
        "real": ("double precision", 1.5, 1.5),
        "exacto": ("numeric", Decimal128("12.340"), Decimal("12.340")),
        "cierto": ("boolean", True, True),
        "texto": ("text", "niño 🎉", "niño 🎉"),
        "fecha": ("timestamptz", when, when),
        "octetos": ("bytea", b"\x00\xff", b"\x00\xff"),
        "identificador": ("text", image, "65a1b2c3d4e5f60718293a4b"),
        "nulo": ("text", None, None),
        "otro_tipo": ("bigint", "doce", "doce"),
        "lista": ("jsonb", ["#a", image, when], '["#a","65a1b2c3d4e5f60718293a4b","2026-07-01T10:30:00.123000+00:00"]'),
        "documento": (
            "jsonb",
            {"b": Int64(1), "a": [Decimal128("0.10"), b"\x01", None, UUID(int=1), float(2)]},
            '{"b":1,"a":["0.10","AQ==",null,"00000000-0000-0000-0000-000000000001",2.0]}',
        ),
        "escalar": ("jsonb", "niño", '"niño"'),
        "documento_suelto": ("text", {"a": 1}, '{"a":1}'),
    }
    columns = [ColumnSpec(name=name, type=kind) for name, (kind, _, _) in values.items()]
    deep = ColumnSpec(name="hondo", type="text", path="a.b.c")
    missing = ColumnSpec(name="falta", type="text", path="a.b.c.d")
    table = ITEMS.model_copy(update={"columns": [ITEMS.columns[0], *columns, deep, missing]})
    writer: Documents = items.with_options(CodecOptions(uuid_representation=4))
    document = {name: value for name, (_, value, _) in values.items()}
    writer.insert_one({"_id": image, **document, "a": {"b": {"c": "aqui"}}})

    (row,) = [row for piece in read_pieces(items, table, None) for row in piece.rows]

    expected = [value for _, _, value in values.values()]
    assert list(row[:-1]) == [str(image), *expected, "aqui", None]
    assert [type(value) for value in row[1:-3]] == [type(value) for value in expected]


def test_the_declared_pipeline_leaves_the_credentials_out() -> None:
    sources = {table.source for table in pipeline_of("promptcontent").tables}

    assert sources == {"imagenes", "servicios_terceros", "bitacora_solicitudes", "logs_campanas", "mcp_servers"}


# Anything, in any order


def test_any_history_of_writes_runs_and_crashes_ends_equal(client: MongoClient[dict[str, Any]]) -> None:
    numbers = st.integers(0, 9)

    class History(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            client.drop_database("prueba_historia")
            self.items = client["prueba_historia"]["articulos"]
            self.mirror = Mirror()

        @rule(number=numbers, valor=st.integers())
        def write(self, number: int, valor: int) -> None:
            valor %= 2**63
            self.items.replace_one({"_id": number}, {"valor": valor}, upsert=True)

        @rule(number=numbers)
        def update(self, number: int) -> None:
            self.items.update_one({"_id": number}, {"$set": {"metadata.formato": "png"}})

        @rule(below=numbers)
        def delete(self, below: int) -> None:
            self.items.delete_many({"_id": {"$lt": below}})

        @rule(number=numbers)
        def transact(self, number: int) -> None:
            with client.start_session() as session, session.start_transaction():
                self.items.delete_one({"_id": number}, session=session)
                self.items.insert_one(item(number, valor=-number), session=session)
                self.items.delete_one({"_id": (number + 1) % 10}, session=session)

        @rule()
        def drop(self) -> None:
            self.items.drop()

        @rule()
        def replace(self) -> None:
            self.items.database["nuevos"].insert_one(item(1, valor=100))
            self.items.database["nuevos"].rename("articulos", dropTarget=True)

        @rule(page_size=st.integers(1, 4), pieces=st.integers(1, 4))
        def crash(self, page_size: int, pieces: int) -> None:
            self.mirror.load(self.items, page_size=page_size, pieces=pieces)

        @rule(page_size=st.integers(1, 4))
        def run(self, page_size: int) -> None:
            self.mirror.load(self.items, page_size=page_size)
            self.mirror.assert_equals(self.items)

        @invariant()
        def position_is_json(self) -> None:
            assert json.loads(json.dumps(self.mirror.position)) == self.mirror.position

    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    client.drop_database("prueba_historia")
