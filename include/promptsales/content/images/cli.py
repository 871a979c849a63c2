"""`promptsales content index` and `search`: the vector index, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from promptsales.connections import connect_redis, from_settings
from promptsales.content.images.embedder import embedder_of
from promptsales.content.images.search import MAX_RESULTS, ImageSearch
from promptsales.settings import Settings

if TYPE_CHECKING:
    from promptsales.content.images.indexing import IndexReport

app = typer.Typer()
console = Console()


@app.command()
def index(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="make the index anew if it holds vectors of another model")
    ] = False,
) -> None:
    """Embed new and changed images, and repair what MongoDB and the vector index disagree on."""
    with Progress(
        TextColumn("embedding"), BarColumn(), MofNCompleteColumn(), console=console, transient=True
    ) as progress:
        bar = progress.add_task("", total=None)
        report = run_index(
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
    with open_search() as found:
        answer = found.search(question, count=count, category=category, campaign=campaign)
    table = Table("score", "category", "image", box=None, padding=(0, 1, 0, 0))
    for each in answer.results:
        table.add_row(f"{each.score:.2f}", each.category, escape(each.description))
    console.print(table)
    if answer.cached:
        console.print("[dim]from the cache[/dim]")


def run_index(*, rebuild: bool = False, on_batch: Callable[[int, int], None] = lambda done, total: None) -> IndexReport:
    """Index the images of the settings' servers."""
    # Imported where it is used, as below: Pinecone's client would slow every command of the command line down.
    from promptsales.content.images.indexing import index_images
    from promptsales.content.images.vector_index import connect_index

    settings = Settings()
    embedder = embedder_of(settings)
    vectors = connect_index(settings, embedder.model)
    connections = from_settings(settings, admin=True)
    database = connections.mongo()
    with database.client, closing(connections.redis()) as redis:
        vectors.open(create=True, rebuild=rebuild)
        return index_images(database["imagenes"], vectors, embedder, redis, on_batch)


@contextmanager
def open_search() -> Iterator[ImageSearch]:
    """The search over the settings' servers."""
    from promptsales.content.images.vector_index import connect_index

    settings = Settings()
    embedder = embedder_of(settings)
    with closing(connect_redis(settings.url("redis"), settings.variable("redis"))) as redis:
        yield ImageSearch(connect_index(settings, embedder.model), embedder, redis)
