"""Where things are in Airflow's UI, as paths below its base URL; Airflow's every task imports this."""

from __future__ import annotations

from urllib.parse import quote

from promptsales.errors import PromptSalesError

PREFIX = "/promptsales"
"""Where the pages' application is mounted in Airflow's API server."""


def dag_path(dag_id: str) -> str:
    """A DAG's page."""
    return f"/dags/{_part(dag_id)}"


def run_path(dag_id: str, run_id: str) -> str | None:
    """A run's page; None where Airflow did not make the run."""
    return f"{dag_path(dag_id)}/runs/{_part(run_id)}" if _is_airflows(run_id) else None


def task_path(source: str, table: str, run_id: str) -> str | None:
    """The page of the task that loaded a table in a run, with its log; None where Airflow did not make the run."""
    run = run_path(etl_dag_id(source), run_id)
    return run and f"{run}/tasks/{_part(f'{table}.load')}"


def etl_dag_id(source: str) -> str:
    """The DAG that loads a source."""
    return f"etl_{source}"


def load_of_task(dag_id: str, task_id: str) -> tuple[str, str]:
    """Source and table of a task that loads one.

    Raises:
        PromptSalesError: it is another kind of task.
    """
    source, table = dag_id.removeprefix("etl_"), task_id.removesuffix(".load")
    if source == dag_id or table == task_id:
        raise PromptSalesError(f"{dag_id}.{task_id} loads no table.")
    return source, table


def record_path(source: str, table: str, run_id: str) -> str:
    """The page of the records of a table's loads in a run, below the page's own root."""
    return f"/runs/{_part(source)}/{_part(table)}/{_part(run_id)}"


def _is_airflows(run_id: str) -> bool:
    return not run_id.startswith("cli-")


def _part(name: str) -> str:
    return quote(name, safe="")
