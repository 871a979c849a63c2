"""T-SQL scripts cut into the batches that a client sends one by one.

`GO` is not T-SQL: it is the line at which Microsoft's own clients (sqlcmd, Management Studio) send what came before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Whatever may hold a line that reads GO without being one comes first: comments, strings, quoted names.
_TOKEN = re.compile(
    r"""
    --[^\n]*
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | \[(?:[^\]]|\]\])*\]
    | (?P<comment> /\* )
    | (?P<go> ^[ \t]*GO[ \t\r]*$ )
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


@dataclass(frozen=True)
class Batch:
    """One batch of a script.

    Attributes:
        sql: the text between two GO lines, leading blank lines kept, so that the server counts lines from `line`.
        line: line of the script on which `sql` begins, from 1.
    """

    sql: str
    line: int


def split_batches(script: str) -> list[Batch]:
    """The batches of a T-SQL script, without the empty ones.

    A GO line counts in any case and with blanks around it; inside a block comment (they nest), a string or a quoted
    name it is text. A repeat count (`GO 5`) is not taken for a GO line: the server refuses it.
    """
    batches: list[Batch] = []
    start = position = 0
    while token := _TOKEN.search(script, position):
        position = _end_of_comment(script, token.end()) if token["comment"] else token.end()
        if token["go"] is not None:
            batches.append(_batch(script, start, token.start()))
            start = position + 1  # the batch after it begins on the next line
    batches.append(_batch(script, start, len(script)))
    return [batch for batch in batches if batch.sql.strip()]


def _batch(script: str, start: int, end: int) -> Batch:
    return Batch(sql=script[start:end], line=script.count("\n", 0, start) + 1)


def _end_of_comment(script: str, position: int) -> int:
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(script, position)):
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
    return len(script) if depth else position
