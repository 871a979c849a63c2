"""PromptContent's collections, made and kept as the files of `database/mongodb/schema` declare them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo import IndexModel
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import PyMongoError

from promptsales.connections import mongodb_message
from promptsales.errors import PromptSalesError
from promptsales.paths import DATABASE_DIR

SCHEMA_DIR = DATABASE_DIR / "mongodb" / "schema"

INDEX_OPTIONS = ("unique", "expireAfterSeconds", "partialFilterExpression")
"""What a schema file may say of an index beside its name and keys. `query` is for people: the query it serves."""


class MongoSchemaError(PromptSalesError):
    """A collection, validator or index could not be made as its schema file says."""


@dataclass(frozen=True)
class InitReport:
    """What `init` changed; all empty when the database already was as declared.

    Attributes:
        created: collections made.
        validators: existing collections whose validator was replaced.
        indexes: `collection.index` made, or made anew because its declaration changed.
        not_conforming: per collection whose validator was replaced, how many of its documents break the new
            rules. They stay as they are; MongoDB refuses their next change unless it mends them.
    """

    created: list[str] = field(default_factory=list)
    validators: list[str] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    not_conforming: dict[str, int] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether anything had to be done."""
        return bool(self.created or self.validators or self.indexes)


def init(database: Database[dict[str, Any]]) -> InitReport:
    """Create or update every declared collection with its validator and indexes; run again, it does nothing.

    No document is changed or removed, and indexes that no file declares are left alone.

    Raises:
        MongoSchemaError: naming the collection; what was made before it stays, and running again continues.
    """
    report = InitReport()
    for name, schema in declared_collections().items():
        try:
            _apply_validator(database, name, schema["validator"], report)
            _apply_indexes(database[name], schema["indexes"], report)
        except PyMongoError as error:
            raise MongoSchemaError(
                f"MongoDB collection {database.name}.{name}: {mongodb_message(error)}. Mend it and run "
                "`promptsales db init` again."
            ) from error
    return report


def declared_collections(folder: Path = SCHEMA_DIR) -> dict[str, dict[str, Any]]:
    """`{collection: {"validator": ..., "indexes": [...]}}` out of the schema files, by collection name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def _apply_validator(
    database: Database[dict[str, Any]], name: str, validator: dict[str, Any], report: InitReport
) -> None:
    existing = next(iter(database.list_collections(filter={"name": name})), None)
    if existing is None:
        database.create_collection(name, validator=validator)
        report.created.append(name)
    elif existing.get("options", {}).get("validator") != validator:
        database.command("collMod", name, validator=validator, validationLevel="strict", validationAction="error")
        report.validators.append(name)
        if breaking := database[name].count_documents({"$nor": [validator]}):
            report.not_conforming[name] = breaking


def _apply_indexes(collection: Collection[dict[str, Any]], declared: list[dict[str, Any]], report: InitReport) -> None:
    existing = collection.index_information()
    for index in declared:
        name, keys = index["name"], [(path, direction) for path, direction in index["keys"]]
        options = {option: index[option] for option in INDEX_OPTIONS if option in index}
        if name in existing:
            if _shape(existing[name]) == {"key": keys, **options}:
                continue
            collection.drop_index(name)
        collection.create_indexes([IndexModel(keys, name=name, **options)])
        report.indexes.append(f"{collection.name}.{name}")


def _shape(information: dict[str, Any]) -> dict[str, Any]:
    """The part of `index_information` that a schema file declares."""
    options = {option: information[option] for option in INDEX_OPTIONS if information.get(option)}
    return {"key": [tuple(pair) for pair in information["key"]], **options}
