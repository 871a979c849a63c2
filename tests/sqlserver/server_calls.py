"""Batches sent to SQL Server, and what they answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pymssql
import pytest

from promptsales.connections import sqlserver_number

Rows = list[tuple[Any, ...]]


def results(connection: pymssql.Connection, batch: str, values: Sequence[Any] = ()) -> list[Rows]:
    """Every result of a batch that has columns.

    Raises:
        pymssql.Error: of any of its statements.
    """
    found: list[Rows] = []
    with connection.cursor() as cursor:
        cursor.execute(batch, tuple(values)) if values else cursor.execute(batch)
        while True:
            if cursor.description:
                found.append(cursor.fetchall())
            if not cursor.nextset():
                return found


def value(connection: pymssql.Connection, query: str, *values: Any) -> Any:
    """The first column of a query's only row."""
    ((found, *_),) = results(connection, query, values)[-1]
    return found


@contextmanager
def raises(number: int) -> Iterator[None]:
    """The block must end in the server's error of this number."""
    with pytest.raises(pymssql.Error) as caught:
        yield
    assert sqlserver_number(caught.value) == number, caught.value
