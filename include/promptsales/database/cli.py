"""`promptsales db`: the schemas of every database."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from promptsales.connections import from_settings
from promptsales.database.initialise import initialise
from promptsales.database.migrations import Outcome
from promptsales.database.mongodb_design import DESIGN_FILE, design_script
from promptsales.paths import PROJECT_ROOT
from promptsales.settings import Settings

app = typer.Typer(help="Create the databases' schemas and keep them as declared.", no_args_is_help=True)
console = Console(highlight=False)


@app.command()
def init() -> None:
    """Bring every database to its declared schema. Safe to run again: what is there stays as it is."""
    with console.status("checking the schemas") as status:
        outcomes = initialise(Settings(), lambda outcome: status.update(f"{outcome.target} is ready"))
    console.print(outcomes_table(outcomes))
    for outcome in outcomes:
        for note in outcome.notes:
            console.print(f"[yellow]![/yellow] {note}", soft_wrap=True)


@app.command()
def query(
    file: Annotated[Path, typer.Argument(help="one of database/postgresql/*/*.sql", exists=True, dir_okay=False)],
) -> None:
    """Run one SQL file on the warehouse, as the login that owns it, and print its answer."""
    with closing(from_settings(Settings(), admin=True).postgres()) as connection:
        # Each statement by itself: a procedure that commits cannot run inside of a transaction.
        connection.autocommit = True
        cursor = connection.execute(file.read_bytes())
        console.print(answer_table(cursor) if cursor.description else escape(str(cursor.statusmessage)))


def answer_table(cursor: psycopg.Cursor[tuple[object, ...]]) -> Table:
    """The rows of a query as it gave them; NULL is left empty."""
    table = Table(*(column.name for column in cursor.description or ()), box=None, pad_edge=False)
    for row in cursor:
        table.add_row(*("" if value is None else escape(str(value)) for value in row))
    return table


@app.command()
def design() -> None:
    """Write MongoDB's design file anew from the schema files."""
    DESIGN_FILE.write_text(design_script(), encoding="utf-8")
    console.print(f"{DESIGN_FILE.relative_to(PROJECT_ROOT)} is written.")


@app.command()
def diagrams() -> None:
    """Write the entity-relationship diagrams anew from the schema files."""
    # Its parser of SQL takes a while to import.
    from promptsales.database.diagrams import DIAGRAMS_FILE
    from promptsales.database.diagrams import diagrams as made

    DIAGRAMS_FILE.write_text(made(), encoding="utf-8")
    console.print(f"[green]✓[/green] {DIAGRAMS_FILE.relative_to(PROJECT_ROOT)}")


def outcomes_table(outcomes: list[Outcome]) -> Table:
    """One row a target: what was applied, what was already there, seconds."""
    table = Table("engine", box=None, pad_edge=False)
    for heading in ("applied", "already there", "seconds"):
        table.add_column(heading, justify="right")
    for outcome in outcomes:
        applied = f"[green]{len(outcome.applied)}[/green]" if outcome.applied else "0"
        table.add_row(outcome.target, applied, str(outcome.already), f"{outcome.seconds:.1f}")
    return table
