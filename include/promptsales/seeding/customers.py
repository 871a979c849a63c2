"""Customers as numbers: where each lives, and the segment that follows from what each bought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from promptsales.seeding.campaigns import Campaigns
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.reference import Ints, Reference, offsets
from promptsales.seeding.sales import DAY_SECONDS, Sales

SEGMENTS = ("nuevo", "ocasional", "frecuente", "premium", "inactivo")
SEGMENT_SHARES = {"premium": 0.05, "frecuente": 0.20, "inactivo": 0.10, "nuevo": 0.30}
"""What is left is `ocasional`."""


@dataclass(frozen=True)
class Customers:
    """Customers in order of registration. Indices count from 0."""

    campaign: Ints
    market: Ints
    segment: Ints


def customers(plan: SeedPlan, ref: Reference, camps: Campaigns, sold: Sales) -> Customers:
    """Every customer of `plan`, each won by the campaign of the first sale."""
    campaign = sold.campaign[sold.first_of]
    return Customers(campaign, _markets(plan, ref, camps, campaign), _segments(plan, ref, camps, sold))


def _markets(plan: SeedPlan, ref: Reference, camps: Campaigns, campaign: Ints) -> Ints:
    """One of the campaign's markets each, by population."""
    draw = plan.generator("clientes", "mercado").random(len(campaign))
    population = np.array([market.population for market in ref.markets], dtype=np.float64)
    running = np.cumsum(population[camps.market])
    ends = offsets(camps.market_count)
    before = np.concatenate(([0.0], running))[ends]
    target = before[campaign] + draw * (before[campaign + 1] - before[campaign])
    place = np.searchsorted(running, target, side="right")
    markets: Ints = camps.market[np.minimum(place, ends[campaign + 1] - 1)]
    return markets


def _segments(plan: SeedPlan, ref: Reference, camps: Campaigns, sold: Sales) -> Ints:
    """Ranked, with chance: who buys often and for much is premium or frequent, who came lately new, others inactive."""
    rng = plan.generator("clientes", "segmento")
    count = len(sold.first_of)
    per_dollar = np.array([nation.per_dollar for nation in ref.countries])[camps.country[sold.campaign]]
    purchases = np.bincount(sold.customer, minlength=count)
    spent = np.bincount(sold.customer, weights=sold.total / (100 * per_dollar), minlength=count)
    last = np.zeros(count, dtype=np.int64)
    np.maximum.at(last, sold.customer, sold.second)
    months_ago = (plan.as_of_day + 1 - last / DAY_SECONDS) / 30

    worth = 1.4 * (purchases - 1) + 0.6 * np.log1p(spent) + rng.normal(0.0, 0.8, count)
    absence = months_ago + rng.normal(0.0, 4.0, count)

    segment = np.full(count, SEGMENTS.index("ocasional"))
    free = np.ones(count, dtype=np.bool_)
    ranks = {"premium": -worth, "frecuente": -worth, "inactivo": -absence, "nuevo": absence}
    for name, share in SEGMENT_SHARES.items():
        ranked = np.argsort(np.where(free, ranks[name], np.inf), kind="stable")[: round(share * count)]
        segment[ranked] = SEGMENTS.index(name)
        free[ranked] = False
    return segment
