"""Each running server says so in Redis, `mcp:servidor:{name}`: since when, where, and what it counted."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from datetime import UTC, datetime
from itertools import chain

import anyio
from redis.asyncio import Redis
from redis.exceptions import RedisError

from mcp_servers.kit.metrics import Metrics
from promptsales.cache.keys import MCP_SERVER

logger = logging.getLogger(__name__)

EVERY_SECONDS = 60.0


async def beat(redis: Redis, name: str, url: str, metrics: Metrics) -> None:
    """Write the hash, and again every minute, until cancelled; then it is gone at once.

    Of several processes of one server the last to write is seen; Prometheus sees each.
    """
    key = MCP_SERVER.key(name=name)
    since = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        while True:
            totals = metrics.totals
            fields = {
                "estado": "activo",
                "url": url,
                "proceso": f"{socket.gethostname()}:{os.getpid()}",
                "desde": since,
                "latido": datetime.now(UTC).isoformat(timespec="seconds"),
                "llamadas": str(totals.calls),
                "fallos": str(totals.failures),
                "aciertos_cache": str(totals.cache_hits),
                "tokens_estimados": str(totals.tokens),
            }
            try:
                async with redis.pipeline(transaction=True) as pipeline:
                    pipeline.hset(key, items=list(chain.from_iterable(fields.items())))
                    pipeline.expire(key, MCP_SERVER.ttl or 0)
                    await pipeline.execute()
            except RedisError as error:
                logger.warning("no heartbeat: %s", type(error).__name__)
            await anyio.sleep(EVERY_SECONDS)
    finally:
        with anyio.move_on_after(1, shield=True):
            with contextlib.suppress(RedisError):
                await redis.delete(key)
