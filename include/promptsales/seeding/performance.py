"""What campaigns did day by day, and how their ads were received."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from promptsales.seeding.campaigns import Campaigns
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.reference import Floats, Ints, Reference, offsets, position_in_group
from promptsales.seeding.sales import DAY_SECONDS, Sales

SENTIMENT_EVERY_DAYS = 7


@dataclass(frozen=True)
class Performance:
    """One row a campaign, channel and day it ran, campaign after campaign, day after day.

    Money in cents of the campaign's currency; `revenue` is exactly the sum of that day's sales on that channel.
    """

    campaign: Ints
    channel: Ints
    day: Ints
    impressions: Ints
    reach: Ints
    clicks: Ints
    reactions: Ints
    conversions: Ints
    cost: Ints
    revenue: Ints


@dataclass(frozen=True)
class Sentiment:
    """One row an ad and week its campaign ran."""

    ad: Ints
    day: Ints
    positive: Ints
    neutral: Ints
    negative: Ints
    reactions: Ints


def performance(plan: SeedPlan, ref: Reference, camps: Campaigns, sold: Sales) -> Performance:
    """Daily performance of every campaign of `plan` up to the as-of date."""
    rng = plan.generator("rendimiento_diario")
    rows = camps.days_run * camps.channel_count
    campaign = np.repeat(np.arange(plan.campaigns), rows)
    place = position_in_group(rows)
    day_of_run, slot = np.divmod(place, camps.channel_count[campaign])
    channel = camps.channels[campaign, slot]
    size = len(campaign)

    row_of_sale = _rows_of_sales(camps, sold, offsets(rows))
    conversions = np.bincount(row_of_sale, minlength=size)
    # A float holds whole cents exactly up to 2^53, thousands of times a campaign's revenue.
    revenue = np.bincount(row_of_sale, weights=sold.total, minlength=size).astype(np.int64)

    cost = _costs(camps, campaign, slot, rng.uniform(0.6, 1.4, size))
    per_dollar = np.array([nation.per_dollar for nation in ref.countries])[camps.country[campaign]]
    cost_per_mille = np.array([item.cost_per_mille for item in ref.channels])[channel]
    click_rate = np.array([item.click_rate for item in ref.channels])[channel]
    paid = cost / (100 * per_dollar) / cost_per_mille * 1_000 * rng.uniform(0.8, 1.2, size)
    clicks = np.rint(paid * click_rate * rng.uniform(0.7, 1.3, size)).astype(np.int64)
    clicks = np.maximum(clicks, conversions * 8)
    impressions = np.maximum(np.rint(paid).astype(np.int64), clicks * 4)
    return Performance(
        campaign=campaign,
        channel=channel,
        day=camps.schedule.start[campaign] + day_of_run,
        impressions=impressions,
        reach=np.rint(impressions * rng.uniform(0.55, 0.85, size)).astype(np.int64),
        clicks=clicks,
        reactions=np.rint(impressions * rng.uniform(0.005, 0.03, size)).astype(np.int64),
        conversions=conversions,
        cost=cost,
        revenue=revenue,
    )


def _rows_of_sales(camps: Campaigns, sold: Sales, start: Ints) -> Ints:
    """The performance row that each sale belongs to."""
    day_of_run = sold.second // DAY_SECONDS - camps.schedule.start[sold.campaign]
    slot = (camps.channels[sold.campaign] == sold.channel[:, None]).argmax(axis=1)
    rows: Ints = start[sold.campaign] + day_of_run * camps.channel_count[sold.campaign] + slot
    return rows


def _costs(camps: Campaigns, campaign: Ints, slot: Ints, noise: Floats) -> Ints:
    """The budget, spread over the days of the window and the channels by their shares of sales."""
    window = camps.schedule.end[campaign] - camps.schedule.start[campaign] + 1
    share = np.diff(camps.channel_shares, axis=1, prepend=0.0)[campaign, slot]
    return np.rint(camps.budget[campaign] / window * share * 0.95 * noise).astype(np.int64)


def sentiment(plan: SeedPlan, camps: Campaigns) -> Sentiment:
    """Weekly reception of every ad whose campaign has run for a week."""
    rng = plan.generator("sentimientos")
    campaign_of_ad = np.repeat(np.arange(plan.campaigns), camps.ad_count)
    weeks = camps.days_run[campaign_of_ad] // SENTIMENT_EVERY_DAYS
    ad = np.repeat(np.arange(len(weeks)), weeks)
    size = len(ad)
    voices = np.rint(rng.lognormal(4.6, 0.8, size)).astype(np.int64)
    liked = rng.beta(6.0, 3.0, len(weeks))[ad]
    opinionated = rng.binomial(voices, rng.uniform(0.45, 0.75, size))
    positive = rng.binomial(opinionated, np.clip(liked + rng.normal(0.0, 0.06, size), 0.02, 0.98))
    return Sentiment(
        ad=ad,
        day=camps.schedule.start[campaign_of_ad[ad]] + (position_in_group(weeks) + 1) * SENTIMENT_EVERY_DAYS - 1,
        positive=positive,
        neutral=voices - opinionated,
        negative=opinionated - positive,
        reactions=voices + rng.poisson(voices * 3.0),
    )
