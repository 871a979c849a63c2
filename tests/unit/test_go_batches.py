"""T-SQL scripts are cut at GO lines, and only there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptsales.database.batches import Batch, split_batches
from promptsales.paths import DATABASE_DIR

T_SQL_FILES = sorted(path for path in DATABASE_DIR.glob("sqlserver_*/*/*.sql") if path.parent.name != "standin")


@pytest.mark.parametrize("go", ["GO", "go", "Go", "  GO", "GO \t", "GO\r"])
def test_go_line_ends_a_batch(go: str) -> None:
    assert split_batches(f"SELECT 1;\n{go}\nSELECT 2;\n") == [
        Batch("SELECT 1;\n", line=1),
        Batch("SELECT 2;\n", line=3),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "/*\nGO\n*/ SELECT 1;",
        "/* a /* nested\n*/\nGO\n*/ SELECT 1;",
        "SELECT 'first\nGO\nlast';",
        "SELECT 'it''s\nGO\n';",
        "SELECT [a\nGO\nb]]\nGO\n] FROM t;",
        'SELECT "a\nGO\nb" FROM t;',
        "SELECT 1 AS GO;",
        "SELECT 1; GO",
        "GO 5",
        "GO; SELECT 1",
        "/* never closed\nGO\nSELECT 1;",
    ],
)
def test_go_inside_something_else_is_text(text: str) -> None:
    assert split_batches(text) == [Batch(text, line=1)]


@pytest.mark.parametrize(
    "before",
    [
        "-- it's a comment",
        "-- /* not a block comment",
        "SELECT '--';",
        "SELECT '/*';",
        "/* it's a comment */",
        "SELECT [it's] FROM t;",
    ],
)
def test_what_only_looks_open_does_not_hide_go(before: str) -> None:
    assert [batch.line for batch in split_batches(f"{before}\nGO\nSELECT 2;")] == [1, 3]


def test_empty_batches_are_left_out_and_lines_kept() -> None:
    assert split_batches("GO\n\nGO\n\n\nSELECT 1;\nGO\nGO") == [Batch("\n\nSELECT 1;\n", line=4)]


def test_an_empty_script_has_no_batch() -> None:
    assert split_batches("") == []
    assert split_batches("GO") == []


@given(
    st.lists(
        st.text(alphabet=st.characters(exclude_characters="'\"[]/*\r\n-"), max_size=20).filter(
            lambda line: line.strip(" \t").upper() != "GO"
        )
    )
)
def test_joining_lines_by_go_and_splitting_gives_them_back(lines: list[str]) -> None:
    batches = split_batches("\nGO\n".join(lines))
    assert [batch.sql.removesuffix("\n") for batch in batches] == [line for line in lines if line.strip()]


@pytest.mark.parametrize("path", T_SQL_FILES, ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_t_sql_files_keep_their_lines(path: Path) -> None:
    script = path.read_text(encoding="utf-8")
    lines = script.split("\n")
    for batch in split_batches(script):
        length = batch.sql.count("\n")
        assert batch.sql.rstrip("\n") == "\n".join(lines[batch.line - 1 : batch.line - 1 + length]).rstrip("\n")
        assert not re.search(r"^GO$", batch.sql, re.MULTILINE)
