"""The verdict on the warehouse: its worst table decides, and the sentence names it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptsales.etl.freshness import CYCLE_SECONDS, LATE_SECONDS, STALL_SECONDS, Freshness, Verdict, humanised, judge

GOOD = Freshness("promptads", "marcas", 40.0)
LATE = Freshness("promptads", "canales", LATE_SECONDS + 1.0)
FAILED = Freshness("promptcrm", "ventas", 40.0, failed=True)
STALLED = Freshness("promptcrm", "leads", 40.0, held_seconds=40.0 + STALL_SECONDS)
NEVER = Freshness("promptcrm", "clientes", None)


@pytest.mark.parametrize(
    ("tables", "verdict", "names"),
    [
        ([], Verdict.empty, ()),
        ([NEVER], Verdict.empty, ()),
        ([GOOD], Verdict.fresh, ()),
        ([GOOD, LATE], Verdict.late, ("promptads.canales",)),
        ([GOOD, NEVER], Verdict.late, ("promptcrm.clientes",)),
        ([GOOD, LATE, STALLED], Verdict.stalled, ("promptcrm.leads",)),
        ([GOOD, LATE, STALLED, FAILED], Verdict.failing, ("promptcrm.ventas",)),
        ([Freshness("promptcrm", "clientes", None, failed=True)], Verdict.failing, ("promptcrm.clientes",)),
    ],
)
def test_the_worst_table_decides(tables: list[Freshness], verdict: Verdict, names: tuple[str, ...]) -> None:
    report = judge(tables)
    assert (report.verdict, report.tables) == (verdict, names)
    assert all(name in report.summary for name in names) or verdict is Verdict.late


def test_what_waited_at_one_load_only_is_ordinary_traffic() -> None:
    """However long ago that load was: nobody has looked since."""
    seen_once = Freshness("promptads", "marcas", seconds=CYCLE_SECONDS, held_seconds=CYCLE_SECONDS)
    assert judge([seen_once]).verdict is Verdict.fresh
    seen_twice = Freshness("promptads", "marcas", seconds=5.0, held_seconds=CYCLE_SECONDS + 5.0)
    assert seen_twice.stalled_seconds == CYCLE_SECONDS + 5.0


def test_the_sentence_tells_the_age() -> None:
    assert judge([GOOD, LATE, NEVER]).summary == (
        "2 tables were not loaded in the last two cycles: the oldest for 22 min 1 s, and 1 never."
    )
    # The age of what is fresh is no lateness.
    assert judge([GOOD, NEVER]).summary == "1 table was never loaded."
    assert judge([GOOD, Freshness("promptads", "canales", 61.0)]).summary.endswith("1 min 1 s.")
    assert "held back committed work for 6 min 10 s" in judge([STALLED]).summary


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (660, "11 min"), (3_599, "59 min 59 s"), (3_600, "1 h"),
     (12_000, "3 h 20 min"), (86_400, "1 d"), (187_200, "2 d 4 h"), (-3, "0 s")],
)  # fmt: skip
def test_lengths_of_time_as_people_say_them(seconds: float, text: str) -> None:
    assert humanised(seconds) == text


@given(st.floats(0, 1e8), st.floats(0, 1e8))
def test_a_longer_time_never_reads_as_a_shorter_one(one: float, other: float) -> None:
    def told(seconds: float) -> int:
        sizes = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
        words = humanised(seconds).split()
        return sum(int(number) * sizes[unit] for number, unit in zip(words[::2], words[1::2], strict=True))

    shorter, longer = sorted((one, other))
    assert told(shorter) <= told(longer)
