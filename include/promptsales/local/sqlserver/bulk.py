"""Long INSERT ... VALUES statements of literals as COPY: PostgreSQL parses VALUES slower than it stores rows."""

from __future__ import annotations

import re

from promptsales.local.sqlserver.translate import Statement

BULK_CHARACTERS = 4000
"""Below this length a batch is parsed like any other."""

_VALUE = r"(?:[Nn]?\x00++|NULL|null|0x[\dA-Fa-f]*+|-?+(?:0|[1-9]\d*+)(?:\.\d++)?+(?:[Ee][+-]?\d++)?+)"
_ROW = rf"\(\s*+{_VALUE}(?:\s*+,\s*+{_VALUE})*+\s*+\)"
_INSERT = re.compile(
    r"\s*(?i:INSERT\s+(?:INTO\s+)?)(?P<table>[\w.\[\]]+)\s*(?P<columns>\([\w\s,\[\]]+\))\s*(?i:VALUES)\s*"
    rf"(?P<rows>{_ROW}(?:\s*+,\s*+{_ROW})*+)\s*(?:;\s*)?"
)
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
_COPY_CODE = (
    *(("),(", "\n"), (",", "\t"), ("0x", "\\\\x")),
    *(("N\x00", "\x00"), ("n\x00", "\x00"), ("NULL", "\\N"), ("null", "\\N")),
)


def bulk_inserts(batch: str) -> list[Statement] | None:
    """A batch of nothing but INSERT ... VALUES of literals, as COPY; None when it is anything else.

    Splitting at every quote leaves what is outside of string literals at even places: only that is matched and
    rewritten, with NUL in the place of each literal. A quote in a comment or in a [name] makes the outside match
    nothing, and the parser takes over.
    """
    if len(batch) < BULK_CHARACTERS or "\x00" in batch:
        return None
    pieces = batch.split("'")
    outside, inside = "\x00".join(pieces[::2]), pieces[1::2]
    found: list[Statement] = []
    end = used = at = 0
    while end < len(outside):
        match = _INSERT.match(outside, end)
        if match is None:
            return None
        literals = inside[used : used + match[0].count("\x00")]
        used += len(literals)
        # In the batch each literal, with its quotes, stands where its NUL does outside.
        began, at = at, at + match.end() - end + sum(map(len, literals)) + len(literals)
        end = match.end()
        target = re.sub(r"\[(\w+)\]", lambda name: f'"{name[1].lower()}"', f"{match['table']} {match['columns']}")
        schema, _, table = re.sub(r"[\[\]]", "", match["table"]).lower().rpartition(".")
        found.append(
            Statement(
                source=batch[began:at],
                verb="INSERT",
                ready=f"COPY {target} FROM STDIN",
                copy=_copy_data(match["rows"], literals),
                objects=((schema or "dbo", table),),
            )
        )
    return found or None


def _copy_data(rows: str, literals: list[str]) -> bytes:
    code = "".join(rows.split())
    for sql, copied in _COPY_CODE:
        code = code.replace(sql, copied)
    text = "\x00".join(literals)
    for character, escaped in _ESCAPES:
        text = text.replace(character, escaped)
    # Nothing between two literals: they were one, cut at a doubled quote.
    outside = [piece or "'" for piece in code.split("\x00")]
    woven = [""] * (len(outside) + len(literals))
    woven[::2], woven[1::2] = outside, text.split("\x00") if literals else []
    return ("".join(woven)[1:-1] + "\n").encode()
