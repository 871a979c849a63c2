"""Answering a tool call: who may, with which arguments, out of the cache or anew, within how long; each one counted."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from weakref import WeakValueDictionary

import structlog
from mcp_types import CallToolResult
from pydantic import ValidationError

from mcp_servers.kit.caller import Caller
from mcp_servers.kit.errors import Code, ToolError, invalid_arguments
from mcp_servers.kit.metrics import Metrics
from mcp_servers.kit.peers import peer_asked
from mcp_servers.kit.result_cache import ResultCache
from mcp_servers.kit.tool import ServedTool
from promptsales.errors import PromptSalesError

logger = logging.getLogger(__name__)

Epoch = Callable[[Caller], Awaitable[str]]
"""The state of what a server's tools read, as far as this caller sees it."""


async def unversioned(_caller: Caller) -> str:
    """The epoch of what has no version to go by: kept answers end with their time alone."""
    return ""


class Callers(Protocol):
    """Knows who calls."""

    async def current(self) -> Caller: ...


class Calls:
    """Answers the calls of one server.

    Args:
        callers: who calls.
        cache: of answers.
        metrics: where calls are counted.
        epoch: the state of what the tools read.
    """

    def __init__(self, callers: Callers, cache: ResultCache, metrics: Metrics, epoch: Epoch) -> None:
        self._callers = callers
        self._cache = cache
        self._metrics = metrics
        self._epoch = epoch
        self._making: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._log = structlog.get_logger("mcp_servers.calls")

    async def answer(self, tool: ServedTool, arguments: dict[str, Any]) -> CallToolResult:
        """The answer, or what a caller is told instead. Raises nothing but cancellation."""
        start = time.monotonic()
        caller: Caller | None = None
        outcome, cached = "ok", False
        with self._metrics.running.track_inprogress():
            try:
                caller = await self._callers.current()
                if tool.spec.scope not in caller.scopes:
                    raise ToolError(Code.FORBIDDEN, f"{tool.name} takes the scope {tool.spec.scope}.")
                result, cached = await self._answered(tool, _validated(tool, arguments), caller)
            except Exception as error:
                failure = _failure(tool, error)
                outcome, result = failure.code.value, failure.result()
        seconds = time.monotonic() - start
        size = sum(len(getattr(block, "text", "") or getattr(block, "data", "")) for block in result.content)
        self._metrics.call(tool.name, outcome, seconds, cached=cached, size=size)
        self._log.info(
            "tool_call",
            tool=tool.name,
            user_id=caller.user_id if caller else None,
            outcome=outcome,
            cached=cached,
            ms=round(seconds * 1000, 1),
        )
        return result

    async def _answered(
        self, tool: ServedTool, arguments: dict[str, Any], caller: Caller
    ) -> tuple[CallToolResult, bool]:
        async with asyncio.timeout(tool.spec.seconds):
            fresh_for = tool.spec.fresh_for
            if fresh_for is None:
                return await _made(tool, arguments, caller), False
            key = self._cache.key(tool.name, arguments, caller, await self._epoch(caller))
            if kept := await self._cache.get(key, fresh_for):
                return kept, True
            # Of many who ask the same at once, one makes the answer and the others wait for it, once: where it is not
            # kept, each then makes its own, all at the same time.
            lock = self._making.setdefault(key, asyncio.Lock())
            if lock.locked():
                async with lock:
                    pass
                if kept := await self._cache.get(key, fresh_for):
                    return kept, True
                return await self._kept(key, tool, arguments, caller), False
            async with lock:
                return await self._kept(key, tool, arguments, caller), False

    async def _kept(self, key: str, tool: ServedTool, arguments: dict[str, Any], caller: Caller) -> CallToolResult:
        peer_asked.set(False)
        result = await _made(tool, arguments, caller)
        if not peer_asked.get():
            await self._cache.put(key, result)
        return result


def _validated(tool: ServedTool, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        return tool.fn_metadata.validate_arguments(arguments)
    except ValidationError as error:
        raise invalid_arguments(error) from None


async def _made(tool: ServedTool, arguments: dict[str, Any], caller: Caller) -> CallToolResult:
    made = await tool.fn(**arguments, caller=caller)
    converted = tool.fn_metadata.convert_result(made)
    assert isinstance(converted, CallToolResult)
    return converted


def _failure(tool: ServedTool, error: Exception) -> ToolError:
    if isinstance(error, ToolError):
        return error
    if isinstance(error, TimeoutError):
        return ToolError(Code.TIMEOUT, f"{tool.name} took longer than {tool.spec.seconds:g} s: narrow the question.")
    if isinstance(error, PromptSalesError):
        # Its sentence names servers and settings: for the operator, not for the caller.
        logger.warning("%s: %s", tool.name, error)
        return ToolError(Code.UNAVAILABLE, f"{tool.name} cannot be answered now: a server behind it does not answer.")
    # Where it happened, not what the error says: a database's text quotes the values of rows.
    logger.error(
        "%s failed: %s\n%s", tool.name, type(error).__name__, "".join(traceback.format_tb(error.__traceback__))
    )
    return ToolError(Code.INTERNAL, f"{tool.name} failed. The operator finds the reason by this request's id.")
