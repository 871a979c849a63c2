"""Results out of `mart` in a cache: on what they depend, and hearing of a refresh.

Being right does not depend on hearing: `epoch` is part of a cached result's key, so that after a refresh no key of
before is asked for any more. The listener is for what else a server keeps, and frees Redis of what nobody will read.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from threading import Event
from typing import Any

import psycopg
from redis import Redis

from promptsales.cache.keys import API_RESULT
from promptsales.errors import UnreachableError

logger = logging.getLogger(__name__)

CHANNEL = "promptsales_cache"

POLL_SECONDS = 1.0
"""How long the listener takes at most to see that it should stop."""

RETRY_SECONDS = 5.0
"""Between two attempts to reach PostgreSQL."""

SCAN_COUNT = 1_000
"""Keys that Redis looks at in one step of a scan."""


@dataclass(frozen=True)
class Refreshed:
    """The marts have another version.

    Attributes:
        version: of the marts; None when the listener has just connected and may have missed any number of them, or was
            told something that it cannot read.
        changed: the tables of `mart` that changed with it; empty when that is not known.
    """

    version: int | None
    changed: frozenset[str]


def epoch(connection: psycopg.Connection[Any]) -> str:
    """On what an answer out of `mart` depends beside its question: the marts' version and the reader's countries.

    Ask before the question, and in the same transaction as the reader's `promptsales.id_usuario` was set.
    """
    [(value,)] = connection.execute("SELECT mart.epoca()").fetchall()
    return str(value)


def listen(connect: Callable[[], psycopg.Connection[Any]], react: Callable[[Refreshed], None], stop: Event) -> None:
    """Call `react` after every refresh that changed the marts, and once for each connection, until `stop` is set.

    For a thread of its own. A lost connection is made again; `react` is then told that something may have been missed.

    Args:
        connect: opens a connection of the listener's own; any login may listen.
        react: must not raise.
        stop: looked at every `POLL_SECONDS`.
    """
    while not stop.is_set():
        try:
            with closing(connect()) as connection:
                connection.autocommit = True
                connection.execute(f"LISTEN {CHANNEL}")
                react(Refreshed(None, frozenset()))
                while not stop.is_set():
                    for notification in connection.notifies(timeout=POLL_SECONDS):
                        react(_refreshed(notification.payload))
                        if stop.is_set():
                            break
        except (psycopg.OperationalError, UnreachableError) as error:
            logger.warning("listening to %s again in %.0f s: %s", CHANNEL, RETRY_SECONDS, type(error).__name__)
            stop.wait(RETRY_SECONDS)


def drop_results(redis: Redis, service: str) -> int:
    """Delete a service's cached results, `api:resultados:{service}:*`; returns how many.

    Raises:
        redis.exceptions.RedisError: Redis does not answer.
    """
    pattern = API_RESULT.key(service=service, method="*", hash="*")
    keys = list(redis.scan_iter(match=pattern, count=SCAN_COUNT))
    for start in range(0, len(keys), SCAN_COUNT):
        redis.unlink(*keys[start : start + SCAN_COUNT])
    return len(keys)


def _refreshed(payload: str) -> Refreshed:
    """What a notification tells; of one that is not the trigger's, as any login may send, that it tells nothing."""
    try:
        news = json.loads(payload)
        return Refreshed(int(news["version"]), frozenset(map(str, news["cambiadas"])))
    except (ValueError, KeyError, TypeError, RecursionError):
        logger.warning("%s: a notification of another form", CHANNEL)
        return Refreshed(None, frozenset())
