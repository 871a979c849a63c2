"""Why PostgreSQL refused a row, told without what the row holds."""

from __future__ import annotations

import re

_COPY_CONTEXT = re.compile(r"\s*\(COPY .*", re.DOTALL)
_COLUMN = re.compile(r"\(COPY staged_\w+, line \d+, column (\w+)")
_NAMED = re.compile(r'\b(column|relation|constraint|encoding) "(\w{1,63})"')
# Up to the last quotation mark: a value may hold some of its own.
_QUOTED = re.compile(r'".*"|".*', re.DOTALL)
_BYTES = re.compile(r"\b0x[0-9a-f]{2}(?: 0x[0-9a-f]{2})*", re.IGNORECASE)
_LONGEST = 200
"""Characters."""


def without_values(reason: str) -> str:
    """The sentence with the column and without the value: "invalid input syntax for type integer (column edad)".

    Whatever is quoted may be a value, but for names of columns, relations, constraints and encodings, which lose their
    quotes.
    """
    column = _COLUMN.search(reason)
    sentence = _NAMED.sub(r"\1 \2", _COPY_CONTEXT.sub("", reason))
    sentence = _BYTES.sub("\u2026", _QUOTED.sub("\u2026", sentence)).split("\n")[0]
    sentence = sentence.removesuffix(": \u2026")[:_LONGEST].strip()
    return f"{sentence} (column {column[1]})" if column else sentence
