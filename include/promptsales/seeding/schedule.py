"""When campaigns run: seasonal starts over 24 months, 30 % of them still active on the as-of date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from promptsales.seeding.plan import EPOCH, SeedPlan
from promptsales.seeding.reference import Ints, shares

WINDOW_DAYS = 730
ACTIVE_SHARE = 0.30
PLANNED_SHARE = 0.03
PLANNED_AHEAD_DAYS = 45
MIN_DAYS = 14
MAX_FINISHED_DAYS = 120

FINISHED, ACTIVE, PLANNED = 0, 1, 2
STATUS_NAMES = ("finalizada", "activa", "planificada")

PEAK_WEIGHT = 2.4
ORDINARY_WEIGHTS = (1.0, 0.95, 1.0, 0.95, 1.1, 1.05, 1.0, 0.9, 1.0, 1.0, 1.1, 1.0)
"""How often campaigns start, January to December, where the month is no peak."""

AGE_OF_ACTIVE_DAYS = 90.0
"""The older a start, the less likely its campaign is still active: e-folding time in days."""


@dataclass(frozen=True)
class Schedule:
    """Campaigns in order of start: first and last day (days since 1970-01-01) and status."""

    start: Ints
    end: Ints
    status: Ints


def campaign_schedule(plan: SeedPlan) -> Schedule:
    """Start, end and status of every campaign of `plan`."""
    rng = plan.generator("campanas", "fechas")
    active = round(ACTIVE_SHARE * plan.campaigns)
    planned = max(1, round(PLANNED_SHARE * plan.campaigns))
    started = plan.campaigns - planned

    start = _seasonal_starts(plan, rng, started)
    age = plan.as_of_day - start
    recency = -age / AGE_OF_ACTIVE_DAYS + rng.gumbel(size=started)
    # Too young to have ended: these are active before any other.
    recency[age < MIN_DAYS] = np.inf
    order = np.argsort(-recency, kind="stable")
    is_active = np.zeros(started, dtype=np.bool_)
    is_active[order[:active]] = True
    # Only in tiny seedings are there more of these than active ones: the others started earlier, then.
    start[~is_active & (age < MIN_DAYS)] -= MIN_DAYS

    ran = np.minimum(MIN_DAYS + rng.gamma(2.2, 16.0, started).astype(np.int64), MAX_FINISHED_DAYS)
    remaining = rng.gamma(2.0, 18.0, started).astype(np.int64)
    finished_end = np.minimum(start + ran - 1, plan.as_of_day - 1)
    active_end = np.maximum(plan.as_of_day + remaining, start + MIN_DAYS - 1)

    planned_start = plan.as_of_day + 1 + rng.integers(0, PLANNED_AHEAD_DAYS, planned)
    planned_end = planned_start + MIN_DAYS - 1 + rng.gamma(2.2, 16.0, planned).astype(np.int64)

    all_starts = np.concatenate((start, planned_start))
    by_start = np.argsort(all_starts, kind="stable")
    return Schedule(
        start=all_starts[by_start],
        end=np.concatenate((np.where(is_active, active_end, finished_end), planned_end))[by_start],
        status=np.concatenate((np.where(is_active, ACTIVE, FINISHED), np.full(planned, PLANNED)))[by_start],
    )


def _seasonal_starts(plan: SeedPlan, rng: np.random.Generator, count: int) -> Ints:
    """`count` days of the window, one from each of `count` equally likely slices of it, so peaks always show."""
    weights = np.array(ORDINARY_WEIGHTS)
    weights[[11, 0, plan.peak_month - 1]] = PEAK_WEIGHT
    days = np.arange(plan.as_of_day - WINDOW_DAYS + 1, plan.as_of_day + 1, dtype=np.int64)
    months = np.array([(EPOCH + timedelta(days=day)).month for day in days.tolist()])
    cumulative = np.cumsum(shares(weights[months - 1]))
    slices = (np.arange(count) + rng.random(count)) / count
    return days[np.minimum(np.searchsorted(cumulative, slices, side="right"), WINDOW_DAYS - 1)]
