"""What must hold between the generated numbers of all databases, whatever the seed and the date."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from promptsales.seeding.leads import CONVERTED, LEAD_STATES, LOST, NEW
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.sales import DAY_SECONDS
from promptsales.seeding.schedule import ACTIVE, FINISHED, PLANNED
from promptsales.seeding.world import World, build_world

worlds = st.builds(
    SeedPlan,
    as_of=st.dates(date(2015, 1, 1), date(2040, 12, 31)),
    scale=st.sampled_from([0.001, 0.005, 0.0105, 0.02]),
    seed=st.integers(0, 2**40),
    peak_month=st.integers(2, 11),
).map(build_world)

every_world = settings(max_examples=8, deadline=None)


@lru_cache
def fixed_world() -> World:
    return build_world(SeedPlan(date(2026, 11, 15), scale=0.05))


@every_world
@given(worlds)
def test_finished_campaigns_sold_400_to_1000_and_active_ones_their_share(world: World) -> None:
    schedule, sold = world.campaigns.schedule, world.campaigns.sales
    finished = sold[schedule.status == FINISHED]
    assert finished.min() >= 400
    assert finished.max() <= 1_000
    assert (sold[schedule.status == PLANNED] == 0).all()
    active = schedule.status == ACTIVE
    share = (world.plan.as_of_day - schedule.start + 1) / (schedule.end - schedule.start + 1)
    assert (np.abs(sold / np.maximum(share, 1e-9) - 700)[active] <= 300 + 1 / share[active]).all()
    assert (np.bincount(world.sales.campaign, minlength=world.plan.campaigns) == sold).all()


@every_world
@given(worlds)
def test_sales_fall_in_their_campaign_s_window_and_channels(world: World) -> None:
    sold, camps = world.sales, world.campaigns
    day = sold.second // DAY_SECONDS
    assert (np.diff(sold.second) >= 0).all()
    assert (day >= camps.schedule.start[sold.campaign]).all()
    assert (day <= np.minimum(camps.schedule.end[sold.campaign], world.plan.as_of_day)).all()
    assert (camps.channels[sold.campaign] == sold.channel[:, None]).any(axis=1).all()


@every_world
@given(worlds)
def test_revenue_is_the_sum_of_sales_to_the_cent(world: World) -> None:
    sold, daily = world.sales, world.performance
    by_sale: dict[tuple[int, int, int], int] = {}
    days = (sold.second // DAY_SECONDS).tolist()
    for *cell, total in zip(sold.campaign.tolist(), sold.channel.tolist(), days, sold.total.tolist(), strict=True):
        by_sale[tuple(cell)] = by_sale.get(tuple(cell), 0) + total
    cells = zip(daily.campaign.tolist(), daily.channel.tolist(), daily.day.tolist(), strict=True)
    assert {cell: cents for cell, cents in zip(cells, daily.revenue.tolist(), strict=True) if cents} == by_sale


@every_world
@given(worlds)
def test_performance_has_one_row_a_channel_and_day_of_the_run(world: World) -> None:
    camps, daily = world.campaigns, world.performance
    last = np.minimum(camps.schedule.end, world.plan.as_of_day)
    cells = set(zip(daily.campaign.tolist(), daily.channel.tolist(), daily.day.tolist(), strict=True))
    assert len(cells) == len(daily.day)
    assert cells == {
        (campaign, channel, day)
        for campaign in range(world.plan.campaigns)
        for channel in camps.channels[campaign].tolist()
        if channel >= 0
        for day in range(int(camps.schedule.start[campaign]), int(last[campaign]) + 1)
    }
    assert (daily.reach <= daily.impressions).all()
    assert (daily.conversions <= daily.clicks).all()
    assert (daily.clicks <= daily.impressions).all()
    assert (daily.cost >= 0).all()


@every_world
@given(worlds)
def test_a_sale_is_the_sum_of_its_lines(world: World) -> None:
    lines = world.sales.lines
    amounts = np.add.reduceat(lines.quantity * lines.price, lines.start[:-1])
    assert (amounts == world.sales.total).all()
    assert (world.sales.total > 0).all()
    assert np.isin(np.diff(lines.start), (1, 2, 3)).all()
    assert np.diff(lines.start).mean() <= 1.32


@every_world
@given(worlds)
def test_every_customer_was_won_by_the_campaign_of_the_first_sale(world: World) -> None:
    sold, people, camps = world.sales, world.customers, world.campaigns
    assert len(people.campaign) == world.plan.customers
    first = np.full(world.plan.customers, len(sold.second))
    np.minimum.at(first, sold.customer, np.arange(len(sold.second)))
    assert (first == sold.first_of).all()
    assert (sold.campaign[first] == people.campaign).all()
    later = np.ones(len(sold.second), dtype=bool)
    later[first] = False
    assert (sold.second[later] > sold.second[first[sold.customer[later]]]).all()
    assert (np.diff(sold.registered) >= 0).all()
    assert (sold.registered <= sold.second[first] * 1_000).all()
    assert (sold.registered >= camps.schedule.start[people.campaign] * DAY_SECONDS * 1_000).all()


@every_world
@given(worlds)
def test_customers_live_in_a_market_of_their_campaign_and_buy_in_its_currency(world: World) -> None:
    camps, ref = world.campaigns, world.reference
    campaign = np.repeat(np.arange(world.plan.campaigns), camps.market_count)
    targets = set(zip(campaign.tolist(), camps.market.tolist(), strict=True))
    assert set(zip(world.customers.campaign.tolist(), world.customers.market.tolist(), strict=True)) <= targets
    country_of_market = np.array([market.country for market in ref.markets])
    assert (country_of_market[camps.market] == camps.country[campaign]).all()
    home = country_of_market[world.customers.market][world.sales.customer]
    assert (home == camps.country[world.sales.campaign]).all()
    assert (np.bincount(campaign, weights=camps.market_weight) == 10_000).all()
    assert (camps.market_count >= 1).all()
    assert (camps.market_count <= 6).all()


@every_world
@given(worlds)
def test_ads_cover_their_campaign_s_channels(world: World) -> None:
    camps = world.campaigns
    campaign = np.repeat(np.arange(world.plan.campaigns), camps.ad_count)
    used = set(zip(campaign.tolist(), camps.ad_channel.tolist(), strict=True))
    assert used == {(c, ch) for c in range(world.plan.campaigns) for ch in camps.channels[c].tolist() if ch >= 0}
    assert (camps.ad_count >= 2).all()
    assert (camps.ad_count <= 5).all()
    with_influencer = camps.ad_influencer >= 0
    assert (world.influencers.channel[camps.ad_influencer[with_influencer]] == camps.ad_channel[with_influencer]).all()


@every_world
@given(worlds)
def test_leads_states_follow_dates_and_converted_ones_are_customers(world: World) -> None:
    leads, sold = world.leads, world.sales
    converted = leads.state == CONVERTED
    assert (converted == (leads.customer >= 0)).all()
    assert (converted == (leads.converted >= 0)).all()
    assert len(np.unique(leads.customer[converted])) == converted.sum()
    assert (leads.campaign[converted] == world.customers.campaign[leads.customer[converted]]).all()
    assert (leads.converted[converted] == sold.registered[leads.customer[converted]]).all()
    assert (leads.created[converted] <= leads.converted[converted]).all()
    start = world.campaigns.schedule.start[leads.campaign] * DAY_SECONDS * 1_000
    assert (leads.created >= start).all()
    assert (leads.created < (world.plan.as_of_day + 1) * DAY_SECONDS * 1_000).all()
    assert ((leads.score >= 0) & (leads.score <= 10_000)).all()


@every_world
@given(worlds)
def test_sentiment_is_weekly_within_the_run(world: World) -> None:
    heard, camps = world.sentiment, world.campaigns
    campaign = np.repeat(np.arange(world.plan.campaigns), camps.ad_count)[heard.ad]
    assert (heard.day <= np.minimum(camps.schedule.end[campaign], world.plan.as_of_day)).all()
    assert ((heard.day - camps.schedule.start[campaign]) % 7 == 6).all()
    for counts in (heard.positive, heard.neutral, heard.negative, heard.reactions):
        assert (counts >= 0).all()


def test_segments_are_uneven_and_follow_what_was_bought() -> None:
    world = fixed_world()
    count = np.bincount(world.customers.segment) / world.plan.customers
    assert np.abs(count - (0.30, 0.35, 0.20, 0.05, 0.10)).max() < 0.001
    purchases = np.bincount(world.sales.customer)
    means = [purchases[world.customers.segment == segment].mean() for segment in range(5)]
    assert means[3] > means[2] > max(means[0], means[1], means[4])


def test_leads_that_nobody_won_grow_old() -> None:
    leads = fixed_world().leads
    assert len(LEAD_STATES) == len(np.unique(leads.state))
    assert np.median(leads.created[leads.state == NEW]) > np.median(leads.created[leads.state == LOST])


def test_some_customers_come_back_often() -> None:
    purchases = np.bincount(fixed_world().sales.customer)
    assert (purchases >= 3).mean() > 0.01
    assert purchases.max() < 40


def test_budgets_mostly_pay() -> None:
    world = fixed_world()
    finished = world.campaigns.schedule.status == FINISHED
    cost = np.bincount(world.performance.campaign, weights=world.performance.cost, minlength=world.plan.campaigns)
    revenue = np.bincount(world.performance.campaign, weights=world.performance.revenue, minlength=world.plan.campaigns)
    assert 1.5 < np.median(revenue[finished] / cost[finished]) < 6
