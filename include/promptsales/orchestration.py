"""Airflow's side of the library: connections out of provider hooks, and DAGs out of pipeline specs.

The only module of `promptsales` that imports Airflow, but for `connections.connect_sqlserver_by_hook` and
`local.airflow_metadata`. DAG files call it and hold no logic of their own.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pendulum
from airflow.sdk import (
    DAG,
    Asset,
    AssetAny,
    BaseHook,
    CronTriggerTimetable,
    DeltaDataIntervalTimetable,
    Param,
    TaskGroup,
    task,
)
from airflow.sdk.configuration import conf as configuration
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from airflow.sdk.exceptions import AirflowSkipException

from promptsales import dag_docs
from promptsales.benchmarks.indexes.measurement import TITLES as ENGINE_TITLES
from promptsales.dag_docs import TITLES
from promptsales.errors import MissingCapabilityError, PromptSalesError
from promptsales.etl.parameters import MAX_DRIFT
from promptsales.etl.spec import PipelineSpec, TableSpec, load_pipelines, pipeline_of
from promptsales.seeding.parameters import DEFAULT_PEAK_MONTH, DEFAULT_SEED, MAX_SCALE, MIN_SCALE
from promptsales.warehouse.tables import MIRRORS

if TYPE_CHECKING:
    from promptsales.alerts.alert import Alert
    from promptsales.connections import Connections
    from promptsales.etl.metrics import Value

logger = logging.getLogger(__name__)

CYCLE = timedelta(minutes=11)

STAR_SCHEMA = Asset(name="Star schema: dw", uri="promptsales://warehouse/dw", group="warehouse")
"""Assets are what Airflow's asset graph shows: sources, their mirrors, the star schema, the marts, what reads these."""

MARTS = Asset(name="Marts: mart", uri="promptsales://warehouse/mart", group="warehouse")

QUALITY = Asset(name="Quality results: ops", uri="promptsales://warehouse/ops/quality_results", group="warehouse")

CACHE = Asset(name="Campaign figures: Redis", uri="promptsales://redis/estadisticas_campana", group="serving")

VECTORS = Asset(name="Image vectors: Pinecone", uri="promptsales://pinecone/imagenes", group="serving")

OWNER = "data-platform"


def tell_failure(context: dict[str, Any]) -> None:
    """After a task's last try: the alerts that its failure makes."""
    from promptsales.alerts.causes import alerts_of, task_scope
    from promptsales.quality.run import QualityError

    ti, error, pool = context["ti"], context.get("exception"), context["task"].pool
    source = pool if pool in TITLES else None
    alerts = alerts_of(error, ti.dag_id, ti.task_id, source, ti.log_url)
    # Checks that pass again are over, though others fail.
    over = [task_scope(ti.dag_id, ti.task_id)] if isinstance(error, QualityError) else []
    _report_alerts(alerts, over)


def tell_success(context: dict[str, Any]) -> None:
    """After a task's success: its own alerts are over, and those of the servers that have answered it."""
    from promptsales.alerts.causes import WAREHOUSE, server_scope, task_scope

    ti = context["ti"]
    own = task_scope(ti.dag_id, ti.task_id)
    _report_alerts([], [own, server_scope(context["task"].pool), server_scope(WAREHOUSE)])


async def tell_overdue(context: dict[str, Any]) -> None:
    """When a run's deadline has passed, in the triggerer, which any executor has beside it: the run is overdue."""
    from promptsales.alerts.alert import Alert, Kind

    run, deadline = context["dag_run"], datetime.fromisoformat(str(context["deadline"]["deadline_time"]))
    if run["end_date"] and datetime.fromisoformat(run["end_date"]) <= deadline:
        # It ended in time, and badly: its tasks have told.
        return
    address = configuration.get("api", "base_url", fallback="http://localhost:8080")
    alert = Alert(
        Kind.overdue,
        run["dag_id"],
        f"The cycle that was queued at {run['queued_at']} has not ended within 11 minutes, and none begins before it "
        "has. Look which task is running, and what its log says last.",
        _cycle_scope(run["dag_id"]),
        f"{address.rstrip('/')}/dags/{run['dag_id']}/runs/{quote(run['dag_run_id'])}",
        datetime.fromisoformat(run["queued_at"]),
    )
    await asyncio.to_thread(_report_alerts, [alert], [])


def _report_alerts(alerts: list[Alert], over: list[str]) -> None:
    from promptsales.alerts.report import report
    from promptsales.settings import Settings

    report(hook_connections(), Settings(), alerts, over)


def _cycle_scope(dag_id: str) -> str:
    return f"{dag_id}/cycle"


TOLD = {"on_failure_callback": tell_failure, "on_success_callback": tell_success}

BACKOFF = {"retry_exponential_backoff": True, "max_retry_delay": timedelta(minutes=2)}

LOAD_DEFAULTS = {
    "owner": OWNER,
    "retries": 2,
    "retry_delay": timedelta(seconds=20),
    "execution_timeout": timedelta(minutes=10),
    # Before the nightly comparisons, which share the pools of the sources.
    "priority_weight": 10,
    **BACKOFF,
    **TOLD,
}

LONG_DEFAULTS = {
    "owner": OWNER,
    "retries": 1,
    "retry_delay": timedelta(minutes=1),
    "execution_timeout": timedelta(hours=1),
    **BACKOFF,
    **TOLD,
}
"""Of what reads whole tables, or writes them."""

MONTHS = dict(
    enumerate(
        ("February", "March", "April", "May", "June", "July", "August", "September", "October", "November"), start=2
    )
)
"""Those that may be the third peak, beside December and January."""


def hook_connections(*, admin: bool = False) -> Connections:
    """Connection factories over the provider hooks.

    Args:
        admin: use the connections whose logins own the schemas (seeding and simulation need them).
    """
    # Hooks take seconds to import: each task does, none of the files that only declare tasks.
    from airflow.providers.microsoft.mssql.hooks.mssql import MsSqlHook
    from airflow.providers.postgres.hooks.postgres import PostgresHook
    from airflow.providers.redis.hooks.redis import RedisHook

    from promptsales.connections import Connections

    suffix = "_admin" if admin else ""
    return Connections(
        postgres=lambda: PostgresHook(f"promptsales_postgres{suffix}").get_conn(),
        redis=lambda: RedisHook("promptsales_redis").get_conn(),
        mongo=lambda: _mongo_database(f"promptcontent_mongo{suffix}"),
        ads=lambda: MsSqlHook(f"promptads_mssql{suffix}").get_conn(),
        crm=lambda: MsSqlHook(f"promptcrm_mssql{suffix}").get_conn(),
    )


def _mongo_database(connection_id: str) -> Any:
    from airflow.providers.mongo.hooks.mongo import MongoHook

    hook = MongoHook(connection_id)
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
        doc_md=dag_docs.etl_dag(pipeline),
        schedule=DeltaDataIntervalTimetable(CYCLE),
        start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=CYCLE,
        deadline=DeadlineAlert(
            reference=DeadlineReference.DAGRUN_QUEUED_AT,
            interval=CYCLE,
            callback=AsyncCallback(tell_overdue),
            name="a cycle takes 11 minutes at most",
        ),
        tags=["etl", source],
        default_args=LOAD_DEFAULTS | {"pool": source},
    ) as dag:
        watch = task(
            task_id="watch_cycle",
            task_display_name="Watch the cycle",
            doc_md=dag_docs.watch_task(pipeline),
            pool="warehouse",
        )(_watch_cycle)(source)
        # A teardown: it runs however the loads ended, and says nothing about how the run did.
        watch.operator.as_teardown(on_failure_fail_dagrun=False)
        for table in pipeline.tables:
            with TaskGroup(table.name, tooltip=table.description):
                _load_task(pipeline, table) >> watch
    return dag


def _load_task(pipeline: PipelineSpec, table: TableSpec) -> Any:
    return task(
        task_id="load",
        task_display_name=f"Load {table.name}",
        doc_md=dag_docs.load_task(pipeline, table),
        # One XCom, not one more for each figure: with all tables, some 10,000 rows of metadata a day.
        multiple_outputs=False,
        inlets=[source_asset(pipeline, table)],
        outlets=[mirror_asset(pipeline, table)],
    )(_load)(pipeline.source, table.name)


def _load(source: str, table: str, run_id: str | None = None) -> dict[str, int]:
    """The task: returns what it moved, for the task's XCom; Airflow fills in `run_id`."""
    from promptsales.etl.metrics import of_load
    from promptsales.etl.run import TableResult, run_table

    pipeline = pipeline_of(source)
    # What a run that fails has committed before counts too.
    result, committed_at = TableResult(source, table), None
    try:
        run_table(pipeline, pipeline.table(table), hook_connections(), str(run_id), result=result)
        committed_at = time.time()
    finally:
        _emit(of_load(result, committed_at))
    return {name: getattr(result, name) for name in ("read", "inserted", "updated", "deleted", "rejected")}


def _emit(values: Iterable[Value]) -> None:
    """Through Airflow's own client, StatsD or OpenTelemetry, whichever it is configured for; to nobody if neither."""
    from airflow.sdk.observability import stats

    from promptsales.etl.metrics import MetricKind

    for each in values:
        match each.metric.kind:
            case MetricKind.counter:
                stats.incr(each.metric.name, int(each.value), tags=each.labels)
            case MetricKind.gauge:
                stats.gauge(each.metric.name, each.value, tags=each.labels)
            case MetricKind.timer:
                stats.timing(each.metric.name, timedelta(seconds=each.value), tags=each.labels)


def _watch_cycle(source: str, dag_run: Any = None, ti: Any = None) -> dict[str, int]:
    """The task: returns how many tables an open transaction holds back; Airflow fills in `dag_run` and `ti`."""
    from promptsales.alerts.stalls import stalled_windows
    from promptsales.etl.metrics import of_status
    from promptsales.etl.status import read_status

    with closing(hook_connections().postgres()) as warehouse:
        tables = [status for status in read_status(warehouse) if status.source == source]
    _emit(of_status(tables))
    scope = f"{source}/windows"
    in_time = pendulum.now("UTC") - (dag_run.start_date or pendulum.now("UTC")) < CYCLE
    stalls = stalled_windows(source, [table.freshness for table in tables], scope, ti.log_url)
    _report_alerts(stalls, [scope, *([_cycle_scope(dag_run.dag_id)] if in_time else [])])
    return {"stalled": sum(table.freshness.stalled_seconds is not None for table in tables)}


def source_asset(pipeline: PipelineSpec, table: TableSpec) -> Asset:
    """A source table as Airflow's asset graph shows it."""
    return Asset(
        name=f"{TITLES[pipeline.source]}: {table.name}",
        uri=f"promptsales://{pipeline.source}/{table.name}",
        group="source",
    )


def mirror_asset(pipeline: PipelineSpec, table: TableSpec) -> Asset:
    """A mirror as Airflow's asset graph shows it; consumers of the warehouse schedule on it."""
    return Asset(
        name=f"Mirror of {TITLES[pipeline.source]}: {table.name}",
        uri=f"promptsales://warehouse/{pipeline.target_schema}/{table.name}",
        group="mirror",
    )


def refresh_dag() -> DAG:
    """The DAG `refresh_marts`: after any load of a mirror that `dw` is made of; loads of one moment share a run."""
    mirrors = [mirror_asset(mirror.pipeline, mirror.table) for mirror in MIRRORS]
    with DAG(
        dag_id="refresh_marts",
        dag_display_name="Warehouse to star schema and marts",
        description="What the last loads changed, into the star schema and what is derived from it",
        doc_md=dag_docs.REFRESH_DAG,
        schedule=AssetAny(*mirrors),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=CYCLE,
        tags=["warehouse"],
        default_args=LOAD_DEFAULTS | {"pool": "warehouse"},
    ) as dag:
        star_schema = task(
            task_id="refresh_dw",
            task_display_name="Refresh the star schema",
            doc_md=dag_docs.REFRESH_DW,
            inlets=mirrors,
            outlets=[STAR_SCHEMA],
        )(_refresh_dw)()
        marts = task(
            task_id="refresh_marts",
            task_display_name="Refresh the marts",
            doc_md=dag_docs.REFRESH_MARTS,
            inlets=[STAR_SCHEMA],
            outlets=[MARTS],
        )(_refresh_marts)()
        cache = task(
            task_id="feed_cache",
            task_display_name="Feed the cache",
            doc_md=dag_docs.FEED_CACHE,
            inlets=[MARTS],
            outlets=[CACHE],
        )(_feed_cache)()
        quality = task(
            task_id="check_quality",
            task_display_name="Check data quality",
            doc_md=dag_docs.CHECK_QUALITY,
            inlets=[STAR_SCHEMA, MARTS],
            outlets=[QUALITY],
        )(_check_quality)()
        star_schema >> marts >> [cache, quality]
    return dag


def _refresh_dw() -> dict[str, int]:
    """The task: returns the rows it changed by table of `dw`."""
    from promptsales.warehouse.refresh import refresh

    return refresh(hook_connections()).rows


def _refresh_marts() -> dict[str, int]:
    """The task: returns the rows it changed by table of `mart`."""
    from promptsales.warehouse.marts import refresh_marts

    return refresh_marts(hook_connections()).rows


def _feed_cache() -> int:
    """The task: returns how many campaigns it put into Redis."""
    from promptsales.cache.campaign_statistics import feed

    return feed(hook_connections())


def _check_quality(run_id: str | None = None) -> dict[str, int]:
    """The task: returns how many checks ended in which state; fails where one of severity error does."""
    from promptsales.quality.run import fail_on_errors, run_checks

    results = run_checks(hook_connections(), str(run_id))
    fail_on_errors(results)
    return dict(Counter(result.state.value for result in results))


def index_content_dag() -> DAG:
    """The DAG `index_content`: after any change of the image library, its vectors."""
    content = pipeline_of("promptcontent")
    images = content.table("imagenes")
    with DAG(
        dag_id="index_content",
        dag_display_name="Images to the vector index",
        description="Embeds new and changed images, and repairs what MongoDB and Pinecone disagree on",
        doc_md=dag_docs.INDEX_DAG,
        schedule=[mirror_asset(content, images)],
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=1),
        tags=["content"],
        default_args=LOAD_DEFAULTS | {"pool": "promptcontent"},
    ) as dag:
        task(
            task_id="index_images",
            task_display_name="Index the images",
            doc_md=dag_docs.INDEX_IMAGES,
            inlets=[source_asset(content, images)],
            outlets=[VECTORS],
        )(_index_images)()
    return dag


def _index_images() -> dict[str, int]:
    """The task: returns how many images it embedded, left as they were, removed and labelled."""
    from promptsales.airflow_connections import PINECONE, with_pinecone_of
    from promptsales.content.images.embedder import embedder_of
    from promptsales.content.images.indexing import index_images
    from promptsales.content.images.vector_index import connect_index
    from promptsales.settings import Settings

    pinecone = BaseHook.get_connection(PINECONE)
    settings = with_pinecone_of(Settings(), pinecone.password, pinecone.host, pinecone.extra_dejson)
    embedder = embedder_of(settings)
    index = connect_index(settings, embedder.model)
    database = _mongo_database("promptcontent_mongo_content")
    with database.client, closing(hook_connections().redis()) as redis:
        index.open(create=True)
        report = index_images(database["imagenes"], index, embedder, redis, on_batch=_log_images)
    return asdict(report)


def _log_images(done: int, total: int) -> None:
    logger.info("imagenes: %d of %d", done, total)


def reconcile_dag() -> DAG:
    """The DAG `reconcile_warehouse`: every night, each mirror against its source, one task a table."""
    with DAG(
        dag_id="reconcile_warehouse",
        dag_display_name="Sources beside their mirrors",
        description="Compares every mirror with its source and repairs what no delta told",
        doc_md=dag_docs.RECONCILE_DAG,
        # Without a start date: an Airflow that is new runs it at night, not at once.
        schedule=CronTriggerTimetable("17 3 * * *", timezone="UTC"),
        catchup=False,
        max_active_runs=1,
        # Each reads a whole table: two at a time leave the sources room for their own work.
        max_active_tasks=2,
        dagrun_timeout=timedelta(hours=6),
        tags=["etl", "warehouse"],
        default_args=LONG_DEFAULTS,
        params={
            "max_drift": Param(
                MAX_DRIFT * 100,
                type="number",
                minimum=0,
                maximum=100,
                title="Largest drift, in percent",
                description="If more than this part of a table differs from its source, somebody should look first: "
                "the task turns red and takes nothing out of the mirror. 5 is right for every night; choose more only "
                "when you know why so much differs.",
            ),
            "repair": Param(
                True,
                type="boolean",
                title="Repair",
                description="On: correct the rows that differ. Off: only look and report, change nothing.",
            ),
        },
    ) as dag:
        for pipeline in load_pipelines().values():
            with TaskGroup(pipeline.source, tooltip=f"The tables of {TITLES[pipeline.source]}"):
                for table in pipeline.tables:
                    task(
                        task_id=table.name,
                        task_display_name=f"Compare {table.name}",
                        doc_md=dag_docs.reconcile_task(pipeline, table),
                        pool=pipeline.source,
                        inlets=[source_asset(pipeline, table)],
                        outlets=[mirror_asset(pipeline, table)],
                    )(_reconcile)(pipeline.source, table.name)
    return dag


def _reconcile(
    source: str, table: str, params: dict[str, Any] | None = None, run_id: str | None = None
) -> dict[str, Any]:
    """The task: returns what it found; Airflow fills in `params` and `run_id`."""
    from promptsales.etl.reconcile import reconcile

    wanted = params or {}
    pipeline = pipeline_of(source)
    found = reconcile(
        pipeline,
        pipeline.table(table),
        hook_connections(),
        str(run_id),
        repair=wanted["repair"],
        max_drift=wanted["max_drift"] / 100,
        on_read=lambda rows: logger.info("%s.%s: %d rows read", source, table, rows),
    )
    counts = ("source_rows", "missing", "extra", "different", "in_flight")
    return {"outcome": found.outcome.value, **{name: getattr(found, name) for name in counts}}


def index_benchmark_dag() -> DAG:
    """The DAG `index_benchmark`: every night, two tasks an engine, for its indexes and its statements, and a report."""
    with DAG(
        dag_id="index_benchmark",
        dag_display_name="What the indexes gain",
        description="Plans and timings without and with each index, on copies; the costliest statements; a report",
        doc_md=dag_docs.BENCHMARK_DAG,
        # Without a start date: an Airflow that is new runs it at night, not at once.
        schedule=CronTriggerTimetable("41 2 * * *", timezone="UTC"),
        catchup=False,
        max_active_runs=1,
        # One after the other: two at once would measure each other.
        max_active_tasks=1,
        dagrun_timeout=timedelta(hours=6),
        tags=["benchmarks"],
        default_args=LONG_DEFAULTS | {"pool": "benchmarks"},
    ) as dag:
        parts = []
        for engine, title in ENGINE_TITLES.items():
            with TaskGroup(engine, tooltip=title):
                parts += [
                    task(
                        task_id="measure_indexes",
                        task_display_name=f"Measure {title}'s indexes",
                        doc_md=dag_docs.MEASURE_INDEXES,
                    )(_measure_indexes)(engine),
                    task(
                        task_id="watch_queries",
                        task_display_name=f"Watch {title}'s queries",
                        doc_md=dag_docs.WATCH_QUERIES,
                    )(_watch_queries)(engine),
                ]
        # Of what could be measured; a part that failed leaves the run without a report, and red.
        report = task(
            task_id="report",
            task_display_name="Write the report",
            doc_md=dag_docs.BENCHMARK_REPORT,
            trigger_rule="none_failed",
        )
        parts >> report(_report)()
    return dag


def _measure_indexes(engine: str, run_id: str | None = None) -> int:
    """The task: returns how many measurements it recorded; skipped where the server cannot be measured."""
    from promptsales.benchmarks.indexes.run import measure

    return _or_skipped(lambda: measure(hook_connections(admin=True), engine, str(run_id), notify=logger.info))


def _watch_queries(engine: str, run_id: str | None = None) -> int:
    """The task: returns how many statements it recorded; skipped where the server does not tell."""
    from promptsales.benchmarks.indexes.run import watch

    return _or_skipped(lambda: watch(hook_connections(admin=True), engine, str(run_id)))


def _or_skipped(count: Callable[[], int]) -> int:
    try:
        return count()
    except MissingCapabilityError as error:
        raise AirflowSkipException(str(error)) from error


def _report(run_id: str | None = None) -> str:
    """The task: returns the path of the report."""
    from promptsales.benchmarks.indexes.run import write_report
    from promptsales.settings import Settings

    path, found = write_report(hook_connections(admin=True), str(run_id), Settings().report_dir)
    for worse in found.regressions:
        logger.warning("%s: %s %s", ENGINE_TITLES[worse.engine], worse.query, worse.finding)
    return str(path)


def seed_dag() -> DAG:
    """The DAG `seed_databases`: by hand, with parameters; running it again inserts only what is missing."""
    with DAG(
        dag_id="seed_databases",
        dag_display_name="Seed the source databases",
        description="Fill PromptAds, PromptCRM and PromptContent with coherent data; never twice",
        doc_md=dag_docs.SEED,
        schedule=None,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=3),
        tags=["seeding"],
        default_args=LONG_DEFAULTS | {"pool": "seeding"},
        params={
            "scale": Param(
                0.02,
                type="number",
                minimum=MIN_SCALE,
                maximum=MAX_SCALE,
                title="Scale",
                description="How much data. 1 is 1,000 campaigns and 500,000 customers, and takes some minutes; "
                "0.02 is 20 campaigns and 10,000 customers, enough to look around, and takes seconds.",
                examples=[0.02, 0.1, 1],
            ),
            "seed": Param(
                DEFAULT_SEED,
                type="integer",
                minimum=0,
                title="Seed",
                description="Any whole number. The same number, day and scale give exactly the same data; leave it as "
                "it is unless you want other names and figures.",
            ),
            "as_of": Param(
                None,
                type=["null", "string"],
                format="date",
                title="As of",
                description="The last day of the data. Left empty: the day of the data that is already there, or today "
                "(UTC).",
            ),
            "peak_month": Param(
                DEFAULT_PEAK_MONTH,
                type="integer",
                enum=list(MONTHS),
                values_display={str(number): name for number, name in MONTHS.items()},
                title="Third peak month",
                description="Most campaigns start in December, January and this month.",
            ),
        },
    ) as dag:
        task(task_id="seed", task_display_name="Seed", doc_md=dag_docs.SEED, outlets=_source_assets())(_seed)()
    return dag


def simulate_dag() -> DAG:
    """The DAG `simulate_activity`: by hand, with parameters."""
    with DAG(
        dag_id="simulate_activity",
        dag_display_name="Simulate activity in the sources",
        description="Make believable inserts, updates and deletes in all three sources, and count them",
        doc_md=dag_docs.SIMULATE,
        schedule=None,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=1),
        tags=["seeding"],
        # A second try would make more changes than were asked for.
        default_args=LONG_DEFAULTS | {"pool": "seeding", "retries": 0},
        params={
            "changes": Param(
                1000,
                type="integer",
                minimum=50,
                maximum=100_000,
                title="Changes",
                description="How many rows to insert, update and delete in all. The next cycle, at most 11 minutes "
                "later, moves exactly these.",
            )
        },
    ) as dag:
        task(task_id="simulate", task_display_name="Simulate", doc_md=dag_docs.SIMULATE, outlets=_source_assets())(
            _simulate
        )()
    return dag


def _seed(params: dict[str, Any] | None = None) -> dict[str, dict[str, int]]:
    """The task: returns the rows inserted by database and table."""
    from promptsales.seeding.plan import SeedPlan, today
    from promptsales.seeding.seed import existing_plan, seed_all

    wanted = params or {}
    connections = hook_connections(admin=True)
    existing = existing_plan(connections)
    plan = SeedPlan(
        as_of=date.fromisoformat(wanted["as_of"]) if wanted["as_of"] else existing.as_of if existing else today(),
        scale=wanted["scale"],
        seed=wanted["seed"],
        peak_month=wanted["peak_month"],
    )
    return seed_all(connections, plan, _log_progress).inserted


def _log_progress(database: str, table: str, done: int, total: int) -> None:
    logger.info("%s.%s: %d of %d rows", database, table, done, total)


def _simulate(params: dict[str, Any] | None = None) -> dict[str, dict[str, dict[str, int]]]:
    """The task: returns how many rows it changed, by source, table and kind of change."""
    from promptsales.seeding.simulate import simulate_changes

    return simulate_changes(hook_connections(admin=True), (params or {})["changes"])


def _source_assets() -> list[Asset]:
    return [source_asset(pipeline, table) for pipeline in load_pipelines().values() for table in pipeline.tables]


def run_dag(dag_id: str) -> str:
    """Run one DAG once, in this process, through Airflow's own `dag.test()`; returns the run's final state.

    Raises:
        PromptSalesError: no such DAG, or its file does not import.
    """
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag()
    if dag_id not in bag.dags:
        raise PromptSalesError(f"no DAG {dag_id!r} in {bag.dag_folder}: {bag.import_errors or 'check its file'}")
    dag = bag.dags[dag_id]
    # Nothing watches it here, and dag.test() looks deadlines up as only a scheduler has them in the database.
    dag.deadline = None
    return str(dag.test().state)


def main(answering: int) -> None:
    """Run the DAGs that standard input names, one a line.

    Args:
        answering: the file descriptor that takes each one's final state, a line too.
    """
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics.stats_utils import get_stats_factory

    # As a task's process does it; dag.test() does not. Once: a client that is replaced forgets what it has to send.
    stats.initialize(
        factory=get_stats_factory(), export_legacy_names=configuration.getboolean("metrics", "legacy_names_on")
    )
    with open(answering, "w", encoding="utf-8") as answers:
        for line in sys.stdin:
            print(run_dag(line.strip()), file=answers, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
