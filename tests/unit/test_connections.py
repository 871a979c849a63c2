from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

import pymssql
import pytest
from pymongo import MongoClient
from pymongo.errors import BulkWriteError, ServerSelectionTimeoutError
from redis.exceptions import RedisError

from promptsales import cli
from promptsales.airflow_connections import airflow_connections
from promptsales.connections import (
    connect_mongo,
    connect_postgres,
    connect_redis,
    connect_sqlserver,
    from_settings,
    mongodb_message,
    sqlserver_message,
    sqlserver_number,
)
from promptsales.errors import SettingsError, UnreachableError
from promptsales.settings import Settings
from promptsales.urls import MONGODB, POSTGRESQL, REDIS, SQLSERVER, UrlForm, parse_url

Connect = Callable[[str, str], object]
ENGINES: list[tuple[str, Connect, UrlForm, str]] = [
    ("postgresql", connect_postgres, POSTGRESQL, "promptsales"),
    ("mssql", connect_sqlserver, SQLSERVER, "PromptAds"),
    ("mongodb", connect_mongo, MONGODB, "promptcontent"),
    ("redis", connect_redis, REDIS, "0"),
]
engines = pytest.mark.parametrize(
    ("scheme", "connect", "form", "database"), ENGINES, ids=[scheme for scheme, *_ in ENGINES]
)
# Two parts, either of which is a leak; the first one of digits passes for a port.
NASTY_PASSWORDS = [
    f"{first}{delimiter}Xq7Zk"
    for first in ("Wv9Jh", "5309")
    for delimiter in ("#", "/", "?", "[", "]", "@", "%", "%zz")
] + ["5309/a#Xq7Zk", "[5309]Xq7Zk", "\nXq7Zk5309"]
PARTS = ("Wv9Jh", "Xq7Zk", "5309")


def whole_text(error: BaseException) -> str:
    """Everything that a traceback of it shows, but for the lines of code."""
    shown = traceback.TracebackException.from_exception(error, lookup_lines=False)
    texts, causes = [], [shown]
    while causes:
        cause = causes.pop()
        texts += list(cause.format_exception_only())
        context = None if cause.__suppress_context__ else cause.__context__
        causes += [each for each in (cause.__cause__, context) if each]
    return "".join(texts)


@pytest.fixture(autouse=True)
def _only_given_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
    monkeypatch.delenv("PROMPTSALES_DEBUG", raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


@pytest.mark.parametrize("password", NASTY_PASSWORDS)
@engines
def test_a_password_that_is_not_encoded_is_refused_unseen(
    scheme: str, connect: Connect, form: UrlForm, database: str, password: str
) -> None:
    with pytest.raises(SettingsError) as failure:
        connect(f"{scheme}://etl:{password}@127.0.0.1:1/{database}", "PROMPTSALES_SOME_URL")
    text = whole_text(failure.value)
    assert str(failure.value).startswith("PROMPTSALES_SOME_URL is not a ")
    assert "must be percent-encoded" in text
    assert not [part for part in PARTS if part in text]


@pytest.mark.parametrize("password", NASTY_PASSWORDS)
def test_airflow_connections_refuse_it_alike(password: str) -> None:
    url = f"mssql://etl:{password}@127.0.0.1:1/PromptCRM"
    with pytest.raises(SettingsError, match=r"^PROMPTSALES_CRM_ADMIN_URL is not a SQL Server URL") as failure:
        airflow_connections(Settings.model_validate({"PROMPTSALES_CRM_ADMIN_URL": url}))
    assert not [part for part in PARTS if part in whole_text(failure.value)]


@pytest.mark.parametrize(
    "url",
    [
        "Xq7Zk",
        "host=127.0.0.1 password=Xq7Zk",
        "mysql://etl:Xq7Zk@127.0.0.1/{database}",
        ":Xq7Zk@127.0.0.1:1/{database}",
        "{scheme}://etl:Xq7Zk@127.0.0.1:puerto/{database}",
        "{scheme}://etl:Xq7Zk@127.0.0.1:99999/{database}",
        "{scheme}://etl:Xq7Zk@[::1/{database}",
    ],
)
@engines
def test_what_is_no_url_of_the_engine_is_refused_unseen(
    scheme: str, connect: Connect, form: UrlForm, database: str, url: str
) -> None:
    with pytest.raises(SettingsError, match=r"^PROMPTSALES_SOME_URL is not a ") as failure:
        connect(url.format(scheme=scheme, database=database), "PROMPTSALES_SOME_URL")
    assert "Xq7Zk" not in whole_text(failure.value)


@pytest.mark.parametrize(
    ("connect", "url"),
    [
        (connect_postgres, "postgresql://etl:Xq7Zk%00@127.0.0.1:1/promptsales"),
        (connect_postgres, "postgresql://etl@127.0.0.1:1/promptsales?passwrd=Xq7Zk"),
        (connect_mongo, "mongodb://etl:Xq7Zk:a@127.0.0.1:1/promptcontent"),
        (connect_redis, "redis://:Xq7Zk@127.0.0.1:1/0?socket_timeout=Xq7Zk"),
    ],
)
def test_what_the_client_refuses_is_not_shown_either(connect: Connect, url: str) -> None:
    with pytest.raises(SettingsError, match=r"^PROMPTSALES_SOME_URL is not a .* URL that its client takes") as failure:
        connect(url, "PROMPTSALES_SOME_URL")
    assert "Xq7Zk" not in whole_text(failure.value)


@engines
def test_an_encoded_password_is_decoded(scheme: str, connect: Connect, form: UrlForm, database: str) -> None:
    url = parse_url(f"{scheme}://etl:%23%2F%5B%40%25%3Fñ@[::1]:6543/{database}?a=b", form, "PROMPTSALES_SOME_URL")
    assert (url.host, url.port, url.login, url.password, url.database) == ("::1", 6543, "etl", "#/[@%?ñ", database)
    assert url.where == f"[::1]:6543/{database}"
    assert "#/[" not in repr(url)


def test_a_mongodb_url_may_list_several_servers() -> None:
    url = parse_url("mongodb://u:p@a.example:27017,b.example:27018/promptcontent", MONGODB, "PROMPTSALES_MONGO_URL")
    assert (url.host, url.port) == ("a.example:27017,b.example:27018", None)
    assert url.where == "a.example:27017,b.example:27018/promptcontent"
    with pytest.raises(SettingsError, match="is not a PostgreSQL URL"):
        parse_url("postgresql://u:p@a:1,b:2/d", POSTGRESQL, "PROMPTSALES_POSTGRES_URL")


@pytest.mark.parametrize(
    ("form", "url", "reason"),
    [
        (MONGODB, "mongodb://127.0.0.1:27017", "names no database: mongodb://"),
        (SQLSERVER, "mssql://u:p@127.0.0.1/", "names no database: mssql://"),
        (POSTGRESQL, "postgresql:///promptsales", "names no host: postgresql://"),
        (REDIS, "redis://:p@:6379/0", "names no host: redis://"),
        (REDIS, "redis://:p@127.0.0.1/cero", "is not a Redis URL, redis://"),
    ],
)
def test_what_a_url_lacks_is_named(form: UrlForm, url: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=f"^PROMPTSALES_SOME_URL {reason}"):
        parse_url(url, form, "PROMPTSALES_SOME_URL")


@pytest.mark.parametrize("engine", ["postgres", "ads", "crm", "mongo", "redis"])
@pytest.mark.parametrize("admin", [False, True])
def test_errors_name_the_variable_that_was_read(engine: str, admin: bool) -> None:
    plain, owner = f"PROMPTSALES_{engine.upper()}_URL", f"PROMPTSALES_{engine.upper()}_ADMIN_URL"
    urls = {plain: "no-url", owner: "no-url"}
    for given, named in (
        ({}, plain),
        ({plain: urls[plain]}, plain),
        (urls, owner if admin and engine != "redis" else plain),
    ):
        connections = from_settings(Settings.model_validate(given), admin=admin)
        with pytest.raises(SettingsError, match=rf"^{named} is not "):
            getattr(connections, engine)()


def test_the_owner_of_promptcontent_has_a_url_of_its_own() -> None:
    settings = Settings.model_validate(
        {
            "PROMPTSALES_MONGO_URL": "mongodb://lector:p@127.0.0.1:1/promptcontent",
            "PROMPTSALES_MONGO_ADMIN_URL": "mongodb://owner:p@127.0.0.1:2/promptcontent",
        }
    )
    for admin, port in ((False, 1), (True, 2)):
        database = from_settings(settings, admin=admin).mongo()
        assert settings.url("mongo", admin=admin).endswith(f":{port}/promptcontent")
        assert database.name == "promptcontent"
        database.client.close()


def test_a_sql_server_that_is_not_there_is_explained() -> None:
    with pytest.raises(UnreachableError) as failure:
        connect_sqlserver("mssql://etl:Xq7Zk@127.0.0.1:1/PromptCRM", "PROMPTSALES_CRM_URL")
    assert str(failure.value) == (
        "SQL Server at 127.0.0.1:1/PromptCRM does not answer (error 20009: Unable to connect: TDS server is unavailable"
        " or does not exist (127.0.0.1)): check that the server runs and that PROMPTSALES_CRM_URL names it."
    )


def test_a_postgresql_that_is_not_there_is_explained() -> None:
    with pytest.raises(UnreachableError) as failure:
        connect_postgres("postgresql://etl:Xq7Zk@127.0.0.1:1/promptsales", "PROMPTSALES_POSTGRES_URL")
    assert str(failure.value) == (
        "PostgreSQL at 127.0.0.1:1/promptsales does not answer (Connection refused): check that the server runs and "
        "that PROMPTSALES_POSTGRES_URL names it."
    )


def test_a_mongodb_that_is_not_there_is_one_sentence() -> None:
    with (
        MongoClient[dict[str, object]]("mongodb://127.0.0.1:1/", serverSelectionTimeoutMS=500) as client,
        pytest.raises(ServerSelectionTimeoutError) as failure,
    ):
        client.admin.command("ping")
    assert mongodb_message(failure.value) == (
        "no server answers (127.0.0.1:1: [Errno 111] Connection refused): check that it runs and that "
        "PROMPTSALES_MONGO_URL or PROMPTSALES_MONGO_ADMIN_URL "
        "(in Airflow the connection promptcontent_mongo or promptcontent_mongo_admin) names it"
    )


def test_of_a_bulk_write_the_first_failure_is_told() -> None:
    error = BulkWriteError(
        {"writeErrors": [{"index": 0, "code": 11000, "errmsg": "E11000 duplicate key", "op": {"secreto": 1}}]}
    )
    assert mongodb_message(error) == "error 11000: E11000 duplicate key"


def test_a_number_left_over_from_an_earlier_failure_is_not_believed() -> None:
    # What pymssql gives for a closed connection, in a process that was refused a login before.
    text = b"DB-Lib error message 20017, severity 9:\nUnexpected EOF from the server (127.0.0.1)\nDB-Lib error message "
    error = pymssql.OperationalError((18456, text + b"20002, severity 9:\nTDS server connection failed (127.0.0.1)\n"))
    assert sqlserver_number(error) == 20017
    assert sqlserver_message(error) == "error 20017: Unexpected EOF from the server (127.0.0.1)"


def test_a_sentence_of_the_server_is_quoted_without_its_full_stop() -> None:
    text = b"The duplicate key value is (1).DB-Lib error message 20018, severity 14:\nGeneral SQL Server error\n"
    assert sqlserver_message(pymssql.IntegrityError((2627, text))) == "error 2627: The duplicate key value is (1)"


def run_main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["promptsales", *arguments])
    cli.main()


def test_the_command_line_shows_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PROMPTSALES_POSTGRES_URL", "postgresql://etl:[/Xq7Zk]@127.0.0.1:1/promptsales")
    with pytest.raises(SystemExit, match="1"):
        run_main(monkeypatch, "etl", "status")
    shown = capsys.readouterr()
    assert shown.err.startswith("✗ PROMPTSALES_POSTGRES_URL is not a PostgreSQL URL")
    assert shown.err.count("\n") == 1
    assert "Xq7Zk" not in shown.err


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            FileNotFoundError(2, "No such file or directory", "[/bold]"),
            "[Errno 2] No such file or directory: '[/bold]'",
        ),
        (RedisError("gone\nand more"), "Redis: gone: check that the server runs and what PROMPTSALES_REDIS_URL names."),
        (
            pymssql.ProgrammingError((208, b"Invalid object name 'dbo.siembra'.DB-Lib error message 20018, ")),
            "SQL Server: error 208: Invalid object name 'dbo.siembra'. Run `promptsales db init` first, or again after "
            "an upgrade.",
        ),
    ],
)
def test_what_a_client_raises_is_one_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, line: str
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    assert capsys.readouterr().err == f"✗ {line}\n"
    monkeypatch.setenv("PROMPTSALES_DEBUG", "1")
    with pytest.raises(type(error)):
        cli.main()
