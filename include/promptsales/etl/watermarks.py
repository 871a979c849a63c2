"""Where each table's reading stands: PostgreSQL commits it, Redis holds a copy that is never trusted alone."""

from __future__ import annotations

import json
import logging
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from redis import Redis
from redis.exceptions import RedisError

from promptsales.cache.keys import ETL_WATERMARK
from promptsales.etl.piece import Piece, Position
from promptsales.etl.sql import statement

logger = logging.getLogger(__name__)


def committed(connection: psycopg.Connection[Any], source: str, table: str) -> Position | None:
    """The position in PostgreSQL: the truth. None when the table was never loaded."""
    row = connection.execute(statement("read_watermark"), {"source": source, "table": table}).fetchone()
    return row[0] if row else None


def waited_seconds(connection: psycopg.Connection[Any], source: str, table: str) -> float | None:
    """For how long a change may have waited for its load by now; None when the table was never loaded."""
    row = connection.execute(statement("waited_seconds"), {"source": source, "table": table}).fetchone()
    return row[0] if row else None


def advance(connection: psycopg.Connection[Any], source: str, table: str, piece: Piece, load_id: int) -> None:
    """Move the watermark to the end of a piece, inside the caller's transaction."""
    connection.execute(
        statement("advance_watermark"),
        {
            "source": source,
            "table": table,
            "position": Jsonb(piece.high),
            "load_id": load_id,
            "held_back": piece.held_back,
        },
    )


def forget(connection: psycopg.Connection[Any], source: str, table: str) -> None:
    """Take the watermark away inside the caller's transaction: the next load reads the table whole."""
    connection.execute(
        "DELETE FROM etl.watermarks WHERE source = %(source)s AND table_name = %(table)s",
        {"source": source, "table": table},
    )


def current(connection: psycopg.Connection[Any], redis: Redis, source: str, table: str) -> Position | None:
    """Where to read on from: Redis is asked first and believed only if PostgreSQL agrees.

    A copy that is missing, stale, ahead or unreadable, or a Redis that is down, changes nothing: PostgreSQL's
    position is used and nothing is loaded twice or skipped.
    """
    copy = _copy(redis, source, table)
    truth = committed(connection, source, table)
    if copy is not None and copy != truth:
        logger.warning(
            "%s.%s: the watermark in Redis is %s but %s is committed; going on from the committed one",
            source, table, json.dumps(copy), json.dumps(truth),
        )  # fmt: skip
    return truth


def publish(redis: Redis, source: str, table: str, position: Position) -> None:
    """Copy a committed position to Redis. A Redis that is down is logged: the load is already safe."""
    try:
        redis.set(
            ETL_WATERMARK.key(db=source, table=table),
            json.dumps(position, sort_keys=True),
            ex=ETL_WATERMARK.ttl,
        )
    except RedisError as error:
        logger.warning("%s.%s: watermark not copied to Redis: %s", source, table, error)


def _copy(redis: Redis, source: str, table: str) -> Any:
    """What Redis holds. What is no JSON comes back as a string, which agrees with no position."""
    key = ETL_WATERMARK.key(db=source, table=table)
    try:
        value = redis.get(key)
    except UnicodeDecodeError:
        return "not text"
    except RedisError as error:
        logger.warning("%s.%s: Redis does not answer, using the committed watermark: %s", source, table, error)
        return None
    if value is None:
        return None
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    try:
        return json.loads(text)
    except ValueError:
        return text
