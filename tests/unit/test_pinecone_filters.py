"""Metadata filters of the Pinecone stand-in, beside a plain reading of the rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptsales.local.pinecone.errors import ApiError
from promptsales.local.pinecone.filters import compile_filter

FIELDS = ["a", "b"]
scalars = st.one_of(
    st.sampled_from(["x", "y", "1", ""]), st.integers(-2, 2), st.sampled_from([0.5, -1.5]), st.booleans()
)
metadata = st.dictionaries(
    st.sampled_from(FIELDS), st.one_of(scalars, st.lists(st.sampled_from(["x", "y", "z"]), max_size=3))
)
comparisons = st.one_of(
    st.tuples(st.sampled_from(["$eq", "$ne"]), scalars),
    st.tuples(st.sampled_from(["$in", "$nin"]), st.lists(scalars, min_size=1, max_size=3)),
    st.tuples(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), st.one_of(st.integers(-2, 2), st.sampled_from([0.5]))),
    st.tuples(st.just("$exists"), st.booleans()),
)
clauses = st.tuples(st.sampled_from(FIELDS), comparisons).map(lambda each: {each[0]: {each[1][0]: each[1][1]}})
filters = st.recursive(
    clauses,
    lambda inner: st.tuples(st.sampled_from(["$and", "$or"]), st.lists(inner, min_size=1, max_size=3)).map(
        lambda each: {each[0]: each[1]}
    ),
    max_leaves=5,
)


def kind(value: Any) -> str:
    return "bool" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "text"


def passes(held: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """The rules, read one by one."""
    [(name, value)] = wanted.items()
    if name == "$and":
        return not [each for each in value if not passes(held, each)]
    if name == "$or":
        return bool([each for each in value if passes(held, each)])
    [(how, operand)] = value.items()
    if how == "$exists":
        return bool((name in held) == operand)
    here = held[name] if isinstance(held.get(name), list) else [held[name]] if name in held else []
    among = operand if isinstance(operand, list) else [operand]
    equal = any(kind(one) == kind(other) and one == other for one in here for other in among)
    if how in ("$eq", "$in"):
        return equal
    if how in ("$ne", "$nin"):
        return not equal
    numbers = [one for one in here if kind(one) == "number"]
    return any(
        (one > operand and how in ("$gt", "$gte"))
        or (one < operand and how in ("$lt", "$lte"))
        or (one == operand and how in ("$gte", "$lte"))
        for one in numbers
    )


@given(held=metadata, wanted=filters)
def test_a_filter_means_what_its_operators_mean(held: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert compile_filter(wanted)(held) is passes(held, wanted)


@given(held=metadata, first=clauses, second=clauses)
def test_fields_beside_each_other_are_and(held: dict[str, Any], first: dict[str, Any], second: dict[str, Any]) -> None:
    if first.keys() != second.keys():
        assert compile_filter({**first, **second})(held) is (passes(held, first) and passes(held, second))


@given(held=metadata, first=comparisons, second=comparisons)
def test_operators_on_one_field_are_and(held: dict[str, Any], first: tuple[str, Any], second: tuple[str, Any]) -> None:
    if first[0] != second[0]:
        both = compile_filter({"a": dict([first, second])})(held)
        assert both is all(passes(held, {"a": dict([each])}) for each in (first, second))


@given(held=metadata, value=scalars)
def test_a_bare_value_is_equality(held: dict[str, Any], value: Any) -> None:
    assert compile_filter({"a": value})(held) is passes(held, {"a": {"$eq": value}})


def test_no_filter_lets_everything_through() -> None:
    assert compile_filter(None)({})
    assert compile_filter({})({"a": 1})


@pytest.mark.parametrize(
    "wrong",
    [
        [], "x", {"$and": []}, {"$or": {}}, {"$not": [{}]}, {"a": {}}, {"a": {"$regex": "x"}}, {"a": {"$gt": "1"}},
        {"a": {"$gt": True}}, {"a": {"$in": "x"}}, {"a": {"$in": []}}, {"a": {"$eq": None}}, {"a": None},
        {"a": {"$exists": 1}}, {"$and": ["x"]},
    ],
)  # fmt: skip
def test_a_filter_that_means_nothing_is_refused(wrong: Any) -> None:
    with pytest.raises(ApiError) as refused:
        compile_filter(wrong)
    assert (refused.value.status, refused.value.code) == (400, "INVALID_ARGUMENT")
