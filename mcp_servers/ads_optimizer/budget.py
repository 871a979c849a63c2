"""How to divide a campaign's budget among its channels: where the next unit of money earns most, it goes first.

Each channel's weekly revenue is taken to follow its weekly cost with diminishing returns, revenue = a * cost ** b with
0 < b < 1: the constant-elasticity response of marketing-mix models. b is fitted to the logarithms of its weeks by
least squares, drawn towards the elasticity of all the campaign's channels as weakly as its weeks are many, and the
curve is laid through the channel's mean week. The budget is best divided where all marginal returns are equal (a
Lagrange multiplier, found by bisection); no channel is taken below half or above one and a half times its present
share, because nothing is known of the curve far from where it was seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_SHARE, MOST_SHARE = 0.5, 1.5
LEAST_ELASTICITY, MOST_ELASTICITY = 0.05, 0.95
PRIOR_ELASTICITY = 0.5
"""Where no week says otherwise: revenue grows as the square root of cost."""

PRIOR_WEIGHT = 2.0
"""Of what the channel's neighbours say, in units of variance of log cost times weeks."""

STEPS = 200
"""Of the bisection; each halves the interval of the logarithm of the multiplier."""


@dataclass(frozen=True)
class ChannelHistory:
    """What one channel cost and earned, week by week.

    Attributes:
        channel: its name.
        costs: one a week, above 0.
        revenues: one a week, 0 and up.
    """

    channel: str
    costs: Sequence[float]
    revenues: Sequence[float]


@dataclass(frozen=True)
class Response:
    """How a channel's revenue answers to its cost, a week.

    Attributes:
        channel: its name.
        weeks: that it was estimated from.
        cost: of the mean week.
        revenue: of the mean week.
        elasticity: per cent of revenue for a per cent of cost.
    """

    channel: str
    weeks: int
    cost: float
    revenue: float
    elasticity: float

    def revenue_at(self, cost: float) -> float:
        """Expected of a week with this cost."""
        return self.revenue * float((cost / self.cost) ** self.elasticity)

    def marginal_at(self, cost: float) -> float:
        """Revenue of one more unit of cost."""
        return self.elasticity * self.revenue_at(cost) / cost


def responses(histories: Sequence[ChannelHistory]) -> list[Response]:
    """Estimate every channel's response.

    Args:
        histories: of channels that cost something in at least one week.
    """
    logs = [_centred_logs(history) for history in histories]
    every = [np.concatenate([pair[axis] for pair in logs]) for axis in (0, 1)] if logs else []
    common = _slope(every[0], every[1], PRIOR_ELASTICITY) if logs else PRIOR_ELASTICITY
    return [
        Response(
            history.channel,
            len(history.costs),
            float(np.mean(history.costs)),
            float(np.mean(history.revenues)),
            _slope(cost, revenue, common),
        )
        for history, (cost, revenue) in zip(histories, logs, strict=True)
    ]


def divide(channels: Sequence[Response], budget: float) -> list[float]:
    """The cost of each channel that earns most together, a week.

    Args:
        channels: one at least.
        budget: above 0; the costs add up to it.
    """
    shares = np.array([channel.cost for channel in channels])
    present = shares / shares.sum() * budget
    least, most = LEAST_SHARE * present, MOST_SHARE * present
    elasticity = np.array([channel.elasticity for channel in channels])
    # Marginal return at a cost of 1, so that marginal(x) = first * x ** (elasticity - 1).
    revenue = np.maximum([channel.revenue for channel in channels], np.finfo(float).tiny)
    log_first = np.log(elasticity) + np.log(revenue) - elasticity * np.log(shares)

    def costs(log_multiplier: float) -> NDArray[np.float64]:
        logs = (log_first - log_multiplier) / (1 - elasticity)
        divided: NDArray[np.float64] = np.exp(np.clip(logs, np.log(least), np.log(most)))
        return divided

    ends = np.concatenate([log_first + (elasticity - 1) * np.log(bound) for bound in (least, most)])
    low, high = float(ends.min()), float(ends.max())
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if costs(middle).sum() > budget else (low, middle)
    found = costs((low + high) / 2)
    # What the bisection leaves over is the rounding of floats.
    return [float(cost) for cost in found * (budget / found.sum())]


def _centred_logs(history: ChannelHistory) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logarithms of the weeks that earned anything, less their means: only how they vary together counts."""
    costs, revenues = np.array(history.costs, float), np.array(history.revenues, float)
    earned = revenues > 0
    if not earned.any():
        return np.zeros(0), np.zeros(0)
    cost, revenue = np.log(costs[earned]), np.log(revenues[earned])
    return cost - cost.mean(), revenue - revenue.mean()


def _slope(cost: NDArray[np.float64], revenue: NDArray[np.float64], prior: float) -> float:
    slope = (cost @ revenue + PRIOR_WEIGHT * prior) / (cost @ cost + PRIOR_WEIGHT)
    return float(np.clip(slope, LEAST_ELASTICITY, MOST_ELASTICITY))
