"""How often one user may ask one server: a counter a minute in Redis, `ratelimit:{service}:{user}`."""

from __future__ import annotations

import logging
from typing import Literal

from redis.asyncio import Redis
from redis.exceptions import RedisError

from promptsales.cache.keys import RATE_LIMIT

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60

# One step, so that a process that dies between two cannot leave a counter without an end.
_TAKE = """
local used = redis.call('INCR', KEYS[1])
if used == 1 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
if used > tonumber(ARGV[1]) then return math.max(redis.call('TTL', KEYS[1]), 1) end
return 0
"""


class RateLimit:
    """The limit of one server.

    Args:
        redis: where the counters are.
        service: the server's name.
        per_minute: requests of one user.
        fails: while Redis is down, answer every request (`open`) or none (`closed`).
    """

    def __init__(self, redis: Redis, service: str, per_minute: int, fails: Literal["open", "closed"]) -> None:
        self._redis = redis
        self._service = service
        self._per_minute = per_minute
        self._fails = fails

    async def wait_seconds(self, user_id: int) -> int:
        """Count one request of a user: 0 lets it through, more is how long they should wait."""
        key = RATE_LIMIT.key(service=f"mcp.{self._service}", user=user_id)
        try:
            return int(await self._redis.eval(_TAKE, 1, key, self._per_minute, WINDOW_SECONDS))
        except RedisError as error:
            logger.warning("requests are not counted (%s): the limit fails %s", type(error).__name__, self._fails)
            return WINDOW_SECONDS if self._fails == "closed" else 0
