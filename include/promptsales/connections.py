"""How the library reaches its servers: one factory an engine, made from settings or from Airflow hooks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
import pymssql
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import PyMongoError, ServerSelectionTimeoutError
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from promptsales.airflow_connections import sqlserver_fields
from promptsales.errors import SettingsError, UnreachableError
from promptsales.settings import Settings
from promptsales.urls import MONGODB, POSTGRESQL, REDIS, SQLSERVER, SQLSERVER_PORT, UrlForm, parse_url

CONNECT_SECONDS = 10

_DB_LIBRARY = re.compile(r"DB-Lib error message ([0-9]+), severity [0-9]+:\n(.+)")
_MONGODB_LOGIN_FAILED = 18
_MONGODB_PLACE = (
    "PROMPTSALES_MONGO_URL or PROMPTSALES_MONGO_ADMIN_URL (in Airflow the connection promptcontent_mongo or "
    "promptcontent_mongo_admin)"
)
"""A hook's errors are told here, too, and nobody there says which of them it was."""


@dataclass(frozen=True)
class Connections:
    """Factories of new connections. Each call opens one; whoever calls closes it."""

    postgres: Callable[[], psycopg.Connection[Any]]
    redis: Callable[[], Redis]
    mongo: Callable[[], Database[dict[str, Any]]]
    ads: Callable[[], pymssql.Connection]
    crm: Callable[[], pymssql.Connection]


def from_settings(settings: Settings, *, admin: bool = False) -> Connections:
    """Factories for the URLs in `settings`; `admin` picks the logins that own the schemas.

    Nothing is opened here. Each factory raises `SettingsError` for a missing or malformed URL; those of PostgreSQL and
    SQL Server raise `UnreachableError` for a server that does not answer or refuses the login, which MongoDB and
    Redis tell only at the first operation.
    """

    def named(engine: str) -> tuple[str, str]:
        return settings.url(engine, admin=admin), settings.variable(engine, admin=admin)

    return Connections(
        postgres=lambda: connect_postgres(*named("postgres")),
        redis=lambda: connect_redis(*named("redis")),
        mongo=lambda: connect_mongo(*named("mongo")),
        ads=lambda: connect_sqlserver(*named("ads")),
        crm=lambda: connect_sqlserver(*named("crm")),
    )


def connect_postgres(url: str, variable: str = "its URL") -> psycopg.Connection[Any]:
    """A psycopg connection, not in autocommit.

    Args:
        url: `postgresql://login:password@host:port/database`.
        variable: the setting that errors tell the reader to look at.

    Raises:
        SettingsError: the URL is malformed.
        UnreachableError: the server does not answer, or refuses the login or the database.
    """
    place = f"PostgreSQL at {parse_url(url, POSTGRESQL, variable).where}"
    try:
        return psycopg.connect(url, connect_timeout=CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        raise UnreachableError(_postgres_refusal(place, error, variable)) from error
    except (psycopg.ProgrammingError, ValueError):
        raise _refused_by_client(POSTGRESQL, variable) from None


def connect_sqlserver(url: str, variable: str = "its URL", *, statement_seconds: int = 0) -> pymssql.Connection:
    """A pymssql connection, in autocommit.

    Args:
        url: `mssql://login:password@host:port/database`.
        variable: the setting that errors tell the reader to look at.
        statement_seconds: how long one statement may take; 0 sets no limit.

    Raises:
        SettingsError: the URL is malformed.
        UnreachableError: the server does not answer, or refuses the login or the database.
    """
    parts = parse_url(url, SQLSERVER, variable)
    try:
        return pymssql.connect(
            server=parts.host,
            port=str(parts.port or SQLSERVER_PORT),
            user=parts.login,
            password=parts.password,
            database=parts.database,
            login_timeout=CONNECT_SECONDS,
            timeout=statement_seconds,
            autocommit=True,
            use_datetime2=True,
        )
    except pymssql.Error as error:
        raise UnreachableError(_sqlserver_refusal(f"SQL Server at {parts.where}", error, variable)) from error


def connect_sqlserver_by_hook(url: str, variable: str = "its URL") -> pymssql.Connection:
    """A pymssql connection as Airflow's MsSqlHook makes it, in autocommit. Options after the `?` go to pymssql.

    Args:
        url: `mssql://login:password@host:port/database`.
        variable: the setting that errors tell the reader to look at.

    Raises:
        SettingsError: the URL is malformed, or has an option that pymssql does not take.
        UnreachableError: the server does not answer, or refuses the login or the database.
    """
    # Airflow takes seconds to import, which only those who call this should wait.
    from airflow.providers.microsoft.mssql.hooks.mssql import MsSqlHook
    from airflow.sdk import Connection

    parts = parse_url(url, SQLSERVER, variable)
    fields = sqlserver_fields(parts)
    extra = fields.pop("extra") | {"autocommit": True, "login_timeout": CONNECT_SECONDS}
    hook = MsSqlHook(connection=Connection(conn_id="promptsales_schemas", extra=json.dumps(extra), **fields))
    try:
        connection: pymssql.Connection = hook.get_conn()
    except pymssql.Error as error:
        raise UnreachableError(_sqlserver_refusal(f"SQL Server at {parts.where}", error, variable)) from error
    except (TypeError, ValueError):
        raise _refused_by_client(SQLSERVER, variable) from None
    return connection


def connect_mongo(url: str, variable: str = "its URL", *, pool_size: int = 100) -> Database[dict[str, Any]]:
    """The database that the URL names; the server is contacted at the first operation.

    Args:
        url: `mongodb://login:password@host:port/database`, or several hosts, or `mongodb+srv`.
        variable: the setting that errors tell the reader to look at.
        pool_size: the most connections to each server.

    Raises:
        SettingsError: the URL is malformed.
    """
    parse_url(url, MONGODB, variable)
    try:
        client: MongoClient[dict[str, Any]] = MongoClient(
            url, serverSelectionTimeoutMS=CONNECT_SECONDS * 1000, tz_aware=True, maxPoolSize=pool_size
        )
        return client.get_default_database()
    except (PyMongoError, ValueError):
        raise _refused_by_client(MONGODB, variable) from None


def connect_redis(url: str, variable: str = "its URL", *, seconds: float = 2) -> Redis:
    """A client that returns `str`; the server is contacted at the first command.

    A command is tried twice and not waited for in between: every reader of Redis can do without, and soon enough.

    Args:
        url: `redis://:password@host:port/0`, or `rediss` for TLS.
        variable: the setting that errors tell the reader to look at.
        seconds: for connecting, and for one try of a command.

    Raises:
        SettingsError: the URL is malformed.
    """
    parse_url(url, REDIS, variable)
    try:
        return Redis.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=seconds,
            socket_timeout=seconds,
            retry=Retry(NoBackoff(), 1),
        )
    except ValueError:
        raise _refused_by_client(REDIS, variable) from None


def sqlserver_message(error: BaseException) -> str:
    """Number and sentence out of a pymssql error: the server's own, or DB-Library's where no server spoke.

    Without the full stop: what quotes it goes on, or sets its own.
    """
    number, sentence = _sqlserver_parts(error)
    sentence = sentence.rstrip(".")
    return sentence if number is None else f"error {number}: {sentence}"


def sqlserver_number(error: BaseException) -> int | None:
    """The SQL Server error number (1205 is a deadlock, 2627 a duplicate key), where there is one."""
    return _sqlserver_parts(error)[0]


def mongodb_message(error: BaseException) -> str:
    """One sentence out of a pymongo error, whose own text repeats the server's whole reply or the cluster's state."""
    details = getattr(error, "details", None) or {}
    # Of a bulk write that failed, the first failure.
    details = next(iter(details.get("writeErrors") or ()), details)
    code = details.get("code") or getattr(error, "code", None)
    text = str(details.get("errmsg") or "").strip() or _first_line(error).split(", full error:")[0]
    text = re.sub(r" \(configured timeouts:[^)]*\)", "", text.split(", Timeout: ")[0])
    if isinstance(error, ServerSelectionTimeoutError):
        text = f"no server answers ({text}): check that it runs and that {_MONGODB_PLACE} names it"
    elif code == _MONGODB_LOGIN_FAILED:
        text = f"{text.rstrip('.')}: check the login and password in {_MONGODB_PLACE}"
    return f"error {code}: {text}" if code else text


def _postgres_refusal(place: str, error: psycopg.OperationalError, variable: str) -> str:
    """Before there is a session libpq gives no SQLSTATE: its text is all there is to tell the cases apart by."""
    text = _first_line(error)
    reason = text.rsplit("failed: ", 1)[-1].removeprefix("FATAL:").strip()
    if any(word in reason for word in ("password", "authentication", "role ")):
        return f"{place} refuses the login ({reason}): check the login and password in {variable}."
    if reason.startswith("database ") or "for database" in reason:
        return f"{place} refuses the database ({reason}): check its name in {variable}, and that the login may open it."
    if "FATAL:" in text:
        return f"{place} refuses the connection of {variable} ({reason})."
    return _silence(place, reason, variable)


def _sqlserver_refusal(place: str, error: pymssql.Error, variable: str) -> str:
    message = sqlserver_message(error)
    match sqlserver_number(error):
        case 18456:
            return f"{place} refuses the login ({message}): check the login and password in {variable}."
        case 4060:
            return (
                f"{place} refuses the database ({message}): check its name in {variable}, and that the login may "
                "open it."
            )
        case 20018:
            # It spoke, but pymssql keeps no sentence less severe than the last failure's in this process.
            return f"{place} refuses the connection: check the login, password and database in {variable}."
    return _silence(place, message, variable)


def _silence(place: str, reason: str, variable: str) -> str:
    return f"{place} does not answer ({reason}): check that the server runs and that {variable} names it."


def _refused_by_client(form: UrlForm, variable: str) -> SettingsError:
    """For use with `from None`: the client's own text may quote a part of the password."""
    return SettingsError(
        f"{variable} is not a {form.engine} URL that its client takes, {form.example}. Special characters in the "
        "password must be percent-encoded; then check the options after the `?`."
    )


def _sqlserver_parts(error: BaseException) -> tuple[int | None, str]:
    """pymssql nests number and bytes in tuples, and appends DB-Library's messages to the server's."""
    args: tuple[Any, ...] = error.args
    while len(args) == 1 and isinstance(args[0], tuple):
        args = args[0]
    number = args[0] if args and isinstance(args[0], int) else None
    if len(args) < 2 or not isinstance(args[1], bytes):
        return number, _first_line(error)
    text = args[1].decode("utf-8", "replace")
    sentence = text.split("DB-Lib error message")[0].strip()
    library = _DB_LIBRARY.search(text)
    if sentence or library is None:
        return number, sentence or "no reason given"
    # Without a sentence of the server's, the number may be left over from an earlier failure in this process.
    return int(library[1]), library[2].strip()


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
