"""`promptsales up` as people run it: engines, Airflow, MCP servers, until Ctrl-C; also after it was killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from mcp_servers.kit.server import PORTS
from mcp_servers.servers import NAMES
from promptsales.local.engines import down
from promptsales.local.process import PORTS as LOCAL_PORTS
from promptsales.local.process import port_is_free
from promptsales.local.state import ADMINISTRATOR_FILE, EngineError, load_state
from promptsales.up import MCP_PORT, _require_ports

COMMAND = [sys.executable, "-c", "from promptsales.cli import main; main()"]
ETL = {"etl_promptads", "etl_promptcrm", "etl_promptcontent"}
NIGHTLY = {"index_benchmark", "reconcile_warehouse"}
WAIT_SECONDS = 600
"""On a machine that does much else; ten times what a free one takes."""


def free_ports(count: int) -> int:
    """The first of so many ports of loopback that nobody has."""
    for first in range(LOCAL_PORTS.stop, LOCAL_PORTS.stop + 500, count):
        if all(port_is_free(port) for port in range(first, first + count)):
            return first
    raise AssertionError("no free ports")


def wait_for(what: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not what():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(1)


def of_the_folder(folder: Path) -> list[str]:
    """Every process that was told of the folder, by its environment, its command line or where it works."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            told = [*process.environ().values(), *process.cmdline(), process.cwd()]
            if process.status() != psutil.STATUS_ZOMBIE and any(str(folder) in each for each in told):
                found.append(f"{process.pid} {' '.join(process.cmdline())}")
    return found


class Up:
    """One run of the command on a folder of its own."""

    def __init__(self, folder: Path, ports: int) -> None:
        self.folder, self.port, self.mcp_port = folder, ports, ports + 1
        self.log = folder / "up.log"
        options = ["--scale", "0.002", "--port", str(self.port), "--mcp-port", str(self.mcp_port)]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [*COMMAND, "up", *options],
                env={**os.environ, "PROMPTSALES_LOCAL_DIR": str(folder)},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_until_told(self) -> None:
        """It says how to stop it when everything answers."""
        wait_for(lambda: "Ctrl-C stops all." in self.log.read_text(), self.process, self.log)

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        os.killpg(self.process.pid, signal.SIGINT)
        assert self.process.wait(120) == 0, self.log.read_text()

    def api(self, path: str) -> dict[str, object]:
        """An answer of Airflow's API to the user that the terminal names."""
        password = (self.folder / ADMINISTRATOR_FILE).read_text().strip()
        base = f"http://127.0.0.1:{self.port}"
        login = httpx.post(f"{base}/auth/token", json={"username": "admin", "password": password}, timeout=60)
        token = login.raise_for_status().json()["access_token"]
        answer = httpx.get(f"{base}/api/v2/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=60)
        found: dict[str, object] = answer.raise_for_status().json()
        return found

    def states(self) -> dict[str, set[str]]:
        """The states of the runs of each DAG."""
        runs = self.api("dags/~/dagRuns?limit=100")["dag_runs"]
        assert isinstance(runs, list)
        states: dict[str, set[str]] = {}
        for run in runs:
            states.setdefault(run["dag_id"], set()).add(run["state"])
        return states


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="promptsales-"))
    try:
        yield path
    finally:
        down(path)
        left = of_the_folder(path)
        shutil.rmtree(path)
        assert left == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_everything_runs_until_ctrl_c_and_again_after_a_kill(folder: Path) -> None:
    ports = free_ports(1 + len(NAMES))
    up = Up(folder, ports)
    up.wait_until_told()

    dags = up.api("dags?limit=100")["dags"]
    assert isinstance(dags, list)
    assert {dag["dag_id"] for dag in dags} >= ETL | NIGHTLY | {"refresh_marts", "seed_databases", "simulate_activity"}
    assert [dag["dag_id"] for dag in dags if dag["is_paused"]] == []
    wait_for(lambda: all("success" in up.states().get(dag, ()) for dag in ETL | {"refresh_marts"}), up.process, up.log)
    assert NIGHTLY.isdisjoint(up.states())

    for name, port in zip(NAMES, range(up.mcp_port, up.mcp_port + len(NAMES)), strict=True):
        assert httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60).json()["status"] == "ready", name
    assert (folder / ADMINISTRATOR_FILE).stat().st_mode & 0o077 == 0
    assert (folder / ADMINISTRATOR_FILE).read_text().strip() not in up.log.read_text()
    _call_as_told(up)

    second = subprocess.run(
        [*COMMAND, "up"], env={**os.environ, "PROMPTSALES_LOCAL_DIR": str(folder)}, capture_output=True, text=True
    )
    assert second.returncode == 1
    assert "runs in" in second.stderr

    # The system takes the starter away: what it started stays, and the next start clears it away.
    up.process.kill()
    up.process.wait()
    assert load_state(folder).services
    again = Up(folder, ports)
    again.wait_until_told()
    again.interrupt()
    assert load_state(folder).services == {}


def _call_as_told(up: Up) -> None:
    """The commands that the terminal shows, in a shell of their own."""
    lines = [line.strip() for line in up.log.read_text().splitlines()]
    commands = [line for line in lines if line.startswith(("eval ", "export "))]
    [call] = [line[line.index("promptsales mcp call") :] for line in lines if line.startswith("sales_dashboard")]
    shell = {
        **os.environ,
        "PROMPTSALES_LOCAL_DIR": str(up.folder),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-euc", "\n".join([*commands, call])], env=shell, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"]


def test_a_port_that_is_taken_is_named_before_anything_starts(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EngineError, match=f"port {port} .*Airflow's UI.*make up PORT="):
            _require_ports(port, {})
        with pytest.raises(EngineError, match=f"port {port} .*crm_analyzer.*make up MCP_PORT="):
            _require_ports(free_ports(1), {"crm_analyzer": port})
    assert load_state(folder).engines == {}


def test_a_port_that_is_asked_for_twice_is_named() -> None:
    port = free_ports(1)
    with pytest.raises(EngineError, match=f"port {port} .*twice.*Airflow's UI.*ads_optimizer.*make up PORT="):
        _require_ports(port, {"ads_optimizer": port})


def test_the_servers_listen_where_clients_look_for_them() -> None:
    assert {name: MCP_PORT + offset for offset, name in enumerate(NAMES)} == dict(PORTS)
