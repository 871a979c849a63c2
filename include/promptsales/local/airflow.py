"""Airflow on the local engines: its own home under the local folder, its metadata in the local PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from promptsales.errors import PromptSalesError
from promptsales.local.engines import environment
from promptsales.local.state import log_file
from promptsales.paths import PROJECT_ROOT

LAST_LINES = 15


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
    }


def migrate(root: Path) -> None:
    """Create or upgrade Airflow's metadata tables.

    Raises:
        AirflowError: the migration failed.
    """
    _run(root, [str(Path(sys.executable).with_name("airflow")), "db", "migrate"])


def run_dags(root: Path, dag_ids: list[str]) -> None:
    """Run each DAG once through Airflow, one after the other, in a process of its own.

    Raises:
        AirflowError: a run did not succeed.
    """
    _run(root, [sys.executable, "-m", "promptsales.orchestration", *dag_ids])


def _run(root: Path, command: list[str]) -> None:
    log = log_file(root, "airflow")
    with log.open("ab") as output:
        begins = output.tell()
        status = subprocess.run(
            command, env=airflow_environment(root), stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
        ).returncode
    if status != 0:
        with log.open("rb") as written:
            written.seek(begins)
            last = written.read().decode("utf-8", "replace").splitlines()[-LAST_LINES:]
        raise AirflowError(f"`{' '.join(command[1:])}` failed; its log is {log} and ends:\n" + "\n".join(last))
