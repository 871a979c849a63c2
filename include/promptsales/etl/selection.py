"""What is selected of a SQL Server view: its text as one column, cut up again here.

pymssql spends most of a row's time on values of text types, whatever their length, and on values that it makes Python
objects of: decimal, date, datetime2, uniqueidentifier. So these are selected as the text that COPY wants anyway, and
all that is text comes as one value, with U+001F, the unit separator, between its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from promptsales.etl.spec import ColumnSpec, TableSpec

SEPARATOR = "\x1f"

ROOM = 4_000
"""Characters that CONCAT returns, unless a part of it is of a max type; it cuts off the rest without a word.
Source: https://learn.microsoft.com/sql/t-sql/functions/concat-transact-sql
"""

Row = tuple[Any, ...]


# Which types are read as text, how, and how many characters that takes at most. Six digits of a second are what
# PostgreSQL keeps; the seventh is cut off, as pymssql does. Styles 23 and 121 are ISO 8601:
# https://learn.microsoft.com/sql/t-sql/functions/cast-and-convert-transact-sql
_AS_TEXT = {
    "numeric(": ("CAST(CAST({column} AS decimal({size})) AS varchar(41))", 41),
    "date": ("CONVERT(char(10), {column}, 23)", 10),
    "timestamp": ("LEFT(CONVERT(varchar(33), {column}, 121), 26)", 26),
    "uuid": ("CAST({column} AS char(36))", 36),
}
# CONCAT takes NULL for an empty text: what is not NULL begins with a mark. Texts of two collations are joined in one.
_PART = "CASE WHEN {column} IS NULL THEN N'' ELSE CONCAT(N'=', {text}) COLLATE DATABASE_DEFAULT END"


@dataclass(frozen=True)
class Selection:
    """The select list of a table's view, and how its rows become the spec's.

    Attributes:
        table: whose view is read.
        joined: the columns that come as one text, in the order of their parts; fewer than two are not joined.
    """

    table: TableSpec
    joined: tuple[ColumnSpec, ...] = ()

    @classmethod
    def of(cls, table: TableSpec, lengths: Mapping[str, int | None]) -> Selection:
        """The quickest selection.

        Args:
            table: whose view is read.
            lengths: the most characters of the view's text columns; None, or below 0, where it knows no limit.
        """
        joined, room = list[ColumnSpec](), ROOM
        for column in table.columns:
            if column.name in table.key:
                continue
            needed = _characters(column, lengths.get(column.name))
            if needed is not None and needed <= room:
                joined.append(column)
                room -= needed + len(SEPARATOR)
        return cls(table, tuple(joined) if len(joined) > 1 else ())

    @property
    def apart(self) -> Selection:
        """The same with each column by itself: slower, and right whatever the texts hold."""
        return Selection(self.table)

    @property
    def sql(self) -> str:
        """The select list, without the version that follows it."""
        columns = [f"{_read_as(column)} AS {column.name}" for column in self.table.columns if column not in self.joined]
        if self.joined:
            parts = (_PART.format(column=column.name, text=_read_as(column)) for column in self.joined)
            columns.append(f"CONCAT({', CHAR(31), '.join(parts)}) AS joined_text")
        return ", ".join(columns)

    def read(self, query: Callable[[str], list[Row]]) -> list[Row]:
        """Rows with their values in the order of the spec's columns, each with its version last.

        Args:
            query: reads rows by a select list, each with its version last. It is asked again, for the columns by
                themselves, where a text holds the separator, or CONCAT may have cut one off.
        """
        rows = query(self.sql)
        if not self.joined:
            return rows
        cut = self._cut_up(rows)
        return self.apart.read(query) if cut is None else cut

    def _cut_up(self, read: Sequence[Row]) -> list[Row] | None:
        names = [column.name for column in self.table.columns if column not in self.joined]
        names += ["version", *(column.name for column in self.joined)]
        in_order = itemgetter(*(names.index(name) for name in (*self.table.column_names, "version")))
        rows = list[Row]()
        for *single, text, version in read:
            parts = [part[1:] if part else None for part in text.split(SEPARATOR)]
            if len(parts) != len(self.joined) or _may_be_cut_off(text):
                return None
            rows.append(in_order((*single, version, *parts)))
        return rows


def _may_be_cut_off(text: str) -> bool:
    """Whether there may have been more of a joined text.

    Declared lengths leave no room for that, but a view knows those of the day it was made: a column may be wider now.
    SQL Server counts halves of UTF-16, and may keep them in pairs.
    """
    return len(text) >= ROOM // 2 and len(text.encode("utf-16-le", "surrogatepass")) >= 2 * (ROOM - 1)


def _characters(column: ColumnSpec, length: int | None) -> int | None:
    """The most characters that a column's part takes, its mark included; None where it is no text, or has no limit."""
    if form := _as_text(column):
        return form[1] + 1
    if column.type not in ("text", "jsonb") or length is None or length < 0:
        return None
    return length + 1


def _read_as(column: ColumnSpec) -> str:
    form = _as_text(column)
    return form[0] if form else column.name


def _as_text(column: ColumnSpec) -> tuple[str, int] | None:
    """The T-SQL expression and the most characters of a column that is read as text, though it is none."""
    kind, bracket, size = column.type.partition("(")
    if kind + bracket not in _AS_TEXT:
        return None
    expression, characters = _AS_TEXT[kind + bracket]
    return expression.format(column=column.name, size=size.rstrip(")")), characters
