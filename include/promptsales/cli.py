"""The `promptsales` command: every part's own commands, and one way to show an error."""

from __future__ import annotations

import logging
import sys

import typer
from rich.console import Console

from promptsales.benchmarks.cli import app as bench
from promptsales.database.cli import app as db
from promptsales.demo import demo
from promptsales.errors import PromptSalesError
from promptsales.etl.cli import app as etl
from promptsales.local.cli import app as local
from promptsales.seeding.cli import seed, simulate

app = typer.Typer(
    name="promptsales",
    help="The data backbone of a marketing and sales platform.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(local, name="local")
app.add_typer(db, name="db")
app.command()(seed)
app.command()(simulate)
app.add_typer(etl, name="etl")
app.add_typer(bench, name="bench")
app.command()(demo)


def main() -> None:
    """Run the command line; a known error is one clear line and exit status 1."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        app()
    except PromptSalesError as error:
        Console(stderr=True).print(f"[red]✗[/red] {error}", soft_wrap=True, highlight=False)
        sys.exit(1)
