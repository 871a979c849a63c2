"""Metrics: what is documented is what there is, and dashboards ask for nothing else."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from promptsales.etl.metrics import LAG, METRICS, ROWS_READ, STAGE, MetricKind, of_load, of_status
from promptsales.etl.run import TableResult
from promptsales.etl.status import TableStatus
from promptsales.etl.warehouse import PieceCounts
from promptsales.paths import PROJECT_ROOT

DASHBOARD = PROJECT_ROOT / "helm" / "promptsales" / "files" / "dashboards" / "etl.json"

DOCUMENT = (PROJECT_ROOT / "documentation" / "METRICS.md").read_text(encoding="utf-8")


def documented(section: str) -> dict[str, list[str]]:
    """The rows of a section's table by the names in their first cell: kind, unit, labels, meaning, what to do."""
    [text] = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", DOCUMENT, re.DOTALL | re.MULTILINE)
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]
    return {name: cells for first, *cells in rows for name in re.findall(r"`([^`]+)`", first)}


def airflow_metrics() -> dict[str, str]:
    """Airflow's own: kind by name, as its registry has them."""
    spec = find_spec("airflow")
    assert spec is not None
    assert spec.origin is not None
    file = Path(spec.origin).parent / "sdk" / "_shared" / "observability" / "metrics" / "metrics_template.yaml"
    return {each["name"]: each["type"] for each in yaml.safe_load(file.read_bytes())["metrics"]}


def test_every_metric_is_documented_with_its_unit_and_labels_and_nothing_else_is() -> None:
    rows = documented("Of the ETL")
    assert set(rows) == {metric.name for metric in METRICS}
    for metric in METRICS:
        kind, unit, labels, meaning, _ = rows[metric.name]
        assert (kind, unit, tuple(labels.split(", "))) == (metric.kind.value, metric.unit, metric.labels)
        assert len(meaning.split()) >= 4, metric.name


def test_what_is_documented_of_airflow_is_in_its_registry() -> None:
    known = airflow_metrics()
    rows = documented("Of Airflow")
    assert len(rows) >= 12
    for name, (kind, *_) in rows.items():
        assert known[name] == kind, name


def test_the_dashboard_asks_for_what_is_documented_by_labels_that_it_has() -> None:
    rows = documented("Of the ETL") | documented("Of Airflow")
    labels = {f"airflow_{name.replace('.', '_')}": set(cells[2].split(", ")) for name, cells in rows.items()}
    asked = set()
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        for expression in (target["expr"] for target in panel["targets"]):
            [metric] = set(re.findall(r"\bairflow_\w+", expression))
            asked.add(metric)
            assert metric in labels, expression
            for grouped in re.findall(r"by \(([^)]*)\)", expression):
                assert set(grouped.split(", ")) <= labels[metric], expression
    assert {f"airflow_{metric.name.replace('.', '_')}" for metric in METRICS} <= asked, "each is to be seen"


@pytest.mark.parametrize("succeeded", [True, False])
def test_a_load_gives_a_value_of_each_metric_with_its_labels(succeeded: bool) -> None:
    result = TableResult("promptcrm", "ventas", waited_seconds=600.0, seconds=2.0)
    result.add(PieceCounts(7, 4, 2, 1, 0, load_seconds=0.5, commit_seconds=0.25))
    result.add(PieceCounts(3, 3, load_seconds=0.5, commit_seconds=0.25))
    values = list(of_load(result, 1_800_000_000.0 if succeeded else None))
    status = TableStatus("promptcrm", "ventas", 7, 1.0, 5, None, None, None, None, None)
    given = {value.metric for value in [*values, *of_status([status])]}
    assert given == (
        set(METRICS) if succeeded else {m for m in METRICS if m.name not in ("etl.lag_seconds", "etl.committed_at")}
    )
    for value in values:
        assert tuple(value.labels) == value.metric.labels
        assert (value.labels["source"], value.labels["table"]) == ("promptcrm", "ventas")
    assert [value.value for value in values if value.metric is ROWS_READ] == [10]
    assert {v.labels["stage"]: v.value for v in values if v.metric is STAGE} == {
        "extract": 0,
        "load": 1.0,
        "commit": 0.5,
    }
    assert [value.value for value in values if value.metric is LAG] == ([602.0] if succeeded else [])
    assert all(value.value >= 0 for value in values if value.metric.kind is MetricKind.counter)
