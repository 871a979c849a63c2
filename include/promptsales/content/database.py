"""PromptContent for what writes to it at work: copy, calls, credentials and the index, with a login of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo.database import Database

from promptsales.connections import connect_mongo
from promptsales.settings import Settings


@contextmanager
def open_content(settings: Settings) -> Iterator[Database[dict[str, Any]]]:
    """The database as `PROMPTSALES_MONGO_CONTENT_URL` reaches it; where that is not set, as its owner does.

    Raises:
        SettingsError: neither is set, or one is malformed.
    """
    if settings.mongo_content_url is not None:
        url, variable = settings.url("mongo_content"), settings.variable("mongo_content")
    else:
        url, variable = settings.url("mongo", admin=True), settings.variable("mongo", admin=True)
    database = connect_mongo(url, variable)
    with database.client:
        yield database
