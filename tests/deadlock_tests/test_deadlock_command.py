"""`promptsales deadlock`: what it refuses, before it asks any server."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from promptsales.cli import app


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["postgres", "--role", "d", "--run", "x"], "one of a, b, c"),
        (["postgres", "--role", "ab", "--run", "x"], "one of a, b, c"),
        (["postgres", "--role", "c", "--roles", "2", "--run", "x"], "one of a, b"),
        (["mongo", "--role", "a", "--run", "x"], "postgres"),
        (["postgres", "--role", "a"], "--run"),
    ],
)
def test_a_client_without_a_place_is_told_which_there_are(arguments: list[str], told: str) -> None:
    refused = CliRunner().invoke(app, ["deadlock", *arguments], env={"COLUMNS": "200"})
    assert refused.exit_code == 2
    assert told in refused.output
