"""Sales as numbers: when, where, who, how much; and which of them won a new customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptsales.seeding.campaigns import Campaigns
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.reference import Floats, Ints, Reference, offsets, shares

DAY_SECONDS = 86_400
LINES_SHARES = (0.78, 0.17, 0.05)
QUANTITY_SHARES = (0.85, 0.12, 0.03)
HOUR_WEIGHTS = (2, 1, 1, 1, 1, 1, 2, 3, 5, 7, 8, 9, 10, 9, 8, 8, 8, 9, 10, 12, 13, 12, 8, 4)
SLOW_WEEKDAYS = (0, 1)
"""Monday and Tuesday: a quarter of what they would sell moves to another day."""

LOYAL_EVERY = 4
LOYAL_SHARE = 0.6
"""Three in five repeat sales go to every fourth customer, so that some customers come back often."""


@dataclass(frozen=True)
class Lines:
    """Lines of sales, sale after sale. Prices in cents of the sale's currency.

    Attributes:
        start: where each sale's lines start; the last entry is how many lines there are.
        product: index among the products of the campaign's sector.
    """

    start: Ints
    product: Ints
    quantity: Ints
    price: Ints


@dataclass(frozen=True)
class Sales:
    """Sales in order of time. Indices count from 0.

    Attributes:
        second: seconds since 1970-01-01 UTC.
        customer: index of the buyer, in order of registration.
        total: in cents of the campaign's currency: the sum of its lines.
        first_of: for each customer, the index of the first sale; it is in the campaign that won the customer.
        registered: for each customer, milliseconds since 1970-01-01 UTC, ascending.
    """

    campaign: Ints
    channel: Ints
    second: Ints
    customer: Ints
    total: Ints
    lines: Lines
    first_of: Ints
    registered: Ints


def sales(plan: SeedPlan, ref: Reference, camps: Campaigns) -> Sales:
    """Every sale of `plan`."""
    campaign, second = _moments(plan, camps)
    channel = _channels(plan, camps, campaign)
    is_first = _first_sales(plan, camps.country[campaign], second)
    first_sale = _buyers(plan, camps.country[campaign], second, is_first)
    registered = _registrations(plan, camps, campaign, second, is_first)

    firsts = np.flatnonzero(is_first)
    by_registration = np.argsort(registered, kind="stable")
    customer_of_first = np.empty(len(second), dtype=np.int64)
    customer_of_first[firsts[by_registration]] = np.arange(len(firsts))

    lines = _lines(plan, ref, camps, campaign)
    return Sales(
        campaign=campaign,
        channel=channel,
        second=second,
        customer=customer_of_first[first_sale],
        total=np.add.reduceat(lines.quantity * lines.price, lines.start[:-1]),
        lines=lines,
        first_of=firsts[by_registration],
        registered=registered[by_registration],
    )


def _moments(plan: SeedPlan, camps: Campaigns) -> tuple[Ints, Ints]:
    """Campaign and second of each sale, in order of time."""
    rng = plan.generator("ventas", "fecha")
    campaign = np.repeat(np.arange(plan.campaigns), camps.sales)
    days_run = camps.days_run[campaign]
    start = camps.schedule.start[campaign]
    day = start + (rng.random(len(campaign)) * days_run).astype(np.int64)
    # 1970-01-01 was a Thursday.
    moved = np.isin((day + 3) % 7, SLOW_WEEKDAYS) & (rng.random(len(campaign)) < 0.25)
    day = np.where(moved, start + (rng.random(len(campaign)) * days_run).astype(np.int64), day)
    hour = rng.choice(24, len(campaign), p=shares(HOUR_WEIGHTS))
    second = day * DAY_SECONDS + hour * 3_600 + rng.integers(0, 3_600, len(campaign))
    order = np.argsort(second, kind="stable")
    return campaign[order], second[order]


def _channels(plan: SeedPlan, camps: Campaigns, campaign: Ints) -> Ints:
    draw = plan.generator("ventas", "canal").random(len(campaign))
    slot = (draw[:, None] >= camps.channel_shares[campaign]).sum(axis=1)
    channels: Ints = camps.channels[campaign, slot]
    return channels


def _first_sales(plan: SeedPlan, country: Ints, second: Ints) -> npt.NDArray[np.bool_]:
    """Which sales won a new customer: as many as there are customers, the more of them the earlier in time.

    The earliest sales of each country always do: nobody is there yet who could come back.
    """
    rng = plan.generator("ventas", "primera")
    age = np.log((np.arange(len(second)) + 1) / len(second))
    comes_back: Floats = age + rng.gumbel(size=len(second))
    for nation in np.unique(country):
        of_nation = np.flatnonzero(country == nation)
        comes_back[of_nation[second[of_nation] == second[of_nation[0]]]] = -np.inf
    is_first = np.ones(len(second), dtype=np.bool_)
    is_first[np.argsort(-comes_back, kind="stable")[: len(second) - plan.customers]] = False
    return is_first


def _buyers(plan: SeedPlan, country: Ints, second: Ints, is_first: npt.NDArray[np.bool_]) -> Ints:
    """For each sale, the first sale of its buyer: itself, or an earlier one in the same country."""
    rng = plan.generator("ventas", "cliente")
    draw = rng.random(len(second))
    to_loyal = rng.random(len(second)) < LOYAL_SHARE
    first_sale = np.arange(len(second))
    for nation in np.unique(country):
        of_nation = np.flatnonzero(country == nation)
        firsts = of_nation[is_first[of_nation]]
        repeats = of_nation[~is_first[of_nation]]
        earlier = np.searchsorted(second[firsts], second[repeats], side="left")
        chosen = (draw[repeats] * earlier).astype(np.int64)
        chosen -= np.where(to_loyal[repeats], chosen % LOYAL_EVERY, 0)
        first_sale[repeats] = firsts[chosen]
    return first_sale


def _registrations(
    plan: SeedPlan, camps: Campaigns, campaign: Ints, second: Ints, is_first: npt.NDArray[np.bool_]
) -> Ints:
    """When each customer registered, in milliseconds: minutes to days before the first sale, within the campaign."""
    rng = plan.generator("clientes", "registro")
    firsts = np.flatnonzero(is_first)
    minutes_before = rng.exponential(20.0, len(firsts))
    days_before = rng.exponential(2.0, len(firsts))
    gap = np.where(rng.random(len(firsts)) < 0.7, minutes_before * 60_000, days_before * DAY_SECONDS * 1_000)
    campaign_start = camps.schedule.start[campaign[firsts]] * DAY_SECONDS * 1_000
    return np.maximum(second[firsts] * 1_000 - gap.astype(np.int64), campaign_start)


def _lines(plan: SeedPlan, ref: Reference, camps: Campaigns, campaign: Ints) -> Lines:
    rng = plan.generator("lineas_venta")
    start = offsets(1 + rng.choice(len(LINES_SHARES), len(campaign), p=LINES_SHARES))
    of_campaign = np.repeat(campaign, np.diff(start))
    sector = np.array([brand.sector for brand in ref.brands])[camps.brand[of_campaign]]
    product = (rng.random(len(sector)) * np.array([len(group) for group in ref.products])[sector]).astype(np.int64)
    return Lines(
        start=start,
        product=product,
        quantity=1 + rng.choice(len(QUANTITY_SHARES), len(sector), p=QUANTITY_SHARES),
        price=_prices(rng, ref, sector, product, camps.country[of_campaign]),
    )


def _prices(rng: np.random.Generator, ref: Reference, sector: Ints, product: Ints, country: Ints) -> Ints:
    """Unit prices in cents: the product's price in dollars, in local currency, as that currency rounds."""
    widest = max(len(group) for group in ref.products)
    in_dollars = np.array([[item.price for item in group] + [0.0] * (widest - len(group)) for group in ref.products])
    per_dollar = np.array([nation.per_dollar for nation in ref.countries])
    step = np.array([nation.price_step for nation in ref.countries])[country]
    cents = in_dollars[sector, product] * per_dollar[country] * 100 * rng.uniform(0.85, 1.20, len(sector))
    prices: Ints = np.maximum(np.rint(cents / step), 1).astype(np.int64) * step
    return prices
