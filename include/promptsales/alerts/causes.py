"""What a failed task's exception is an alert of: its own failure, a server that is away, or checks that fail."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pymssql
from pymongo.errors import ConnectionFailure

from promptsales.alerts.alert import Alert, Kind
from promptsales.connections import sqlserver_number
from promptsales.errors import UnreachableError
from promptsales.quality.run import QualityError
from promptsales.security.redaction import Redactor

WAREHOUSE = "warehouse"
"""As alerts call the server of the warehouse; those of the sources have the sources' names."""

_DB_LIBRARY_NUMBERS = range(20_000, 21_000)
"""Of pymssql's own errors, where no server spoke."""

_LOGIN_REFUSED = {18456, 4060}

_SHUTTING_DOWN = {"57P01", "57P02", "57P03"}


def alerts_of(
    error: BaseException | None, dag_id: str, task_id: str, source: str | None, link: str | None
) -> list[Alert]:
    """The alerts that a task's failure makes.

    Args:
        error: what ended it; None where it was ended from outside, as when a worker dies.
        dag_id: its DAG.
        task_id: the task, which sees the end of its own failures.
        source: whose server it asks besides the warehouse's; None where that is not one source's.
        link: to the run.
    """
    scope = task_scope(dag_id, task_id)
    if error is None:
        # One for the DAG: what ends a task from outside ends its neighbours too.
        message = f"{task_id}, and whatever ran beside it, did not come to its end: see its log, and the scheduler's."
        return [Alert(Kind.task, f"{dag_id}: ended from outside", message, scope, link)]
    if isinstance(error, QualityError):
        return [Alert(Kind.quality, result.check, str(result), scope, link) for result in error.failed]
    message = Redactor().text(" ".join(str(error).split()))
    server = server_of(error, source)
    if server is not None:
        return [Alert(Kind.server, server, message, server_scope(server), link)]
    return [Alert(Kind.task, f"{dag_id}: {task_id}", message, scope, link)]


def task_scope(dag_id: str, task_id: str) -> str:
    """The scope of a task's own alerts."""
    return f"{dag_id}/{task_id}"


def server_scope(server: str) -> str:
    """The scope of a server's own alerts: any task that it answers sees their end."""
    return f"server:{server}"


def server_of(error: BaseException | None, source: str | None) -> str | None:
    """Which server was away, if that is what the error comes from: the warehouse, or the source."""
    for each in _chain(error):
        if isinstance(each, psycopg.OperationalError) and (each.sqlstate is None or each.sqlstate in _SHUTTING_DOWN):
            return WAREHOUSE
        if isinstance(each, UnreachableError | ConnectionFailure):
            return source
        if isinstance(each, pymssql.Error):
            number = sqlserver_number(each)
            if number in _LOGIN_REFUSED or number in _DB_LIBRARY_NUMBERS:
                return source
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The innermost first: it names the server, and what is around it explains."""
    found = list[BaseException]()
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return reversed(found)
