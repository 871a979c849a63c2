"""`promptsales content index` and `search`: the vector index, and what it answers."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from promptsales.content.images.search import MAX_RESULTS

app = typer.Typer()
console = Console()


@app.command()
def index(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="make the index anew if it holds vectors of another model")
    ] = False,
) -> None:
    """Embed new and changed images, and repair what MongoDB and the vector index disagree on."""
    # Imported where it is used, as below: Pinecone's client would slow every command of the command line down.
    from promptsales.content.images.library import index_library

    columns = (TextColumn("embedding"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=None)
        report = index_library(
            rebuild=rebuild, on_batch=lambda done, total: progress.update(bar, completed=done, total=total)
        )
    console.print(
        f"[green]✓[/green] embedded {report.embedded:,}, unchanged {report.unchanged:,}, removed {report.removed:,}",
        highlight=False,
    )


@app.command()
def search(
    question: Annotated[str, typer.Argument(help='what the image shows: "calzado para correr"')],
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=MAX_RESULTS)] = 5,
    category: Annotated[str | None, typer.Option(help="only this category")] = None,
    campaign: Annotated[int | None, typer.Option(help="only images of this campaign")] = None,
) -> None:
    """Find images by what they show."""
    from promptsales.content.images.library import open_search

    with open_search() as found:
        answer = found.search(question, count=count, category=category, campaign=campaign)
    table = Table("score", "category", "image", box=None, padding=(0, 1, 0, 0))
    for each in answer.results:
        table.add_row(f"{each.score:.2f}", each.category, escape(each.description))
    console.print(table)
    if answer.cached:
        console.print("[dim]from the cache[/dim]")
