from __future__ import annotations

import json

import pytest
from pydantic import SecretStr

from promptsales.airflow_connections import airflow_connections, with_pinecone_of
from promptsales.errors import SettingsError
from promptsales.settings import Settings


def connection(variable: str, url: str) -> dict[str, object]:
    made = airflow_connections(Settings.model_validate({f"PROMPTSALES_{variable}_URL": url}))
    ((_, text),) = made.items()
    fields: dict[str, object] = json.loads(text)
    return fields


@pytest.fixture(autouse=True)
def _only_given_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


def is_source(name: str) -> bool:
    servers = ("_mcp_url", "_app_url", "_personal_url")
    return not name.startswith(("sso", "openai", "alert", "runbook")) and not name.endswith(servers)


def test_every_url_has_its_connection_id() -> None:
    urls = {"PROMPTSALES_REDIS_URL": "redis://h:1/0"}
    for variable, scheme in (("POSTGRES", "postgresql"), ("MONGO", "mongodb"), ("ADS", "mssql"), ("CRM", "mssql")):
        urls |= {f"PROMPTSALES_{variable}{owner}_URL": f"{scheme}://h:1/d" for owner in ("", "_ADMIN")}
    urls["PROMPTSALES_MONGO_CONTENT_URL"] = "mongodb://h:1/d"
    # Sources and warehouse are reached by connections; what tasks and servers need besides comes from the settings.
    assert urls.keys() == {
        field.alias for name, field in Settings.model_fields.items() if name.endswith("_url") and is_source(name)
    }
    assert set(airflow_connections(Settings.model_validate(urls | {"PINECONE_API_KEY": "k"}))) == {
        "AIRFLOW_CONN_PROMPTSALES_POSTGRES",
        "AIRFLOW_CONN_PROMPTSALES_POSTGRES_ADMIN",
        "AIRFLOW_CONN_PROMPTSALES_REDIS",
        "AIRFLOW_CONN_PROMPTCONTENT_MONGO",
        "AIRFLOW_CONN_PROMPTCONTENT_MONGO_ADMIN",
        "AIRFLOW_CONN_PROMPTCONTENT_MONGO_CONTENT",
        "AIRFLOW_CONN_PINECONE_DEFAULT",
        "AIRFLOW_CONN_PROMPTADS_MSSQL",
        "AIRFLOW_CONN_PROMPTADS_MSSQL_ADMIN",
        "AIRFLOW_CONN_PROMPTCRM_MSSQL",
        "AIRFLOW_CONN_PROMPTCRM_MSSQL_ADMIN",
    }


def test_unset_urls_make_no_connection() -> None:
    assert airflow_connections(Settings()) == {}


def test_sqlserver_s_port_is_said_because_the_hook_knows_none() -> None:
    assert connection("ADS", "mssql://u:p@db.example/PromptAds")["port"] == 1433
    assert connection("ADS", "mssql://u:p@db.example:14330/PromptAds")["port"] == 14330


def test_postgres_decodes_the_password_and_keeps_the_options() -> None:
    assert connection("POSTGRES", "postgresql://u:p%40%2Fw@db.example:6543/promptsales?sslmode=verify-full") == {
        "conn_type": "postgres",
        "host": "db.example",
        "port": 6543,
        "login": "u",
        "password": "p@/w",
        "schema": "promptsales",
        "extra": {"sslmode": "verify-full"},
    }


def test_redis_database_and_tls_go_to_the_extra() -> None:
    assert connection("REDIS", "rediss://:secret@cache.example:6380/3") == {
        "conn_type": "redis",
        "host": "cache.example",
        "port": 6380,
        "password": "secret",
        "extra": {"db": 3, "ssl": True},
    }


def test_mongo_seed_list_has_no_port() -> None:
    assert connection("MONGO", "mongodb+srv://u:p@cluster.example/promptcontent?retryWrites=true") == {
        "conn_type": "mongo",
        "host": "cluster.example",
        "login": "u",
        "password": "p",
        "schema": "promptcontent",
        "extra": {"retryWrites": "true", "srv": True},
    }


def test_mongo_replica_set_keeps_each_member_and_its_port() -> None:
    fields = connection("MONGO_ADMIN", "mongodb://u:p@a.example:1,b.example:2/promptcontent?replicaSet=rs0")
    assert fields["host"] == "a.example:1,b.example:2"
    assert "port" not in fields
    assert fields["extra"] == {"replicaSet": "rs0"}


def test_pinecone_s_key_is_the_password() -> None:
    made = airflow_connections(
        Settings.model_validate(
            {"PINECONE_API_KEY": "k", "PINECONE_HOST": "http://h:1", "PROMPTSALES_PINECONE_INDEX": "otro"}
        )
    )
    assert {name: json.loads(text) for name, text in made.items()} == {
        "AIRFLOW_CONN_PINECONE_DEFAULT": {
            "conn_type": "pinecone",
            "host": "http://h:1",
            "password": "k",
            "extra": {"index": "otro", "cloud": "aws", "region": "us-east-1"},
        }
    }


def test_pinecone_s_connection_says_more_than_the_environment() -> None:
    environment = Settings.model_validate({"PINECONE_API_KEY": "old", "PINECONE_HOST": "http://old:1"})
    settings = with_pinecone_of(environment, "new", None, {"index": "otro", "more": 1})
    assert settings.pinecone_api_key == SecretStr("new")
    assert (settings.pinecone_host, settings.pinecone_index) == (None, "otro")
    assert settings.pinecone_region == environment.pinecone_region
    assert with_pinecone_of(environment, None, "http://h:1", {}).pinecone_api_key is None


def test_a_url_without_a_host_is_refused_without_showing_it() -> None:
    with pytest.raises(SettingsError, match=r"^PROMPTSALES_CRM_URL names no host: mssql://login") as failure:
        connection("CRM", "mssql:///SecretoCRM")
    assert "Secreto" not in str(failure.value)
