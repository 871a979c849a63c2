"""Every database brought to its declared schema: what `promptsales db init` does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from time import monotonic
from typing import Any

import psycopg
from pymongo.database import Database

from promptsales.connections import connect_sqlserver, connect_sqlserver_by_hook, from_settings
from promptsales.database import mongodb, postgresql, sqlserver
from promptsales.database.migrations import Outcome, read_database_migrations
from promptsales.etl.mirrors import create_mirrors
from promptsales.etl.spec import load_pipelines
from promptsales.paths import DATABASE_DIR
from promptsales.settings import Settings

Notify = Callable[[Outcome], None]


def initialise(settings: Settings, notify: Notify = lambda outcome: None) -> list[Outcome]:
    """Bring the four databases to their declared schemas; run again, it changes nothing.

    Two at once are safe: the second waits for the first.

    Args:
        settings: name the servers, and the logins that own the schemas.
        notify: called after each database.

    Raises:
        PromptSalesError: naming what failed. What was applied before it stays, and running again continues.
    """
    owner = from_settings(settings, admin=True)
    outcomes: list[Outcome] = []

    def done(outcome: Outcome) -> None:
        outcomes.append(outcome)
        notify(outcome)

    with closing(owner.postgres()) as warehouse:
        warehouse.autocommit = True
        with postgresql.migrations_lock(warehouse):
            done(_sqlserver(settings, "ads", "PromptAds", "sqlserver_ads"))
            done(_sqlserver(settings, "crm", "PromptCRM", "sqlserver_crm"))
            done(postgresql.migrate(warehouse, read_database_migrations(DATABASE_DIR / "postgresql")))
            done(_mirrors(warehouse))
            done(_mongodb(owner.mongo))
    return outcomes


def _sqlserver(settings: Settings, engine: str, database: str, folder: str) -> Outcome:
    url, variable = settings.url(engine, admin=True), settings.variable(engine, admin=True)
    with closing(connect_sqlserver(url, variable)) as connection:
        recorded = sqlserver.recorded(connection)
    return sqlserver.migrate(
        database,
        read_database_migrations(DATABASE_DIR / folder),
        recorded,
        lambda: connect_sqlserver_by_hook(url, variable),
    )


def _mirrors(warehouse: psycopg.Connection[Any]) -> Outcome:
    start = monotonic()
    declared = {
        f"{pipeline.target_schema}.{table.name}" for pipeline in load_pipelines().values() for table in pipeline.tables
    }
    changes = create_mirrors(warehouse)
    return Outcome(
        target="PostgreSQL mirrors",
        applied=changes,
        already=len(declared.difference(changes)),
        seconds=monotonic() - start,
    )


def _mongodb(connect: Callable[[], Database[dict[str, Any]]]) -> Outcome:
    start = monotonic()
    database = connect()
    with closing(database.client):
        report = mongodb.init(database)
    return Outcome(
        target="MongoDB promptcontent",
        applied=[*report.created, *report.validators, *report.indexes],
        already=len(mongodb.declared_collections()) - len(report.created),
        seconds=monotonic() - start,
        notes=tuple(
            f"{count:,} documents of {collection} break its new validator: MongoDB will refuse their next change "
            "unless it mends them."
            for collection, count in report.not_conforming.items()
        ),
    )
