"""The image library of the settings' servers: indexed, and searched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from promptsales.connections import connect_redis
from promptsales.content.database import open_content
from promptsales.content.images.embedder import embedder_of
from promptsales.content.images.indexing import IndexReport, index_images
from promptsales.content.images.search import ImageSearch
from promptsales.content.images.vector_index import connect_index
from promptsales.settings import Settings


def index_library(
    *, rebuild: bool = False, on_batch: Callable[[int, int], None] = lambda done, total: None
) -> IndexReport:
    """Index the images; the index is made where there is none, and with `rebuild` where it is of another model.

    Raises:
        PromptSalesError: a setting is missing, or a server did not answer; run it again, it goes on with what is left.
    """
    settings = Settings()
    embedder = embedder_of(settings)
    index = connect_index(settings, embedder.model)
    with (
        open_content(settings) as database,
        closing(connect_redis(settings.url("redis"), settings.variable("redis"))) as redis,
    ):
        index.open(create=True, rebuild=rebuild)
        return index_images(database["imagenes"], index, embedder, redis, on_batch)


@contextmanager
def open_search() -> Iterator[ImageSearch]:
    """The search.

    Raises:
        SettingsError: a setting is missing.
    """
    settings = Settings()
    embedder = embedder_of(settings)
    with closing(connect_redis(settings.url("redis"), settings.variable("redis"))) as redis:
        yield ImageSearch(connect_index(settings, embedder.model), embedder, redis)
