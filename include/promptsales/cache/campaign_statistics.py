"""The figures of a campaign in Redis, `estadisticas:campana:{id}`: fed after a refresh, never read stale.

Every hash holds the version of the marts that its campaign last changed with, and a reader compares it with the one in
PostgreSQL. So it does not matter whether the feed ran, when, or in which order two feeds arrived: what does not have
the campaign's version is not used.
"""

from __future__ import annotations

import logging
from contextlib import closing
from functools import partial
from itertools import chain
from typing import Any

import psycopg
from psycopg.rows import dict_row
from redis import Redis
from redis.exceptions import RedisError

from promptsales.cache.keys import CAMPAIGN_STATS
from promptsales.connections import Connections
from promptsales.errors import PromptSalesError
from promptsales.etl import sql as etl_sql

logger = logging.getLogger(__name__)

statement = partial(etl_sql.statement, package="promptsales.cache.sql")

Statistics = dict[str, str]
"""Column of `campaign_statistics.sql` to its value as text; columns without a value are left out."""

PIPELINE_SIZE = 500
"""Hashes a round trip."""


class CacheFeedError(PromptSalesError):
    """Redis could not be fed; readers compute what is missing, and the next feed begins where this one did."""


def feed(connections: Connections) -> int:
    """Put the campaigns that changed since the last feed into Redis; returns how many.

    Args:
        connections: the warehouse's factory, of a login that reads every country, and Redis's are called.

    Raises:
        CacheFeedError: Redis did not take them.
    """
    with closing(connections.postgres()) as connection:
        connection.autocommit = True
        [(version, fed)] = connection.execute("SELECT version, version_en_cache FROM mart.posicion").fetchall()
        changed = [
            campaign
            for (campaign,) in connection.execute(
                "SELECT id_campana FROM mart.campana WHERE version > %s ORDER BY id_campana", [fed]
            )
        ]
        rows = _compute(connection, changed)
        try:
            with closing(connections.redis()) as redis:
                for start in range(0, len(rows), PIPELINE_SIZE):
                    _store(redis, rows[start : start + PIPELINE_SIZE])
        except RedisError as error:
            raise CacheFeedError(
                f"Redis: the statistics of {len(rows)} campaigns could not be stored ({type(error).__name__}): check "
                "that it runs and that PROMPTSALES_REDIS_URL names it."
            ) from error
        # Another feed may have got further in the meantime.
        connection.execute(
            "UPDATE mart.posicion SET version_en_cache = %(version)s WHERE version_en_cache < %(version)s",
            {"version": version},
        )
    logger.info("cache: %d campaigns fed up to version %d of the marts", len(rows), version)
    return len(rows)


def read(connection: psycopg.Connection[Any], redis: Redis, campaign: int) -> Statistics | None:
    """A campaign's figures as the reader may see them, from Redis where they are current; None if there is no such.

    A reader of some countries only is answered by PostgreSQL: what Redis holds is of all countries.

    Args:
        connection: to the warehouse, of a login that reads `mart`, with its user in `promptsales.id_usuario`.
        redis: answers or not; without it PostgreSQL does.
        campaign: its `id_campana`.
    """
    found = connection.execute(
        "SELECT version, (SELECT mart.epoca()) LIKE '%%*' FROM mart.campana WHERE id_campana = %s", [campaign]
    ).fetchone()
    if found is None:
        return None
    version, sees_every_country = found
    if sees_every_country and (kept := _kept(redis, campaign, version)):
        return kept
    rows = _compute(connection, [campaign])
    if sees_every_country:
        try:
            _store(redis, rows)
        except RedisError as error:
            logger.warning("cache: campaign %d not stored: %s", campaign, type(error).__name__)
    return rows[0] if rows else None


def _kept(redis: Redis, campaign: int, version: int) -> Statistics | None:
    try:
        kept: Statistics = redis.hgetall(CAMPAIGN_STATS.key(id=campaign))  # type: ignore[assignment]  # synchronous
    except RedisError as error:
        logger.warning("cache: campaign %d not read: %s", campaign, type(error).__name__)
        return None
    return kept if kept.get("version") == str(version) else None


def _compute(connection: psycopg.Connection[Any], campaigns: list[int]) -> list[Statistics]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement("campaign_statistics"), {"campaigns": campaigns}).fetchall()
    return [{name: str(value) for name, value in row.items() if value is not None} for row in rows]


def _store(redis: Redis, rows: list[Statistics]) -> None:
    assert CAMPAIGN_STATS.ttl is not None
    with redis.pipeline(transaction=True) as pipeline:
        for row in rows:
            key = CAMPAIGN_STATS.key(id=row["id_campana"])
            pipeline.delete(key)
            pipeline.hset(key, items=list(chain.from_iterable(row.items())))
            pipeline.expire(key, CAMPAIGN_STATS.ttl)
        pipeline.execute()
