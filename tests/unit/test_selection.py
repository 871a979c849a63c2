"""The select list of a view, and the rows that come of it, whatever the texts hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptsales.etl.selection import ROOM, SEPARATOR, Selection
from promptsales.etl.spec import ColumnSpec, TableSpec, load_pipelines

PARTS = ("nombre", "precio", "dia", "nota")
LENGTHS = {"clave": 20, "nombre": 40, "nota": 60, "largo": -1}
TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=6) | st.sampled_from(["", "=", SEPARATOR, "=" * 3])


def table(**types: str) -> TableSpec:
    columns = [ColumnSpec(name=name, type=kind) for name, kind in types.items()]
    return TableSpec(name="t", source="etl.t", description="Prueba", key=["clave"], columns=columns)


SPEC = table(
    clave="text", nombre="text", unidades="integer", precio="numeric(9,2)", largo="text", dia="date", nota="text"
)


def joined(selection: Selection) -> list[str]:
    return [column.name for column in selection.joined]


def test_texts_of_limited_length_are_joined_but_keys() -> None:
    selection = Selection.of(SPEC, LENGTHS)
    assert joined(selection) == list(PARTS)
    single, text = selection.sql.split(", CONCAT(CASE", 1)
    assert single == "clave AS clave, unidades AS unidades, largo AS largo"
    assert text.endswith("AS joined_text")
    assert text.count("CHAR(31)") == len(PARTS) - 1


def test_a_text_alone_is_not_joined() -> None:
    spec = table(clave="integer", nombre="text", unidades="integer")
    assert Selection.of(spec, LENGTHS).sql == "clave AS clave, nombre AS nombre, unidades AS unidades"


def test_what_is_joined_fits_into_what_concat_returns() -> None:
    spec = table(clave="integer", **{f"t{n}": "text" for n in range(4)}, dia="date")
    selection = Selection.of(spec, {"t0": 3_000, "t1": 4_000, "t2": 985, "t3": None})
    assert joined(selection) == ["t0", "t2", "dia"]
    assert 3_001 + 986 + 11 + len("||") == ROOM


@pytest.mark.parametrize("source", ["promptads", "promptcrm"])
def test_no_numbers_or_keys_of_the_platform_are_joined(source: str) -> None:
    for spec in load_pipelines()[source].tables:
        selection = Selection.of(spec, dict.fromkeys(spec.column_names, 10))
        assert not {column.name for column in selection.joined} & set(spec.key)
        for column in selection.joined:
            assert column.type.partition("(")[0] in ("text", "jsonb", "numeric", "date", "timestamp", "uuid")


@pytest.mark.parametrize("text", ["a" * ROOM, "\N{WAVING HAND SIGN}" * (ROOM // 2)])
def test_what_concat_may_have_cut_off_is_read_apart(text: str) -> None:
    """The view still tells the length that its column had before it was made wider."""
    selection = Selection.of(table(clave="integer", nombre="text", nota="text"), LENGTHS)
    concatenated = f"={SEPARATOR}={text}".encode("utf-16-le")[: 2 * ROOM].decode("utf-16-le", "ignore")
    answers = {selection.sql: [(1, concatenated, 7)], selection.apart.sql: [(1, "", text, 7)]}
    assert selection.read(answers.__getitem__) == [(1, "", text, 7)]


@given(st.lists(st.tuples(*[st.none() | TEXTS for _ in PARTS]), max_size=5))
def test_rows_have_their_values_whatever_the_texts_hold(parts: list[tuple[str | None, ...]]) -> None:
    """CONCAT as it does here: marked parts, nothing for NULL."""
    joined_rows = [
        ("k", n, "largo", SEPARATOR.join("" if part is None else f"={part}" for part in row), n + 100)
        for n, row in enumerate(parts)
    ]
    expected = [
        ("k", nombre, n, precio, "largo", dia, nota, n + 100) for n, (nombre, precio, dia, nota) in enumerate(parts)
    ]
    selection = Selection.of(SPEC, LENGTHS)
    answers = {selection.sql: joined_rows, selection.apart.sql: expected}
    asked = list[str]()

    def query(columns: str) -> list[tuple[Any, ...]]:
        asked.append(columns)
        return answers[columns]

    assert selection.read(query) == expected
    holds_separator = any(SEPARATOR in (part or "") for row in parts for part in row)
    assert asked == [selection.sql, selection.apart.sql][: 1 + holds_separator]
