"""Leads as numbers: contacts that campaigns brought, some of which became customers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from promptsales.seeding.campaigns import Campaigns
from promptsales.seeding.customers import Customers
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.reference import Ints
from promptsales.seeding.sales import DAY_SECONDS, Sales

NEW, CONTACTED, QUALIFIED, CONVERTED, LOST = range(5)
LEAD_STATES = ("nuevo", "contactado", "calificado", "convertido", "perdido")
CONVERTED_SHARE = 0.38
DAY_MS = DAY_SECONDS * 1_000
STAGE_DAYS = (4, 12, 30)
"""Until this age a lead that did not convert is typically new, contacted, qualified; later it is lost."""


@dataclass(frozen=True)
class Leads:
    """Leads in order of creation. Times in milliseconds since 1970-01-01 UTC; -1 where there is none."""

    campaign: Ints
    channel: Ints
    customer: Ints
    state: Ints
    score: Ints
    created: Ints
    converted: Ints


def leads(plan: SeedPlan, camps: Campaigns, sold: Sales, people: Customers) -> Leads:
    """Every lead of `plan`; `score` is in hundredths of a point, 0 to 10,000."""
    rng = plan.generator("leads")
    converts = min(round(CONVERTED_SHARE * plan.leads), plan.customers)
    others = plan.leads - converts

    customer = np.sort(rng.choice(plan.customers, converts, replace=False))
    won_by = people.campaign[customer]
    converted = sold.registered[customer]
    earliest = camps.schedule.start[won_by] * DAY_MS
    born = np.maximum(converted - (rng.exponential(2.5, converts) * DAY_MS).astype(np.int64), earliest)

    campaign = rng.choice(plan.campaigns, others, p=camps.sales / camps.sales.sum())
    slot = (rng.random(others)[:, None] >= camps.channel_shares[campaign]).sum(axis=1)
    span = camps.days_run[campaign] * DAY_MS
    created = camps.schedule.start[campaign] * DAY_MS + (rng.random(others) * span).astype(np.int64)
    age = (plan.as_of_day + 1) - created / DAY_MS
    state = np.digitize(age * rng.lognormal(0.0, 0.5, others), STAGE_DAYS)
    state = np.where(state == CONVERTED, LOST, state)

    every_state = np.concatenate((np.full(converts, CONVERTED), state))
    middle = np.array([35.0, 45.0, 62.0, 78.0, 28.0])[every_state]
    score = np.clip(np.rint((middle + rng.normal(0.0, 11.0, plan.leads)) * 100), 0, 10_000).astype(np.int64)
    every_created = np.concatenate((born, created))
    order = np.argsort(every_created, kind="stable")
    none = np.full(others, -1, dtype=np.int64)
    return Leads(
        campaign=np.concatenate((won_by, campaign))[order],
        channel=np.concatenate((sold.channel[sold.first_of[customer]], camps.channels[campaign, slot]))[order],
        customer=np.concatenate((customer, none))[order],
        state=every_state[order],
        score=score[order],
        created=every_created[order],
        converted=np.concatenate((converted, none))[order],
    )
