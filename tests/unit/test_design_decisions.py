"""Each decision says what was decided, what else was possible, and what follows from it."""

from __future__ import annotations

import re

from promptsales.paths import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "documentation" / "DESIGN_DECISIONS.md").read_text(encoding="utf-8")


def test_every_decision_has_its_three_parts() -> None:
    decisions = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    assert decisions
    for each in decisions:
        assert re.findall(r"^\*\*(\w+)\.\*\*", each, re.MULTILINE) == ["Decision", "Alternatives", "Consequences"], each


def test_decisions_are_numbered_in_their_order() -> None:
    numbers = [int(number) for number in re.findall(r"^## (\d+)\. ", TEXT, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
