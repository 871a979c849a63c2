"""The ETL through Airflow itself: connections out of hooks, and DAG runs that commit every table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from local_service import LocalService, Scripted, local_service
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from promptsales.connections import Connections, connect_mongo, connect_postgres, connect_redis
from promptsales.content.images.embedder import SentenceEncoder
from promptsales.content.images.search import results_suspended, suspend_results
from promptsales.content.images.vector_index import connect_index
from promptsales.etl.metrics import METRICS, MetricKind
from promptsales.etl.run import run_table
from promptsales.etl.spec import pipeline_of
from promptsales.local import airflow
from promptsales.local.airflow import AirflowError
from promptsales.local.engines import environment
from promptsales.seeding.content import image_documents
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.world import build_world
from promptsales.settings import Settings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def airflow_root(local_dir: Path, connections: Connections) -> Path:
    """The folder of the running engines, with Airflow's metadata in their PostgreSQL."""
    airflow.migrate(local_dir)
    with closing(connections.postgres()) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM etl.loads").fetchone()
    return local_dir


def loaded_by_airflow(connections: Connections, source: str) -> set[str]:
    """The tables that Airflow runs of a source have committed a window of."""
    with closing(connections.postgres()) as warehouse:
        rows = warehouse.execute(
            "SELECT DISTINCT table_name FROM etl.loads WHERE source = %s AND run_id LIKE 'manual__%%'", [source]
        ).fetchall()
    return {table for (table,) in rows}


def test_the_dags_load_every_table(airflow_root: Path, connections: Connections) -> None:
    airflow.run_dags(airflow_root, ["etl_promptcontent", "etl_promptcrm", "refresh_marts"])
    assert loaded_by_airflow(connections, "promptcontent") == {
        "imagenes", "servicios_terceros", "bitacora_solicitudes", "logs_campanas", "mcp_servers",
    }  # fmt: skip
    assert loaded_by_airflow(connections, "promptcrm") == {
        "clientes", "leads", "ventas", "lineas_venta", "consentimientos",
    }  # fmt: skip

    with closing(connections.postgres()) as warehouse:
        started = (
            "SELECT max(iniciado_en) > max(committed_at) FROM dw.refrescos, etl.loads WHERE run_id LIKE 'manual__%'"
        )
        assert warehouse.execute(started).fetchone() == (True,)
        followed = (
            "SELECT id_refresco = (SELECT max(id_refresco) FROM dw.refrescos) AND version = version_en_cache"
            " FROM mart.posicion"
        )
        assert warehouse.execute(followed).fetchone() == (True,)


def test_images_are_indexed_by_connections_alone(
    airflow_root: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an Airflow that was given `promptsales airflow-env` and nothing else."""
    images = connect_mongo(settings.url("mongo", admin=True))
    index = connect_index(settings, SentenceEncoder.model)
    with images.client, closing(connect_redis(settings.url("redis"))) as redis:
        seed = image_documents(build_world(SeedPlan(as_of=date(2025, 10, 22), scale=0.004)))[:3]
        images["imagenes"].insert_many(seed)
        # What a killed run leaves behind.
        suspend_results(redis)
        everything = airflow.airflow_environment
        monkeypatch.setattr(
            airflow,
            "airflow_environment",
            lambda root: {
                name: value
                for name, value in everything(root).items()
                if not name.startswith(("PROMPTSALES_", "PINECONE_"))
            },
        )
        airflow.run_dags(airflow_root, ["index_content"])
        assert {identifier for page in index.metadata() for identifier in page} == {str(each["_id"]) for each in seed}
        assert not results_suspended(redis)


def states(root: Path, dag_id: str) -> dict[str, str]:
    """How each task of a DAG's last run ended, as Airflow recorded it."""
    url = environment(root)["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
    query = (
        "SELECT DISTINCT ON (task_id) task_id, state FROM task_instance WHERE dag_id = %s"
        " ORDER BY task_id, end_date DESC NULLS FIRST"
    )
    with closing(connect_postgres(url)) as metadata:
        return dict(metadata.execute(query, [dag_id]).fetchall())


def test_indexes_that_cannot_be_measured_are_skipped_with_the_reason(
    airflow_root: Path, admin_connections: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty tables, a stand-in without DDL, a profiler that is off; and a report that says so."""
    monkeypatch.setenv("PROMPTSALES_REPORT_DIR", str(tmp_path))
    airflow.run_dags(airflow_root, ["index_benchmark"])
    ended = states(airflow_root, "index_benchmark")
    assert ended["sqlserver.measure_indexes"] == ended["sqlserver.watch_queries"] == "skipped"
    assert ended["mongodb.watch_queries"] == "skipped"
    assert ended["postgresql.watch_queries"] == ended["report"] == "success"
    with closing(admin_connections.postgres()) as warehouse:
        left_out = warehouse.execute("SELECT motor, medicion FROM ops.mediciones_omitidas").fetchall()
    assert {("sqlserver", "index benchmarks"), ("sqlserver", "costliest queries")} <= set(left_out)
    assert ("postgresql", "ventas_de_una_campana") in left_out
    report = (tmp_path / "index_benchmark.html").read_text(encoding="utf-8")
    assert "It takes SQL Server" in report
    assert "PostgreSQL: what takes its time and reads" in report


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalService]:
    """A webhook of alerts and a collector of OpenTelemetry in one, which tasks in other processes report to."""
    with local_service() as service:
        service.otherwise = lambda request: Scripted(200, raw=b"")
        monkeypatch.setenv("PROMPTSALES_ALERT_WEBHOOK_URL", f"{service.url}/hook")
        monkeypatch.setenv("AIRFLOW__METRICS__OTEL_ON", "True")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", service.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        yield service


def collected(service: LocalService) -> dict[str, list[tuple[dict[str, str], float]]]:
    """What OpenTelemetry's collector was sent last of each of our metrics: values with their labels."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for request in (each for each in service.received if each.path == "/v1/metrics"):
        export = ExportMetricsServiceRequest.FromString(request.body.encode("utf-8", "surrogateescape"))
        for metric in (
            metric
            for resource in export.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name.startswith("airflow.etl.")
        ):
            points = getattr(metric, str(metric.WhichOneof("data"))).data_points
            found[metric.name.removeprefix("airflow.")] = [
                (
                    {label.key: label.value.string_value for label in point.attributes},
                    point.sum if hasattr(point, "sum") else point.as_double or point.as_int,
                )
                for point in points
            ]
    return found


def test_tasks_tell_what_is_wrong_and_what_they_moved(
    airflow_root: Path, connections: Connections, admin_connections: Connections, outside: LocalService
) -> None:
    """An open transaction holds rows back, and a task fails; metrics and the log say which table and which load."""
    ads = pipeline_of("promptads")
    brand = "INSERT INTO dbo.marcas (id_marca, nombre, sector, codigo_pais) VALUES (%d, %s, 'hogar', 'ES')"
    with closing(admin_connections.ads()) as opened, closing(admin_connections.ads()) as other:
        opened.autocommit(False)
        opened.cursor().execute(brand, (9_001, "Marca abierta"))
        other.cursor().execute(brand, (9_002, "Marca que espera"))
        run_table(ads, ads.table("marcas"), connections, "by hand")
        with closing(connections.postgres()) as warehouse:
            # As if the cycles of an hour had found it so.
            warehouse.execute("UPDATE etl.watermarks SET held_since = held_since - interval '1 hour'")
            warehouse.commit()
        with pytest.raises(AirflowError):
            airflow.run_dags(airflow_root, ["etl_promptads", "simulate_activity"])
        opened.rollback()
        other.cursor().execute("DELETE FROM dbo.marcas WHERE id_marca = 9002")

    told = [json.loads(request.body) for request in outside.received if request.path == "/hook"]
    assert [message["text"] for message in told] == [
        "ALERT: An open transaction holds rows back: promptads",
        "ALERT: A task failed: simulate_activity: simulate",
    ]
    assert "marcas" in told[0]["blocks"][0]["text"]["text"]
    assert "/dags/simulate_activity/runs/" in told[1]["blocks"][0]["text"]["text"]

    values = collected(outside)
    assert set(values) == {metric.name for metric in METRICS}
    for metric in METRICS:
        for labels, _ in values[metric.name]:
            assert tuple(labels) == metric.labels
    by_table = {labels["table"]: value for labels, value in values["etl.stalled_seconds"]}
    assert by_table["marcas"] > 3_600
    assert by_table["anuncios"] == 0
    assert {labels["stage"] for labels, _ in values["etl.stage_duration"]} == {"extract", "load", "commit"}
    assert {metric.kind for metric in METRICS} == set(MetricKind)

    log = (airflow_root / "logs" / "airflow.log").read_text(encoding="utf-8", errors="replace")
    with closing(connections.postgres()) as warehouse:
        [(load_id,)] = warehouse.execute(
            "SELECT max(load_id) FROM etl.loads WHERE table_name = 'anuncios' AND run_id LIKE 'manual__%'"
        ).fetchall()
    [line] = [line for line in log.splitlines() if f"load_id={load_id}" in line]
    assert "source=promptads" in line
    assert "table=anuncios" in line


def test_a_dag_that_does_not_exist_is_one_clear_error(airflow_root: Path) -> None:
    with airflow.dag_process(airflow_root) as process:
        with pytest.raises(AirflowError, match="no DAG 'etl_nada'"):
            process.run(["etl_nada"])
        with pytest.raises(AirflowError, match="ended before refresh_marts did"):
            process.run(["refresh_marts"])
