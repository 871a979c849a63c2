"""Airflow plugin: the warehouse's page in the navigation, links from tasks to load records, outcomes of runs.

Every component of Airflow imports this file, and each task: what only one of them needs is imported where it is used.
"""

from __future__ import annotations

import json
import logging
import sys
from functools import cached_property
from typing import Any

from airflow.configuration import conf
from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin
from airflow.sdk import BaseOperatorLink

from promptsales.errors import PromptSalesError
from promptsales.operations.places import PREFIX, load_of_task, record_path

CONNECTION_ID = "promptsales_postgres"
CONNECT_SECONDS = 2
"""Whoever waits here is a scheduler or an operator."""

VIEW = "warehouse"
"""Where Airflow's UI shows the page: /plugin/warehouse."""

FEEDING = ("etl_promptads", "etl_promptcontent", "etl_promptcrm", "refresh_marts")
"""The DAGs without which the warehouse grows old."""

logger = logging.getLogger(__name__)


def connect() -> Any:
    """A psycopg connection to the warehouse that gives up soon."""
    from airflow.providers.postgres.hooks.postgres import PostgresHook
    from airflow.sdk import BaseHook

    connection = BaseHook.get_connection(CONNECTION_ID)
    connection.extra = json.dumps({**connection.extra_dejson, "connect_timeout": CONNECT_SECONDS})
    options = f"-c statement_timeout={CONNECT_SECONDS}s -c lock_timeout={CONNECT_SECONDS}s"
    return PostgresHook(connection=connection, options=options).get_conn()


def paused_dags() -> list[str]:
    """Which of the DAGs that feed the warehouse are paused."""
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session(scoped=False) as session:
        paused = select(DagModel.dag_id).where(DagModel.dag_id.in_(FEEDING), DagModel.is_paused)
        return list(session.scalars(paused))


def authorise() -> Any:
    """The dependency that lets in whom Airflow lets see cluster activity."""
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import requires_access_view

    return requires_access_view(AccessView.CLUSTER_ACTIVITY)


class Pages:
    """The pages' application, made at its first request."""

    @cached_property
    def application(self) -> Any:
        """What answers."""
        from promptsales.operations.web import web_app

        return web_app(connect, authorise(), paused_dags)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        await self.application(scope, receive, send)


class LoadRecordLink(BaseOperatorLink):
    """From a task that loads a table to the record of what its run moved and refused."""

    name = "Load record"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The page of the record; empty for a task of another kind, which shows no link."""
        try:
            source, table = load_of_task(ti_key.dag_id, ti_key.task_id)
        except PromptSalesError:
            return ""
        base = conf.get("api", "base_url", fallback="").rstrip("/")
        return f"{base}/plugin/{VIEW}{PREFIX}{record_path(source, table, ti_key.run_id)}"


@hookimpl
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    """Record it."""
    _record(dag_run, "success", None)


@hookimpl
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    """Record it, with the tasks that failed."""
    _record(dag_run, "failed", msg)


def _record(dag_run: Any, state: Any, reason: str | None) -> None:
    """Whatever happens here, Airflow goes on: the log says what was not recorded."""
    from contextlib import closing

    from promptsales.operations.dag_run_outcomes import DagRunOutcome, record

    try:
        outcome = DagRunOutcome(
            dag_id=dag_run.dag_id,
            run_id=dag_run.run_id,
            state=state,
            started_at=dag_run.start_date,
            ended_at=dag_run.end_date,
            error=_why(dag_run, reason) if state == "failed" else None,
        )
        with closing(connect()) as connection:
            record(connection, outcome)
    except Exception as error:
        logger.warning(
            "the end of %s %s was not recorded in ops.dag_runs: %s", dag_run.dag_id, dag_run.run_id,
            " ".join(str(error).split()),
        )  # fmt: skip


def _why(dag_run: Any, reason: str | None) -> str:
    from sqlalchemy.orm import object_session

    # A session of its own would commit in the middle of the scheduler's transaction.
    session = object_session(dag_run)
    failed = dag_run.get_task_instances(state=["failed", "upstream_failed"], session=session) if session else []
    causes = sorted(task.task_id for task in failed if task.state == "failed")
    what = {"timed_out": "It took too long and was ended.", "all_tasks_deadlocked": "No task could go on."}
    told = what.get(reason or "", "")
    return " ".join(part for part in (told, f"Failed: {', '.join(causes)}." if causes else "") if part) or "It failed."


class OperationsPlugin(AirflowPlugin):
    """What Airflow finds here."""

    name = "promptsales_operations"
    fastapi_apps = [  # noqa: RUF012 - Airflow's own class attributes
        {
            "name": "PromptSales operations",
            "url_prefix": PREFIX,
            "app": Pages(),
        }
    ]
    external_views = [  # noqa: RUF012
        {
            "name": "Warehouse",
            # Relative, so that it also holds where Airflow has a base path.
            "href": f"{PREFIX.removeprefix('/')}/warehouse",
            "destination": "nav",
            "nav_top_level": True,
            "url_route": VIEW,
            "icon": f"{PREFIX}/static/warehouse.svg",
            "icon_dark_mode": f"{PREFIX}/static/warehouse-dark.svg",
        }
    ]
    global_operator_extra_links = [LoadRecordLink()]  # noqa: RUF012
    listeners = [sys.modules[__name__]]  # noqa: RUF012
