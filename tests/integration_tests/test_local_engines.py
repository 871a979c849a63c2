from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from pydantic import SecretStr

from promptsales.connections import from_settings
from promptsales.local.engine import Engine
from promptsales.local.engines import CHAINS, down, environment, status, up
from promptsales.local.postgres import StandInStorage, Warehouse
from promptsales.local.process import port_is_free, require_free_space
from promptsales.local.startup import Startup
from promptsales.local.state import EngineError, LocalState, load_passwords, load_state, save_state
from promptsales.local.valkey import Valkey
from promptsales.settings import Settings

COMMAND = [sys.executable, "-c", "from promptsales.cli import main; main()", "local"]
NAMES = [kind.name for chain in CHAINS for kind in chain]


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="promptsales-"))
    try:
        yield path
    finally:
        down(path)
        assert running_in(path) == []
        shutil.rmtree(path)


def promptsales(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], env=with_folder(folder), capture_output=True, text=True)


def with_folder(folder: Path) -> dict[str, str]:
    return {**os.environ, "PROMPTSALES_LOCAL_DIR": str(folder)}


def running_in(folder: Path) -> list[str]:
    """Every process that works in the folder or was told of it."""
    found = []
    for process in psutil.process_iter():
        try:
            at_work = process.status() != psutil.STATUS_ZOMBIE and (
                process.cwd().startswith(str(folder)) or any(str(folder) in part for part in process.cmdline())
            )
        except psutil.Error:
            continue
        if at_work:
            found.append(f"{process.pid} {process.name()}")
    return found


def start_only(folder: Path, *kinds: type[Engine]) -> tuple[LocalState, list[str]]:
    state = load_state(folder)
    said: list[str] = []
    passwords = load_passwords(folder)
    Startup(folder, state, said.append).run([[kind(folder, passwords) for kind in kinds]])
    return state, said


def pid_of(folder: Path, kind: type[Engine]) -> int:
    process = load_state(folder).engines[kind.name].process
    assert process is not None
    return process.pid


def conditions(folder: Path) -> dict[str, str]:
    return {name: engine.condition for name, engine in zip(NAMES, status(folder), strict=True)}


@pytest.mark.slow
def test_two_ups_at_once_then_status_env_and_down_from_separate_commands(folder: Path) -> None:
    both = [
        subprocess.Popen([*COMMAND, "up"], env=with_folder(folder), stdout=subprocess.PIPE, text=True) for _ in "ab"
    ]
    said = [each.communicate()[0] for each in both]
    assert [each.returncode for each in both] == [0, 0]
    assert sum("already running" in text for text in said) == 1

    shown = promptsales(folder, "status")
    assert shown.returncode == 0, shown.stdout
    assert shown.stdout.count("running") == len(NAMES)
    assert re.search(r"^SQL Server \(stand-in\)", shown.stdout, re.MULTILINE)

    script = 'set -e; eval "$("$@")"; exec "$PYTHON" -c "import json, os; print(json.dumps(dict(os.environ)))"'
    shell = subprocess.run(
        ["sh", "-c", script, "sh", *COMMAND, "env"],
        env={**with_folder(folder), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=True,
    )
    exported = json.loads(shell.stdout)
    assert {name: exported[name] for name in environment(folder)} == environment(folder)

    stopped = promptsales(folder, "down")
    assert stopped.returncode == 0, stopped.stderr
    assert running_in(folder) == []
    assert all(port_is_free(port) for port in load_state(folder).ports().values())

    assert promptsales(folder, "status").returncode == 1
    refused = promptsales(folder, "env")
    assert refused.returncode == 1
    assert "promptsales local up" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_every_login_works_and_none_is_open(local_dir: Path, engines: Settings) -> None:
    for admin in (False, True):
        connections = from_settings(engines, admin=admin)
        with connections.postgres() as postgres:
            found = postgres.execute("SELECT current_user, current_database()").fetchone()
            assert found == (f"promptsales_{'admin' if admin else 'etl'}", "promptsales")
        for database in (connections.ads, connections.crm):
            with database() as sqlserver, sqlserver.cursor() as cursor:
                cursor.execute("SELECT 1")
                assert cursor.fetchall() == [(1,)]
    assert connections.redis().ping()
    assert connections.mongo().command("hello")["isWritablePrimary"]

    ports = load_state(local_dir).ports()
    assert set(ports) == set(NAMES)
    listening = {
        (address.laddr.ip, address.laddr.port)
        for entry in load_state(local_dir).engines.values()
        if entry.process
        for address in psutil.Process(entry.process.pid).net_connections("inet")
        if address.status == psutil.CONN_LISTEN
    }
    assert listening == {("127.0.0.1", port) for port in ports.values()}


def test_passwords_are_kept_from_other_users(local_dir: Path) -> None:
    secret = load_passwords(local_dir).values()
    for path in (local_dir / "secrets.json", local_dir / "state.json", local_dir / "data/valkey/valkey.conf"):
        assert path.stat().st_mode & 0o077 == 0
    commands = [
        part for process in psutil.process_iter() if process.pid != os.getpid() for part in _command_line(process)
    ]
    assert str(local_dir) in " ".join(commands), "the engines' own were read"
    assert not [part for part in commands for word in secret if word in part]


def _command_line(process: psutil.Process) -> list[str]:
    """Nothing of a process that ended while the list of processes was read."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


@pytest.mark.slow
def test_hooks_read_the_printed_connections(local_dir: Path, engines: Settings, tmp_path: Path) -> None:
    script = """
from airflow.providers.microsoft.mssql.hooks.mssql import MsSqlHook
from airflow.providers.mongo.hooks.mongo import MongoHook
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.providers.redis.hooks.redis import RedisHook

for suffix in ("", "_admin"):
    print(PostgresHook("promptsales_postgres" + suffix).get_first("SELECT current_user")[0])
    for system in ("promptads", "promptcrm"):
        print(MsSqlHook(f"{system}_mssql{suffix}").get_first("SELECT 1")[0])
print(RedisHook("promptsales_redis").get_conn().ping())
print(MongoHook("promptcontent_mongo").get_collection("imagenes").database.name)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **environment(local_dir), "AIRFLOW_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if re.fullmatch(r"\w+", line)]
    assert said == ["promptsales_etl", "1", "1", "promptsales_admin", "1", "1", "True", "promptcontent"]


@pytest.mark.slow
def test_data_and_ports_survive_a_restart_and_purge_forgets(folder: Path) -> None:
    ports = up(folder).ports()
    connections = from_settings(Settings.model_validate(environment(folder)), admin=True)
    with connections.postgres() as postgres:
        postgres.execute("CREATE TABLE kept AS SELECT 1 AS x")
    connections.redis().set("kept", "1")
    connections.mongo()["kept"].insert_one({"x": 1})
    down(folder)

    assert up(folder).ports() == ports
    with connections.postgres() as postgres:
        assert postgres.execute("SELECT x FROM kept").fetchone() == (1,)
    assert connections.redis().get("kept") == "1"
    assert connections.mongo()["kept"].count_documents({}) == 1

    (folder / "of-the-user.txt").touch()
    down(folder, purge=True)
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "of-the-user.txt"]
    assert running_in(folder) == []


def test_a_port_taken_between_two_runs_is_replaced_and_said(folder: Path) -> None:
    before = start_only(folder, Valkey)[0].ports()[Valkey.name]
    down(folder)
    with socket.create_server(("127.0.0.1", before)):
        state, said = start_only(folder, Valkey)
    assert state.ports()[Valkey.name] != before
    assert any(f"port {before} is taken by another program: Valkey moves to" in line for line in said)
    assert conditions(folder)[Valkey.name] == "running"


@pytest.mark.slow
def test_a_recycled_pid_is_neither_trusted_nor_killed(folder: Path) -> None:
    start_only(folder, Warehouse)
    down(folder)
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        started_at = psutil.Process(bystander.pid).create_time()
        state = load_state(folder)
        for claimed_start, command in ((started_at, ["postgres"]), (started_at - 60, bystander.args)):
            state.engines[Warehouse.name].process = {  # type: ignore[assignment]
                "pid": bystander.pid,
                "started_at": claimed_start,
                "command": command,
            }
            save_state(folder, LocalState.model_validate(state.model_dump(warnings=False)))
            assert conditions(folder)[Warehouse.name] == "died"
            down(folder)
            assert bystander.poll() is None

        # What PostgreSQL itself left behind names a live process, too.
        pid_file = folder / "data" / Warehouse.name / "postmaster.pid"
        pid_file.write_text(f"{bystander.pid}\n{pid_file.parent}\n0\n5432\n\n\n")
        start_only(folder, Warehouse)
        assert conditions(folder)[Warehouse.name] == "running"
    finally:
        bystander.communicate()


@pytest.mark.slow
def test_killed_engines_are_noticed_and_revived_with_what_needs_them(folder: Path) -> None:
    up(folder)
    pids = {name: entry.process.pid for name, entry in load_state(folder).engines.items() if entry.process}
    for kind in (StandInStorage, Valkey):
        os.kill(pid_of(folder, kind), signal.SIGKILL)
        psutil.Process(pids[kind.name]).wait()
    assert [name for name, condition in conditions(folder).items() if condition == "died"] == [
        StandInStorage.name,
        Valkey.name,
    ]
    with pytest.raises(EngineError, match=r"not running: .*Valkey"):
        environment(folder)

    up(folder)
    assert set(conditions(folder).values()) == {"running"}
    revived = {name: entry.process.pid for name, entry in load_state(folder).engines.items() if entry.process}
    assert {name for name in NAMES if revived[name] != pids[name]} == {"sqlserver-storage", "sqlserver", "valkey"}


def test_an_engine_that_cannot_start_shows_its_log_and_undoes_the_rest(folder: Path) -> None:
    start_only(folder, Warehouse)
    down(folder)
    (folder / "data" / Warehouse.name / "PG_VERSION").write_text("9.6\n")
    passwords = load_passwords(folder)
    with pytest.raises(EngineError) as caught:
        Startup(folder, load_state(folder), print).run([[Valkey(folder, passwords)], [Warehouse(folder, passwords)]])
    message = str(caught.value)
    assert message.startswith("PostgreSQL ended while it started:")
    assert "initialized by PostgreSQL version 9.6" in message
    assert str(folder / "logs" / "postgresql.log") in message
    assert running_in(folder) == []
    assert set(conditions(folder).values()) == {"stopped"}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_start_leaves_nothing_behind(folder: Path, number: signal.Signals) -> None:
    starting = subprocess.Popen(
        [*COMMAND, "up"],
        env=with_folder(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # A shell starts what it puts in the background with SIGINT ignored, and that is inherited.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    assert starting.stdout is not None
    # Valkey is the first to answer, while the clusters are being created.
    assert any("Valkey" in line for line in iter(starting.stdout.readline, ""))
    starting.send_signal(number)
    starting.communicate()
    assert starting.returncode != 0
    assert running_in(folder) == []
    assert set(conditions(folder).values()) == {"stopped"}


def test_a_server_unknown_to_the_state_file_is_named_not_killed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptsales.local.process.SETTLE_SECONDS", 0)
    start_only(folder, Valkey)
    pid = pid_of(folder, Valkey)
    known = (folder / "state.json").read_bytes()
    (folder / "state.json").unlink()
    with pytest.raises(EngineError, match=f"kill -INT {pid}"):
        start_only(folder, Valkey)
    with pytest.raises(EngineError, match=f"kill -INT {pid}"):
        down(folder, purge=True)
    assert psutil.pid_exists(pid)
    assert (folder / "data" / Valkey.name).exists(), "deleted under a server that runs on it"
    (folder / "state.json").write_bytes(known)


def test_lost_passwords_and_damaged_state_are_explained(folder: Path) -> None:
    start_only(folder, Valkey)
    down(folder)
    secrets = (folder / "secrets.json").read_bytes()
    (folder / "secrets.json").unlink()
    with pytest.raises(EngineError, match="put the file back"):
        up(folder)
    (folder / "secrets.json").write_bytes(secrets)
    state = (folder / "state.json").read_bytes()
    (folder / "state.json").write_text("{")
    with pytest.raises(EngineError, match="damaged: delete it"):
        up(folder)
    (folder / "state.json").write_bytes(state)


def test_a_folder_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineError, match=r"cannot write in .*file/local: Not a directory"):
        up(tmp_path / "file" / "local")


def test_a_full_disk_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    require_free_space(tmp_path, 1, "a new cluster")
    with pytest.raises(EngineError, match=r"a new cluster needs 1000000000 MB and .* has \d+ MB free"):
        require_free_space(tmp_path, 1_000_000_000, "a new cluster")


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_has_engines_of_their_own(tmp_path: Path) -> None:
    try:
        subprocess.run([*COMMAND, "--help"], user="nobody", cwd="/", capture_output=True, check=True)
    except (PermissionError, subprocess.CalledProcessError):
        pytest.skip("the interpreter or the project is closed to other users")
    folder = Path(tempfile.mkdtemp(prefix="promptsales-"))
    shutil.chown(folder, "nobody")
    environment = {**with_folder(folder), "HOME": str(folder)}

    def as_nobody(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments], env=environment, user="nobody", cwd="/", capture_output=True, text=True
        )

    try:
        started = as_nobody("up")
        assert started.returncode == 0, started.stderr
        state = LocalState.model_validate_json((folder / "state.json").read_bytes())
        owners = {psutil.Process(entry.process.pid).username() for entry in state.engines.values() if entry.process}
        assert owners == {"nobody"}
        assert as_nobody("status").returncode == 0
        with pytest.raises(EngineError, match=f"user with id {pwd.getpwnam('nobody').pw_uid}"):
            up(folder)
    finally:
        stopped = as_nobody("down", "--purge")
        assert stopped.returncode == 0, stopped.stderr
    assert running_in(folder) == []
    shutil.rmtree(folder)


def test_urls_name_the_loopback_only(engines: Settings) -> None:
    urls = [getattr(engines, name) for name in Settings.model_fields if name.endswith("_url")]
    given = [url.get_secret_value() for url in urls if isinstance(url, SecretStr)] + [str(engines.pinecone_host)]
    assert len(given) >= 12
    assert {urlsplit(url).hostname for url in given} == {"127.0.0.1"}
