"""Everything a plan generates, as arrays of numbers; the tables of each database are written out of it."""

from __future__ import annotations

from dataclasses import dataclass

from promptsales.seeding.campaigns import Campaigns, Influencers, campaigns, influencers
from promptsales.seeding.customers import Customers, customers
from promptsales.seeding.leads import Leads, leads
from promptsales.seeding.performance import Performance, Sentiment, performance, sentiment
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.reference import Reference, reference
from promptsales.seeding.sales import Sales, sales


@dataclass(frozen=True)
class World:
    """The generated numbers: about 250 bytes a customer, whatever the rows' text will take."""

    plan: SeedPlan
    reference: Reference
    influencers: Influencers
    campaigns: Campaigns
    sales: Sales
    customers: Customers
    leads: Leads
    performance: Performance
    sentiment: Sentiment


def build_world(plan: SeedPlan) -> World:
    """Generate everything of `plan`: equal plans give equal worlds."""
    ref = reference()
    people = influencers(plan, ref)
    camps = campaigns(plan, ref, people)
    sold = sales(plan, ref, camps)
    buyers = customers(plan, ref, camps, sold)
    return World(
        plan=plan,
        reference=ref,
        influencers=people,
        campaigns=camps,
        sales=sold,
        customers=buyers,
        leads=leads(plan, camps, sold, buyers),
        performance=performance(plan, ref, camps, sold),
        sentiment=sentiment(plan, camps),
    )
