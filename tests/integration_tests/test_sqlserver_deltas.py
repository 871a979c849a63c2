"""SQL Server deltas end to end over TDS: every change once, whatever the sessions around it do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pymssql
import pytest

from promptsales.cache.keys import ETL_WATERMARK
from promptsales.connections import Connections, connect_redis, connect_sqlserver
from promptsales.etl.errors import LoadError
from promptsales.etl.run import TableResult, run_pipeline, run_table
from promptsales.etl.selection import Selection
from promptsales.etl.spec import ColumnSpec, PipelineSpec, TableSpec, pipeline_of
from promptsales.settings import Settings

ADS = pipeline_of("promptads")
MARCAS = ADS.table("marcas")
CAMPANAS_MERCADOS = ADS.table("campanas_mercados")
UUID_TEXT = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
REDIS_KEY = ETL_WATERMARK.key(db="promptads", table="marcas")

Execute = Callable[..., None]


@pytest.fixture
def ads(admin_connections: Connections) -> Iterator[pymssql.Connection]:
    """The owner's connection to PromptAds, with the tables of these tests and their mirrors empty."""
    with closing(admin_connections.ads()) as connection:
        clear_promptads(connection)
        with closing(admin_connections.postgres()) as warehouse:
            for table in ADS.tables:
                warehouse.execute(f"DELETE FROM ods_promptads.{table.name}")
            for control in ("watermarks", "loads", "rejected_rows", "failures"):
                warehouse.execute(f"DELETE FROM etl.{control}")
            warehouse.commit()
        admin_connections.redis().flushdb()
        yield connection
        clear_promptads(connection)


def clear_promptads(connection: pymssql.Connection) -> None:
    for table in ("sentimientos", "rendimiento_diario", "anuncios", "campanas_mercados", "campanas", "influencers"):
        execute(connection, f"DELETE FROM dbo.{table}")
    for table in ("mercados", "canales", "marcas", "bajas"):
        execute(connection, f"DELETE FROM dbo.{table}")


def execute(connection: pymssql.Connection, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def add_brands(connection: pymssql.Connection, first: int, last: int) -> None:
    rows = ", ".join(
        f"({n}, N'Marca {n}', N'moda', 'CR', 1, '2025-01-02 03:04:05.678')" for n in range(first, last + 1)
    )
    execute(
        connection,
        f"INSERT INTO dbo.marcas (id_marca, nombre, sector, codigo_pais, activa, creado_en) VALUES {rows}",
    )


def add_campaign_markets(connection: pymssql.Connection) -> None:
    """Brand 1, markets 1 to 4, campaigns 1 and 2, and campaign 1 in markets 1 and 2."""
    add_brands(connection, 1, 1)
    markets = ", ".join(
        f"({n}, N'Costa Rica', 'CR', N'San José', N'Ciudad {n}', 9.93, -84.08, 1000, 'CRC')" for n in (1, 2, 3, 4)
    )
    campaigns = ", ".join(
        f"({n}, 1, '6F9619FF-8B86-D011-B42D-00C04FC964F{n}', N'Campaña {n}', N'Descripción', N'trafico', N'activa',"
        " '2025-01-01', '2025-02-01', 100.50, 'CRC', '2025-01-01', '2025-01-01')"
        for n in (1, 2)
    )
    execute(
        connection,
        "INSERT INTO dbo.mercados (id_mercado, pais, codigo_pais, region, ciudad, latitud, longitud, poblacion, moneda)"
        f" VALUES {markets}",
        "INSERT INTO dbo.campanas (id_campana, id_marca, referencia, nombre, descripcion, objetivo, estado,"
        f" fecha_inicio, fecha_fin, presupuesto, moneda, creado_en, actualizado_en) VALUES {campaigns}",
        "INSERT INTO dbo.campanas_mercados (id_campana, id_mercado, peso) VALUES (1, 1, 0.5), (1, 2, 0.5)",
    )


def run(connections: Connections, table: TableSpec = MARCAS, page_rows: int = 25_000) -> TableResult:
    return run_table(ADS, table, connections, "test-run", page_rows=page_rows)


def moved(result: TableResult) -> tuple[int, int, int]:
    return result.inserted, result.updated, result.deleted


def assert_identical(connections: Connections, table: TableSpec = MARCAS) -> None:
    """Every row and value of the source view is in the mirror, and nothing else."""
    columns = ", ".join(table.column_names)
    order = ", ".join(table.key)
    with closing(connections.ads()) as source, source.cursor() as cursor:
        cursor.execute(f"SELECT {columns}, version FROM {table.source} ORDER BY {order}")
        at_source = cursor.fetchall()
    with closing(connections.postgres()) as warehouse:
        mirrored = warehouse.execute(
            f"SELECT {columns}, _version FROM ods_promptads.{table.name} ORDER BY {order}"
        ).fetchall()
    assert [tuple(row) for row in at_source] == mirrored


def watermark(connections: Connections) -> Any:
    with closing(connections.postgres()) as warehouse:
        row = warehouse.execute(
            "SELECT position FROM etl.watermarks WHERE source = 'promptads' AND table_name = 'marcas'"
        ).fetchone()
    return row and row[0]


def test_only_what_changed_moves(ads: pymssql.Connection, connections: Connections) -> None:
    add_brands(ads, 1, 50)
    assert moved(run(connections)) == (50, 0, 0)
    execute(
        ads,
        "UPDATE dbo.marcas SET sector = N'música ☕' WHERE id_marca BETWEEN 3 AND 5",
        "DELETE FROM dbo.marcas WHERE id_marca IN (10, 11)",
    )
    add_brands(ads, 60, 60)
    result = run(connections)
    assert (result.read, *moved(result)) == (6, 1, 3, 2)
    assert_identical(connections)
    assert run(connections).read == 0


def test_every_type_arrives_as_it_left(ads: pymssql.Connection, connections: Connections) -> None:
    add_campaign_markets(ads)
    for table in ("campanas", "mercados", "campanas_mercados"):
        spec = ADS.table(table)
        run(connections, spec)
        assert_identical(connections, spec)


def test_texts_arrive_whole_whatever_they_hold(ads: pymssql.Connection, connections: Connections) -> None:
    """Texts are read joined, with a separator: one that holds it has its page read in another way."""
    add_brands(ads, 1, 6)
    for key, name in ((2, ""), (3, "="), (4, "'\t\\N\n;"), (5, "ñ😀" * 40)):
        with ads.cursor() as cursor:
            cursor.execute("UPDATE dbo.marcas SET nombre = %s WHERE id_marca = %s", (name, key))
    assert moved(run(connections)) == (6, 0, 0)
    assert_identical(connections)
    with ads.cursor() as cursor:
        cursor.execute("UPDATE dbo.marcas SET nombre = %s, sector = %s WHERE id_marca = 6", ("a\x1fb", "\x1f"))
    add_brands(ads, 7, 7)
    assert moved(run(connections)) == (1, 1, 0)
    assert_identical(connections)
    with closing(connections.postgres()) as warehouse:
        found = warehouse.execute("SELECT nombre, sector FROM ods_promptads.marcas WHERE id_marca = 6").fetchone()
    assert found == ("a\x1fb", "\x1f")


ALL_TYPES = """
    SELECT {columns}, CAST(7 AS bigint) AS version
    FROM (
        SELECT
            1 AS clave, CAST(%(a)s AS nvarchar(60)) AS a, CAST(%(b)s AS char(3)) AS b,
            CAST(%(n)s AS decimal(18, 6)) AS n, CAST(%(d)s AS date) AS d, CAST(%(t)s AS datetime2(3)) AS t,
            CAST(%(u)s AS uniqueidentifier) AS u
    ) AS fila
"""


@pytest.mark.parametrize(
    "values",
    [
        dict.fromkeys("abndtu"),
        {"a": "", "b": "MX ", "n": "-0.000001", "d": "0001-01-01", "t": "9999-12-31 23:59:59.999", "u": None},
        {
            "a": "= ñ😀",
            "b": None,
            "n": "999999999999.999999",
            "d": None,
            "t": "2024-02-29 00:00:00.000",
            "u": UUID_TEXT,
        },
    ],
    ids=["null", "edges", "text"],
)
def test_joined_and_apart_read_the_same(ads: pymssql.Connection, values: dict[str, str | None]) -> None:
    types = {"clave": "integer", "a": "text", "b": "text", "n": "numeric(18,6)", "d": "date", "t": "timestamp"}
    columns = [ColumnSpec(name=name, type=kind) for name, kind in {**types, "u": "uuid"}.items()]
    table = TableSpec(name="t", source="etl.t", description="Prueba", key=["clave"], columns=columns)
    joined = Selection.of(table, {"a": 60, "b": 3})
    assert len(joined.joined) == len(values)

    def query(columns: str) -> list[tuple[Any, ...]]:
        with ads.cursor() as cursor:
            cursor.execute(ALL_TYPES.format(columns=columns), values)
            return list(cursor.fetchall())

    found = [selection.read(query) for selection in (joined, joined.apart)]
    (row,) = found[0]
    assert found[0] == found[1]
    assert (row[1], row[2]) == (values["a"], values["b"])
    for at, kind, name in (
        (3, Decimal, "n"),
        (4, date.fromisoformat, "d"),
        (5, datetime.fromisoformat, "t"),
        (6, UUID, "u"),
    ):
        written = values[name]
        assert (row[at] is None) is (written is None)
        assert written is None or kind(row[at]) == kind(written)


@pytest.mark.parametrize("page_rows", [1, 7, 50])
def test_ties_are_cut_by_key(ads: pymssql.Connection, connections: Connections, page_rows: int) -> None:
    """All rows of one statement may carry one version: pages smaller than the tie neither lose nor repeat a row."""
    add_brands(ads, 1, 50)
    result = run(connections, page_rows=page_rows)
    assert (result.read, *moved(result)) == (50, 50, 0, 0)
    assert_identical(connections)


def test_composite_keys_are_cut_too(ads: pymssql.Connection, connections: Connections) -> None:
    add_campaign_markets(ads)
    execute(
        ads, "INSERT INTO dbo.campanas_mercados (id_campana, id_mercado, peso) VALUES (2, 1, 1), (2, 3, 0), (1, 3, 0)"
    )
    assert moved(run(connections, CAMPANAS_MERCADOS, page_rows=1)) == (5, 0, 0)
    assert_identical(connections, CAMPANAS_MERCADOS)


def test_an_open_transaction_is_brought_by_the_next_cycle(
    ads: pymssql.Connection, connections: Connections, admin_connections: Connections
) -> None:
    add_brands(ads, 1, 3)
    with closing(admin_connections.ads()) as other:
        other.autocommit(False)
        add_brands(other, 4, 4)
        add_brands(ads, 5, 5)
        run(connections)
        with closing(connections.ads()) as reader, reader.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM etl.marcas AS m JOIN etl.limite AS l ON m.version > l.version")
            held_back = cursor.fetchall()
        other.commit()
    run(connections)
    assert held_back == [(1,)], "the row committed beside the open transaction must wait above the ceiling"
    assert_identical(connections)


def held_since(connections: Connections) -> Any:
    """Since when the brands' watermark says that committed work waits at the source."""
    with closing(connections.postgres()) as warehouse:
        [(since,)] = warehouse.execute("SELECT held_since FROM etl.watermarks WHERE table_name = 'marcas'").fetchall()
    return since


def test_committed_work_that_an_open_transaction_holds_back_is_told_with_its_age(
    ads: pymssql.Connection, connections: Connections, admin_connections: Connections
) -> None:
    add_brands(ads, 1, 3)
    run(connections)
    with closing(admin_connections.ads()) as other:
        other.autocommit(False)
        add_brands(other, 4, 4)
        run(connections)
        assert held_since(connections) is None, "nothing that is committed waits"
        add_brands(ads, 5, 5)
        run(connections)
        first = held_since(connections)
        assert first is not None
        run(connections)
        assert held_since(connections) == first, "it is the same transaction"
        other.commit()
    with closing(admin_connections.ads()) as another:
        another.autocommit(False)
        add_brands(another, 6, 6)
        execute(ads, "DELETE FROM dbo.marcas WHERE id_marca = 1")
        run(connections)
        assert held_since(connections) > first, "another transaction holds back another position"
        another.rollback()
    run(connections)
    assert held_since(connections) is None
    assert_identical(connections)


def test_a_rolled_back_transaction_leaves_nothing(
    ads: pymssql.Connection, connections: Connections, admin_connections: Connections
) -> None:
    with closing(admin_connections.ads()) as other:
        other.autocommit(False)
        add_brands(other, 1, 3)
        run(connections)
        other.rollback()
    add_brands(ads, 4, 4)
    assert moved(run(connections)) == (1, 0, 0)
    assert_identical(connections)


def test_delete_and_reinsert_within_one_window(
    ads: pymssql.Connection, connections: Connections, admin_connections: Connections
) -> None:
    add_brands(ads, 1, 3)
    run(connections)
    execute(ads, "DELETE FROM dbo.marcas WHERE id_marca = 2")
    add_brands(ads, 2, 2)
    with closing(admin_connections.ads()) as other:
        other.autocommit(False)
        execute(other, "DELETE FROM dbo.marcas WHERE id_marca = 3")
        add_brands(other, 3, 3)
        other.commit()
    run(connections)
    assert_identical(connections)


def test_reinsert_and_delete_within_one_window(ads: pymssql.Connection, connections: Connections) -> None:
    add_brands(ads, 1, 1)
    run(connections)
    execute(ads, "DELETE FROM dbo.marcas")
    add_brands(ads, 1, 2)
    execute(ads, "DELETE FROM dbo.marcas")
    assert moved(run(connections)) == (0, 0, 1)
    assert_identical(connections)


def test_a_key_update_removes_the_old_key(ads: pymssql.Connection, connections: Connections) -> None:
    add_campaign_markets(ads)
    run(connections, CAMPANAS_MERCADOS)
    execute(ads, "UPDATE dbo.campanas_mercados SET id_mercado = 4 WHERE id_campana = 1 AND id_mercado = 2")
    assert moved(run(connections, CAMPANAS_MERCADOS)) == (1, 0, 1)
    assert_identical(connections, CAMPANAS_MERCADOS)


def test_rows_that_trade_keys_in_one_statement(ads: pymssql.Connection, connections: Connections) -> None:
    add_campaign_markets(ads)
    run(connections, CAMPANAS_MERCADOS)
    execute(ads, "UPDATE dbo.campanas_mercados SET id_mercado = id_mercado + 1, peso = 0.25")
    run(connections, CAMPANAS_MERCADOS)
    assert_identical(connections, CAMPANAS_MERCADOS)


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(None, id="dropped"),
        pytest.param({"version": 1, "key": None}, id="stale"),
        pytest.param({"version": 10**12, "key": None}, id="ahead"),
        pytest.param("not json {", id="garbage"),
        pytest.param(b"\xff\xfe{", id="not-text"),
    ],
)
def test_redis_is_never_trusted_alone(ads: pymssql.Connection, connections: Connections, stored: Any) -> None:
    add_brands(ads, 1, 5)
    run(connections)
    redis = connections.redis()
    assert json.loads(str(redis.get(REDIS_KEY))) == watermark(connections)
    assert 0 < redis.ttl(REDIS_KEY) <= 22 * 60
    if stored is None:
        redis.delete(REDIS_KEY)
    else:
        redis.set(REDIS_KEY, stored if isinstance(stored, str | bytes) else json.dumps(stored))
    add_brands(ads, 6, 6)
    result = run(connections)
    assert (result.read, *moved(result)) == (1, 1, 0, 0)
    assert json.loads(str(redis.get(REDIS_KEY))) == watermark(connections)
    assert_identical(connections)


def test_a_redis_that_is_down_stops_nothing(ads: pymssql.Connection, connections: Connections) -> None:
    add_brands(ads, 1, 5)
    nobody = Connections(**{**vars(connections), "redis": lambda: connect_redis("redis://127.0.0.1:1/0")})
    assert moved(run(nobody)) == (5, 0, 0)
    assert_identical(connections)


def test_the_run_that_was_overtaken_plans_again(ads: pymssql.Connection, connections: Connections) -> None:
    """Another load commits while this one has planned and read: nothing is lost, nothing counted twice."""
    add_brands(ads, 1, 5)
    overtaken: list[TableResult] = []

    def ads_after_another_run() -> pymssql.Connection:
        if not overtaken:
            overtaken.append(run(connections))
        return connections.ads()

    slow = Connections(**{**vars(connections), "ads": ads_after_another_run})
    result = run(slow)
    assert moved(overtaken[0]) == (5, 0, 0)
    assert moved(result) == (0, 0, 0)
    assert_identical(connections)


KILLED_RUN = """
import os, sys
from promptsales.connections import from_settings
from promptsales.etl import warehouse
from promptsales.etl.run import run_table
from promptsales.etl.spec import pipeline_of
from promptsales.settings import Settings

where, at_piece = sys.argv[1], int(sys.argv[2])
pieces = 0
real = {name: getattr(warehouse.MirrorWriter, name) for name in ("lock", "apply", "record")}

def dying(name):
    def step(self, *values):
        global pieces
        pieces += name == "lock"
        outcome = real[name](self, *values)
        if name == where and pieces == at_piece:
            os.kill(os.getpid(), 9)
        return outcome
    return step

for name in real:
    setattr(warehouse.MirrorWriter, name, dying(name))
def published(result):
    if where == "committed" and result.pieces == at_piece:
        os.kill(os.getpid(), 9)
pipeline = pipeline_of("promptads")
run_table(pipeline, pipeline.table("marcas"), from_settings(Settings()), "killed", published, page_rows=10)
"""


@pytest.mark.parametrize("piece", [1, 4])
@pytest.mark.parametrize("where", ["lock", "apply", "record", "committed"])
def test_killed_anywhere_the_next_run_ends_right(
    ads: pymssql.Connection, connections: Connections, settings: Settings, where: str, piece: int
) -> None:
    """kill -9 inside the transaction, just before its commit, or between two pieces."""
    add_brands(ads, 1, 20)
    run(connections)
    execute(ads, "DELETE FROM dbo.marcas WHERE id_marca <= 5")
    add_brands(ads, 21, 65)
    urls = {
        f"PROMPTSALES_{name.upper()}_URL": settings.url(name) for name in ("postgres", "redis", "ads", "crm", "mongo")
    }
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_RUN, where, str(piece)],
        env={**os.environ, **urls},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    run(connections, page_rows=10)
    assert_identical(connections)
    with closing(connections.postgres()) as warehouse:
        totals = warehouse.execute(
            "SELECT sum(rows_inserted), sum(rows_updated), sum(rows_deleted) FROM etl.loads WHERE table_name = 'marcas'"
        ).fetchone()
    assert totals == (65, 0, 5), "what the killed run committed and what the next one did must add up exactly once"


def test_an_unreachable_server_is_one_clear_error(ads: pymssql.Connection, connections: Connections) -> None:
    add_brands(ads, 1, 1)
    run(connections)
    before = watermark(connections)
    url = "mssql://etl:secreto@127.0.0.1:1/PromptAds"
    gone = Connections(**{**vars(connections), "ads": lambda: connect_sqlserver(url, "PROMPTSALES_ADS_URL")})
    with pytest.raises(LoadError) as failure:
        run(gone)
    assert str(failure.value) == (
        "promptads.marcas: SQL Server at 127.0.0.1:1/PromptAds does not answer (error 20009: Unable to connect: TDS "
        "server is unavailable or does not exist (127.0.0.1)): check that the server runs and that PROMPTSALES_ADS_URL "
        "names it."
    )
    assert watermark(connections) == before


def test_a_wrong_password_is_one_clear_error(
    ads: pymssql.Connection, connections: Connections, settings: Settings
) -> None:
    url = settings.url("ads").replace("promptsales_etl:", "promptsales_etl:no-")
    wrong = Connections(**{**vars(connections), "ads": lambda: connect_sqlserver(url, "PROMPTSALES_ADS_URL")})
    with pytest.raises(LoadError, match=r"^promptads\.marcas: SQL Server at .* refuses the ") as failure:
        run(wrong)
    assert "check the login" in str(failure.value)
    assert "PROMPTSALES_ADS_URL" in str(failure.value)
    assert str(urlsplit(url).password) not in str(failure.value)
    assert watermark(connections) is None


def with_columns(*columns: ColumnSpec) -> TableSpec:
    return MARCAS.model_copy(update={"columns": list(columns)})


def test_a_missing_column_fails_that_table_alone(ads: pymssql.Connection, connections: Connections) -> None:
    add_brands(ads, 1, 3)
    broken = with_columns(*MARCAS.columns, ColumnSpec(name="color", type="text"))
    pipeline = ADS.model_copy(update={"tables": [broken, ADS.table("canales"), ADS.table("mercados")]})
    results = run_pipeline(pipeline, connections, "test-run")
    assert results[0].error is not None
    assert results[0].error.startswith("promptads.marcas: etl.marcas lacks color, ")
    assert [result.error for result in results[1:]] == [None, None]
    assert watermark(connections) is None
    with closing(connections.postgres()) as warehouse:
        assert warehouse.execute("SELECT table_name, message FROM etl.failures").fetchall() == [
            ("marcas", results[0].error)
        ]


@pytest.mark.parametrize(
    ("column", "declared", "now"),
    [
        ("sector", "bigint", "nvarchar"),
        ("activa", "integer", "bit"),
        ("id_marca", "smallint", "int"),
        ("creado_en", "date", "datetime2"),
        ("nombre", "bytea", "nvarchar"),
    ],
)
def test_a_column_of_another_type_fails_that_table(
    ads: pymssql.Connection, connections: Connections, column: str, declared: str, now: str
) -> None:
    add_brands(ads, 1, 3)
    changed = with_columns(
        *(ColumnSpec(name=c.name, type=declared if c.name == column else c.type) for c in MARCAS.columns)
    )
    with pytest.raises(LoadError, match=rf"etl\.marcas\.{column} changed type: it is {now} now"):
        run(connections, changed)
    assert watermark(connections) is None


def test_a_scale_that_grew_fails_that_table(ads: pymssql.Connection, connections: Connections) -> None:
    """Silently rounding money would be worse than stopping."""
    budget = ADS.table("campanas")
    narrower = budget.model_copy(
        update={
            "columns": [
                ColumnSpec(name=c.name, type="numeric(17,1)" if c.name == "presupuesto" else c.type)
                for c in budget.columns
            ]
        }
    )
    with pytest.raises(LoadError, match=r"presupuesto changed type: it is decimal\(18,2\) now"):
        run(connections, narrower)


def test_a_view_that_does_not_exist(ads: pymssql.Connection, connections: Connections) -> None:
    missing = MARCAS.model_copy(update={"source": "etl.no_hay"})
    with pytest.raises(LoadError, match=r"promptads\.marcas: etl\.no_hay does not exist"):
        run(connections, missing)


def test_a_missing_mirror_says_what_to_run(ads: pymssql.Connection, connections: Connections) -> None:
    pipeline = PipelineSpec(
        source="promptads",
        engine="sqlserver",
        target_schema="ods_promptads",
        tables=[MARCAS.model_copy(update={"name": "sin_espejo"})],
    )
    add_brands(ads, 1, 1)
    with pytest.raises(LoadError, match="promptsales db init"):
        run_table(pipeline, pipeline.tables[0], connections, "test-run")


def test_a_source_that_went_back_is_refused(
    ads: pymssql.Connection, connections: Connections, admin_connections: Connections
) -> None:
    add_brands(ads, 1, 1)
    run(connections)
    ahead = {"version": 10**15, "key": None}
    with closing(admin_connections.postgres()) as warehouse:
        warehouse.execute("UPDATE etl.watermarks SET position = %s::jsonb", [json.dumps(ahead)])
        warehouse.commit()
    with pytest.raises(LoadError, match=r"restored or replaced.*etl\.watermarks"):
        run(connections)
    assert watermark(connections) == ahead


@pytest.mark.parametrize("page_rows", [3, 1000])
def test_a_restored_source_read_whole_again_ends_identical(
    ads: pymssql.Connection, connections: Connections, admin_connections: Connections, page_rows: int
) -> None:
    """The mirror is ahead of the restored source: rows it has lost, rows it has again as they were, later versions."""
    add_brands(ads, 1, 10)
    run(connections)
    with closing(admin_connections.postgres()) as warehouse:
        warehouse.execute(
            "UPDATE ods_promptads.marcas SET _version = _version + 1000000, sector = 'later' WHERE id_marca < 4"
        )
        warehouse.execute(
            "INSERT INTO ods_promptads.marcas SELECT 99, 'lost', sector, codigo_pais, activa, creado_en, _version, 0"
            " FROM ods_promptads.marcas WHERE id_marca = 1"
        )
        warehouse.execute("DELETE FROM etl.watermarks")
        warehouse.commit()
    result = run(connections, page_rows=page_rows)
    assert (result.read, result.inserted, result.deleted) == (10, 0, 1)
    assert_identical(connections)
    assert "snapshot" not in watermark(connections)


def test_a_full_read_that_was_stopped_goes_on_as_one(
    ads: pymssql.Connection, connections: Connections, admin_connections: Connections
) -> None:
    add_brands(ads, 1, 10)
    with closing(admin_connections.postgres()) as warehouse:
        warehouse.execute(
            "INSERT INTO ods_promptads.marcas VALUES (99, 'gone', 'x', 'CR', true, '2025-01-01', 10000000, 0)"
        )
        warehouse.commit()

    def stop(result: TableResult) -> None:
        if result.pieces == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_table(ADS, MARCAS, connections, "stopped", stop, page_rows=3)
    assert watermark(connections)["snapshot"] is True
    execute(ads, "DELETE FROM dbo.marcas WHERE id_marca IN (1, 9)")
    run(connections, page_rows=3)
    assert_identical(connections)


def test_two_runs_of_one_table_at_once_both_end_right(ads: pymssql.Connection, connections: Connections) -> None:
    add_brands(ads, 1, 120)
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: run(connections, page_rows=5), range(3)))
    assert sum(result.inserted for result in results) == 120
    assert sum(result.updated + result.deleted for result in results) == 0
    assert_identical(connections)


def test_the_etl_login_reads_the_contract_and_nothing_else(connections: Connections) -> None:
    with closing(connections.crm()) as crm, crm.cursor() as cursor, pytest.raises(pymssql.Error) as refused:
        cursor.execute("SELECT TOP (1) nombre FROM dbo.clientes")
    assert "229" in str(refused.value)
