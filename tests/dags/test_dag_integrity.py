"""The DAG files: they import, keep the agreed names and schedule, and show one task group a source table."""

from __future__ import annotations

import ast
from datetime import timedelta
from typing import Any

import pytest

from promptsales.etl.spec import load_pipelines
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
    assert set(dag.task_group.children) == {table.name for table in pipeline.tables}
    for table in pipeline.tables:
        task = dag.get_task(f"{table.name}.load")
        assert [asset.name for asset in task.outlets] == [f"{pipeline.target_schema}.{table.name}"]
        assert [asset.name for asset in task.inlets] == [f"{pipeline.source}.{table.name}"]
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
    assert {asset.name for task in dag.tasks for asset in task.outlets} == {"dw", "mart"}


def test_every_mirror_is_compared_with_its_source_every_night(dags: dict[str, Any]) -> None:
    dag = dags["reconcile_warehouse"]
    compared = {asset.name for task in dag.tasks for asset in task.outlets}
    assert compared == {
        f"{each.target_schema}.{table.name}" for each in load_pipelines().values() for table in each.tables
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
    for dag in dags.values():
        assert dag.description
        assert dag.doc_md
        assert dag.tags
        for task in dag.tasks:
            assert task.doc_md, task.task_id
            assert task.retries >= 0
            assert task.execution_timeout is not None, task.task_id


def test_every_param_says_what_it_is(dags: dict[str, Any]) -> None:
    for dag_id in ("reconcile_warehouse", "seed_databases", "simulate_activity"):
        params = dags[dag_id].params
        assert params
        for name in params:
            param = params.get_param(name)
            assert param.description, f"{dag_id}.{name}"
            assert param.schema.get("type"), f"{dag_id}.{name}"


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.stem)
def test_dag_files_hold_no_logic(path: Any) -> None:
    """A docstring, an import and one call: no SQL, no connection, nothing that runs at import."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = [type(node) for node in tree.body]
    assert kinds == [ast.Expr, ast.ImportFrom, ast.Assign]
