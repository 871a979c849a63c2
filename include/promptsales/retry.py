"""Repeating a transaction that the server refused because of another one: a deadlock, a serialisation failure.

What is repeated is the whole transaction, from its first read: what it read before may no longer be true.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg
import pymssql
from pymongo.errors import OperationFailure, PyMongoError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from promptsales.connections import sqlserver_number

T = TypeVar("T")

ATTEMPTS = 5

SQLSERVER_REFUSALS = frozenset({1205, 3960})
"""A deadlock's victim, and an update conflict under SNAPSHOT."""

POSTGRESQL_REFUSALS = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
"""SQLSTATE 40P01 and 40001."""

FIRST_WAIT, LONGEST_WAIT = 0.05, 2.0
"""Seconds. Each wait is drawn from zero up to a bound that doubles, so that two victims do not meet again."""


def is_refusal(error: BaseException) -> bool:
    """Whether the server undid the transaction for the sake of another, so that it may succeed when it is repeated."""
    if isinstance(error, PyMongoError):
        return error.has_error_label("TransientTransactionError")
    if isinstance(error, pymssql.Error):
        return sqlserver_number(error) in SQLSERVER_REFUSALS
    return isinstance(error, POSTGRESQL_REFUSALS)


def refusal_code(error: BaseException) -> str:
    """What the server calls it: a SQLSTATE, or a number of SQL Server's or MongoDB's; empty where it gave none."""
    if isinstance(error, psycopg.Error):
        return error.sqlstate or ""
    code = error.code if isinstance(error, OperationFailure) else sqlserver_number(error)
    return "" if code is None else str(code)


def repeated(
    transaction: Callable[[], T],
    *,
    attempts: int = ATTEMPTS,
    on_refusal: Callable[[BaseException], object] = lambda error: None,
) -> T:
    """The result of `transaction`, which is run again, after a short wait, whenever the server refuses it.

    Args:
        transaction: begins a transaction, does all of its work and commits; whatever ends it early undoes it. Its
            effects outside of the database must bear being repeated.
        attempts: how often it is run at most.
        on_refusal: called with each refusal that is followed by another attempt.

    Raises:
        Exception: the last refusal, when the attempts are used up; at once, whatever is no refusal.
    """

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if error is not None:
            on_refusal(error)

    return Retrying(
        retry=retry_if_exception(is_refusal),
        stop=stop_after_attempt(attempts),
        wait=wait_random_exponential(FIRST_WAIT, LONGEST_WAIT),
        before_sleep=tell,
        reraise=True,
    )(transaction)
