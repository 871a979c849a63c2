"""Airflow on the local engines: its own home under the local folder, its metadata in the local PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from promptsales.errors import PromptSalesError, UnreachableError
from promptsales.local.engines import environment
from promptsales.local.process import HOST, loopback, pick_port
from promptsales.local.services import Service, answer
from promptsales.local.state import load_passwords, log_file, write_private
from promptsales.paths import PROJECT_ROOT

LAST_LINES = 15

ADMINISTRATOR = "admin"
"""The one user of a local Airflow."""

COMPONENTS = {
    "api-server": "Airflow's UI and API",
    "scheduler": "Airflow's scheduler",
    "dag-processor": "Airflow's DAG processor",
    "triggerer": "Airflow's triggerer",
}
"""What each command of Airflow is to people."""

IMPORT_SECONDS = 180
"""How long a DAG file may take; by Airflow's own 30 a machine that does much else would lose tasks."""

API_SECONDS = 60
"""How long a task waits for an answer of Airflow's API; by Airflow's own 5 such a machine would lose tasks as well."""

PARALLEL_TASKS = 4
"""At a time: more would only wait for each other on a laptop, and each takes some 150 MB."""

POOLS_FILE = PROJECT_ROOT / "deployment" / "airflow" / "pools.json"
"""How many tasks may use a source, or the warehouse, at a time."""


class AirflowError(PromptSalesError):
    """An Airflow command failed; the text ends with what it printed last."""


def airflow_environment(root: Path) -> dict[str, str]:
    """The environment in which Airflow finds this project's DAGs, connections and metadata database.

    Raises:
        EngineError: an engine is down.
    """
    return {
        **os.environ,
        **environment(root),
        "AIRFLOW_HOME": str(root / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT_ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT_ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": str(IMPORT_SECONDS),
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": str(API_SECONDS),
        "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": str(IMPORT_SECONDS),
    }


def migrate(root: Path) -> None:
    """Create or upgrade Airflow's metadata tables, and the pools that its tasks run in.

    Raises:
        AirflowError: the migration failed.
    """
    with _logged(root) as output:
        command = [sys.executable, "-m", "promptsales.local.airflow_metadata", str(POOLS_FILE)]
        status = subprocess.run(
            command, env=airflow_environment(root), stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
        ).returncode
        if status != 0:
            raise AirflowError("Airflow's metadata database was not prepared.")


def run_dags(root: Path, dag_ids: list[str]) -> None:
    """Run each DAG once through Airflow, one after the other, in a process of its own.

    Raises:
        AirflowError: a run did not succeed.
    """
    with dag_process(root) as airflow:
        airflow.run(dag_ids)


class DagProcess:
    """A process that has Airflow imported and runs the DAGs it is told to; `dag_process` starts it."""

    def __init__(self, root: Path, process: subprocess.Popen[bytes], answers: BinaryIO) -> None:
        self._root = root
        self._process = process
        self._answers = answers

    def run(self, dag_ids: list[str]) -> None:
        """Run each DAG once, one after the other.

        Raises:
            AirflowError: a run did not succeed; the others did run. Or the process has ended.
        """
        with _logged(self._root):
            states = {dag_id: self._ask(dag_id) for dag_id in dag_ids}
            failed = [f"{dag_id} ended as {state}" for dag_id, state in states.items() if state != "success"]
            if failed:
                raise AirflowError(f"{', '.join(failed)}.")

    def _ask(self, dag_id: str) -> str:
        assert self._process.stdin
        try:
            self._process.stdin.write(f"{dag_id}\n".encode())
        except BrokenPipeError:
            state = b""
        else:
            state = self._answers.readline().strip()
        if not state:
            # It says why after it has closed what it answers on.
            self._process.wait()
            raise AirflowError(f"Airflow's process ended before {dag_id} did.")
        return state.decode()


@contextmanager
def dag_process(root: Path) -> Iterator[DagProcess]:
    """A process that runs DAGs until the end of the block: Airflow takes seconds to import, and to run its first task.

    Raises:
        EngineError: an engine is down.
    """
    # Airflow writes to standard output what it likes, from its import on.
    answers, answering = os.pipe()
    with open(answers, "rb") as told:
        try:
            with log_file(root, "airflow").open("ab") as output:
                process = subprocess.Popen(
                    [sys.executable, "-m", "promptsales.orchestration", str(answering)],
                    env=airflow_environment(root), stdin=subprocess.PIPE, stdout=output, stderr=output, bufsize=0,
                    pass_fds=[answering],
                )  # fmt: skip
        finally:
            os.close(answering)
        with process:
            try:
                yield DagProcess(root, process, told)
            except (KeyboardInterrupt, SystemExit):
                # In the middle of a run; else it ends by itself, and sends its last metrics.
                process.kill()
                raise


def components(root: Path, port: int) -> list[Service]:
    """Airflow as it runs for people: UI and API on `port`, scheduler, DAG processor, triggerer, and the logs' server.

    Its user is `admin`, with the folder's administrator password. Every DAG is unpaused.

    Raises:
        EngineError: an engine is down, or Airflow's home cannot be written.
    """
    passwords = load_passwords(root)
    log_port = pick_port(None, avoid=[port])
    shared = {
        **airflow_environment(root),
        "AIRFLOW__API__BASE_URL": f"http://{HOST}:{port}",
        "AIRFLOW__API__SECRET_KEY": passwords["airflow_tokens"],
        "AIRFLOW__API_AUTH__JWT_SECRET": passwords["airflow_tokens"],
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{HOST}:{port}/execution/",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": f"{loopback.__module__}.{loopback.__name__}",
        "AIRFLOW__CORE__PARALLELISM": str(PARALLEL_TASKS),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(_write_password(root, passwords["administrator"])),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMINISTRATOR}:admin",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(log_port),
    }
    options = {
        "api-server": ["--host", HOST, "--port", str(port), "--workers", "1"],
        "scheduler": ["--skip-serve-logs"],
        "triggerer": ["--skip-serve-logs"],
    }
    airflow = str(Path(sys.executable).with_name("airflow"))
    begun = datetime.now(UTC)
    services = [
        Service(
            name=f"airflow-{name}",
            title=title,
            command=[airflow, name, *options.get(name, [])],
            check=_component_check(port, name.replace("-", "_"), begun),
            environment=shared,
        )
        for name, title in COMPONENTS.items()
    ]
    # The scheduler's own would listen on every address of the machine.
    serve_logs = ["-m", "uvicorn", "--factory", "airflow.utils.serve_logs.log_server:get_app", "--no-access-log"]
    logs = Service(
        name="airflow-logs",
        title="logs of running tasks",
        command=[sys.executable, *serve_logs, "--host", HOST, "--port", str(log_port)],
        check=lambda: answer(f"http://{HOST}:{log_port}/"),
        environment=shared,
    )
    return [*services, logs]


def _write_password(root: Path, password: str) -> Path:
    """Where Airflow reads its user's password."""
    path = root / "airflow" / "passwords.json"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(path, json.dumps({ADMINISTRATOR: password}))
    return path


def _component_check(port: int, component: str, begun: datetime) -> Callable[[], None]:
    """Asks the API how a component is. A heartbeat from before the start is of one that has ended since."""

    def check() -> None:
        health = answer(f"http://{HOST}:{port}/api/v2/monitor/health").json()
        if component == "api_server":
            return
        beat = health[component].get(f"latest_{component}_heartbeat")
        if health[component]["status"] != "healthy" or datetime.fromisoformat(beat) < begun:
            raise UnreachableError(f"{component} has no heartbeat yet")

    return check


@contextmanager
def _logged(root: Path) -> Iterator[BinaryIO]:
    """Airflow's log, to write to; an AirflowError of the block is told with what was written there last."""
    log = log_file(root, "airflow")
    with log.open("ab") as output:
        begins = output.tell()
        try:
            yield output
        except AirflowError as error:
            with log.open("rb") as written:
                written.seek(begins)
                last = written.read().decode("utf-8", "replace").splitlines()[-LAST_LINES:]
            raise AirflowError(f"{error} The log is {log} and ends:\n" + "\n".join(last)) from None
