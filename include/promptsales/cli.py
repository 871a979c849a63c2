"""The `promptsales` command: every part's own commands, and one way to show an error."""

from __future__ import annotations

import logging
import os
import sys

import psycopg
import pymssql
import typer
from psycopg import errors
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError
from rich.console import Console
from rich.markup import escape

from mcp_servers.cli import app as mcp
from promptsales.airflow_env import airflow_env
from promptsales.benchmarks.cli import app as bench
from promptsales.concurrency.cli import deadlock
from promptsales.connections import mongodb_message, sqlserver_message, sqlserver_number
from promptsales.content.ai_log_cli import app as ai_log
from promptsales.content.cli import app as content
from promptsales.database.cli import app as db
from promptsales.demo import demo
from promptsales.errors import PromptSalesError
from promptsales.etl.cli import app as etl
from promptsales.local.cli import app as local
from promptsales.security.credentials_cli import app as credentials
from promptsales.security.sso.cli import app as sso
from promptsales.seeding.cli import seed, simulate
from promptsales.up import up

app = typer.Typer(
    name="promptsales",
    help="The data backbone of a marketing and sales platform.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(local, name="local")
app.add_typer(db, name="db")
app.command()(seed)
app.command()(simulate)
app.add_typer(etl, name="etl")
app.add_typer(sso, name="sso")
app.add_typer(bench, name="bench")
app.add_typer(content, name="content")
app.add_typer(ai_log, name="ai-log")
app.add_typer(credentials, name="credentials")
app.add_typer(mcp, name="mcp")
app.command()(airflow_env)
app.command()(demo)
app.command()(up)
app.command()(deadlock)


INVALID_COLUMN = 207
INVALID_OBJECT = 208
"""SQL Server's numbers for a column and a table that are not there."""

_RUN_INIT = " Run `promptsales db init` first, or again after an upgrade."

# What a server's client, or the system, says where no part of the library has named it better.
_CLIENT_ERRORS = (psycopg.Error, pymssql.Error, PyMongoError, RedisError, OSError)


def main() -> None:
    """Run the command line; a failure is one clear line and exit status 1, with PROMPTSALES_DEBUG=1 a traceback."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        app()
    except (PromptSalesError, *_CLIENT_ERRORS) as error:
        if os.environ.get("PROMPTSALES_DEBUG") == "1":
            raise
        # Escaped: square brackets in a server's sentence are no markup.
        Console(stderr=True).print(f"[red]✗[/red] {escape(_explained(error))}", soft_wrap=True, highlight=False)
        sys.exit(1)


def _explained(error: Exception) -> str:
    """The one line for an error that ends a command: what failed and, where it is known, what to do."""
    if isinstance(error, PromptSalesError):
        return str(error)
    if isinstance(error, psycopg.Error):
        lacking = isinstance(error, errors.UndefinedTable | errors.UndefinedColumn | errors.InvalidSchemaName)
        return f"PostgreSQL: {_first_line(error)}." + (_RUN_INIT if lacking else "")
    if isinstance(error, pymssql.Error):
        lacking = sqlserver_number(error) in (INVALID_COLUMN, INVALID_OBJECT)
        return f"SQL Server: {sqlserver_message(error)}." + (_RUN_INIT if lacking else "")
    if isinstance(error, PyMongoError):
        return f"MongoDB: {mongodb_message(error).rstrip('.')}."
    if isinstance(error, RedisError):
        return f"Redis: {_first_line(error)}: check that the server runs and what PROMPTSALES_REDIS_URL names."
    return _first_line(error)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
