"""Long answers in pages: a cap in rows and in bytes, `truncated`, and a cursor to go on with."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field

from mcp_servers.kit.errors import refused

MAX_BYTES = 64_000
"""Of the rows of one answer, as JSON: about 16,000 tokens of a model's context."""

MAX_OFFSET = 10_000
"""Further than this nobody reads on; a narrower question is the better way."""

Cursor = Annotated[str | None, Field(max_length=200, description="of the last answer, for the next rows")]
"""The argument by which a caller goes on."""

RowT = TypeVar("RowT", bound=BaseModel)


class Page(BaseModel):
    """What every list of rows says of itself."""

    truncated: bool = Field(description="whether there are more rows than these")
    cursor: str | None = Field(description="give this as `cursor`, with the same other arguments, for the next rows")


def offset_of(cursor: str | None) -> int:
    """How many rows the earlier pages had.

    Raises:
        ToolError: this is no cursor of ours.
    """
    if cursor is None:
        return 0
    try:
        offset = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, binascii.Error):
        offset = None
    if type(offset) is not int or not 0 < offset <= MAX_OFFSET:
        raise refused("cursor", "not a cursor of this tool: leave it out, or give it as the last answer had it")
    return offset


def page(rows: Sequence[RowT], limit: int, offset: int) -> tuple[list[RowT], Page]:
    """The rows that fit into one answer, and what to say of the others.

    Args:
        rows: up to `limit + 1` of them, from `offset` on.
        limit: the most rows of an answer.
        offset: how many the earlier pages had.
    """
    kept: list[RowT] = []
    size = 0
    for row in rows[:limit]:
        size += len(row.model_dump_json())
        # One row always goes, or a page could stay empty for ever.
        if kept and size > MAX_BYTES:
            break
        kept.append(row)
    more = len(kept) < len(rows)
    following = offset + len(kept)
    cursor = base64.urlsafe_b64encode(json.dumps(following).encode()).decode()
    return kept, Page(truncated=more, cursor=cursor if more and following <= MAX_OFFSET else None)
