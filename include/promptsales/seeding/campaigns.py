"""Campaigns as numbers: brand, markets, channels, ads and how much each is to sell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.reference import Floats, Ints, Reference, common_first, offsets, shares
from promptsales.seeding.schedule import PLANNED, Schedule, campaign_schedule

MAX_CHANNELS = 3
MARKETS_SHARES = (0.30, 0.25, 0.20, 0.12, 0.08, 0.05)
CHANNELS_SHARES = (0.25, 0.45, 0.30)
ADS_SHARES = (0.25, 0.35, 0.25, 0.15)
MIN_ADS = 2
HOME_COUNTRY_PULL = 1.8
"""How much likelier (e-folds) a brand is to campaign in its own country than in another city as large."""

MIN_SALES, MAX_SALES = 400, 1_000
SALES_PER_CUSTOMER = 1.18
MEAN_SALE_DOLLARS = 1.5
"""Expected sale as a multiple of the mean price of the sector's products."""

INFLUENCERS = 150
INFLUENCED_SHARE = 0.35
INFLUENCED_KINDS = ("social", "video")


@dataclass(frozen=True)
class Influencers:
    """People who publish ads. Indices into the reference; followers; fee in US cents; names as vocabulary indices."""

    channel: Ints
    country: Ints
    is_woman: npt.NDArray[np.bool_]
    given_name: Ints
    surname: Ints
    followers: Ints
    fee: Ints


@dataclass(frozen=True)
class Campaigns:
    """Every campaign, in order of start. Indices count from 0; keys in the databases are one more.

    Attributes:
        schedule: first day, last day, status.
        brand: index of its brand.
        country: index of the country of its markets.
        channels: indices of its channels, ascending, as many columns as the most any has; -1 where it has fewer.
        channel_count: how many it has.
        channel_shares: cumulative shares of its sales by channel.
        market_count: how many markets it has.
        market: their indices, campaign after campaign, ascending within one.
        market_weight: their shares of the campaign, in ten-thousandths adding up to 10,000.
        ad_count: how many ads it has.
        ad_channel: the ads' channels, campaign after campaign.
        ad_influencer: the ads' influencers, -1 for none.
        days_run: days from its first to its last or the as-of date, 0 where it has not begun.
        sales: how many sales it has had.
        budget: in cents of its country's currency.
    """

    schedule: Schedule
    brand: Ints
    country: Ints
    channels: Ints
    channel_count: Ints
    channel_shares: Floats
    market_count: Ints
    market: Ints
    market_weight: Ints
    ad_count: Ints
    ad_channel: Ints
    ad_influencer: Ints
    days_run: Ints
    sales: Ints
    budget: Ints


def influencers(plan: SeedPlan, ref: Reference) -> Influencers:
    """The influencers of `plan`."""
    rng = plan.generator("influencers")
    eligible = np.array([i for i, channel in enumerate(ref.channels) if channel.kind in INFLUENCED_KINDS])
    weights = shares([ref.channels[i].weight for i in eligible])
    population = shares([country_population(ref, country) for country in range(len(ref.countries))])
    is_woman = rng.random(INFLUENCERS) < 0.55
    followers = np.clip(np.exp(rng.normal(11.2, 1.3, INFLUENCERS)), 4_000, 9_000_000).astype(np.int64)
    names = ref.names["hispano"]
    return Influencers(
        channel=eligible[rng.choice(len(eligible), INFLUENCERS, p=weights)],
        country=rng.choice(len(ref.countries), INFLUENCERS, p=population),
        is_woman=is_woman,
        given_name=rng.choice(len(names.given["F"]), INFLUENCERS, p=common_first(len(names.given["F"]))),
        surname=rng.choice(len(names.surnames), INFLUENCERS, p=common_first(len(names.surnames))),
        followers=followers,
        fee=np.rint(followers**0.7 * rng.uniform(0.15, 0.35, INFLUENCERS)).astype(np.int64) * 100,
    )


def country_population(ref: Reference, country: int) -> float:
    """People in the markets of a country, as the weight of that country."""
    people = sum(market.population for market in ref.markets if market.country == country)
    return float(people**0.7)


def campaigns(plan: SeedPlan, ref: Reference, people: Influencers) -> Campaigns:
    """Every campaign of `plan`."""
    schedule = campaign_schedule(plan)
    days_run = np.maximum(np.minimum(schedule.end, plan.as_of_day) - schedule.start + 1, 0)
    brand = plan.generator("campanas", "marca").integers(0, len(ref.brands), plan.campaigns)
    market_count, market, market_weight, country = _markets(plan, ref, brand)
    channel_count, channels, channel_shares = _channels(plan, ref)
    ad_count, ad_channel, ad_influencer = _ads(plan, ref, people, channel_count, channels)
    planned_sales = _planned_sales(plan, schedule, days_run)
    return Campaigns(
        schedule=schedule,
        brand=brand,
        country=country,
        channels=channels,
        channel_count=channel_count,
        channel_shares=channel_shares,
        market_count=market_count,
        market=market,
        market_weight=market_weight,
        ad_count=ad_count,
        ad_channel=ad_channel,
        ad_influencer=ad_influencer,
        days_run=days_run,
        sales=_sales_so_far(schedule, days_run, planned_sales),
        budget=_budgets(plan, ref, brand, country, planned_sales),
    )


def _markets(plan: SeedPlan, ref: Reference, brand: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Markets per campaign, the markets, their weights, and each campaign's country.

    The main market is drawn by population, with a pull to the brand's own country; the others are in the same
    country, so that a campaign has one currency.
    """
    rng = plan.generator("campanas_mercados")
    market_country = np.array([market.country for market in ref.markets])
    attraction = np.sqrt([market.population for market in ref.markets])
    brand_country = np.array([brand.country for brand in ref.brands])[brand]
    draw = np.log(attraction) + rng.gumbel(size=(len(brand), len(attraction)))
    main = np.argmax(draw + HOME_COUNTRY_PULL * (market_country == brand_country[:, None]), axis=1)
    country = market_country[main]

    draw[market_country != country[:, None]] = -np.inf
    draw[np.arange(len(brand)), main] = np.inf
    wanted = 1 + rng.choice(len(MARKETS_SHARES), len(brand), p=MARKETS_SHARES)
    count = np.minimum(wanted, np.bincount(market_country)[country])
    ranked = np.argsort(-draw, axis=1, kind="stable")

    markets: list[int] = []
    weights: list[int] = []
    for chosen, how_many in zip(ranked.tolist(), count.tolist(), strict=True):
        share = shares(attraction[chosen[:how_many]] * ([1.5] + [1.0] * (how_many - 1)))
        in_tenthousandths = np.floor(share * 10_000).astype(int)
        in_tenthousandths[0] += 10_000 - in_tenthousandths.sum()
        for index, weight in sorted(zip(chosen[:how_many], in_tenthousandths.tolist(), strict=True)):
            markets.append(index)
            weights.append(weight)
    return count, np.array(markets), np.array(weights), country


def _channels(plan: SeedPlan, ref: Reference) -> tuple[Ints, Ints, Floats]:
    """Channels per campaign, the channels, and the cumulative shares of sales they bring."""
    rng = plan.generator("campanas", "canales")
    size = plan.campaigns
    count = 1 + rng.choice(MAX_CHANNELS, size, p=CHANNELS_SHARES)
    draw = np.log([channel.weight for channel in ref.channels]) + rng.gumbel(size=(size, len(ref.channels)))
    unused = np.arange(MAX_CHANNELS) >= count[:, None]
    channels = np.argsort(-draw, axis=1, kind="stable")[:, :MAX_CHANNELS]
    channels = np.sort(np.where(unused, len(ref.channels), channels), axis=1)
    part = np.where(unused, 0.0, rng.gamma(3.0, 1.0, (size, MAX_CHANNELS)))
    cumulative = np.cumsum(part / part.sum(axis=1, keepdims=True), axis=1)
    cumulative[np.arange(size), count - 1] = 1.0
    return count, np.where(unused, -1, channels), cumulative


def _ads(
    plan: SeedPlan, ref: Reference, people: Influencers, channel_count: Ints, channels: Ints
) -> tuple[Ints, Ints, Ints]:
    """Ads per campaign, their channels (each channel of the campaign at least once) and influencers."""
    rng = plan.generator("anuncios")
    count = np.maximum(MIN_ADS + rng.choice(len(ADS_SHARES), plan.campaigns, p=ADS_SHARES), channel_count)
    campaign = np.repeat(np.arange(plan.campaigns), count)
    place = np.arange(len(campaign)) - offsets(count)[campaign]
    slot = np.where(
        place < channel_count[campaign], place, (rng.random(len(campaign)) * channel_count[campaign]).astype(np.int64)
    )
    channel = channels[campaign, slot]

    influencer = np.full(len(channel), -1, dtype=np.int64)
    influenced = rng.random(len(channel)) < INFLUENCED_SHARE
    pick = rng.random(len(channel))
    for index in range(len(ref.channels)):
        candidates = np.flatnonzero(people.channel == index)
        ads = np.flatnonzero(influenced & (channel == index))
        if len(candidates):
            influencer[ads] = candidates[(pick[ads] * len(candidates)).astype(np.int64)]
    return count, channel, influencer


def _planned_sales(plan: SeedPlan, schedule: Schedule, days_run: Ints) -> Ints:
    """Sales over each campaign's whole window, 400 to 1,000, leaning so that the customers are all won by them."""
    rng = plan.generator("campanas", "ventas")
    natural = MIN_SALES + (MAX_SALES - MIN_SALES) * rng.beta(2.0, 2.0, plan.campaigns)
    wanted = SALES_PER_CUSTOMER * plan.customers
    low, high = -1.0, 1.0
    for _ in range(40):
        lean = (low + high) / 2
        if _sales_so_far(schedule, days_run, _leaning(natural, lean)).sum() < wanted:
            low = lean
        else:
            high = lean
    return _leaning(natural, high)


def _leaning(natural: Floats, lean: float) -> Ints:
    """`natural` moved towards the fewest (lean -1) or the most (lean 1) sales a campaign may have."""
    bound = MAX_SALES if lean > 0 else MIN_SALES
    return np.rint(natural + abs(lean) * (bound - natural)).astype(np.int64)


def _sales_so_far(schedule: Schedule, days_run: Ints, planned_sales: Ints) -> Ints:
    """All of a finished campaign's sales, an active one's share for the days it has run, none of a planned one's."""
    share = days_run / (schedule.end - schedule.start + 1)
    return np.where(schedule.status == PLANNED, 0, np.rint(planned_sales * share)).astype(np.int64)


def _budgets(plan: SeedPlan, ref: Reference, brand: Ints, country: Ints, planned_sales: Ints) -> Ints:
    """What each may spend, in cents: expected revenue over a return that is mostly, not always, above 1."""
    rng = plan.generator("campanas", "presupuesto")
    mean_price = np.array([np.mean([product.price for product in products]) for products in ref.products])
    sector = np.array([brand.sector for brand in ref.brands])[brand]
    per_dollar = np.array([nation.per_dollar for nation in ref.countries])[country]
    expected = planned_sales * mean_price[sector] * MEAN_SALE_DOLLARS
    returns = np.exp(rng.normal(1.1, 0.45, plan.campaigns))
    hundreds_of_dollars = np.maximum(np.rint(expected / returns / 100), 5)
    cents: Ints = np.rint(hundreds_of_dollars * 100 * per_dollar).astype(np.int64) * 100
    return cents
