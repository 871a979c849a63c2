"""What `promptsales bench mcp` measures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ToolFigures:
    """One tool's answers, in milliseconds, sorted.

    Attributes:
        uncached_ms: each a question that was not asked before.
        cached_ms: one question again and again, kept or not.
    """

    server: str
    tool: str
    uncached_ms: list[float]
    cached_ms: list[float]


@dataclass(frozen=True)
class CrowdFigures:
    """Many sessions at once with one server.

    Attributes:
        calls: that were made, those that failed included.
        errors: what went wrong, one an error.
        call_ms: of every call, sorted.
        seconds: from the first connection to the last answer.
    """

    server: str
    sessions: int
    calls: int
    errors: list[str]
    call_ms: list[float]
    seconds: float


@dataclass(frozen=True)
class McpFigures:
    """Of every server, the bare SDK first."""

    tools: list[ToolFigures]
    crowds: list[CrowdFigures]


def percentile(sorted_ms: Sequence[float], percent: float) -> float:
    """The least figure that so many per cent of all do not exceed (nearest rank).

    Args:
        sorted_ms: at least one.
        percent: above 0, up to 100.
    """
    return sorted_ms[math.ceil(len(sorted_ms) * percent / 100) - 1]
