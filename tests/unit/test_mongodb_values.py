from __future__ import annotations

from typing import Any

import pytest
from bson import DatetimeMS, MaxKey, Regex, Timestamp

from promptsales.etl.mongodb_source import token_time
from promptsales.etl.mongodb_values import as_json, to_postgres, value_at


@pytest.mark.parametrize(
    ("path", "value"),
    [("a", {"b": {"c": 1}}), ("a.b.c", 1), ("a.b.c.d", None), ("a.x", None), ("l.b", None), ("n.b", None)],
)
def test_a_path_stops_at_what_is_not_a_document(path: str, value: Any) -> None:
    assert value_at({"a": {"b": {"c": 1}}, "l": [{"b": 1}], "n": None}, path) == value


def test_a_date_outside_pythons_years_is_left_to_the_server_to_refuse() -> None:
    assert to_postgres(DatetimeMS(300_000_000_000_000), "timestamptz") == "300000000000000"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Timestamp(5, 1), '{"$timestamp":{"t":5,"i":1}}'),
        (Regex("^a", "i"), '{"$regularExpression":{"pattern":"^a","options":"i"}}'),
        (MaxKey(), '{"$maxKey":1}'),
    ],
)
def test_types_without_a_json_form_are_extended_json(value: Any, text: str) -> None:
    assert as_json(value) == text
    assert to_postgres(value, "text") == text


@pytest.mark.parametrize(
    ("token", "time"),
    [
        ({"_data": "8267C867A3000000012B0429296E1404"}, 0x67C867A3 << 32 | 1),
        ({"_data": "2e0000001073000300000011740007000000bcfd046b"}, None),
        ({"_data": "82zz"}, None),
        ({}, None),
    ],
)
def test_the_cluster_time_in_a_resume_token(token: dict[str, Any], time: int | None) -> None:
    assert token_time(token) == time
