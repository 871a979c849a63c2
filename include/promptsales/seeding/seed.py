"""Seeding: one plan into PromptAds, PromptCRM and PromptContent, continued where an earlier run ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import pymssql

from promptsales.connections import Connections, sqlserver_message
from promptsales.errors import PromptSalesError
from promptsales.seeding import sqlserver_loader
from promptsales.seeding.ads_tables import ads_tables
from promptsales.seeding.content import content_documents
from promptsales.seeding.crm_tables import crm_tables
from promptsales.seeding.mongodb_loader import load_collection
from promptsales.seeding.plan import PlanError, SeedPlan
from promptsales.seeding.record import complete_tables, mark_complete, record_plan, recorded_plan
from promptsales.seeding.sqlserver_loader import Advance
from promptsales.seeding.table import Table
from promptsales.seeding.world import World, build_world

ADS, CRM, CONTENT = "PromptAds", "PromptCRM", "PromptContent"

LOADS_AT_ONCE = 4
"""Connections that take in rows side by side."""

Progress = Callable[[str, str, int, int], None]
"""Called with database, table, how many of its rows are there, and how many there will be."""


@dataclass(frozen=True)
class SeedReport:
    """What one run did.

    Attributes:
        plan: what was seeded.
        inserted: `{database: {table: rows inserted by this run}}`.
        seconds: from the first random number to the last commit.
    """

    plan: SeedPlan
    inserted: dict[str, dict[str, int]]
    seconds: float

    @property
    def rows(self) -> int:
        """Rows and documents inserted by this run; 0 when everything was there already."""
        return sum(sum(tables.values()) for tables in self.inserted.values())

    @property
    def rows_per_second(self) -> float:
        """Over the whole run, generating included."""
        return self.rows / self.seconds if self.seconds else 0.0


class _StoppedError(PromptSalesError):
    """Another part of the seeding failed."""


def _silent(database: str, table: str, done: int, total: int) -> None:
    """No progress wanted."""


def existing_plan(connections: Connections) -> SeedPlan | None:
    """The plan that the databases were seeded with; None where they were not.

    Raises:
        PromptSalesError: the record cannot be read.
    """
    with closing(connections.crm()) as crm, closing(connections.ads()) as ads:
        try:
            return recorded_plan(crm) or recorded_plan(ads)
        except pymssql.Error as error:
            raise PromptSalesError(
                f"dbo.siembra: {sqlserver_message(error)}. Run `promptsales db init` first."
            ) from error


def seed_all(connections: Connections, plan: SeedPlan, progress: Progress = _silent) -> SeedReport:
    """Bring all databases to the state that `plan` describes; what is there already is not touched.

    Args:
        connections: logins that may write to the tables, alter them and restart their sequences.
        plan: what to seed; it must be the one that was seeded before, if any was.
        progress: called from several threads.

    Raises:
        PlanError: the databases hold other data.
        LoadError: a server refused something; run again to continue.
    """
    begun = time.monotonic()
    _claim(connections, plan)
    world = build_world(plan)
    load = _Load(connections, world, progress)
    inserted = load.run()
    return SeedReport(plan, inserted, time.monotonic() - begun)


def _claim(connections: Connections, plan: SeedPlan) -> None:
    """Record the plan in both SQL Server databases, or refuse."""
    for database, connect, sample in ((ADS, connections.ads, "marcas"), (CRM, connections.crm, "clientes")):
        with closing(connect()) as connection:
            connection.autocommit(True)
            try:
                if recorded_plan(connection) is None and _has_rows(connection, sample):
                    raise PlanError(f"{database}.dbo.{sample} holds rows that no seeding made: seed an empty database.")
                record_plan(connection, plan, database)
            except pymssql.Error as error:
                raise PromptSalesError(
                    f"{database}.dbo.siembra: {sqlserver_message(error)}. Run `promptsales db init` first."
                ) from error


def _has_rows(connection: pymssql.Connection, table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT TOP (1) 1 FROM dbo.{table}")  # noqa: S608 - own name
        return cursor.fetchone() is not None


class _Load:
    """One run's loads, side by side: one is written out while another is taken in."""

    def __init__(self, connections: Connections, world: World, progress: Progress) -> None:
        self._world = world
        self._progress = progress
        self._mongo = connections.mongo
        self._connect = {ADS: connections.ads, CRM: connections.crm}
        self._failure: BaseException | None = None

    def run(self) -> dict[str, dict[str, int]]:
        """Load everything; returns the rows inserted by database and table."""
        tables = {ADS: ads_tables(self._world), CRM: crm_tables(self._world)}
        missing = {database: self._begin(database, listed) for database, listed in tables.items()}
        inserted = {database: {table.name: 0 for table in listed} for database, listed in tables.items()}
        waiting = [(database, table) for database, listed in missing.items() for table in listed]
        with ThreadPoolExecutor(LOADS_AT_ONCE) as pool:
            content = pool.submit(self._content)
            # The largest first: what begins last should not be what ends last.
            loads = [
                (database, table.name, pool.submit(self._table, database, table))
                for database, table in sorted(waiting, key=lambda pair: -pair[1].rows)
            ]
            try:
                for database, name, load in loads:
                    inserted[database][name] = load.result()
                inserted[CONTENT] = content.result()
            except _StoppedError:
                assert self._failure is not None
                raise self._failure from None
            except BaseException as error:
                self._failure = self._failure or error
                raise
        for database, listed in missing.items():
            with closing(self._connect[database]()) as connection:
                sqlserver_loader.complete(connection, database, listed)
        return inserted

    def _begin(self, database: str, tables: list[Table]) -> list[Table]:
        with closing(self._connect[database]()) as connection:
            missing = sqlserver_loader.begin(connection, database, tables)
        begun = {table.name for table in missing}
        for table in tables:
            if table.name not in begun:
                self._progress(database, table.name, table.rows, table.rows)
        return missing

    def _table(self, database: str, table: Table) -> int:
        advance = self._advance(database, {table.name: table.rows})
        try:
            # Where another load failed, this one does not begin: its server may not even answer.
            advance(table.name, 0)
            with closing(self._connect[database]()) as connection:
                return sqlserver_loader.load(connection, database, self._world.plan, table, advance)
        except BaseException as error:
            self._failure = self._failure or error
            raise

    def _content(self) -> dict[str, int]:
        try:
            return self._collections()
        except BaseException as error:
            self._failure = self._failure or error
            raise

    def _collections(self) -> dict[str, int]:
        documents = content_documents(self._world)
        advance = self._advance(CONTENT, {name: len(listed) for name, listed in documents.items()})
        inserted: dict[str, int] = {}
        database = self._mongo()
        # MongoDB has no place for the record: PromptAds, whose campaigns the documents point at, keeps it.
        with closing(self._connect[ADS]()) as connection:
            connection.autocommit(True)
            complete = complete_tables(connection)
            for name, listed in documents.items():
                if name in complete:
                    inserted[name] = 0
                    advance(name, len(listed))
                else:
                    inserted[name] = load_collection(database, name, listed, advance)
                    mark_complete(connection, name, len(listed))
        return inserted

    def _advance(self, database: str, totals: dict[str, int]) -> Advance:
        done = dict.fromkeys(totals, 0)

        def advance(table: str, rows: int) -> None:
            if self._failure is not None:
                raise _StoppedError(f"{database}.{table}: stopped, because another table failed")
            done[table] += rows
            self._progress(database, table, done[table], totals[table])

        return advance
