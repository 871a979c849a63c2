"""PromptContent's collections in a database of their own, with certificates, for the tests of one module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from certificate_folders import certificate_folder
from promptsales.connections import connect_mongo
from promptsales.database.mongodb import init
from promptsales.security.credentials import CredentialStore
from promptsales.security.envelope import Envelope
from promptsales.settings import Settings

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@contextmanager
def content_database(engines: Settings, name: str) -> Iterator[Database[dict[str, Any]]]:
    """An initialised database that is dropped in the end."""
    client: MongoClient[dict[str, Any]] = connect_mongo(engines.url("mongo")).client
    with client:
        init(client[name])
        try:
            yield client[name]
        finally:
            client.drop_database(name)


def emptied(database: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    """The database without documents: quicker than a new one for every test."""
    for name in database.list_collection_names():
        database[name].delete_many({})
    return database


def credential_store(database: Database[dict[str, Any]], folder: Path) -> CredentialStore:
    """The database's credentials under the folder's certificates."""
    return CredentialStore(database, Envelope(certificate_folder(folder)), lambda: NOW)
