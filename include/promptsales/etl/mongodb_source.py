"""What changed in a MongoDB collection since a position: a snapshot by `_id` ranges, then the change stream.

A position is `{"token", "time", "collection"}`, and `"snapshot"` while one is under way:

- `token`: the resume token to read the change stream after;
- `time`: the server's cluster time when the run that committed this position began to read;
- `collection`: the UUID of the collection that was read. One that was dropped, renamed or replaced is another
  collection, even under the same name and even where the change stream says nothing of it;
- `snapshot`: `{"after": the last _id of the committed pieces}`.

A version is a cluster time as one integer: seconds in the high 32 bits, the ordinal within the second below.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Generator, Iterator, Mapping
from itertools import dropwhile, islice
from typing import Any, TypeVar

from bson import json_util
from bson.binary import Binary, UuidRepresentation
from bson.codec_options import DatetimeConversion
from bson.json_util import JSONMode, JSONOptions
from bson.timestamp import Timestamp
from pymongo import ReadPreference
from pymongo.change_stream import ChangeStream
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.cursor import Cursor
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from promptsales.connections import mongodb_message
from promptsales.errors import UnreachableError
from promptsales.etl.errors import LoadError
from promptsales.etl.mongodb_values import to_postgres, value_at
from promptsales.etl.piece import Piece, Position
from promptsales.etl.spec import NEVER_EXPORTED, SpecError, TableSpec

Document = dict[str, Any]
Token = Mapping[str, Any]
Read = TypeVar("Read")
Changes = dict[Any, tuple[int, Document | None]]
"""The newest change of each key: its version, and the document or None for a deletion."""

SNAPSHOT_VERSION = 1
"""The version of every snapshot row: the mirror's versions start at 0, and any event of the stream wins."""

PAGE_DOCUMENTS = 5_000

AWAIT_MS = 50
"""How long the server may wait for an event before it answers with an empty batch."""

EMPTY_BATCHES = 20
"""Empty batches after which a run ends even if the stream has not come to the cluster time it aims at."""

SNAPSHOTS_A_RUN = 2
"""Snapshots in one run; a third means that the oplog is shorter than a snapshot takes."""

UNTRUSTED_TOKEN = {
    9,  # FailedToParse: not a token of this server
    13,  # Unauthorized: what secantusdb calls a token of another namespace
    260,  # InvalidResumeToken
    280,  # ChangeStreamFatalError: the token's event is not in the oplog
    286,  # ChangeStreamHistoryLost: the oplog begins after the token
}

COLLECTION_ENDED = {"drop", "rename", "dropDatabase", "invalidate"}

_AS_JSON = JSONOptions(json_mode=JSONMode.CANONICAL, tz_aware=True, uuid_representation=UuidRepresentation.STANDARD)

log = logging.getLogger(__name__)


class _SnapshotNeededError(Exception):
    """The change stream cannot bring the mirror up to date; the text says why."""


def read_pieces(
    collection: Collection[Document], table: TableSpec, low: Position | None, page_size: int = PAGE_DOCUMENTS
) -> Generator[Piece]:
    """The changes of a collection since `low`, in pieces to commit one after the other.

    Ask for a piece only when the one before is committed. The last piece of a run says so; it may hold no
    row. Events up to the server's cluster time when the stream is opened are in the run, later ones wait for
    the next.

    Args:
        collection: the source; the login needs `find`, `changeStream` and `listCollections`.
        table: which fields are exported; no other top-level field crosses the wire.
        low: the committed position; None for a table that was never loaded.
        page_size: about how many rows a piece may hold. The changes of one cluster time stay in one piece,
            however many, because the mirror could not order them across pieces.

    Raises:
        SpecError: the collection is never exported, or the table's key is not the `_id` alone.
        UnreachableError: the server does not answer.
        LoadError: the server refuses, is no replica set, or loses its history faster than it is read.
    """
    if NEVER_EXPORTED in (collection.name, table.source):
        raise SpecError(f"{NEVER_EXPORTED} never leaves MongoDB: take it out of the pipeline spec.")
    if [column.source_path for column in table.key_columns] != ["_id"]:
        raise SpecError(f"table {table.name}: the key of a collection is one column with path _id.")
    return _name_failures(collection.full_name, _Reader(collection, table, page_size).pieces(low))


def read_all(collection: Collection[Document], table: TableSpec) -> Generator[tuple[Any, ...]]:
    """Every document as a row, in the order of `_id`; the version of all is that of a snapshot.

    Raises:
        UnreachableError: the server does not answer.
        LoadError: the server refuses.
    """
    yield from _name_failures(collection.full_name, _Reader(collection, table, PAGE_DOCUMENTS).all_rows())


def changed_since(collection: Collection[Document], table: TableSpec, position: Position) -> list[tuple[Any, ...]]:
    """The keys of all documents that were inserted, updated or deleted after a position.

    Raises:
        UnreachableError: the server does not answer.
        LoadError: the server refuses, or cannot go on from this position: the next load reads the collection whole.
    """
    keys = []
    key_at = table.column_names.index(table.key[0])
    for piece in read_pieces(collection, table, position):
        if piece.reset_versions:
            raise LoadError(
                f"MongoDB collection {collection.full_name} cannot be followed from where its mirror stands: run "
                "`promptsales etl run promptcontent`, which reads it whole, then compare again."
            )
        keys += [(row[key_at],) for row in piece.rows] + [deletion[:1] for deletion in piece.deletions]
    return keys


def _name_failures(name: str, reading: Iterator[Read]) -> Generator[Read]:
    try:
        yield from reading
    except ConnectionFailure as error:
        raise UnreachableError(f"MongoDB collection {name}: {mongodb_message(error)}") from error
    except PyMongoError as error:
        raise LoadError(f"MongoDB collection {name}: {mongodb_message(error)}") from error


class _Reader:
    """One run over one collection."""

    _session: ClientSession

    def __init__(self, collection: Collection[Document], table: TableSpec, page_size: int) -> None:
        # Majority reads on the primary, in one causally consistent session: a snapshot then holds everything
        # that came before its token, and nothing that can be rolled back.
        self._collection = collection.with_options(
            codec_options=collection.codec_options.with_options(
                tz_aware=True,
                datetime_conversion=DatetimeConversion.DATETIME_AUTO,
                uuid_representation=UuidRepresentation.STANDARD,
            ),
            read_preference=ReadPreference.PRIMARY,
            read_concern=ReadConcern("majority"),
        )
        self._table = table
        self._page_size = page_size
        self._fields = sorted({"_id", *(column.source_path.split(".")[0] for column in table.columns)})

    def pieces(self, low: Position | None) -> Iterator[Piece]:
        with self._collection.database.client.start_session(causal_consistency=True) as self._session:
            # What the warehouse holds, and where to read on from: they part where a new snapshot begins.
            self._committed = position = low
            snapshots = 0
            while True:
                try:
                    if position is not None:
                        self._check_continuity(position)
                    if position is None or "snapshot" in position:
                        snapshots += 1
                        position = yield from self._snapshot(position)
                    yield from self._replay(position)
                    return
                except _SnapshotNeededError as reason:
                    if snapshots >= SNAPSHOTS_A_RUN:
                        raise LoadError(
                            f"MongoDB collection {self._collection.full_name}: after {snapshots} snapshots "
                            f"in one run, {reason}. Give the server a larger oplog and run again."
                        ) from reason
                    log.warning("%s is read whole again: %s", self._collection.full_name, reason)
                    position = None

    def _commit(self, piece: Piece) -> Iterator[Piece]:
        piece.low = self._committed
        yield piece
        self._committed = piece.high

    def _check_continuity(self, position: Position) -> None:
        if self._collection_uuid() != position["collection"]:
            raise _SnapshotNeededError("it is not the collection that was read before")
        if self._cluster_time() < position["time"]:
            raise _SnapshotNeededError("the server's cluster time went back, as after a restore")

    def _snapshot(self, resumed: Position | None) -> Generator[Piece, None, Position]:
        """Yield the whole collection, or what is left of it, and return the position to replay from."""
        # In this order: a collection that is replaced in between is noticed, by its UUID or in the stream.
        position = resumed or {
            "collection": self._collection_uuid(),
            "time": self._cluster_time(),
            "token": self._current_token(),
        }
        start = {field: position[field] for field in ("collection", "time", "token")}
        after = _from_json(resumed["snapshot"]["after"]) if resumed else None
        with self._by_id(after) as cursor:
            documents = dropwhile(lambda document: after and document["_id"] == after["_id"], cursor)
            while True:
                page = list(islice(documents, self._page_size))
                whole = len(page) < self._page_size
                high = start if whole else start | {"snapshot": {"after": _to_json({"_id": page[-1]["_id"]})}}
                yield from self._commit(
                    Piece(
                        low=None,
                        high=high,
                        rows=[self._row(document, SNAPSHOT_VERSION) for document in page],
                        delete_older_than=SNAPSHOT_VERSION if whole else None,
                        reset_versions="snapshot" not in position,
                        last=False,
                    )
                )
                if whole:
                    return high
                position = high

    def all_rows(self) -> Iterator[tuple[Any, ...]]:
        """The whole collection, without a position to go on from."""
        client = self._collection.database.client
        with client.start_session(causal_consistency=True) as self._session, self._by_id(None) as cursor:
            for document in cursor:
                yield self._row(document, SNAPSHOT_VERSION)

    def _by_id(self, after: Document | None) -> Cursor[Document]:
        """Every document in `_id` order, or those from `after` on, itself included."""
        cursor = self._collection.find({}, dict.fromkeys(self._fields, 1), session=self._session)
        cursor = cursor.sort("_id", 1).hint([("_id", 1)])
        # A bound of the index, not {"$gt": ...}: that compares within one BSON type, and would skip the ids of
        # all others.
        return cursor.min(list(after.items())) if after else cursor

    def _replay(self, position: Position) -> Iterator[Piece]:
        """Yield what the change stream says after the position, the last piece holding where it ended."""
        bound = self._cluster_time()
        high = position | {"time": bound}
        changes: Changes = {}
        newest = 0
        try:
            with self._watch(_from_json(position["token"])) as stream:
                for token, event in _events_until(stream, bound):
                    if event is not None:
                        version = _as_int(event["clusterTime"])
                        if len(changes) >= self._page_size and version > newest:
                            yield from self._commit(self._changes_piece(changes, high, last=False))
                            changes = {}
                        self._note(changes, event, version)
                        newest = version
                    high = high | {"token": _to_json(token)}
        except OperationFailure as error:
            if error.code not in UNTRUSTED_TOKEN:
                raise
            raise _SnapshotNeededError(f"the change stream cannot go on, {mongodb_message(error)}") from error
        yield from self._commit(self._changes_piece(changes, high, last=True))

    def _changes_piece(self, changes: Changes, high: Position, *, last: bool) -> Piece:
        return Piece(
            low=None,
            high=high,
            rows=(self._row(document, version) for version, document in changes.values() if document),
            deletions=((key, version) for key, (version, document) in changes.items() if not document),
            last=last,
        )

    def _note(self, changes: Changes, event: Document, version: int) -> None:
        operation = event["operationType"]
        if operation in COLLECTION_ENDED:
            raise _SnapshotNeededError(f"its change stream ended with {operation}")
        if operation not in {"insert", "update", "replace", "delete"}:
            return
        document = event.get("fullDocument")
        if document is None and operation != "delete":
            return  # Deleted since: its deletion is further on in the stream.
        key = self._table.key_columns[0]
        changes[to_postgres(event["documentKey"]["_id"], key.type)] = (version, document)

    def _row(self, document: Document, version: int) -> tuple[Any, ...]:
        columns = self._table.columns
        return (*(to_postgres(value_at(document, each.source_path), each.type) for each in columns), version)

    def _watch(self, token: Token | None = None) -> ChangeStream[Document]:
        """The change stream after a token, or from now on."""
        exported = (f"fullDocument.{name}" for name in self._fields)
        fields = ("operationType", "clusterTime", "documentKey", *exported)
        return self._collection.watch(
            [{"$project": dict.fromkeys(fields, 1)}],
            full_document="updateLookup",
            start_after=token,
            max_await_time_ms=AWAIT_MS,
            session=self._session,
        )

    def _current_token(self) -> Any:
        with self._watch() as stream:
            while (token := stream.resume_token) is None:
                # Events came with the opening itself. The snapshot, which is read later, holds them.
                stream.try_next()
            return _to_json(token)

    def _cluster_time(self) -> int:
        self._collection.database.command("ping", session=self._session)
        if self._session.operation_time is None:
            raise LoadError(
                f"MongoDB collection {self._collection.full_name}: the server is no replica set, and only a "
                "replica set has change streams. Start it with --replSet and run rs.initiate()."
            )
        return _as_int(self._session.operation_time)

    def _collection_uuid(self) -> str | None:
        name = self._collection.name
        listed = self._collection.database.list_collections(session=self._session, filter={"name": name})
        uuid = next((each["info"].get("uuid") for each in listed), None)
        return str(uuid.as_uuid() if isinstance(uuid, Binary) else uuid) if uuid else None


def _events_until(stream: ChangeStream[Document], bound: int) -> Iterator[tuple[Token, Document | None]]:
    """Each event up to cluster time `bound` with the token to go on after; an empty batch is a token alone.

    An event beyond the bound ends the iteration without its token, and is read again by the next run.
    """
    for _ in range(EMPTY_BATCHES):
        while (event := stream.try_next()) is not None:
            if _as_int(event["clusterTime"]) > bound:
                return
            yield event["_id"], event
        token = stream.resume_token
        if token is None:
            return
        yield token, None
        time = token_time(token)
        if time is None or time >= bound:
            return


def token_time(token: Token) -> int | None:
    """The cluster time in a MongoDB resume token, 0x82 and a big-endian timestamp; None in any other format.

    It tells the end of the stream from an empty batch of a server that merely waited its time.
    """
    data = token.get("_data")
    if not isinstance(data, str) or not data.startswith("82"):
        return None
    try:
        return int(data[2:18], 16)
    except ValueError:
        return None


def _as_int(time: Timestamp) -> int:
    return time.time << 32 | time.inc


def _to_json(value: Mapping[str, Any]) -> Any:
    return json.loads(json_util.dumps(value, json_options=_AS_JSON))


def _from_json(value: Any) -> Any:
    return json_util.loads(json.dumps(value), json_options=_AS_JSON)
