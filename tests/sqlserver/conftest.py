"""SQL Server itself: these tests run where PROMPTSALES_TEST_SQLSERVER=1 says that the URLs name one, and only there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pymssql
import pytest

from promptsales.connections import Connections, connect_sqlserver_by_hook, from_settings
from promptsales.database import sqlserver
from promptsales.database.migrations import read_database_migrations
from promptsales.paths import DATABASE_DIR
from promptsales.settings import Settings


@pytest.fixture(scope="session")
def server_settings() -> Settings:
    """The URLs of the environment."""
    return Settings()


@pytest.fixture(scope="session")
def server(server_settings: Settings) -> Connections:
    """Connections of the logins that own the databases."""
    return from_settings(server_settings, admin=True)


@pytest.fixture(scope="session")
def ads_database(
    server_settings: Settings, server: Connections, airflow_home: None
) -> Callable[[], pymssql.Connection]:
    """PromptAds as `db init` leaves it."""
    migrate(server_settings, "ads", "PromptAds", server.ads)
    return server.ads


@pytest.fixture
def ads(ads_database: Callable[[], pymssql.Connection]) -> Iterator[pymssql.Connection]:
    """One connection to PromptAds, in autocommit."""
    with closing(ads_database()) as connection:
        yield connection


@pytest.fixture(scope="session")
def crm_database(
    server_settings: Settings, server: Connections, airflow_home: None
) -> Callable[[], pymssql.Connection]:
    """PromptCRM as `db init` leaves it."""
    migrate(server_settings, "crm", "PromptCRM", server.crm)
    return server.crm


@pytest.fixture
def crm(crm_database: Callable[[], pymssql.Connection]) -> Iterator[pymssql.Connection]:
    """One connection to PromptCRM, in autocommit."""
    with closing(crm_database()) as connection:
        yield connection


def migrate(settings: Settings, engine: str, database: str, connect: Callable[[], pymssql.Connection]) -> None:
    """Apply the files of one database as `db init` does."""
    url = settings.url(engine, admin=True)
    with closing(connect()) as connection:
        recorded = sqlserver.recorded(connection)
    sqlserver.migrate(
        database,
        read_database_migrations(DATABASE_DIR / f"sqlserver_{engine}"),
        recorded,
        lambda: connect_sqlserver_by_hook(url),
    )
