"""Airflow's connections, made from the same settings as everything else: the one place that maps them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic import SecretStr

from promptsales.settings import Settings
from promptsales.urls import MONGODB, POSTGRESQL, REDIS, SQLSERVER, SQLSERVER_PORT, ServerUrl, UrlForm, parse_url

Fields = dict[str, Any]


def airflow_connections(settings: Settings) -> dict[str, str]:
    """`AIRFLOW_CONN_*` variables, as JSON, for every URL that is set, and for Pinecone where its key is.

    Those of the owners end in `_ADMIN`.

    Raises:
        SettingsError: a URL is malformed, or names no host or database.
    """
    variables = {}
    for setting, (connection_id, form, fields_of) in CONNECTIONS.items():
        secret = getattr(settings, f"{setting}_url")
        if secret is not None:
            url = parse_url(secret.get_secret_value(), form, f"PROMPTSALES_{setting.upper()}_URL")
            variables[_variable(connection_id)] = _json(fields_of(url))
    if settings.pinecone_api_key is not None:
        variables[_variable(PINECONE)] = _json(_pinecone(settings, settings.pinecone_api_key.get_secret_value()))
    return variables


def with_pinecone_of(settings: Settings, api_key: str | None, host: str | None, extra: Fields) -> Settings:
    """The settings with Pinecone as a connection's password, host and extra have it, whatever the environment says."""
    found = {"pinecone_api_key": SecretStr(api_key) if api_key else None, "pinecone_host": host or None}
    places = {f"pinecone_{name}": extra[name] for name in PINECONE_EXTRA if name in extra}
    return settings.model_copy(update=found | places)


def _variable(connection_id: str) -> str:
    return f"AIRFLOW_CONN_{connection_id.upper()}"


def _json(fields: Fields) -> str:
    return json.dumps({name: value for name, value in fields.items() if value not in (None, "", {})})


def _base(url: ServerUrl, conn_type: str) -> Fields:
    """What all of Airflow's hooks read alike. Options after the `?` become the extra."""
    return {
        "conn_type": conn_type,
        "host": url.host,
        "port": url.port,
        "login": url.login,
        "password": url.password,
        "schema": url.database,
        "extra": dict(url.options),
    }


def _postgres(url: ServerUrl) -> Fields:
    return _base(url, "postgres")


def _redis(url: ServerUrl) -> Fields:
    """RedisHook takes the database number and TLS from the extra, never from the schema."""
    fields = _base(url, "redis")
    fields["extra"]["db"] = int(fields.pop("schema") or 0)
    if url.scheme == "rediss":
        fields["extra"]["ssl"] = True
    return fields


def _mongo(url: ServerUrl) -> Fields:
    fields = _base(url, "mongo")
    if url.scheme == "mongodb+srv":
        fields["extra"]["srv"] = True
    return fields


def sqlserver_fields(url: ServerUrl) -> Fields:
    """What a connection of MsSqlHook has.

    The hook hands the extra to pymssql, which by default cuts datetime parameters to milliseconds, and hands it no port
    but the connection's own.
    """
    fields = _base(url, "mssql")
    fields["port"] = url.port or SQLSERVER_PORT
    fields["extra"]["use_datetime2"] = True
    return fields


def _pinecone(settings: Settings, api_key: str) -> Fields:
    """As Airflow's own Pinecone provider has it: the key is the password. The host is the control plane's address."""
    return {
        "conn_type": "pinecone",
        "host": settings.pinecone_host,
        "password": api_key,
        "extra": {name: getattr(settings, f"pinecone_{name}") for name in PINECONE_EXTRA},
    }


PINECONE = "pinecone_default"
"""Airflow's connection id of the vector index."""

PINECONE_EXTRA = ("index", "cloud", "region")
"""What its extra says: which index, and where to make it."""

CONNECTIONS: dict[str, tuple[str, UrlForm, Callable[[ServerUrl], Fields]]] = {
    "postgres": ("promptsales_postgres", POSTGRESQL, _postgres),
    "postgres_admin": ("promptsales_postgres_admin", POSTGRESQL, _postgres),
    "redis": ("promptsales_redis", REDIS, _redis),
    "mongo": ("promptcontent_mongo", MONGODB, _mongo),
    "mongo_content": ("promptcontent_mongo_content", MONGODB, _mongo),
    "mongo_admin": ("promptcontent_mongo_admin", MONGODB, _mongo),
    "ads": ("promptads_mssql", SQLSERVER, sqlserver_fields),
    "ads_admin": ("promptads_mssql_admin", SQLSERVER, sqlserver_fields),
    "crm": ("promptcrm_mssql", SQLSERVER, sqlserver_fields),
    "crm_admin": ("promptcrm_mssql_admin", SQLSERVER, sqlserver_fields),
}
"""Airflow's connection id, form of URL and field mapping for each `*_url` of the settings."""
