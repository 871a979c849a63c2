"""What a person reads when a server refuses: which server, why, and which setting to look at."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from redis.exceptions import RedisError

from promptsales import cli
from promptsales.connections import connect_postgres, connect_redis, connect_sqlserver, mongodb_message
from promptsales.errors import UnreachableError
from promptsales.local.postgres import Warehouse
from promptsales.local.state import load_passwords, load_state
from promptsales.settings import Settings


def with_password(url: str, password: str) -> str:
    return url.replace(f":{urlsplit(url).password}@", f":{password}@")


def test_postgresql_refuses_a_password(engines: Settings) -> None:
    with pytest.raises(UnreachableError) as failure:
        connect_postgres(with_password(engines.url("postgres"), "Xq7Zk"), "PROMPTSALES_POSTGRES_URL")
    assert str(failure.value).endswith(
        ' refuses the login (password authentication failed for user "promptsales_etl"): check the login and password '
        "in PROMPTSALES_POSTGRES_URL."
    )
    assert "Xq7Zk" not in str(failure.value)


@pytest.mark.parametrize(
    ("database", "reason"),
    [("no_hay", 'database "no_hay" does not exist'), ("airflow", 'permission denied for database "airflow"')],
)
def test_postgresql_refuses_a_database(engines: Settings, database: str, reason: str) -> None:
    with pytest.raises(UnreachableError) as failure:
        connect_postgres(engines.url("postgres").removesuffix("promptsales") + database, "PROMPTSALES_POSTGRES_URL")
    assert str(failure.value).endswith(
        f" refuses the database ({reason}): check its name in PROMPTSALES_POSTGRES_URL, and that the login may open it."
    )


def sqlserver_refusal(url: str) -> str:
    """The error's text, from a process of its own: pymssql keeps no sentence less severe than an earlier failure's."""
    code = (
        "import sys; from promptsales.connections import connect_sqlserver; "
        "connect_sqlserver(sys.stdin.read(), 'PROMPTSALES_CRM_URL')"
    )
    done = subprocess.run([sys.executable, "-c", code], input=url, capture_output=True, text=True, check=False)
    assert "Xq7Zk" not in done.stderr
    return done.stderr.splitlines()[-1]


def test_sql_server_refuses_a_password(engines: Settings) -> None:
    assert sqlserver_refusal(with_password(engines.url("crm"), "Xq7Zk")).endswith(
        "/PromptCRM refuses the login (error 18456: Login failed for user 'promptsales_etl'): check the login and "
        "password in PROMPTSALES_CRM_URL."
    )


def test_sql_server_refuses_a_database(engines: Settings) -> None:
    assert sqlserver_refusal(engines.url("crm").replace("PromptCRM", "NoHay")).endswith(
        '/NoHay refuses the database (error 4060: Cannot open database "NoHay" requested by the login. The login '
        "failed): check its name in PROMPTSALES_CRM_URL, and that the login may open it."
    )


def test_a_later_refusal_in_the_same_process_is_explained_too(engines: Settings) -> None:
    url = engines.url("crm")
    for wrong in (with_password(url, "Xq7Zk"), url.replace("PromptCRM", "NoHay"), with_password(url, "Xq7Zk")):
        with pytest.raises(UnreachableError, match=r" refuses the .*: check .* in PROMPTSALES_CRM_URL\b"):
            connect_sqlserver(wrong, "PROMPTSALES_CRM_URL")


def test_what_answers_without_speaking_sql_server_is_explained(engines: Settings) -> None:
    warehouse = urlsplit(engines.url("postgres")).netloc
    with pytest.raises(UnreachableError, match=r"check that the server runs and that PROMPTSALES_ADS_URL names it\.$"):
        connect_sqlserver(f"mssql://{warehouse}/PromptAds", "PROMPTSALES_ADS_URL")


def test_mongodb_refuses_a_login(engines: Settings) -> None:
    url = urlsplit(engines.url("mongo"))
    with (
        MongoClient[dict[str, object]](f"mongodb://nadie:Xq7Zk@{url.netloc}{url.path}") as client,
        pytest.raises(OperationFailure) as failure,
    ):
        client.admin.command("ping")
    assert mongodb_message(failure.value).endswith(
        ": check the login and password in PROMPTSALES_MONGO_URL or PROMPTSALES_MONGO_ADMIN_URL "
        "(in Airflow the connection promptcontent_mongo or promptcontent_mongo_admin)"
    )


def test_redis_refuses_a_password(
    engines: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ping() -> None:
        connect_redis(with_password(engines.url("redis"), "Xq7Zk")).ping()

    monkeypatch.setattr(cli, "app", ping)
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    assert "PROMPTSALES_REDIS_URL" in capsys.readouterr().err
    with pytest.raises(RedisError):
        ping()


def test_a_command_before_db_init_says_to_run_it(
    local_dir: Path, engines: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The cluster's own first database never has the schemas.
    empty = Warehouse(local_dir, load_passwords(local_dir)).url(load_state(local_dir).ports())
    monkeypatch.setenv("PROMPTSALES_POSTGRES_URL", empty)
    monkeypatch.setattr(sys, "argv", ["promptsales", "etl", "status"])
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    shown = capsys.readouterr().err
    assert shown.startswith("✗ PostgreSQL: relation ")
    assert "promptsales db init" in shown
    assert shown.count("\n") == 1
