"""Simulated activity: believable changes in all three sources, and exactly how many of each.

Each key is changed at most once, in one way, so the next ETL cycle can be checked against the report.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np
import pymssql
from pymongo.errors import PyMongoError

from promptsales.connections import Connections, mongodb_message, sqlserver_message
from promptsales.seeding.changes import Report, Session, SimulationError, Tally
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.record import complete_tables, recorded_plan
from promptsales.seeding.reference import reference
from promptsales.seeding.seed import ADS, CRM
from promptsales.seeding.simulate_ads import (
    earn,
    follow_influencers,
    hear,
    launch,
    move_markets,
    raise_budgets,
    running_campaigns,
    work_ads,
)
from promptsales.seeding.simulate_content import ContentChanges, plan_content
from promptsales.seeding.simulate_crm import (
    change_segments,
    deliver,
    make_sales,
    plan_sales,
    work_consents,
    work_leads,
)

DEFAULT_CHANGES = 1_000
LAST_TABLES = {ADS: "sentimientos", CRM: "lineas_venta"}
SALES_SHARE = 0.34
"""Of all changes: sales, their lines, new customers, and the daily performance that they add to."""

SHARES = {
    "launched": 0.002,
    "budgets": 0.03,
    "ads_made": 0.012,
    "ads_changed": 0.02,
    "ads_dropped": 0.006,
    "markets_moved": 0.01,
    "heard": 0.03,
    "corrected": 0.05,
    "influencers": 0.01,
    "delivered": 0.06,
    "leads_made": 0.08,
    "leads_moved": 0.08,
    "leads_lost": 0.04,
    "consents_made": 0.03,
    "consents_turned": 0.02,
    "consents_gone": 0.02,
    "requests": 0.04,
    "images_made": 0.01,
    "images_changed": 0.02,
    "images_gone": 0.004,
    "approved": 0.01,
}
"""Of all changes, what each activity is given. What is left, about an eighth, are customers who change segment."""


def simulate_changes(connections: Connections, changes: int, seed: int = 1) -> Report:
    """Make `changes` changes, dated on the last day of the seeded data; returns how many of each.

    Fewer are made only where the tables hold too few rows to change.

    Args:
        connections: logins that may write to the tables.
        changes: keys inserted, updated or deleted, all sources together.
        seed: another one, other changes. The same one on the same data: the same changes.

    Raises:
        SimulationError: the databases are not seeded, or a server refused something. PromptAds and PromptCRM commit
            last, one right after the other, and MongoDB is changed after both.
    """
    tally = Tally()
    with _transaction(connections, ADS) as ads_connection, _transaction(connections, CRM) as crm_connection:
        try:
            plan = _seeded_plan(ads_connection, crm_connection)
            number = _next_number(crm_connection)
            rng = plan.generator("simulacion", seed, number)
            ads = Session(ads_connection, ADS, tally, rng)
            crm = Session(crm_connection, CRM, tally, rng)
            content = _change(connections, plan, ads, crm, rng, number, tally, changes)
        except pymssql.Error as error:
            raise SimulationError(
                f"SQL Server: {sqlserver_message(error)}. Nothing was committed; run it again."
            ) from error
        except PyMongoError as error:
            raise SimulationError(f"MongoDB: {mongodb_message(error)}. Nothing was committed; run it again.") from error
        _commit(crm_connection, ads_connection)
        database = connections.mongo()
        try:
            content.run(database)
        except PyMongoError as error:
            raise SimulationError(
                f"MongoDB: {mongodb_message(error)}. The changes of PromptAds and PromptCRM are committed."
            ) from error
        finally:
            database.client.close()
    return tally.report


def _commit(crm: pymssql.Connection, ads: pymssql.Connection) -> None:
    """Commit both databases. Between the two lies the one moment in which only one of them has the day's sales."""
    try:
        crm.commit()
    except pymssql.Error as error:
        raise SimulationError(f"PromptCRM: {sqlserver_message(error)}. Nothing was committed; run it again.") from error
    try:
        ads.commit()
    except pymssql.Error as error:
        raise SimulationError(
            f"PromptAds: {sqlserver_message(error)}. PromptCRM has committed its half, so revenue and sales differ: "
            "seed again from empty databases."
        ) from error


def _change(
    connections: Connections,
    plan: SeedPlan,
    ads: Session,
    crm: Session,
    rng: np.random.Generator,
    number: int,
    tally: Tally,
    changes: int,
) -> ContentChanges:
    """Everything but the commits and MongoDB's writes."""
    ref = reference()
    quota = {name: int(share * changes) for name, share in SHARES.items()}
    newest = int(crm.rows("SELECT MAX(id_cliente) FROM dbo.clientes")[0][0])

    launch(ads, plan, quota["launched"])
    raise_budgets(ads, plan, rng, quota["budgets"])
    campaigns = running_campaigns(ads, plan, ref)
    day = plan_sales(crm, ref, rng, campaigns, int(SALES_SHARE * changes))
    deliver(crm, plan, quota["delivered"])
    make_sales(crm, plan, ref, rng, day.sales)
    earn(ads, plan, rng, day.earned)

    hear(ads, plan, rng, quota["heard"], quota["corrected"])
    work_ads(ads, ref, rng, quota["ads_made"], quota["ads_changed"], quota["ads_dropped"])
    move_markets(ads, ref, rng, quota["markets_moved"])
    follow_influencers(ads, rng, quota["influencers"])
    work_leads(crm, plan, rng, campaigns, quota["leads_made"], quota["leads_moved"], quota["leads_lost"])
    work_consents(crm, plan, ref, rng, quota["consents_made"], quota["consents_turned"], quota["consents_gone"])
    content = plan_content(connections.mongo(), plan, rng, number, tally, quota)
    change_segments(crm, rng, newest, changes - tally.total)
    return content


@contextmanager
def _transaction(connections: Connections, database: str) -> Iterator[pymssql.Connection]:
    """A connection in a transaction of its own, undone unless it is committed."""
    connect = connections.ads if database == ADS else connections.crm
    with closing(connect()) as connection:
        connection.autocommit(False)
        yield connection


def _seeded_plan(ads: pymssql.Connection, crm: pymssql.Connection) -> SeedPlan:
    try:
        plan = recorded_plan(crm)
        complete = all(LAST_TABLES[name] in complete_tables(db) for name, db in ((ADS, ads), (CRM, crm)))
    except pymssql.Error as error:
        raise SimulationError(f"dbo.siembra: {sqlserver_message(error)}. Run `promptsales db init` first.") from error
    if plan is None or not complete:
        raise SimulationError("the databases are not completely seeded: run `promptsales seed` first")
    return plan


def _next_number(crm: pymssql.Connection) -> int:
    """Which simulation this is, counted in PromptCRM's transaction."""
    with crm.cursor() as cursor:
        cursor.execute("SELECT valor FROM dbo.siembra WHERE parametro = N'simulaciones'")
        row = cursor.fetchone()
        number = int(str(row[0])) + 1 if row else 1
        if row:
            cursor.execute("UPDATE dbo.siembra SET valor = %s WHERE parametro = N'simulaciones'", (str(number),))
        else:
            cursor.execute("INSERT INTO dbo.siembra (parametro, valor) VALUES (N'simulaciones', %s)", (str(number),))
    return number
