"""The declared checks: valid, about tables and columns that exist, and refused where they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptsales.etl.spec import SpecError, load_pipelines
from promptsales.quality.checks import load_checks, parse_checks

COLUMNS = {
    f"{pipeline.target_schema}.{table.name}": set(table.column_names)
    for pipeline in load_pipelines().values()
    for table in pipeline.tables
}


def test_there_is_a_check_of_every_kind() -> None:
    kinds = {check.kind for check in load_checks()}
    assert kinds == {
        "not_null", "unique", "accepted_values", "in_range", "referential", "freshness", "no_rows"
    }  # fmt: skip


@pytest.mark.parametrize("check", load_checks(), ids=lambda check: check.name)
def test_checks_of_mirrors_are_about_columns_that_their_specs_declare(check: object) -> None:
    table = getattr(check, "table", "")
    if not table.startswith("ods_"):
        pytest.skip("not of a mirror")
    assert {*getattr(check, "columns", []), *filter(None, [getattr(check, "column", None)])} <= COLUMNS[table]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("checks: []", "at least 1 item"),
        ("checks: [{name: a, kind: magic, table: x.y}]", "magic"),
        ("checks: [{name: a, kind: not_null, table: x.y, columns: []}]", "at least 1 item"),
        ("checks: [{name: a, kind: not_null, table: 'x.y; DROP TABLE z', columns: [c]}]", "match pattern"),
        ("checks: [{name: a, kind: in_range, table: x.y, column: c}]", "minimum or a maximum"),
        ("checks: [{name: a, kind: freshness, source: elsewhere, minutes: 5}]", "promptads"),
        ("checks: [{name: a, kind: freshness, source: promptads, minutes: 5, loud: true}]", "Extra inputs"),
        ("checks: [{name: a, kind: no_rows, query: nada}]", r"no file nada\.sql"),
        (
            "checks: [{name: a, kind: freshness, source: promptads, minutes: 5},"
            " {name: a, kind: freshness, source: promptcrm, minutes: 5}]",
            "declared twice",
        ),
        ("[", "not YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_its_fault(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "checks.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=fault):
        parse_checks(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"no checks at .*nowhere\.yaml"):
        parse_checks(tmp_path / "nowhere.yaml")
