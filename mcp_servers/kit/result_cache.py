"""Answers kept in Redis, `api:resultados:{service}:{method}:{hash}`: only good ones, and only of tools that read.

None that another server had a part in (`peers.peer_asked`). The key holds the arguments, what the caller may see, and
the state of what was asked (`epoch`), so that nobody is given another's answer or one from before a refresh. Redis may
be down or slow: then every answer is made anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pydantic_core
from mcp_types import CallToolResult
from redis.asyncio import Redis
from redis.exceptions import RedisError

from mcp_servers.kit.caller import Caller
from promptsales.cache.keys import API_RESULT

logger = logging.getLogger(__name__)

MAX_BYTES = 512_000
"""Larger answers, such as charts, are made anew rather than kept."""

PAUSE_SECONDS = 2.0
"""After a failure Redis is left alone for so long: waiting for it must not cost each caller a time-out."""


class ResultCache:
    """The kept answers of one server."""

    def __init__(self, redis: Redis, service: str) -> None:
        self._redis = redis
        self._service = service
        self._paused_until = 0.0

    def key(self, tool: str, arguments: Mapping[str, Any], caller: Caller, epoch: str) -> str:
        """Where the answer to a question is kept.

        Args:
            tool: its name.
            arguments: as they were validated, defaults included.
            caller: who asks.
            epoch: the state of what is asked; another one, another key.
        """
        asked = pydantic_core.to_jsonable_python(arguments)
        question = json.dumps([asked, caller.permissions, epoch], sort_keys=True)
        digest = hashlib.sha256(question.encode()).hexdigest()[:32]
        return API_RESULT.key(service=self._service, method=tool, hash=digest)

    async def get(self, key: str, fresh_for: timedelta) -> CallToolResult | None:
        """The kept answer, if there is one that is no older than `fresh_for`."""
        if (text := await self._guarded(self._redis.get(key))) is None:
            return None
        kept = json.loads(text)
        if time.time() - kept["at"] > fresh_for.total_seconds():
            return None
        return CallToolResult.model_validate(kept["result"])

    async def put(self, key: str, result: CallToolResult) -> None:
        """Keep an answer for as long as its kind of key lives."""
        dumped = result.model_dump(mode="json", by_alias=True, exclude_none=True)
        text = json.dumps({"at": time.time(), "result": dumped})
        if len(text) <= MAX_BYTES:
            await self._guarded(self._redis.set(key, text, ex=API_RESULT.ttl))

    async def drop(self, tool: str) -> None:
        """Forget a tool's answers, after a write that they would not show."""
        pattern = API_RESULT.key(service=self._service, method=tool, hash="*")
        try:
            if keys := [key async for key in self._redis.scan_iter(match=pattern, count=1_000)]:
                await self._redis.unlink(*keys)
        except RedisError as error:
            logger.warning("answers of %s not forgotten: %s", tool, type(error).__name__)

    async def _guarded(self, command: Any) -> Any:
        if time.monotonic() < self._paused_until:
            command.close()
            return None
        try:
            return await command
        except RedisError as error:
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            logger.warning("answers are not cached for %.0f s: %s", PAUSE_SECONDS, type(error).__name__)
            return None
