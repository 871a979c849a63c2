"""BSON values as the values PostgreSQL is given."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from bson import Decimal128, ObjectId
from bson.datetime_ms import DatetimeMS
from bson.json_util import RELAXED_JSON_OPTIONS
from bson.json_util import default as extended_json


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; None where a step is missing or is not a sub-document."""
    value: Any = document
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def to_postgres(value: Any, column_type: str) -> Any:
    """A BSON value in the Python type that its column is written from.

    A value of another type than the column's passes as it is, so that the server that refuses it says why;
    what has no scalar form of its own passes as JSON text, and a date outside Python's years as milliseconds.
    """
    if value is None:
        return None
    if column_type == "jsonb":
        return as_json(value)
    match value:
        case bool() | float() | str() | datetime():
            return value
        case int():
            return int(value)
        case bytes():
            return bytes(value)
        case ObjectId() | UUID() | DatetimeMS():
            return _plain(value)
        case Decimal128():
            return value.to_decimal()
        case _:
            return as_json(value)


def as_json(value: Any) -> str:
    """One JSON text for one BSON value: ids as hex, dates as ISO 8601, decimals as text, bytes as base64."""
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case ObjectId() | UUID():
            return str(value)
        case Decimal128():
            return str(value.to_decimal())
        case DatetimeMS():
            return str(int(value))
        case _:
            return extended_json(value, RELAXED_JSON_OPTIONS)
