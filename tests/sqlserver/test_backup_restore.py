"""Backups of SQL Server by the deployment's scripts: a database comes back, with what its log holds."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pymssql
import pytest
from server_calls import value

from promptsales.connections import connect_sqlserver
from promptsales.paths import PROJECT_ROOT
from promptsales.settings import Settings
from promptsales.urls import SQLSERVER, ServerUrl, parse_url

pytestmark = pytest.mark.sqlserver

SCRIPTS = PROJECT_ROOT / "deployment" / "backup"

DATABASE = "RespaldoDePrueba"

Connect = Callable[..., pymssql.Connection]


@pytest.fixture
def server(server_settings: Settings) -> ServerUrl:
    """The server of PromptAds, and its administrator; sqlcmd on this machine."""
    if shutil.which("sqlcmd", path=f"{os.environ['PATH']}{os.pathsep}/opt/mssql-tools18/bin") is None:
        pytest.skip("needs sqlcmd on the PATH or in /opt/mssql-tools18/bin")
    return parse_url(server_settings.url("ads", admin=True), SQLSERVER, "PROMPTSALES_ADS_ADMIN_URL")


@pytest.fixture
def connect(server: ServerUrl) -> Iterator[Connect]:
    """Connections to a database of the test's own with three rows in it."""

    def opened(database: str = DATABASE) -> pymssql.Connection:
        there = replace(server, database=database)
        return connect_sqlserver(
            f"mssql://{there.login}:{there.password}@{there.host}:{there.port or 1433}/{there.database}"
        )

    with closing(opened("master")) as master, master.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}; CREATE DATABASE {DATABASE};")
        cursor.execute(f"ALTER DATABASE {DATABASE} SET RECOVERY FULL;")
    with closing(opened()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE dbo.filas (id int PRIMARY KEY); INSERT INTO dbo.filas VALUES (1), (2), (3);")
    yield opened
    with closing(opened("master")) as master, master.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE};")


def run(server: ServerUrl, script: str, *arguments: str) -> None:
    """A script of the deployment, as the CronJobs run it."""
    variables = {
        "SQLCMDSERVER": f"{server.host},{server.port or 1433}",
        "SQLCMDUSER": server.login,
        "SQLCMDPASSWORD": server.password,
        "DATABASE": DATABASE,
        "BACKUP_FOLDER": "/var/opt/mssql/data",
        "BACKUP_DAYS": "30",
        "BACKUP_PASSWORD": "Aa1" + "b2C" * 8,
    }
    done = subprocess.run(
        ["bash", str(SCRIPTS / script), *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def rows(connect: Connect) -> int:
    with closing(connect()) as connection:
        return int(value(connection, "SELECT COUNT(*) FROM dbo.filas"))


def test_what_was_deleted_comes_back_with_what_the_log_holds(server: ServerUrl, connect: Connect) -> None:
    run(server, "backup_sqlserver.sh", "DATABASE")
    with closing(connect()) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO dbo.filas VALUES (4);")
    run(server, "backup_sqlserver.sh", "LOG")
    with closing(connect()) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM dbo.filas;")
    run(server, "restore_sqlserver.sh")
    assert rows(connect) == 4


def test_a_lost_database_comes_back(server: ServerUrl, connect: Connect) -> None:
    run(server, "backup_sqlserver.sh", "LOG")  # the first of a database is a full one
    with closing(connect("master")) as master, master.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {DATABASE};")
    run(server, "restore_sqlserver.sh")
    assert rows(connect) == 3
