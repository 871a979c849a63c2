"""How a budget is divided: nothing is lost, nothing moves too far, and no other division earns more."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.ads_optimizer.budget import (
    LEAST_SHARE,
    MOST_SHARE,
    PRIOR_ELASTICITY,
    ChannelHistory,
    Response,
    divide,
    responses,
)
from mcp_servers.ads_optimizer.markets import shares

channels = st.lists(
    st.builds(
        Response,
        channel=st.just("c"),
        weeks=st.just(10),
        cost=st.floats(0.01, 1e7),
        revenue=st.floats(0, 1e8),
        elasticity=st.floats(0.05, 0.95),
    ),
    min_size=1,
    max_size=8,
)


def earned(found: list[Response], costs: list[float]) -> float:
    return sum(channel.revenue_at(cost) for channel, cost in zip(found, costs, strict=True))


@given(found=channels, factor=st.floats(0.2, 5), moved=st.floats(0, 1), data=st.data())
def test_a_division_is_whole_bounded_and_the_best(
    found: list[Response], factor: float, moved: float, data: st.DataObject
) -> None:
    present = [channel.cost * factor for channel in found]
    budget = sum(present)
    costs = divide(found, budget)
    assert sum(costs) == pytest.approx(budget)
    for cost, before in zip(costs, present, strict=True):
        assert LEAST_SHARE * before * (1 - 1e-6) <= cost <= MOST_SHARE * before * (1 + 1e-6)
    # Any other division within the bounds, a step from the found one to it included, earns no more.
    giver, taker = data.draw(st.tuples(*[st.integers(0, len(found) - 1)] * 2))
    room = min(costs[giver] - LEAST_SHARE * present[giver], MOST_SHARE * present[taker] - costs[taker])
    other = list(costs)
    other[giver] -= moved * max(room, 0)
    other[taker] += moved * max(room, 0)
    assert earned(found, other) <= earned(found, costs) * (1 + 1e-6)


def test_the_known_answer_of_two_channels_that_differ_in_return_alone() -> None:
    # Square roots: marginal returns are equal where costs are as the squares of the factors, here 4 to 1.
    strong, weak = Response("a", 9, 100, 240, 0.5), Response("b", 9, 100, 120, 0.5)
    assert divide([strong, weak], 200) == pytest.approx([150, 50])
    near = Response("b", 9, 100, 200, 0.5)
    assert divide([strong, near], 200) == pytest.approx([200 * 1.44 / 2.44, 200 / 2.44])


@given(elasticity=st.floats(0.1, 0.9))
def test_the_elasticity_of_a_clean_history_is_found(elasticity: float) -> None:
    costs = [math.exp(week) for week in range(-10, 10)]
    [found] = responses([ChannelHistory("a", costs, [7 * cost**elasticity for cost in costs])])
    assert found.elasticity == pytest.approx(elasticity, abs=0.02)
    [silent] = responses([ChannelHistory("a", [5.0] * 6, [0.0] * 6)])
    assert silent.elasticity == PRIOR_ELASTICITY


@given(weights=st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=50))
def test_shares_add_up_to_exactly_one(weights: list[float]) -> None:
    parts = shares(weights)
    assert sum(parts) == Decimal(1)
    small = sum(weight / sum(weights) < 1e-4 for weight in weights)
    for part, weight in zip(parts, weights, strict=True):
        assert part > 0
        # What is lifted to the least share is taken from the largest.
        assert float(part) == pytest.approx(weight / sum(weights), abs=1e-4 * (1 + small))


def test_equal_weights_are_equal_shares() -> None:
    assert shares([1, 1]) == [Decimal("0.5"), Decimal("0.5")]
    assert shares([0.9, 0.1]) == [Decimal("0.9"), Decimal("0.1")]
    assert sorted(shares([2, 2, 2])) == [Decimal("0.3333"), Decimal("0.3333"), Decimal("0.3334")]
