"""Copying rows into staging so that one PostgreSQL cannot take is set aside and the others go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import psycopg
from psycopg import sql

from promptsales.etl.errors import LoadError

CHUNK_ROWS = 5_000
MAX_REJECTED = 1_000
"""More bad rows than this in one piece is a fault of the source or the spec, not of the rows."""

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Rejected:
    """A row that PostgreSQL refused, and its reason."""

    row: Row
    reason: str


def copy_rows(
    connection: psycopg.Connection[Any], staging: str, columns: Sequence[str], rows: Iterable[Row]
) -> tuple[int, list[Rejected]]:
    """COPY `rows` into the temp table `staging`; returns how many were read and which were refused.

    Runs inside the caller's transaction; each chunk has a savepoint, and a chunk that fails is halved until the
    rows at fault stand alone.

    Raises:
        LoadError: more than `MAX_REJECTED` rows were refused.
    """
    copy = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(staging), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    read, rejected = 0, list[Rejected]()
    remaining = iter(rows)
    while chunk := tuple(islice(remaining, CHUNK_ROWS)):
        read += len(chunk)
        _copy_chunk(connection, copy, chunk, rejected)
    return read, rejected


def _copy_chunk(
    connection: psycopg.Connection[Any], copy: sql.Composed, chunk: Sequence[Row], rejected: list[Rejected]
) -> None:
    try:
        with connection.transaction(), connection.cursor() as cursor, cursor.copy(copy) as stream:
            for row in chunk:
                stream.write_row(row)
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError, ValueError) as error:
        if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
            raise
        if len(chunk) == 1:
            rejected.append(Rejected(chunk[0], _reason(error)))
        else:
            middle = len(chunk) // 2
            _copy_chunk(connection, copy, chunk[:middle], rejected)
            _copy_chunk(connection, copy, chunk[middle:], rejected)
        if len(rejected) > MAX_REJECTED:
            raise LoadError(
                f"more than {MAX_REJECTED} rows of one window were refused, the last because: {rejected[-1].reason}. "
                "Compare the source's column types with the spec."
            ) from error


def readable(value: Any) -> Any:
    """A value as jsonb can hold it: NUL, which jsonb refuses, becomes U+2400; other types become text."""
    if value is None or isinstance(value, bool | int):
        return value
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text.replace("\x00", "\u2400").encode("utf-8", "replace").decode("utf-8")


def _reason(error: Exception) -> Any:
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        where = f" ({error.diag.context})" if error.diag.context else ""
        return readable(error.diag.message_primary + where)
    return readable(str(error).strip() or type(error).__name__)
