"""The DAG files: they import, keep the agreed names and schedule, say what they do, and do nothing while read."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from promptsales.dag_docs import TITLES
from promptsales.etl.spec import load_pipelines
from promptsales.local.airflow import POOLS_FILE
from promptsales.paths import PROJECT_ROOT

ETL_DAGS = ["etl_promptads", "etl_promptcontent", "etl_promptcrm"]
DAG_FILES = sorted((PROJECT_ROOT / "dags").glob("*.py"))


@pytest.fixture(scope="session")
def dags(airflow_home: None) -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(PROJECT_ROOT / "dags"))
    assert bag.import_errors == {}
    return bag.dags


def test_the_dag_ids_are_the_agreed_ones(dags: dict[str, Any]) -> None:
    assert sorted(dags) == [
        *ETL_DAGS,
        "index_benchmark",
        "index_content",
        "reconcile_warehouse",
        "refresh_marts",
        "seed_databases",
        "simulate_activity",
    ]


@pytest.mark.parametrize("dag_id", ETL_DAGS)
def test_every_eleven_minutes_on_an_exact_grid(dags: dict[str, Any], dag_id: str) -> None:
    from airflow.sdk import DeltaDataIntervalTimetable

    dag = dags[dag_id]
    assert isinstance(dag.timetable, DeltaDataIntervalTimetable)
    assert dag.timetable.delta == timedelta(minutes=11)
    assert (dag.catchup, dag.max_active_runs) == (False, 1)


@pytest.mark.parametrize("dag_id", ETL_DAGS)
def test_one_task_group_a_source_table(dags: dict[str, Any], dag_id: str) -> None:
    pipeline = load_pipelines()[dag_id.removeprefix("etl_")]
    dag = dags[dag_id]
    assert set(dag.task_group.children) == {*(table.name for table in pipeline.tables), "watch_cycle"}
    for table in pipeline.tables:
        task = dag.get_task(f"{table.name}.load")
        title = TITLES[pipeline.source]
        assert [asset.name for asset in task.outlets] == [f"Mirror of {title}: {table.name}"]
        assert [asset.name for asset in task.inlets] == [f"{title}: {table.name}"]
        assert task.upstream_task_ids == set(), "tables load side by side: one that fails stops no other"


def test_the_star_schema_follows_any_load_of_its_mirrors(dags: dict[str, Any]) -> None:
    from airflow.sdk import AssetAny

    dag = dags["refresh_marts"]
    condition = dag.timetable.asset_condition
    assert isinstance(condition, AssetAny)
    loaded = {asset.uri for name in ETL_DAGS for task in dags[name].tasks for asset in task.outlets}
    followed = {asset.uri for asset in condition.objects}
    assert followed <= loaded
    assert "promptsales://warehouse/ods_promptcrm/ventas" in followed
    assert (dag.catchup, dag.max_active_runs) == (False, 1)


def test_marts_follow_the_star_schema_and_the_cache_follows_the_marts(dags: dict[str, Any]) -> None:
    dag = dags["refresh_marts"]
    assert dag.get_task("refresh_marts").upstream_task_ids == {"refresh_dw"}
    assert dag.get_task("feed_cache").upstream_task_ids == {"refresh_marts"}
    assert dag.get_task("check_quality").upstream_task_ids == {"refresh_marts"}
    made = [[asset.name for asset in dag.get_task(name).outlets] for name in dag.task_ids]
    assert sorted(name for names in made for name in names) == [
        "Campaign figures: Redis", "Marts: mart", "Quality results: ops", "Star schema: dw",
    ]  # fmt: skip


def test_every_mirror_is_compared_with_its_source_every_night(dags: dict[str, Any]) -> None:
    dag = dags["reconcile_warehouse"]
    compared = {asset.uri for task in dag.tasks for asset in task.outlets}
    assert compared == {
        f"promptsales://warehouse/{each.target_schema}/{table.name}"
        for each in load_pipelines().values()
        for table in each.tables
    }
    assert dag.timetable.expression == "17 3 * * *"
    assert (dag.catchup, dag.max_active_runs) == (False, 1)


def test_each_engine_is_measured_every_night_and_a_report_follows(dags: dict[str, Any]) -> None:
    dag = dags["index_benchmark"]
    parts = {
        f"{engine}.{part}"
        for engine in ("postgresql", "sqlserver", "mongodb")
        for part in ("measure_indexes", "watch_queries")
    }
    assert dag.get_task("report").upstream_task_ids == parts
    assert set(dag.task_ids) == {*parts, "report"}
    assert dag.timetable.expression == "41 2 * * *"
    assert (dag.catchup, dag.max_active_runs, dag.max_active_tasks) == (False, 1, 1)


def test_every_dag_and_task_says_what_it_does(dags: dict[str, Any]) -> None:
    headings = ["What", "Inputs", "Outputs", "On failure"]
    for dag in dags.values():
        assert dag.dag_display_name != dag.dag_id
        assert dag.description
        assert dag.tags
        for text in [dag.doc_md, *(task.doc_md for task in dag.tasks)]:
            lines = text.splitlines()
            assert [line.removeprefix("### ") for line in lines if line.startswith("### ")] == headings
            assert all(lines[lines.index(f"### {heading}") + 2].strip() for heading in headings)


def test_every_task_has_an_owner_a_limit_of_time_and_retries_that_wait_longer_each_time(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        assert dag.dagrun_timeout is not None
        assert dag.max_active_runs == 1
        for task in dag.tasks:
            assert task.owner == "data-platform"
            assert task.execution_timeout <= dag.dagrun_timeout
            assert task.retry_exponential_backoff
            assert task.max_retry_delay > task.retry_delay
            # Simulating again would make more changes than were asked for.
            assert task.retries > 0 or task.task_id == "simulate"


def test_every_task_runs_in_a_pool_that_is_made_wherever_airflow_is_installed(dags: dict[str, Any]) -> None:
    pools = json.loads(POOLS_FILE.read_text(encoding="utf-8"))
    assert {task.pool for dag in dags.values() for task in dag.tasks} == set(pools)
    for source in load_pipelines():
        assert {task.pool for task in dags[f"etl_{source}"].tasks if task.task_id.endswith(".load")} == {source}
        assert {task.pool for task in dags["reconcile_warehouse"].tasks if task.task_id.startswith(source)} == {source}
    for task in (task for dag in dags.values() for task in dag.tasks):
        assert task.pool_slots <= pools[task.pool]["slots"]


def test_the_assets_lead_from_the_sources_through_mirrors_to_the_marts(dags: dict[str, Any]) -> None:
    edges = {
        (inlet.group, outlet.group)
        for dag in dags.values()
        for task in dag.tasks
        for inlet in task.inlets
        for outlet in task.outlets
    }
    assert edges == {
        ("source", "mirror"), ("mirror", "warehouse"), ("warehouse", "warehouse"), ("warehouse", "serving"),
        ("source", "serving"),
    }  # fmt: skip
    named = {
        (asset.uri, asset.name)
        for dag in dags.values()
        for task in dag.tasks
        for asset in [*task.inlets, *task.outlets]
    }
    assert len({uri for uri, _ in named}) == len({name for _, name in named}) == len(named)


def test_every_param_says_what_it_is_to_whoever_fills_in_the_form(dags: dict[str, Any]) -> None:
    with_params = {dag_id: dag.params for dag_id, dag in dags.items() if dag.params}
    assert set(with_params) == {"reconcile_warehouse", "seed_databases", "simulate_activity"}
    for dag_id, params in with_params.items():
        for name in params:
            param = params.get_param(name)
            assert param.schema["title"], f"{dag_id}.{name}"
            assert param.schema["title"] != name
            assert len(param.description.split()) >= 8, f"{dag_id}.{name}"
            assert param.schema["type"], f"{dag_id}.{name}"
            bounded = {"minimum", "enum", "format"} & set(param.schema) or param.schema["type"] == "boolean"
            assert bounded, f"{dag_id}.{name}"
            param.resolve()


READ_ALONE = """
import json
import sys

import airflow.dag_processing.processor
import airflow.sdk.definitions.decorators
from airflow.dag_processing.dagbag import DagBag

DRIVERS = {"psycopg", "pymssql", "pymongo", "redis", "httpx", "pinecone", "openai", "numpy", "sqlglot"}
before = set(sys.modules)


def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        raise RuntimeError(f"{event} while a DAG file is read")
    if event == "open" and isinstance(arguments[1], str) and set("wax+") & set(arguments[1]):
        raise RuntimeError(f"{arguments[0]} is written to while a DAG file is read")
    if event == "import" and arguments[0] in DRIVERS - before:
        raise RuntimeError(f"{arguments[0]} is imported while a DAG file is read")


sys.addaudithook(refuse)
for folder in sys.argv[1:]:
    bag = DagBag(folder)
    errors = [text for _, text in sorted(bag.import_errors.items())]
    print(json.dumps({"dags": len(bag.dags), "errors": errors}))
"""


@pytest.mark.slow
def test_reading_the_dag_files_opens_no_connection_writes_no_file_and_imports_no_driver(
    dags: dict[str, Any], tmp_path: Path
) -> None:
    # What a file does while it is read would be noticed.
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    for name, line in {"asks": "socket.socket().connect(('127.0.0.1', 9))", "brings": "__import__('psycopg')"}.items():
        text = f"import socket\nfrom airflow.sdk import DAG\n{line}\n"
        (wrong / f"{name}.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", READ_ALONE, str(PROJECT_ROOT / "dags"), str(wrong)],
        env=os.environ | {"AIRFLOW_HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    ours, others = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"dags"')]
    assert ours == {"dags": len(dags), "errors": []}
    assert others["dags"] == 0
    assert "socket.connect while a DAG file is read" in others["errors"][0]
    assert "psycopg is imported while a DAG file is read" in others["errors"][1]


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.stem)
def test_dag_files_hold_no_logic(path: Any) -> None:
    """A docstring, an import and one call: no SQL, no connection, nothing that runs at import."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = [type(node) for node in tree.body]
    assert kinds == [ast.Expr, ast.ImportFrom, ast.Assign]


@pytest.mark.parametrize("dag_id", ETL_DAGS)
def test_the_cycle_is_watched_however_its_loads_end_and_without_saying_how_it_did(
    dags: dict[str, Any], dag_id: str
) -> None:
    dag = dags[dag_id]
    watch = dag.get_task("watch_cycle")
    assert watch.is_teardown
    assert not watch.on_failure_fail_dagrun
    assert watch.upstream_task_ids == {name for name in dag.task_ids if name.endswith(".load")}


@pytest.mark.parametrize("dag_id", ETL_DAGS)
def test_a_cycle_has_a_deadline_whose_callback_any_deployment_can_run(dags: dict[str, Any], dag_id: str) -> None:
    from airflow.sdk import AsyncCallback, DeadlineReference
    from airflow.sdk.module_loading import import_string
    from airflow.serialization.serialized_objects import DagSerialization

    [deadline] = dags[dag_id].deadline
    assert deadline.interval == timedelta(minutes=11)
    assert deadline.reference == DeadlineReference.DAGRUN_QUEUED_AT
    # In the triggerer: the executor of Kubernetes runs no callbacks.
    assert isinstance(deadline.callback, AsyncCallback)
    assert callable(import_string(deadline.callback.path))
    assert deadline.callback.path in json.dumps(DagSerialization.to_dict(dags[dag_id]), default=str)


def test_every_task_tells_how_it_ended(dags: dict[str, Any]) -> None:
    for task in (task for dag in dags.values() for task in dag.tasks):
        assert [each.__name__ for each in task.on_failure_callback] == ["tell_failure"]
        assert [each.__name__ for each in task.on_success_callback] == ["tell_success"]
