"""What a tool's caller gets: an answer, or one form of refusal."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
from hypothesis import strategies as st
from mcp_types import CallToolResult

from mcp_servers.kit.errors import Code

LEAKS = re.compile(r"Traceback|psycopg|pymssql|pymongo|SELECT |127\.0\.0\.1|File \"")
"""What no caller may ever read."""

hostile = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30)
    | st.sampled_from(["'; DROP TABLE x; --", "%(por)s", "\0", "9" * 400, "$ne", "USD", "2025-10-01", 1, 10**10]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
"""JSON of any kind, some of it meant badly."""


def answer(result: CallToolResult) -> dict[str, Any]:
    """A good answer's structured content."""
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


def refusal(result: CallToolResult) -> dict[str, Any]:
    """What a caller is told instead of an answer."""
    assert result.is_error, result.structured_content
    return _told(result.content[0].text)  # type: ignore[union-attr]  # refusals are text


def failure(response: httpx.Response) -> dict[str, Any]:
    """The same, of a plain HTTP request."""
    assert response.status_code == 200, response.text
    result = response.json()["result"]
    assert result["isError"] is True
    return _told(result["content"][0]["text"])


def _told(text: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(text)
    assert told.keys() == {"code", "message", "retryable", "errors"}
    assert told["code"] in list(Code)
    assert not LEAKS.search(text)
    return told
