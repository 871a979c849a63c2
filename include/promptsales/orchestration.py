"""Airflow's side of the library: connections out of provider hooks, and DAGs out of pipeline specs.

The only module of `promptsales` that imports Airflow. DAG files call it and hold no logic of their own.
"""

from __future__ import annotations

import logging
import sys
from datetime import timedelta
from typing import Any

import pendulum
from airflow.providers.microsoft.mssql.hooks.mssql import MsSqlHook
from airflow.providers.mongo.hooks.mongo import MongoHook
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.providers.redis.hooks.redis import RedisHook
from airflow.sdk import DAG, Asset, DeltaDataIntervalTimetable, TaskGroup, task

from promptsales.connections import Connections
from promptsales.errors import PromptSalesError
from promptsales.etl.run import run_table
from promptsales.etl.spec import PipelineSpec, TableSpec, pipeline_of

logger = logging.getLogger(__name__)

CYCLE = timedelta(minutes=11)

LOAD_DOC = """
Moves what changed in `{source}` since the committed watermark into `{schema}.{table}`, in one PostgreSQL
transaction a window: lock, compare the watermark, copy, merge, delete, advance the watermark.

- **In:** {description}.
- **Out:** the mirror `{schema}.{table}`, a row in `etl.loads`, refused rows in `etl.rejected_rows`.
- **On failure:** the watermark has not moved and nothing is half loaded. Read the task's last log line, mend what it
  names, and clear the task; or wait: the next cycle takes the same changes again.
"""


def hook_connections(*, admin: bool = False) -> Connections:
    """Connection factories over the provider hooks.

    Args:
        admin: use the connections whose logins own the schemas (seeding and simulation need them).
    """
    suffix = "_admin" if admin else ""
    return Connections(
        postgres=lambda: PostgresHook(f"promptsales_postgres{suffix}").get_conn(),
        redis=lambda: RedisHook("promptsales_redis").get_conn(),
        mongo=_mongo_database,
        ads=lambda: MsSqlHook(f"promptads_mssql{suffix}").get_conn(),
        crm=lambda: MsSqlHook(f"promptcrm_mssql{suffix}").get_conn(),
    )


def _mongo_database() -> Any:
    hook = MongoHook("promptcontent_mongo")
    return hook.get_conn()[hook.connection.schema]


def etl_dag(source: str, *, display_name: str, description: str) -> DAG:
    """The DAG that moves one source's deltas every 11 minutes: one task group a table.

    Args:
        source: `promptads`, `promptcrm` or `promptcontent`; its spec says which tables there are.
        display_name: what the Airflow UI calls the DAG.
        description: one line for the UI.
    """
    pipeline = pipeline_of(source)
    with DAG(
        dag_id=f"etl_{source}",
        dag_display_name=display_name,
        description=description,
        doc_md=_dag_doc(pipeline),
        schedule=DeltaDataIntervalTimetable(CYCLE),
        start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=CYCLE,
        tags=["etl", source],
        default_args={
            "owner": "data-platform",
            "retries": 2,
            "retry_delay": timedelta(seconds=20),
            "retry_exponential_backoff": True,
            "max_retry_delay": timedelta(minutes=2),
            "execution_timeout": timedelta(minutes=10),
        },
    ) as dag:
        for table in pipeline.tables:
            with TaskGroup(table.name, tooltip=table.description):
                _load_task(pipeline, table)
    return dag


def _load_task(pipeline: PipelineSpec, table: TableSpec) -> None:
    task(
        task_id="load",
        doc_md=LOAD_DOC.format(
            source=f"{pipeline.source}.{table.source}",
            schema=pipeline.target_schema,
            table=table.name,
            description=table.description,
        ),
        inlets=[source_asset(pipeline, table)],
        outlets=[mirror_asset(pipeline, table)],
    )(_load)(pipeline.source, table.name)


def _load(source: str, table: str, run_id: str | None = None) -> dict[str, int]:
    """The task: returns what it moved, for the task's XCom; Airflow fills in `run_id`."""
    pipeline = pipeline_of(source)
    result = run_table(pipeline, pipeline.table(table), hook_connections(), str(run_id))
    return {name: getattr(result, name) for name in ("read", "inserted", "updated", "deleted", "rejected")}


def source_asset(pipeline: PipelineSpec, table: TableSpec) -> Asset:
    """A source table as Airflow's asset graph shows it."""
    return Asset(name=f"{pipeline.source}.{table.name}", uri=f"promptsales://{pipeline.source}/{table.name}")


def mirror_asset(pipeline: PipelineSpec, table: TableSpec) -> Asset:
    """A mirror as Airflow's asset graph shows it; consumers of the warehouse schedule on it."""
    return Asset(
        name=f"{pipeline.target_schema}.{table.name}",
        uri=f"promptsales://warehouse/{pipeline.target_schema}/{table.name}",
    )


def _dag_doc(pipeline: PipelineSpec) -> str:
    rows = "\n".join(
        f"| {table.name} | `{table.source}` | {', '.join(table.key)} | {table.description} |"
        for table in pipeline.tables
    )
    return (
        f"Every 11 minutes: what changed in **{pipeline.source}** since the last committed window, into schema "
        f"`{pipeline.target_schema}`. Tables load side by side; one that fails leaves its watermark where it was and "
        "does not stop the others.\n\n"
        "| table | source | key | what it holds |\n|---|---|---|---|\n" + rows + "\n\n"
        "Running it again at any time is safe: a window that is already committed counts nothing twice."
    )


def run_dag(dag_id: str, conf: dict[str, Any] | None = None) -> str:
    """Run one DAG once, in this process, through Airflow's own `dag.test()`; returns the run's final state.

    Raises:
        PromptSalesError: no such DAG, or its file does not import.
    """
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag()
    if dag_id not in bag.dags:
        raise PromptSalesError(f"no DAG {dag_id!r} in {bag.dag_folder}: {bag.import_errors or 'check its file'}")
    return str(bag.dags[dag_id].test(run_conf=conf).state)


def main(dag_ids: list[str]) -> int:
    """Run each DAG once and print its final state; the exit status counts the runs that did not succeed."""
    states = {dag_id: run_dag(dag_id) for dag_id in dag_ids}
    for dag_id, state in states.items():
        logger.info("%s: %s", dag_id, state)
    return sum(state != "success" for state in states.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
