"""`promptsales ai-log`: the platform's own use of AI, for people who account for it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from promptsales.content.ai_log import markdown, recorded_uses
from promptsales.content.database import open_content
from promptsales.settings import Settings

app = typer.Typer(help="The platform's own use of AI.", no_args_is_help=True)

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="a day, UTC", show_default=False)]


@app.callback()
def ai_log() -> None:
    """The platform's own use of AI."""


@app.command()
def export(
    since: Day = None,
    until: Day = None,
    output: Annotated[Path | None, typer.Option(dir_okay=False, help="a file instead of the terminal")] = None,
) -> None:
    """Print a Markdown table of every generation: date, author, prompt, result, validation. People are numbered."""
    with open_content(Settings()) as database:
        uses = recorded_uses(database, since.date() if since else None, until.date() if until else None)
    text = "\n".join(markdown(uses)) + "\n"
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        typer.echo(f"{output}: {len(uses):,} rows")
