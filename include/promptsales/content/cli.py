"""`promptsales content`: images, campaign copy, and outside services."""

from __future__ import annotations

import typer

from promptsales.content.copy_cli import app as copy
from promptsales.content.images.cli import app as images
from promptsales.content.third_party.cli import app as call

app = typer.Typer(help="Images, campaign copy, and calls to outside services.", no_args_is_help=True)
app.add_typer(images)
app.add_typer(copy)
app.add_typer(call)
