"""The file that makes the warehouse's logins, run by psql on a server that has none of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from promptsales.errors import UnreachableError
from promptsales.local import process
from promptsales.local.postgres import Warehouse, binary
from promptsales.local.state import load_passwords
from promptsales.paths import DATABASE_DIR

LOGINS = DATABASE_DIR / "postgresql" / "security" / "010_logins.sql"

PASSWORDS = {
    "WAREHOUSE_ADMIN_PASSWORD": ("promptsales_admin", "promptsales"),
    "WAREHOUSE_ETL_PASSWORD": ("promptsales_etl", "promptsales"),
    "WAREHOUSE_MCP_PASSWORD": ("promptsales_mcp", "promptsales"),
    "WAREHOUSE_SSO_PASSWORD": ("promptsales_sso", "promptsales"),
    "WAREHOUSE_VERIFIER_PASSWORD": ("promptsales_verificador", "promptsales"),
    "AIRFLOW_DATABASE_PASSWORD": ("airflow", "airflow"),
}


@dataclass(frozen=True)
class BareServer:
    """A PostgreSQL as its packages install it."""

    port: int
    superuser_password: str
    log: Path

    def run(self, **passwords: str) -> subprocess.CompletedProcess[str]:
        """The file, with these passwords in the environment."""
        command = [str(binary("psql")), "--no-psqlrc", "--quiet", "--dbname=postgres", f"--file={LOGINS}"]
        server = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres"}
        return subprocess.run(
            command,
            env={**os.environ, **server, "PGPASSWORD": self.superuser_password, **passwords},
            capture_output=True,
            text=True,
            check=False,
        )

    def connect(self, user: str, password: str, database: str) -> psycopg.Connection[tuple[object, ...]]:
        """Log in."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=user, password=password, dbname=database, autocommit=True
        )


@pytest.fixture(scope="module")
def server() -> Iterator[BareServer]:
    folder = Path(tempfile.mkdtemp(prefix="promptsales-"))
    passwords = load_passwords(folder)
    engine = Warehouse(folder, passwords)
    ports = {engine.name: process.pick_port(None)}
    engine.prepare(lambda line: None)
    record = process.start(engine.launch(ports))
    try:
        while True:
            try:
                engine.check(ports)
                break
            except UnreachableError:
                time.sleep(0.1)
        yield BareServer(ports[engine.name], passwords["postgres"], engine.log)
    finally:
        process.stop(record, engine.stop_signal)
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def passwords(server: BareServer) -> dict[str, str]:
    """What the logins have, once the file ran."""
    made = {variable: f'it\'s {index} of "six"' for index, variable in enumerate(PASSWORDS)}
    done = server.run(**made)
    assert (done.returncode, done.stderr) == (0, "")
    return made


@pytest.mark.parametrize("variable", PASSWORDS)
def test_each_login_enters_its_own_database_alone(server: BareServer, passwords: dict[str, str], variable: str) -> None:
    login, database = PASSWORDS[variable]
    server.connect(login, passwords[variable], database).close()
    for other in {"promptsales", "airflow"} - {database}:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            server.connect(login, passwords[variable], other)


def test_run_again_it_changes_a_password_and_nothing_else(server: BareServer, passwords: dict[str, str]) -> None:
    done = server.run(**passwords | {"WAREHOUSE_ETL_PASSWORD": "another"})
    assert done.returncode == 0, done.stderr
    server.connect("promptsales_etl", "another", "promptsales").close()
    assert server.run(**passwords).returncode == 0


def test_a_password_that_is_missing_ends_it(server: BareServer, passwords: dict[str, str]) -> None:
    rest = {variable: value for variable, value in passwords.items() if variable != "WAREHOUSE_MCP_PASSWORD"}
    done = server.run(**rest)
    assert done.returncode == 3
    assert "mcp_password" in done.stderr
    server.connect("promptsales_mcp", passwords["WAREHOUSE_MCP_PASSWORD"], "promptsales").close()


def test_no_password_is_in_the_log_or_the_statistics(server: BareServer, passwords: dict[str, str]) -> None:
    with closing(server.connect("postgres", server.superuser_password, "promptsales")) as owner:
        statements = owner.execute("SELECT query FROM pg_stat_statements").fetchall()
    assert statements
    for secret in passwords.values():
        told = secret.replace("'", "''")
        assert told not in server.log.read_text(encoding="utf-8", errors="replace")
        assert not [query for (query,) in statements if told in str(query)]
