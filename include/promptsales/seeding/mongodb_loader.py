"""Documents into MongoDB: ascending ids, inserted piece by piece, continued where the last load ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo.database import Database
from pymongo.errors import PyMongoError

from promptsales.connections import mongodb_message
from promptsales.seeding.content import Document
from promptsales.seeding.sqlserver_loader import Advance, LoadError

PIECE_DOCUMENTS = 1_000


def load_collection(
    database: Database[dict[str, Any]], name: str, documents: Sequence[Document], advance: Advance
) -> int:
    """Insert the documents after the last one that is there; returns how many.

    Raises:
        LoadError: naming the collection and the server's message. What was inserted stays; another run goes on.
    """
    try:
        newest = next(iter(database[name].find({}, {"_id": 1}).sort("_id", -1).limit(1)), None)
        missing = [document for document in documents if newest is None or document["_id"] > newest["_id"]]
        advance(name, len(documents) - len(missing))
        for start in range(0, len(missing), PIECE_DOCUMENTS):
            piece = missing[start : start + PIECE_DOCUMENTS]
            database[name].insert_many(piece)
            advance(name, len(piece))
    except PyMongoError as error:
        raise LoadError(
            f"MongoDB {database.name}.{name}: {mongodb_message(error)}. Mend the cause (was `promptsales db init` "
            "run?) and run the same `promptsales seed` again to continue."
        ) from error
    return len(missing)
