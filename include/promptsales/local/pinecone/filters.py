"""Metadata filters: a JSON expression, made into a test of one vector's metadata.

Rule: https://docs.pinecone.io/guides/search/filter-by-metadata
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from promptsales.local.pinecone.errors import invalid

Metadata = dict[str, Any]
Test = Callable[[Metadata], bool]

_ORDER: dict[str, Callable[[float, float], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def compile_filter(expression: Any) -> Test:
    """The test that a filter expression describes; None and the empty expression let everything through.

    Raises:
        ApiError: 400, naming what is wrong.
    """
    if expression is None:
        return lambda metadata: True
    if not isinstance(expression, dict):
        raise invalid("a filter is an object")
    tests = [_clause(name, value) for name, value in expression.items()]
    return lambda metadata: all(test(metadata) for test in tests)


def _clause(name: str, value: Any) -> Test:
    if name in ("$and", "$or"):
        if not isinstance(value, list) or not value:
            raise invalid(f"{name} takes a list of filters")
        tests = [compile_filter(each) for each in value]
        together = all if name == "$and" else any
        return lambda metadata: together(test(metadata) for test in tests)
    if name.startswith("$"):
        raise invalid(f"{name} is no operator that joins filters")
    if not isinstance(value, dict):
        return _comparison(name, "$eq", value)
    if not value:
        raise invalid(f"{name} has no operator")
    tests = [_comparison(name, how, operand) for how, operand in value.items()]
    return lambda metadata: all(test(metadata) for test in tests)


def _comparison(field: str, how: str, operand: Any) -> Test:
    if how in ("$eq", "$ne"):
        _scalar(operand, how)
        return _membership(field, [operand], wanted=how == "$eq")
    if how in ("$in", "$nin"):
        if not isinstance(operand, list) or not operand:
            raise invalid(f"{how} takes a list of values")
        for each in operand:
            _scalar(each, how)
        return _membership(field, operand, wanted=how == "$in")
    if how in _ORDER:
        if not _is_number(operand):
            raise invalid(f"{how} takes a number")
        compare = _ORDER[how]
        return lambda metadata: any(_is_number(held) and compare(held, operand) for held in _held(metadata, field))
    if how == "$exists":
        if not isinstance(operand, bool):
            raise invalid("$exists takes true or false")
        return lambda metadata: (field in metadata) is operand
    raise invalid(f"{how} is no operator")


def _membership(field: str, values: list[Any], *, wanted: bool) -> Test:
    def test(metadata: Metadata) -> bool:
        return any(_equal(held, value) for held in _held(metadata, field) for value in values) is wanted

    return test


def _held(metadata: Metadata, field: str) -> list[Any]:
    """A field's values: those of a list one by one."""
    value = metadata.get(field)
    return value if isinstance(value, list) else [] if value is None else [value]


def _equal(held: Any, value: Any) -> bool:
    # True is no number 1 here.
    return isinstance(held, bool) == isinstance(value, bool) and bool(held == value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _scalar(value: Any, how: str) -> None:
    if not isinstance(value, str | bool | int | float):
        raise invalid(f"{how} compares with a string, a number or a boolean")
