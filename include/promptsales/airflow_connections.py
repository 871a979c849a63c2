"""Airflow's connections, made from the same settings as everything else: the one place that maps them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from promptsales.errors import SettingsError
from promptsales.settings import Settings

Fields = dict[str, Any]


def airflow_connections(settings: Settings) -> dict[str, str]:
    """`AIRFLOW_CONN_*` variables, as JSON, for every URL that is set; those of the owners end in `_ADMIN`.

    Raises:
        SettingsError: a URL names no host.
    """
    variables = {}
    for setting, (connection_id, fields_of) in CONNECTIONS.items():
        secret = getattr(settings, f"{setting}_url")
        if secret is not None:
            fields = fields_of(secret.get_secret_value())
            if not fields.get("host"):
                raise SettingsError(f"PROMPTSALES_{setting.upper()}_URL names no host")
            variables[f"AIRFLOW_CONN_{connection_id.upper()}"] = json.dumps(
                {name: value for name, value in fields.items() if value not in (None, "", {})}
            )
    return variables


def _base(url: str, conn_type: str) -> Fields:
    """What all of Airflow's hooks read alike. Options after the `?` become the extra."""
    parts = urlsplit(url)
    return {
        "conn_type": conn_type,
        "host": parts.hostname,
        "port": parts.port,
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "schema": unquote(parts.path.strip("/")),
        "extra": dict(parse_qsl(parts.query)),
    }


def _postgres(url: str) -> Fields:
    return _base(url, "postgres")


def _redis(url: str) -> Fields:
    """RedisHook takes the database number and TLS from the extra, never from the schema."""
    fields = _base(url, "redis")
    fields["extra"]["db"] = int(fields.pop("schema") or 0)
    if urlsplit(url).scheme == "rediss":
        fields["extra"]["ssl"] = True
    return fields


def _mongo(url: str) -> Fields:
    fields = _base(url, "mongo")
    if urlsplit(url).scheme == "mongodb+srv":
        fields["extra"]["srv"] = True
    return fields


def _sqlserver(url: str) -> Fields:
    """MsSqlHook hands the extra to pymssql, which by default cuts datetime parameters to milliseconds."""
    fields = _base(url, "mssql")
    fields["extra"]["use_datetime2"] = True
    return fields


CONNECTIONS: dict[str, tuple[str, Callable[[str], Fields]]] = {
    "postgres": ("promptsales_postgres", _postgres),
    "postgres_admin": ("promptsales_postgres_admin", _postgres),
    "redis": ("promptsales_redis", _redis),
    "mongo": ("promptcontent_mongo", _mongo),
    "ads": ("promptads_mssql", _sqlserver),
    "ads_admin": ("promptads_mssql_admin", _sqlserver),
    "crm": ("promptcrm_mssql", _sqlserver),
    "crm_admin": ("promptcrm_mssql_admin", _sqlserver),
}
"""Airflow's connection id and field mapping for each `*_url` of the settings."""
