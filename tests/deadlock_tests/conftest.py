"""Laboratories on running servers, each with rows of one test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest

from promptsales.concurrency.laboratory import (
    Laboratory,
    MongoLaboratory,
    PostgresLaboratory,
    SqlServerLaboratory,
)
from promptsales.connections import Connections, from_settings
from promptsales.database import sqlserver
from promptsales.database.initialise import initialise
from promptsales.database.migrations import read_database_migrations
from promptsales.paths import DATABASE_DIR
from promptsales.settings import Settings


@pytest.fixture(scope="session")
def owner(engines: Settings) -> Connections:
    """Logins that own the schemas of the local engines, once `db init` has run on them."""
    connections = from_settings(engines, admin=True)
    initialise(engines)
    return connections


@pytest.fixture(scope="session")
def real_server() -> Connections:
    """A SQL Server, named by the environment."""
    connections = from_settings(Settings(), admin=True)
    with closing(connections.ads()) as connection:
        recorded = sqlserver.recorded(connection)
    files = read_database_migrations(DATABASE_DIR / "sqlserver_ads")
    sqlserver.migrate("PromptAds", files, recorded, connections.ads)
    return connections


def cleared(laboratory: Laboratory) -> Iterator[Laboratory]:
    try:
        yield laboratory
    finally:
        laboratory.clear()


@pytest.fixture
def postgres(owner: Connections) -> Iterator[Laboratory]:
    yield from cleared(PostgresLaboratory(owner, uuid4().hex))


@pytest.fixture
def standin(owner: Connections) -> Iterator[Laboratory]:
    yield from cleared(SqlServerLaboratory(owner, uuid4().hex))


@pytest.fixture
def sqlserver_lab(real_server: Connections) -> Iterator[Laboratory]:
    yield from cleared(SqlServerLaboratory(real_server, uuid4().hex))


@pytest.fixture
def mongodb(owner: Connections) -> Iterator[Laboratory]:
    yield from cleared(MongoLaboratory(owner, uuid4().hex))
