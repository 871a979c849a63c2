"""The runbook: each kind of alert has its section, each error of a task its line, and no other is told of."""

from __future__ import annotations

import re

from promptsales.alerts.alert import TITLES, Kind
from promptsales.paths import PROJECT_ROOT

RUN_BY_TASKS = ("etl", "warehouse", "quality", "cache", "seeding", "content/images")
"""The packages of what DAGs run."""

ASKED_BY_HAND = {"SearchError"}
"""Of these packages, what no task meets."""


def errors(folder: str) -> set[str]:
    """The classes of errors that a package has for people."""
    files = (PROJECT_ROOT / "include" / "promptsales" / folder).rglob("*.py")
    found = (re.findall(r"^class ([A-Z]\w*Error)\(", path.read_text(encoding="utf-8"), re.MULTILINE) for path in files)
    return {name for names in found for name in names}


def test_each_error_of_a_task_has_its_line_in_the_runbook() -> None:
    text = (PROJECT_ROOT / "documentation" / "OPERATIONS.md").read_text(encoding="utf-8")
    told = {
        name for cell in re.findall(r"^\| (`\w+Error`.*?) \|", text, re.MULTILINE) for name in re.findall(r"\w+", cell)
    }
    assert told <= errors(".")
    assert set().union(*(errors(folder) for folder in RUN_BY_TASKS)) - ASKED_BY_HAND <= told


def test_each_kind_of_alert_has_its_section_in_the_runbook() -> None:
    text = (PROJECT_ROOT / "documentation" / "OPERATIONS.md").read_text(encoding="utf-8")
    [alerts] = re.findall(r"^## Alerts\n(.*?)(?=^## )", text, re.DOTALL | re.MULTILINE)
    assert re.findall(r"^### (.+)$", alerts, re.MULTILINE) == [kind.value for kind in Kind]
    assert set(TITLES) == set(Kind)
