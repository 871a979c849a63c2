"""Environment variables as a shell takes them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import typer


def print_exports(variables: Mapping[str, str]) -> None:
    """Print one quoted `export` line a variable, for `eval` or a file."""
    for name, value in variables.items():
        # Not through rich, which would wrap long lines.
        typer.echo(f"export {name}={shlex.quote(value)}")
