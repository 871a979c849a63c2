"""When campaigns run, at full scale: season, shares and statuses."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptsales.seeding.plan import EPOCH, PlanError, SeedPlan
from promptsales.seeding.schedule import ACTIVE, FINISHED, PLANNED, WINDOW_DAYS, campaign_schedule

plans = st.builds(
    SeedPlan,
    as_of=st.dates(date(2015, 1, 1), date(2040, 12, 31)),
    scale=st.sampled_from([0.001, 0.01, 0.037, 0.2, 1.0]),
    seed=st.integers(0, 2**40),
    peak_month=st.integers(2, 11),
)


@settings(max_examples=25, deadline=None)
@given(plans)
def test_status_follows_dates_and_three_in_ten_are_active(plan: SeedPlan) -> None:
    schedule = campaign_schedule(plan)
    as_of = plan.as_of_day
    assert len(schedule.start) == plan.campaigns
    assert (np.diff(schedule.start) >= 0).all()
    assert (schedule.end >= schedule.start).all()
    assert ((schedule.status == ACTIVE) == ((schedule.start <= as_of) & (as_of <= schedule.end))).all()
    assert ((schedule.status == FINISHED) == (schedule.end < as_of)).all()
    assert ((schedule.status == PLANNED) == (schedule.start > as_of)).all()
    assert (schedule.status == ACTIVE).sum() == round(0.3 * plan.campaigns)
    assert 1 <= (schedule.status == PLANNED).sum() <= max(1, 0.05 * plan.campaigns)
    assert schedule.start.min() > as_of - WINDOW_DAYS - 30


@settings(max_examples=25, deadline=None)
@given(as_of=st.dates(date(2015, 1, 1), date(2040, 12, 31)), seed=st.integers(0, 2**40), peak_month=st.integers(2, 11))
def test_starts_peak_in_december_january_and_the_chosen_month(as_of: date, seed: int, peak_month: int) -> None:
    schedule = campaign_schedule(SeedPlan(as_of, seed=seed, peak_month=peak_month))
    months = np.bincount([(EPOCH + timedelta(days=day)).month for day in schedule.start.tolist()], minlength=13)[1:]
    peaks = [11, 0, peak_month - 1]
    assert months[peaks].min() >= 1.5 * np.delete(months, peaks).mean()
    assert months[peaks].min() > np.delete(months, peaks).max()


def test_other_seeds_give_other_dates() -> None:
    one, two = (campaign_schedule(SeedPlan(date(2026, 3, 1), seed=seed)) for seed in (1, 2))
    assert (one.start != two.start).any()


@pytest.mark.parametrize("wrong", [{"scale": 0.0}, {"peak_month": 1}, {"peak_month": 12}, {"scale": 1e9}])
def test_a_plan_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(PlanError, match="must be"):
        SeedPlan(date(2026, 3, 1), **wrong)
