"""MongoDB: each collection is copied twice, with its declared indexes; one copy goes without the one in question."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from bson import json_util
from pymongo import IndexModel
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from promptsales.benchmarks.indexes.cases import MongoCase, mongo_cases
from promptsales.benchmarks.indexes.measurement import (
    ROUNDS,
    Measurement,
    Omission,
    Phase,
    interleaved,
)
from promptsales.connections import Connections, mongodb_message
from promptsales.database.mongodb import INDEX_OPTIONS, declared_collections
from promptsales.errors import MissingCapabilityError

SAMPLE = 5
"""Documents whose values the queries are run with."""

Copies = dict[Phase, Collection[dict[str, Any]]]


def measure(
    connections: Connections, rounds: int = ROUNDS, notify: Callable[[str], object] = lambda query: None
) -> Iterator[Measurement | Omission]:
    """Every query, without and with its index; the copies are gone in the end.

    Args:
        connections: of the login that owns PromptContent.
        rounds: runs of each.
        notify: told the name of each query.

    Raises:
        MissingCapabilityError: the server does not explain what it did.
    """
    database = connections.mongo()
    with database.client:
        server = server_name(database)
        for name, cases in groupby(sorted(mongo_cases(), key=lambda case: case.collection), lambda c: c.collection):
            with _copies(database, name) as copies:
                for case in cases:
                    notify(case.name)
                    yield from _compare(database, copies, case, server, rounds)


def server_name(database: Database[dict[str, Any]]) -> str:
    """Product and version; a server that stands in for MongoDB is named as what it is."""
    build = database.client.server_info()
    stand_in = build.get("secantusVersion")
    return f"SecantusDB {stand_in} (stand-in)" if stand_in else f"MongoDB {build['version']}"


@contextmanager
def _copies(database: Database[dict[str, Any]], name: str) -> Iterator[Copies]:
    copies = {phase: database[f"banco_{phase}_{name}"] for phase in Phase}
    declared = declared_collections()[name]["indexes"]
    try:
        for copy in copies.values():
            copy.drop()
            database[name].aggregate([{"$match": {}}, {"$out": copy.name}])
            copy.create_indexes([_model(index) for index in declared])
        yield copies
    finally:
        for copy in copies.values():
            copy.drop()


def _model(index: Mapping[str, Any]) -> IndexModel:
    # No copy lives long enough for a TTL to matter, and its thread had better not try.
    options = {option: index[option] for option in INDEX_OPTIONS if option in index and option != "expireAfterSeconds"}
    return IndexModel([(path, direction) for path, direction in index["keys"]], name=index["name"], **options)


def _compare(
    database: Database[dict[str, Any]], copies: Copies, case: MongoCase, server: str, rounds: int
) -> Iterator[Measurement | Omission]:
    [declared] = [each for each in declared_collections()[case.collection]["indexes"] if each["name"] == case.index]
    copies[Phase.before].drop_index(case.index)
    total = copies[Phase.after].count_documents({})
    documents = list(copies[Phase.after].find({}, sort=[("_id", -1)], limit=SAMPLE))
    if not documents:
        yield Omission("mongodb", case.name, f"{case.collection} has no documents.")
        return
    filters = [_filled(case.filter, document) for document in documents]

    def runner(copy: Collection[dict[str, Any]]) -> Callable[[int], object]:
        order = list((case.sort or {}).items()) or None
        return lambda number: list(copy.find(filters[number % len(filters)], sort=order, limit=case.limit))

    times = interleaved({phase: runner(copy) for phase, copy in copies.items()}, rounds)
    for phase, copy in copies.items():
        plan = _explained(database, copy.name, case, filters[0])
        stats = plan["executionStats"]
        yield Measurement(
            engine="mongodb",
            server=server,
            query=case.name,
            question=case.question,
            statement=_statement(case),
            table=case.collection,
            table_rows=total,
            index=case.index,
            phase=phase,
            rows=stats["nReturned"],
            reads=stats["totalKeysExamined"] + stats["totalDocsExamined"],
            reads_unit="keys and documents",
            milliseconds=times[phase],
            uses_index=f"'{case.index}'" in str(plan["queryPlanner"]["winningPlan"]),
            # Extended JSON, for the dates and keys in it.
            plan=json.loads(json_util.dumps({"queryPlanner": plan["queryPlanner"], "executionStats": stats})),
        )
    copies[Phase.before].create_indexes([_model(declared)])


def _explained(database: Database[dict[str, Any]], name: str, case: MongoCase, wanted: dict[str, Any]) -> Any:
    find: dict[str, Any] = {"find": name, "filter": wanted, "limit": case.limit}
    if case.sort:
        find["sort"] = case.sort
    try:
        plan = database.command("explain", find, verbosity="executionStats")
    except OperationFailure as error:
        raise MissingCapabilityError(f"MongoDB does not explain its queries: {mongodb_message(error)}.") from error
    stats = plan.get("executionStats", {})
    if not {"nReturned", "totalKeysExamined", "totalDocsExamined"} <= stats.keys():
        raise MissingCapabilityError("MongoDB's explain gives no executionStats: it takes a MongoDB that does.")
    return plan


def _filled(wanted: Any, document: Mapping[str, Any]) -> Any:
    """The filter with a document's own values; of an array, its first."""
    if isinstance(wanted, dict):
        return {key: _filled(value, document) for key, value in wanted.items()}
    if isinstance(wanted, str) and wanted.startswith("$"):
        value = document.get(wanted[1:])
        return value[0] if isinstance(value, list) and value else value
    return wanted


def _statement(case: MongoCase) -> str:
    sort = f".sort({case.sort})" if case.sort else ""
    limit = f".limit({case.limit})" if case.limit else ""
    return f"db.{case.collection}.find({case.filter}){sort}{limit}".replace("'", '"')
