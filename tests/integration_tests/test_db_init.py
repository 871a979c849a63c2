"""`promptsales db init` on the running engines: applied once, safe to run again, clear when a file is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
import pymssql
import pytest
from pydantic import SecretStr

from promptsales.connections import Connections, connect_postgres, from_settings
from promptsales.database import postgresql, sqlserver
from promptsales.database.initialise import initialise
from promptsales.database.migrations import (
    Migration,
    MigrationError,
    Outcome,
    read_database_migrations,
    read_migrations,
)
from promptsales.local.postgres import Warehouse
from promptsales.local.state import load_passwords, load_state
from promptsales.paths import DATABASE_DIR
from promptsales.settings import Settings

WAREHOUSE_FILES = read_database_migrations(DATABASE_DIR / "postgresql")

SCRATCH = "prueba_migraciones"

Apply = Callable[[list[Migration]], Outcome]

# In a process of its own: Airflow reads where its home is when it is first imported.
THROUGH_THE_HOOK = """
import sys
from contextlib import closing
from pathlib import Path

from promptsales.connections import connect_sqlserver, connect_sqlserver_by_hook
from promptsales.database import sqlserver
from promptsales.database.migrations import MigrationError, read_migrations

url, folder = sys.argv[1], Path(sys.argv[2])
with closing(connect_sqlserver(url)) as connection:
    for _ in range(2):
        try:
            files, done = read_migrations(folder), sqlserver.recorded(connection)
            print(sqlserver.migrate("PromptAds", files, done, lambda: connect_sqlserver_by_hook(url)).applied)
        except MigrationError as error:
            print(error)
        print("airflow" in sys.modules)
        (folder / "902_c.sql").write_text("SELECT 1 AS uno;\\nGO\\nSELECT * FROM dbo.no_hay;\\n")
"""


@pytest.fixture
def ads(admin_connections: Connections) -> Iterator[pymssql.Connection]:
    """PromptAds, without the record of the files that a test applied."""
    with closing(admin_connections.ads()) as connection:
        yield connection
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM dbo.migraciones WHERE archivo LIKE '9%' OR archivo LIKE 'procedures/9%'")


@pytest.fixture
def apply(ads: pymssql.Connection, admin_connections: Connections) -> Apply:
    """Applies files to PromptAds over plain connections: Airflow's hook has a test of its own."""
    return lambda files: sqlserver.migrate("PromptAds", files, sqlserver.recorded(ads), admin_connections.ads)


@pytest.fixture
def scratch(local_dir: Path, engines: Settings) -> Iterator[str]:
    """URL of an empty database in the warehouse's cluster."""
    cluster, ports = Warehouse(local_dir, load_passwords(local_dir)), load_state(local_dir).ports()
    with closing(connect_postgres(cluster.url(ports))) as connection:
        connection.autocommit = True
        connection.execute(f"CREATE DATABASE {SCRATCH} OWNER promptsales_admin")
        yield cluster.login_url(ports, "promptsales_admin", SCRATCH)
        connection.execute(f"DROP DATABASE {SCRATCH} WITH (FORCE)")


def connect_scratch(url: str) -> psycopg.Connection[Any]:
    connection = connect_postgres(url)
    connection.autocommit = True
    return connection


def recorded(connections: Connections) -> list[object]:
    found: list[object] = []
    for connect in (connections.ads, connections.crm):
        with closing(connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT archivo, sha256, aplicado_en FROM dbo.migraciones ORDER BY archivo")
            found += cursor.fetchall()
    with closing(connections.postgres()) as warehouse:
        found += warehouse.execute("SELECT * FROM etl.migrations ORDER BY file").fetchall()
    return found


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def test_running_it_again_changes_nothing(settings: Settings, admin_connections: Connections) -> None:
    before = recorded(admin_connections)
    outcomes = initialise(settings)
    assert [outcome.target for outcome in outcomes if outcome.applied] == []
    assert all(outcome.already for outcome in outcomes)
    assert recorded(admin_connections) == before


def test_it_tells_of_each_database_as_it_goes(settings: Settings) -> None:
    told: list[str] = []
    outcomes = initialise(settings, lambda outcome: told.append(outcome.target))
    assert told == [outcome.target for outcome in outcomes]
    assert told == [
        "SQL Server PromptAds",
        "SQL Server PromptCRM",
        "PostgreSQL promptsales",
        "PostgreSQL mirrors",
        "MongoDB promptcontent",
    ]


def test_the_command_prints_a_row_for_each_database(settings: Settings, local_dir: Path) -> None:
    shown = run_command(local_dir, settings)
    assert shown.returncode == 0, shown.stderr
    rows = {line.split("  ")[0]: line.split() for line in shown.stdout.splitlines()}
    ads_files = read_database_migrations(DATABASE_DIR / "sqlserver_ads")
    assert rows["SQL Server PromptAds"][-3:-1] == ["0", str(len(ads_files))]
    assert rows["PostgreSQL promptsales"][-3:-1] == ["0", str(len(WAREHOUSE_FILES))]


@pytest.mark.slow
def test_the_command_fails_with_one_line(settings: Settings, local_dir: Path) -> None:
    shown = run_command(local_dir, settings, PROMPTSALES_CRM_ADMIN_URL="mssql://nobody:secret@127.0.0.1:1/PromptCRM")
    assert shown.returncode == 1
    assert len(shown.stderr.strip().splitlines()) == 1
    assert "127.0.0.1:1/PromptCRM" in shown.stderr
    assert "secret" not in shown.stderr + shown.stdout


def run_command(local_dir: Path, settings: Settings, **changed: str) -> subprocess.CompletedProcess[str]:
    urls = {
        f"PROMPTSALES_{name.upper()}": secret.get_secret_value()
        for name, secret in settings
        if name.endswith("_url") and isinstance(secret, SecretStr)
    }
    return subprocess.run(
        [sys.executable, "-c", "from promptsales.cli import main; main()", "db", "init"],
        env={**os.environ, **urls, "PROMPTSALES_LOCAL_DIR": str(local_dir), "COLUMNS": "200", **changed},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_changed_file_is_applied_again(apply: Apply, tmp_path: Path) -> None:
    write(tmp_path, "900_a.sql", "UPDATE dbo.marcas SET activa = 0 WHERE 1 = 0;\nGO\n")
    write(tmp_path, "901_b.sql", "SELECT 1 AS uno;\nGO\nSELECT 2 AS dos;\n")
    assert apply(read_migrations(tmp_path)).applied == ["900_a.sql", "901_b.sql"]
    assert apply(read_migrations(tmp_path)).already == 2
    write(tmp_path, "901_b.sql", "SELECT 3 AS tres;\n")
    assert apply(read_migrations(tmp_path)).applied == ["901_b.sql"]
    assert apply(read_migrations(tmp_path)).applied == []


def test_procedures_are_applied_after_the_schema_under_a_name_of_their_own(apply: Apply, tmp_path: Path) -> None:
    for folder in ("schema", "procedures"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, "900_a.sql", f"SELECT N'{folder}' AS carpeta;\n")
    files = read_database_migrations(tmp_path)
    assert [file.name for file in files] == ["900_a.sql", "procedures/900_a.sql"]
    assert apply(files).applied == ["900_a.sql", "procedures/900_a.sql"]
    write(tmp_path / "procedures", "900_a.sql", "SELECT N'otra' AS carpeta;\n")
    assert apply(read_database_migrations(tmp_path)).applied == ["procedures/900_a.sql"]
    assert apply(read_database_migrations(tmp_path)).applied == []


def test_an_error_names_file_line_and_what_the_server_said(apply: Apply, tmp_path: Path) -> None:
    write(tmp_path, "900_good.sql", "SELECT 1 AS uno;\n")
    write(tmp_path, "901_broken.sql", "SELECT 1 AS uno;\nGO\n\nSELECT * FROM dbo.no_hay;\nGO\n")
    with pytest.raises(MigrationError, match=r"PromptAds: .*901_broken\.sql, line 4: error 208: .*no_hay"):
        apply(read_migrations(tmp_path))
    write(tmp_path, "901_broken.sql", "SELECT 2 AS dos;\n")
    assert apply(read_migrations(tmp_path)).applied == ["901_broken.sql"]


def test_an_error_in_a_later_statement_of_a_batch_is_not_missed(apply: Apply, tmp_path: Path) -> None:
    write(tmp_path, "900_late.sql", "SELECT 1 AS uno;\nSELECT 2 AS dos;\nSELECT 1 / 0 AS infinito;\n")
    with pytest.raises(MigrationError, match=r"900_late\.sql.*error 8134"):
        apply(read_migrations(tmp_path))


def test_the_stand_in_refuses_ddl_and_says_so(apply: Apply, tmp_path: Path) -> None:
    write(tmp_path, "900_ddl.sql", "CREATE TABLE dbo.otra (a int NOT NULL);\nGO\n")
    with pytest.raises(MigrationError, match=r"900_ddl\.sql, line 1: .*needs SQL Server"):
        apply(read_migrations(tmp_path))


@pytest.mark.slow
def test_files_run_through_airflow_s_hook_which_is_imported_when_there_are_some(
    ads: pymssql.Connection, apply: Apply, settings: Settings, tmp_path: Path
) -> None:
    files, home = tmp_path / "files", tmp_path / "airflow"
    files.mkdir()
    write(files, "900_a.sql", "SELECT 1 AS uno;\nGO\n")
    apply(read_migrations(files))
    done = subprocess.run(
        [sys.executable, "-c", THROUGH_THE_HOOK, settings.url("ads", admin=True), str(files)],
        env={**os.environ, "AIRFLOW_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    nothing, not_imported, failed, imported = done.stdout.splitlines()
    assert (nothing, not_imported) == ("[]", "False")
    assert "902_c.sql, line 3: error 208:" in failed
    assert imported == "True"


def test_a_folder_without_files_is_an_error(apply: Apply, tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="no schema files"):
        apply(read_migrations(tmp_path))


def test_a_warehouse_file_that_fails_leaves_nothing(scratch: str, tmp_path: Path) -> None:
    with closing(connect_scratch(scratch)) as warehouse:
        postgresql.migrate(warehouse, WAREHOUSE_FILES)
        write(tmp_path, "900_broken.sql", "CREATE TABLE etl.half (a integer);\n\nSELECT nope\nFROM etl.half;\n")
        with pytest.raises(MigrationError, match=r'900_broken\.sql, line 3: column "nope" does not exist'):
            postgresql.migrate(warehouse, read_migrations(tmp_path))
        assert warehouse.execute("SELECT to_regclass('etl.half')").fetchall() == [(None,)]
        assert postgresql.migrate(warehouse, WAREHOUSE_FILES).applied == []


def test_two_at_once_apply_each_file_once(scratch: str) -> None:
    together = Barrier(2, timeout=30)

    def migrate() -> list[str]:
        with closing(connect_scratch(scratch)) as warehouse:
            together.wait()
            with postgresql.migrations_lock(warehouse):
                return postgresql.migrate(warehouse, WAREHOUSE_FILES).applied

    with ThreadPoolExecutor(2) as pool:
        first, second = [future.result() for future in [pool.submit(migrate), pool.submit(migrate)]]
    assert sorted(first + second) == sorted(file.name for file in WAREHOUSE_FILES)
    assert not first or not second


def test_the_logins_that_only_read_cannot_migrate(connections: Connections, settings: Settings) -> None:
    with closing(from_settings(settings).postgres()) as warehouse:
        warehouse.autocommit = True
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            postgresql.migrate(warehouse, WAREHOUSE_FILES)
