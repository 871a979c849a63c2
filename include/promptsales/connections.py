"""How the library reaches its servers: one factory an engine, made from settings or from Airflow hooks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pymssql
from pymongo import MongoClient
from pymongo.database import Database
from redis import Redis

from promptsales.errors import SettingsError, UnreachableError
from promptsales.settings import Settings

CONNECT_SECONDS = 10


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

    Nothing is opened here. Each factory raises `SettingsError` for a missing URL and `UnreachableError`
    for a server that does not answer or refuses the login.
    """
    return Connections(
        postgres=lambda: connect_postgres(settings.url("postgres", admin=admin)),
        redis=lambda: connect_redis(settings.url("redis")),
        mongo=lambda: connect_mongo(settings.url("mongo")),
        ads=lambda: connect_sqlserver(settings.url("ads", admin=admin)),
        crm=lambda: connect_sqlserver(settings.url("crm", admin=admin)),
    )


def connect_postgres(url: str) -> psycopg.Connection[Any]:
    """A psycopg connection, not in autocommit."""
    try:
        return psycopg.connect(url, connect_timeout=CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        raise UnreachableError(f"PostgreSQL at {where(url)}: {_first_line(error)}") from error


def connect_sqlserver(url: str) -> pymssql.Connection:
    """A pymssql connection for `mssql://user:password@host:port/database`, in autocommit."""
    parts = urlsplit(url)
    if parts.scheme != "mssql" or not parts.hostname or not parts.path.strip("/"):
        raise SettingsError(f"not a SQL Server URL: mssql://user:password@host:port/database, got {where(url)}")
    try:
        return pymssql.connect(
            server=parts.hostname,
            port=str(parts.port or 1433),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=parts.path.strip("/"),
            login_timeout=CONNECT_SECONDS,
            autocommit=True,
            use_datetime2=True,
        )
    except pymssql.Error as error:
        raise UnreachableError(f"SQL Server at {where(url)}: {sqlserver_message(error)}") from error


def connect_mongo(url: str) -> Database[dict[str, Any]]:
    """The database that the URL names; the server is contacted at the first operation."""
    client: MongoClient[dict[str, Any]] = MongoClient(
        url, serverSelectionTimeoutMS=CONNECT_SECONDS * 1000, tz_aware=True
    )
    return client.get_default_database()


def connect_redis(url: str) -> Redis:
    """A client that returns `str`; the server is contacted at the first command."""
    return Redis.from_url(url, decode_responses=True, socket_connect_timeout=2, socket_timeout=2)


def where(url: str) -> str:
    """Host, port and database of a URL: what an error may show, never the login's password."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}{parts.path}"


def sqlserver_message(error: BaseException) -> str:
    """The server's own number and sentence out of a pymssql error, whose arguments nest bytes in tuples."""
    args: tuple[Any, ...] = error.args
    while len(args) == 1 and isinstance(args[0], tuple):
        args = args[0]
    if len(args) >= 2 and isinstance(args[1], bytes):
        text = args[1].decode("utf-8", "replace").split("DB-Lib error message")[0].strip()
        return f"error {args[0]}: {text}"
    return _first_line(error)


def sqlserver_number(error: BaseException) -> int | None:
    """The SQL Server error number (1205 is a deadlock, 2627 a duplicate key), where there is one."""
    args: tuple[Any, ...] = error.args
    while len(args) == 1 and isinstance(args[0], tuple):
        args = args[0]
    return args[0] if args and isinstance(args[0], int) else None


def mongodb_message(error: BaseException) -> str:
    """The server's own code and sentence out of a pymongo error, without the whole reply that its text repeats."""
    code, details = getattr(error, "code", None), getattr(error, "details", None) or {}
    text = str(details.get("errmsg") or "").strip() or _first_line(error)
    return f"error {code}: {text}" if code else text


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
