"""Airflow's side of the library: connections out of provider hooks, and DAGs out of pipeline specs.

The only module of `promptsales` that imports Airflow, but for `connections.connect_sqlserver_by_hook`. DAG files call
it and hold no logic of their own.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from contextlib import closing
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import pendulum
from airflow.providers.microsoft.mssql.hooks.mssql import MsSqlHook
from airflow.providers.mongo.hooks.mongo import MongoHook
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.providers.redis.hooks.redis import RedisHook
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
from airflow.sdk.exceptions import AirflowSkipException

from promptsales.airflow_connections import PINECONE, with_pinecone_of
from promptsales.benchmarks.indexes import run as index_benchmark
from promptsales.benchmarks.indexes.measurement import TITLES
from promptsales.cache.campaign_statistics import feed
from promptsales.connections import Connections
from promptsales.content.images.embedder import embedder_of
from promptsales.content.images.indexing import index_images
from promptsales.content.images.vector_index import connect_index
from promptsales.errors import MissingCapabilityError, PromptSalesError
from promptsales.etl.reconcile import MAX_DRIFT, reconcile
from promptsales.etl.run import run_table
from promptsales.etl.spec import PipelineSpec, TableSpec, load_pipelines, pipeline_of
from promptsales.quality.run import fail_on_errors, run_checks
from promptsales.seeding.plan import DEFAULT_PEAK_MONTH, DEFAULT_SEED, MIN_SCALE, SeedPlan, today
from promptsales.seeding.seed import existing_plan, seed_all
from promptsales.seeding.simulate import simulate_changes
from promptsales.settings import Settings
from promptsales.warehouse.marts import refresh_marts
from promptsales.warehouse.refresh import refresh
from promptsales.warehouse.tables import MIRRORS

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

REFRESH_DAG_DOC = """
After any load of a mirror that the warehouse is made of, in this order: the star schema follows the mirrors, the marts
follow the star schema, the cache follows the marts. Each task takes what changed since its own last commit, so a run
that was missed or failed is made up for by the next.
"""

REFRESH_DOC = """
Brings the star schema `dw` up to the last committed loads, in one PostgreSQL transaction: the keys that loads wrote or
deleted since the last refresh, the rows that depend on them, and of these the ones that differ. A run that finds
nothing new takes a fraction of a second.

- **In:** the mirrors `ods_*`, `etl.deleted_rows`, and the exchange rates and token tariffs of the repository.
- **Out:** the dimensions and facts of `dw`, a row in `dw.refrescos`; changed rows by table in this task's XCom.
- **On failure:** `dw` is as it was before. Mend what the task's last log line names and clear the task; or wait: the
  next run takes the same changes again.
"""

MARTS_DOC = """
Brings the marts, `mart`, up to the last refresh of `dw`, in one PostgreSQL transaction: the groups of rows that it
touched are derived anew, and those that differ are written. A change raises the version in `mart.posicion` and is told
on the channel `promptsales_cache` (NOTIFY) at the commit.

- **In:** `dw`, with its lists of changes `dw.cambios` and `dw.cambios_cliente`.
- **Out:** the tables of `mart`, a new version; changed rows by table in this task's XCom.
- **On failure:** `mart` is as it was before, and `dw` is ahead of it until the next run. Mend what the task's last log
  line names and clear the task; or wait.
"""

CACHE_DOC = """
Puts the figures of the campaigns that changed since the last feed into Redis, `estadisticas:campana:{id}`. Each carries
the version of the marts that it is of; readers use no other, so a feed that is late or missing makes an answer slower,
never wrong.

- **In:** `mart`.
- **Out:** a hash a campaign, 11 minutes long; how many of them in this task's XCom.
- **On failure:** readers ask PostgreSQL. Check that Redis runs and clear the task; or wait: the next run feeds
  the rest.
"""

SEED_DOC = """
Fills the three sources with coherent data: campaigns over two years, the customers they won, their sales, whose sum is
each campaign's revenue to the cent, images and campaign logs.

- **In:** the parameters of the form. Databases that were seeded with others refuse.
- **Out:** rows in PromptAds, PromptCRM and PromptContent; counts by table in this task's XCom.
- **On failure:** what was committed stays; trigger it again with the same parameters and it goes on from there.
"""

SIMULATE_DOC = """
Changes rows in the three sources as a working day would: new customers and sales, leads that move on, budgets,
sentiment, withdrawn consents, images. Every invariant holds afterwards, revenue and sales to the cent included.

- **In:** how many changes to make. The databases must have been seeded.
- **Out:** the changed rows; how many of each kind by table in this task's XCom, to hold the next cycle against.
- **On failure:** each source's changes are one transaction: they are all there, or none is.
"""

STAR_SCHEMA = Asset(name="dw", uri="promptsales://warehouse/dw")
"""The star schema as Airflow's asset graph shows it."""

MARTS = Asset(name="mart", uri="promptsales://warehouse/mart")
"""The marts as Airflow's asset graph shows them."""

QUALITY_DOC = """\
Asks every check of `pipelines/quality/checks.yaml`. Results are in `ops.quality_results`; a check of severity error
that fails makes this task fail, and its message says what was found. Tables are loaded one by one, so two may disagree
for a moment: the task asks again before it gives up.
"""

INDEX_DOC = """\
Embeds images whose description, hashtags, category or campaigns are new, and takes away vectors of images that are
gone.
Safe to run at any time: nothing changed, nothing is embedded. The connections are `promptcontent_mongo_content`,
`promptsales_redis` and `pinecone_default` (the key is its password). The embedding model is OpenAI's where the
environment has `OPENAI_API_KEY`, and otherwise the one inside the package.
"""

RECONCILE_DAG_DOC = """\
Every night at 03:17 UTC: each mirror against its source, by counts and digests of key ranges, then row by row where
they differ. What drifted (a truncate by hand, a restored source) is repaired, and the star schema follows. A task whose
table differs by more than `max_drift` percent fails. Rows that the mirror only lacked are back by then; anything else
is not repaired: look at the source first, then run this DAG again with a larger one. What was found is in
`ops.reconciliaciones`.
"""

RECONCILE_DOC = """\
Reads the whole table at its source, and compares. Safe to run at any time, beside the loads: what changed since the
last load is left out.
"""

BENCHMARK_DAG_DOC = """\
Every night at 02:41 UTC: what each index gains the queries that it is there for, and what the servers spend their time
on. A part that a server cannot do (the SQL Server stand-in makes no copies, a MongoDB without its profiler counts
nothing) is skipped, and its log and the report say why. The report is one HTML file: the XCom of `report` names it.
Figures are in `ops.index_benchmarks` and `ops.consultas_costosas`, for a year.
"""

BENCHMARK_DOC = """\
Copies each table twice, drops one index in one of the copies, and runs each query on both in turns. Live tables are
read once, to be copied; no live index is touched. The copies are gone in the end, also after a failure.
"""

WATCH_DOC = """\
Records which statements took the server most time and most reads, as it counts them itself: pg_stat_statements, Query
Store or the plans in memory, MongoDB's profiler or `$currentOp`.
"""

BENCHMARK_REPORT_DOC = """\
Writes `index_benchmark.html` into `PROMPTSALES_REPORT_DIR`, and warns of every query that is worse than its history.
"""

LOAD_DEFAULTS = {
    "owner": "data-platform",
    "retries": 2,
    "retry_delay": timedelta(seconds=20),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=2),
    "execution_timeout": timedelta(minutes=10),
}

MANUAL_DEFAULTS = {"owner": "data-platform", "retries": 0, "execution_timeout": timedelta(hours=1)}


def hook_connections(*, admin: bool = False) -> Connections:
    """Connection factories over the provider hooks.

    Args:
        admin: use the connections whose logins own the schemas (seeding and simulation need them).
    """
    suffix = "_admin" if admin else ""
    return Connections(
        postgres=lambda: PostgresHook(f"promptsales_postgres{suffix}").get_conn(),
        redis=lambda: RedisHook("promptsales_redis").get_conn(),
        mongo=lambda: _mongo_database(f"promptcontent_mongo{suffix}"),
        ads=lambda: MsSqlHook(f"promptads_mssql{suffix}").get_conn(),
        crm=lambda: MsSqlHook(f"promptcrm_mssql{suffix}").get_conn(),
    )


def _mongo_database(connection_id: str) -> Any:
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
        doc_md=_dag_doc(pipeline),
        schedule=DeltaDataIntervalTimetable(CYCLE),
        start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=CYCLE,
        tags=["etl", source],
        default_args=LOAD_DEFAULTS,
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


def refresh_dag() -> DAG:
    """The DAG `refresh_marts`: after any load of a mirror that `dw` is made of; loads of one moment share a run."""
    mirrors = [mirror_asset(mirror.pipeline, mirror.table) for mirror in MIRRORS]
    with DAG(
        dag_id="refresh_marts",
        dag_display_name="Warehouse to star schema and marts",
        description="What the last loads changed, into the star schema and what is derived from it",
        doc_md=REFRESH_DAG_DOC,
        schedule=AssetAny(*mirrors),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=CYCLE,
        tags=["warehouse"],
        default_args=LOAD_DEFAULTS,
    ) as dag:
        star_schema = task(task_id="refresh_dw", doc_md=REFRESH_DOC, inlets=mirrors, outlets=[STAR_SCHEMA])(
            _refresh_dw
        )()
        marts = task(task_id="refresh_marts", doc_md=MARTS_DOC, inlets=[STAR_SCHEMA], outlets=[MARTS])(_refresh_marts)()
        cache = task(task_id="feed_cache", doc_md=CACHE_DOC, inlets=[MARTS])(_feed_cache)()
        quality = task(task_id="check_quality", doc_md=QUALITY_DOC, inlets=[STAR_SCHEMA, MARTS])(_check_quality)()
        star_schema >> marts >> [cache, quality]
    return dag


def _refresh_dw() -> dict[str, int]:
    """The task: returns the rows it changed by table of `dw`."""
    return refresh(hook_connections()).rows


def _refresh_marts() -> dict[str, int]:
    """The task: returns the rows it changed by table of `mart`."""
    return refresh_marts(hook_connections()).rows


def _feed_cache() -> int:
    """The task: returns how many campaigns it put into Redis."""
    return feed(hook_connections())


def index_content_dag() -> DAG:
    """The DAG `index_content`: after any change of the image library, its vectors."""
    images = pipeline_of("promptcontent").table("imagenes")
    with DAG(
        dag_id="index_content",
        dag_display_name="Images to the vector index",
        description="Embeds new and changed images, and repairs what MongoDB and Pinecone disagree on",
        doc_md=INDEX_DOC,
        schedule=[mirror_asset(pipeline_of("promptcontent"), images)],
        catchup=False,
        max_active_runs=1,
        tags=["content"],
        default_args=LOAD_DEFAULTS,
    ) as dag:
        task(task_id="index_images", doc_md=INDEX_DOC, inlets=[source_asset(pipeline_of("promptcontent"), images)])(
            _index_images
        )()
    return dag


def _index_images() -> dict[str, int]:
    """The task: returns how many images it embedded, left as they were, removed and labelled."""
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
        doc_md=RECONCILE_DAG_DOC,
        # Without a start date: an Airflow that is new runs it at night, not at once.
        schedule=CronTriggerTimetable("17 3 * * *", timezone="UTC"),
        catchup=False,
        max_active_runs=1,
        # Each reads a whole table: two at a time leave the sources room for their own work.
        max_active_tasks=2,
        tags=["etl", "warehouse"],
        default_args=MANUAL_DEFAULTS,
        params={
            "max_drift": Param(
                MAX_DRIFT * 100,
                type="number",
                minimum=0,
                maximum=100,
                title="Largest drift, in percent",
                description="More than this part of a table fails the task, and takes nothing out of the mirror.",
            ),
            "repair": Param(True, type="boolean", title="Repair", description="Off: compare, and change nothing."),
        },
    ) as dag:
        for pipeline in load_pipelines().values():
            with TaskGroup(pipeline.source):
                for table in pipeline.tables:
                    task(
                        task_id=table.name,
                        doc_md=RECONCILE_DOC,
                        inlets=[source_asset(pipeline, table)],
                        outlets=[mirror_asset(pipeline, table)],
                    )(_reconcile)(pipeline.source, table.name)
    return dag


def _reconcile(
    source: str, table: str, params: dict[str, Any] | None = None, run_id: str | None = None
) -> dict[str, Any]:
    """The task: returns what it found; Airflow fills in `params` and `run_id`."""
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
        doc_md=BENCHMARK_DAG_DOC,
        # Without a start date: an Airflow that is new runs it at night, not at once.
        schedule=CronTriggerTimetable("41 2 * * *", timezone="UTC"),
        catchup=False,
        max_active_runs=1,
        # One after the other: two at once would measure each other.
        max_active_tasks=1,
        tags=["benchmarks"],
        default_args=MANUAL_DEFAULTS,
    ) as dag:
        parts = []
        for engine, title in TITLES.items():
            with TaskGroup(engine, tooltip=title):
                parts += [
                    task(task_id="measure_indexes", doc_md=BENCHMARK_DOC)(_measure_indexes)(engine),
                    task(task_id="watch_queries", doc_md=WATCH_DOC)(_watch_queries)(engine),
                ]
        # Of what could be measured; a part that failed leaves the run without a report, and red.
        parts >> task(task_id="report", doc_md=BENCHMARK_REPORT_DOC, trigger_rule="none_failed")(_report)()
    return dag


def _measure_indexes(engine: str, run_id: str | None = None) -> int:
    """The task: returns how many measurements it recorded; skipped where the server cannot be measured."""
    try:
        return index_benchmark.measure(hook_connections(admin=True), engine, str(run_id), notify=logger.info)
    except MissingCapabilityError as error:
        raise AirflowSkipException(str(error)) from error


def _watch_queries(engine: str, run_id: str | None = None) -> int:
    """The task: returns how many statements it recorded; skipped where the server does not tell."""
    try:
        return index_benchmark.watch(hook_connections(admin=True), engine, str(run_id))
    except MissingCapabilityError as error:
        raise AirflowSkipException(str(error)) from error


def _report(run_id: str | None = None) -> str:
    """The task: returns the path of the report."""
    path, found = index_benchmark.write_report(hook_connections(admin=True), str(run_id), Settings().report_dir)
    for worse in found.regressions:
        logger.warning("%s: %s %s", TITLES[worse.engine], worse.query, worse.finding)
    return str(path)


def _check_quality(run_id: str | None = None) -> dict[str, int]:
    """The task: returns how many checks ended in which state; fails where one of severity error does."""
    results = run_checks(hook_connections(), str(run_id))
    fail_on_errors(results)
    return dict(Counter(result.state.value for result in results))


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


def seed_dag() -> DAG:
    """The DAG `seed_databases`: by hand, with parameters; running it again inserts only what is missing."""
    with DAG(
        dag_id="seed_databases",
        dag_display_name="Seed the source databases",
        description="Fill PromptAds, PromptCRM and PromptContent with coherent data; never twice",
        doc_md=SEED_DOC,
        schedule=None,
        max_active_runs=1,
        tags=["seeding"],
        default_args=MANUAL_DEFAULTS,
        params={
            "scale": Param(
                0.02,
                type="number",
                minimum=MIN_SCALE,
                maximum=100,
                title="Scale",
                description="1.0 is 1,000 campaigns and 500,000 customers.",
            ),
            "seed": Param(
                DEFAULT_SEED,
                type="integer",
                minimum=0,
                title="Seed",
                description="The same seed, date and scale give the same rows.",
            ),
            "as_of": Param(
                None,
                type=["null", "string"],
                format="date",
                title="As of",
                description="The day the data ends on. Left empty: the day of the data already there, or today (UTC).",
            ),
            "peak_month": Param(
                DEFAULT_PEAK_MONTH,
                type="integer",
                minimum=2,
                maximum=11,
                title="Third peak month",
                description="Campaigns peak in December, January and this month (7 is July).",
            ),
        },
    ) as dag:
        task(task_id="seed", doc_md=SEED_DOC, outlets=_source_assets())(_seed)()
    return dag


def simulate_dag() -> DAG:
    """The DAG `simulate_activity`: by hand, with parameters."""
    with DAG(
        dag_id="simulate_activity",
        dag_display_name="Simulate activity in the sources",
        description="Make believable inserts, updates and deletes in all three sources, and count them",
        doc_md=SIMULATE_DOC,
        schedule=None,
        max_active_runs=1,
        tags=["seeding"],
        default_args=MANUAL_DEFAULTS,
        params={
            "changes": Param(
                1000,
                type="integer",
                minimum=50,
                maximum=100_000,
                title="Changes",
                description="How many rows to insert, update and delete in all.",
            )
        },
    ) as dag:
        task(task_id="simulate", doc_md=SIMULATE_DOC, outlets=_source_assets())(_simulate)()
    return dag


def _seed(params: dict[str, Any] | None = None) -> dict[str, dict[str, int]]:
    """The task: returns the rows inserted by database and table."""
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
    return simulate_changes(hook_connections(admin=True), (params or {})["changes"])


def _source_assets() -> list[Asset]:
    return [source_asset(pipeline, table) for pipeline in load_pipelines().values() for table in pipeline.tables]


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
