"""Alerts send people to a section of the runbook: each kind has one, and no section is of a kind that there is not."""

from __future__ import annotations

import re

from promptsales.alerts.alert import TITLES, Kind
from promptsales.paths import PROJECT_ROOT


def test_each_kind_of_alert_has_its_section_in_the_runbook() -> None:
    text = (PROJECT_ROOT / "documentation" / "OPERATIONS.md").read_text(encoding="utf-8")
    [alerts] = re.findall(r"^## Alerts\n(.*?)(?=^## )", text, re.DOTALL | re.MULTILINE)
    assert re.findall(r"^### (.+)$", alerts, re.MULTILINE) == [kind.value for kind in Kind]
    assert set(TITLES) == set(Kind)
