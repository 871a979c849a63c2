"""The SQL Server stand-in over TDS, as pymssql and MsSqlHook see it. Each test runs against the real process."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID

import psycopg
import pymssql
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptsales.connections import sqlserver_number
from promptsales.local.postgres import StandInStorage
from promptsales.local.state import load_passwords, load_state
from promptsales.settings import Settings

MAX_ROWS = 3000
ADMIN, ETL, MCP = "promptsales_admin", "promptsales_etl", "promptsales_mcp"
COLUMNS = "id, n, s, activo, monto, tarifa, f, d, ts, ts0, nombre, txt, bin, g, cc"
TABLES = """
DROP TABLE IF EXISTS dbo.prueba_hija, dbo.prueba;
CREATE TABLE dbo.prueba (
    id integer CONSTRAINT pk_prueba PRIMARY KEY, n bigint, s smallint, activo boolean, monto numeric(18, 2),
    tarifa numeric(19, 4), f double precision, d date, ts timestamp(3), ts0 timestamp(0), nombre varchar(200), txt text,
    bin bytea, g uuid, cc char(2), rv bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint)
);
CREATE TABLE dbo.prueba_hija (
    id integer PRIMARY KEY, id_prueba integer REFERENCES dbo.prueba (id), k integer NOT NULL CHECK (k > 0),
    corto varchar(5)
);
CREATE SEQUENCE IF NOT EXISTS dbo.seq_prueba;
ALTER TABLE dbo.prueba OWNER TO promptsales_admin;
ALTER TABLE dbo.prueba_hija OWNER TO promptsales_admin;
ALTER SEQUENCE dbo.seq_prueba OWNER TO promptsales_admin;
"""
DROP = "DROP TABLE dbo.prueba_hija, dbo.prueba; DROP SEQUENCE dbo.seq_prueba"

FULL_ROW = (
    *(1, 2**60, -3, True, Decimal("-123.45"), Decimal("0.0001"), 0.1, date(2024, 2, 29)),
    *(datetime(2024, 2, 29, 23, 59, 59, 999000), datetime(1, 1, 1), "Ñandú 'x' \\ [b] 😀  ", "", b"\x00\xff'"),
    *(UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff"), "MX"),
)
EMPTY_ROW = (2, *[None] * 14)


class Server:
    """A stand-in process of this module's own, on the storage of the shared engines."""

    def __init__(self, storage_url: str, passwords: dict[str, str]) -> None:
        self.passwords = {
            ADMIN: passwords["standin_admin"],
            ETL: passwords["standin_etl"],
            MCP: passwords["standin_mcp"],
        }
        self.command = [sys.executable, "-m", "promptsales.local.sqlserver", "--postgres", storage_url]
        self.environment = {
            **os.environ,
            "PGPASSWORD": passwords["standin_storage"],
            "PROMPTSALES_STANDIN_ADMIN_PASSWORD": self.passwords[ADMIN],
            "PROMPTSALES_STANDIN_ETL_PASSWORD": self.passwords[ETL],
            "PROMPTSALES_STANDIN_MCP_PASSWORD": self.passwords[MCP],
        }

    def start(self) -> subprocess.Popen[str]:
        options = ["--port", "0", "--max-rows", str(MAX_ROWS)]
        process = subprocess.Popen([*self.command, *options], env=self.environment, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        listening = re.fullmatch(r".* listening on 127\.0\.0\.1:(\d+)\n", process.stdout.readline())
        assert listening
        self.port = listening[1]
        return process

    def connect(self, user: str = ADMIN, database: str = "PromptAds", **options: Any) -> pymssql.Connection:
        login = {"user": user, "password": self.passwords[user], "database": database, "autocommit": True, **options}
        return pymssql.connect(server="127.0.0.1", port=self.port, **login)


@pytest.fixture(scope="module")
def storage(local_dir: Path, engines: Settings) -> str:
    return StandInStorage(local_dir, load_passwords(local_dir)).url(load_state(local_dir).ports(), password=False)


@pytest.fixture(scope="module")
def server(local_dir: Path, storage: str) -> Iterator[Server]:
    standin = Server(storage, load_passwords(local_dir))
    process = standin.start()
    url = {"conninfo": storage, "dbname": "promptads", "password": standin.environment["PGPASSWORD"]}
    with psycopg.connect(**url, autocommit=True) as tables:
        tables.execute(TABLES)
    yield standin
    process.terminate()
    assert process.wait(timeout=20) == 0
    with psycopg.connect(**url, autocommit=True) as tables:
        tables.execute(DROP)


@pytest.fixture
def sql(server: Server) -> Iterator[Callable[..., list[Any]]]:
    """Runs one batch as the owner and returns the rows of its first result, on emptied tables."""
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        execute(cursor, "DELETE FROM dbo.prueba_hija; DELETE FROM dbo.prueba")
        yield lambda text, *values: execute(cursor, text, *values)


def execute(cursor: pymssql.Cursor, text: str, *values: Any) -> list[Any]:
    cursor.execute(text, values) if values else cursor.execute(text)
    return cursor.fetchall() if cursor.description else []


def number_of(run: Callable[[], object]) -> int | None:
    with pytest.raises(pymssql.Error) as caught:
        run()
    return sqlserver_number(caught.value)


def insert(row: tuple[Any, ...]) -> str:
    return f"INSERT INTO dbo.prueba ({COLUMNS}) VALUES ({', '.join(['%s'] * len(row))})"


# --- values --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [FULL_ROW, EMPTY_ROW])
def test_every_type_comes_back_as_it_went(sql: Callable[..., list[Any]], row: tuple[Any, ...]) -> None:
    sql(insert(row), *row)
    (read,) = sql(f"SELECT {COLUMNS} FROM dbo.prueba")
    assert read == row
    assert [type(value) for value in read] == [type(value) for value in row]


words = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)
rows = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**15), 2**15 - 1),
    st.booleans(),
    st.decimals(-(10**15), 10**15, places=2),
    st.decimals(-(10**14), 10**14, places=4),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.datetimes().map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)),
    st.datetimes().map(lambda moment: moment.replace(microsecond=0)),
    words,
    words,
    # pymssql quotes bytes that look like ASCII as text.
    st.binary(max_size=60).map(lambda value: b"\xff" + value),
    st.uuids(),
    st.text("ABCÑ", min_size=2, max_size=2),
)


@pytest.mark.parametrize("batch_rows", [3, pytest.param(60, marks=pytest.mark.slow)])
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(row=rows)
def test_any_values_round_trip(sql: Callable[..., list[Any]], row: tuple[Any, ...], batch_rows: int) -> None:
    """By an ordinary INSERT and by one that is long enough for COPY."""
    sql("DELETE FROM dbo.prueba")
    values = ", ".join([f"({', '.join(['%s'] * 15)})"] * batch_rows)
    expected = [(key, *row) for key in range(batch_rows)]
    text = f"INSERT INTO dbo.prueba ({COLUMNS}) VALUES {values}"
    sql(text, *[value for each in expected for value in each])
    assert sql(f"SELECT {COLUMNS} FROM dbo.prueba ORDER BY id") == expected


def test_what_copy_refuses_is_inserted_all_the_same(sql: Callable[..., list[Any]]) -> None:
    values = ", ".join(f"({key}, 1.0, 5, N'{'x' * 50}')" for key in range(100))
    sql(f"INSERT INTO dbo.prueba (id, n, activo, nombre) VALUES {values}")
    assert sql("SELECT COUNT(*), MIN(n) FROM dbo.prueba WHERE activo = 1") == [(100, 1)]
    wrong = f"INSERT INTO dbo.prueba (id, cc, nombre) VALUES {', '.join(f'({k}, %s, %s)' for k in range(200, 300))}"
    assert number_of(lambda: sql(wrong, *["TOOLONG", "x" * 50] * 100)) == 2628


@pytest.mark.parametrize("size", [8000, 8001, 100_000])
def test_long_values(sql: Callable[..., list[Any]], size: int) -> None:
    text, binary = "ñ😀" * (size // 2), b"\xff" * size
    sql("INSERT INTO dbo.prueba (id, txt, bin) VALUES (1, %s, %s)", text, binary)
    assert sql("SELECT txt, bin FROM dbo.prueba") == [(text, binary)]


def test_columns_are_described_even_without_rows(server: Server) -> None:
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS}, n AS Alias, n + 1 FROM dbo.prueba WHERE 1 = 0")
        described = cursor.description
        assert cursor.fetchall() == []
    number, decimal, text, other = pymssql.NUMBER, pymssql.DECIMAL, pymssql.STRING, pymssql.BINARY
    kinds = [*[number] * 4, *[decimal] * 2, number, *[other] * 3, text, text, other, other, text, number, number]
    assert [kind for _, kind, *_ in described] == [kind.value for kind in kinds]
    assert [name for name, *_ in described] == [*COLUMNS.split(", "), "Alias", ""]


def test_money_and_expressions_are_decimal(sql: Callable[..., list[Any]]) -> None:
    ((money, total, half, third),) = sql("SELECT CAST(5 AS money), SUM(CAST(1.25 AS decimal(9,2))), 1 / 2.0, -1 / 3.0")
    assert (money, total, half) == (Decimal(5), Decimal("1.25"), Decimal("0.5"))
    assert str(third).startswith("-0.333333")


# --- T-SQL ---------------------------------------------------------------------------------------------------

EXPRESSIONS = [
    ("ISNULL(NULL, N'a') + N'b'", "ab"),
    ("LEN(N'abc  ')", 3),
    ("DATEADD(month, 1, CAST('2024-01-31' AS date))", date(2024, 2, 29)),
    ("DATEADD(day, -1, '2024-03-01T10:00:00')", datetime(2024, 2, 29, 10)),
    ("DATEDIFF(day, '2024-01-01 23:59:59', '2024-01-02 00:00:00')", 1),
    ("DATEDIFF(day, CAST(NULL AS datetime2), '2024-01-02')", None),
    ("DATEDIFF(year, '2023-12-31', '2024-01-01')", 1),
    ("DATEDIFF(mi, '2024-01-01 00:00:59', '2024-01-01 00:01:00')", 1),
    ("DATEDIFF(week, '2024-01-06', '2024-01-07')", 1),
    ("YEAR('2024-05-01')", 2024),
    ("CONVERT(nvarchar(10), 12)", "12"),
    ("CONVERT(varchar(10), CAST('2024-05-01' AS date), 23)", "2024-05-01"),
    ("CONCAT(N'a', NULL, 1)", "a1"),
    ("CAST(1 AS bit)", True),
    ("CASE WHEN N'a_c' LIKE N'a\\_c' THEN 1 ELSE 0 END", 0),
    ("7 / 2", 3),
    ("0x00FF", b"\x00\xff"),
    ("DB_NAME()", "PromptAds"),
    ("SUSER_SNAME()", ADMIN),
    ("IIF(1 = 1, N'sí', N'no')", "sí"),
]


@pytest.mark.parametrize(("expression", "value"), EXPRESSIONS)
def test_expressions(sql: Callable[..., list[Any]], expression: str, value: Any) -> None:
    assert sql(f"SELECT {expression} AS v") == [(value,)]


def test_the_clock_and_the_version(sql: Callable[..., list[Any]]) -> None:
    ((version, now, precise),) = sql("SELECT @@VERSION, GETDATE(), SYSUTCDATETIME()")
    assert "PromptSales stand-in" in version
    assert abs((datetime.now(UTC).replace(tzinfo=None) - now).total_seconds()) < 3600
    assert precise.date() == now.date()


def test_statements_of_a_batch(server: Server, sql: Callable[..., list[Any]]) -> None:
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO dbo.prueba (id, n, activo) VALUES (1, 10, 1), (2, 20, 0), (3, 30, 1)")
        assert cursor.rowcount == 3
        cursor.execute("UPDATE dbo.prueba SET n = n + 1 WHERE activo = 1; SELECT @@ROWCOUNT AS n; SELECT 'z' AS z")
        assert cursor.fetchall() == [(2,)]
        assert cursor.nextset()
        assert cursor.fetchall() == [("z",)]
        cursor.execute("DELETE FROM dbo.prueba WHERE id = 3")
        assert cursor.rowcount == 1
    assert sql("SELECT TOP (1) [id] FROM dbo.[prueba] ORDER BY id DESC -- ; COMMIT") == [(2,)]
    assert sql("SELECT id FROM dbo.prueba ORDER BY id OFFSET 1 ROWS FETCH NEXT 5 ROWS ONLY") == [(2,)]
    changed = sql("UPDATE dbo.prueba SET n = 0, activo = 0 OUTPUT deleted.n, inserted.n, inserted.id WHERE id = 1")
    assert changed == [(11, 0, 1)]
    assert sql("DELETE FROM dbo.prueba OUTPUT deleted.id WHERE id = 1") == [(1,)]
    assert sql("INSERT INTO dbo.prueba (id) OUTPUT inserted.id VALUES (9)") == [(9,)]
    sql("UPDATE p SET p.n = v.n FROM dbo.prueba AS p JOIN (VALUES (9, 99)) AS v (id, n) ON v.id = p.id WHERE p.id > 0")
    merge = (
        "MERGE dbo.prueba WITH (HOLDLOCK) AS d USING (VALUES (9, 5), (10, 6)) AS s (id, n) ON d.id = s.id "
        "WHEN MATCHED AND d.n = 99 THEN UPDATE SET n = s.n WHEN NOT MATCHED THEN INSERT (id, n) VALUES (s.id, s.n);"
    )
    sql(merge)
    sql("DELETE p FROM dbo.prueba AS p JOIN dbo.prueba AS q ON q.id = p.id WHERE q.n = 20")
    assert sql("SELECT id, n FROM dbo.prueba ORDER BY id") == [(9, 5), (10, 6)]


def test_sequences_and_statistics(sql: Callable[..., list[Any]]) -> None:
    sql("ALTER SEQUENCE dbo.seq_prueba RESTART WITH 41")
    assert sql("SELECT NEXT VALUE FOR dbo.seq_prueba AS a") == [(41,)]
    sql("INSERT INTO dbo.prueba (id) VALUES (NEXT VALUE FOR dbo.seq_prueba)")
    assert sql("SELECT id FROM dbo.prueba") == [(42,)]
    sql("UPDATE STATISTICS dbo.prueba; UPDATE STATISTICS dbo.marcas WITH FULLSCAN")


def test_foreign_keys_can_be_set_aside_for_a_bulk_load(sql: Callable[..., list[Any]]) -> None:
    orphan = "INSERT INTO dbo.prueba_hija (id, id_prueba, k) VALUES (1, 99, 1)"
    check = "ALTER TABLE dbo.prueba_hija WITH CHECK CHECK CONSTRAINT ALL"
    sql("ALTER TABLE dbo.prueba_hija NOCHECK CONSTRAINT ALL;" + orphan)
    for _ in range(2):
        with pytest.raises(pymssql.IntegrityError, match="ALTER TABLE statement conflicted") as conflict:
            sql(check)
        assert sqlserver_number(conflict.value) == 547
    sql("UPDATE dbo.prueba_hija SET id_prueba = NULL")
    sql(f"{check}; {check}")
    with pytest.raises(pymssql.IntegrityError, match="INSERT statement conflicted"):
        sql(orphan.replace("(1,", "(2,"))


def test_only_the_owner_sets_foreign_keys_aside(server: Server) -> None:
    with closing(server.connect(ETL)) as connection, pytest.raises(pymssql.Error) as denied:
        connection.cursor().execute("ALTER TABLE dbo.prueba_hija NOCHECK CONSTRAINT ALL")
    assert sqlserver_number(denied.value) == 229


def test_parameters_of_sp_executesql(server: Server) -> None:
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        text = "SELECT @a + 1 AS a, @b AS b, @c AS c"
        cursor.callproc("sp_executesql", (text, "@a int, @b nvarchar(9), @c int", 41, "ñ'x", None))
        assert cursor.fetchall() == [(42, "ñ'x", None)]


# --- errors --------------------------------------------------------------------------------------------------

ERRORS = [
    ("SELECT * FROM dbo.No_hay", 208, "dbo.No_hay"),
    ("SELECT no_hay FROM dbo.prueba", 207, "no_hay"),
    ("SELECT x.id FROM dbo.prueba", 4104, "x"),
    ("INSERT INTO dbo.prueba (id) VALUES (1)", 2627, "(1)"),
    ("INSERT INTO dbo.prueba_hija (id, id_prueba, k) VALUES (1, 99, 1)", 547, "foreign key"),
    ("INSERT INTO dbo.prueba_hija (id, k) VALUES (1, 0)", 547, "check"),
    ("INSERT INTO dbo.prueba_hija (id) VALUES (1)", 515, "'k'"),
    ("INSERT INTO dbo.prueba_hija (id, k, corto) VALUES (1, 1, N'123456')", 2628, "truncated"),
    ("INSERT INTO dbo.marcas (nombre, sector, codigo_pais, rv) VALUES (N'a', N'b', 'CR', 1)", 273, "timestamp"),
    ("SELECT CAST(N'abc' AS int)", 245, "abc"),
    ("SELECT CAST(N'abc' AS date)", 241, "date"),
    ("SELECT CAST(N'abc' AS uniqueidentifier)", 8169, "abc"),
    ("SELECT CAST(3000000000 AS int)", 8115, "overflow"),
    ("SELECT 1 / 0", 8134, "Divide by zero"),
    ("SELECT FROM WHERE", 102, "syntax"),
    ("SELECT 'abc", 105, "quotation"),
    ("SELECT @nadie", 137, "@nadie"),
    ("SELECT no_hay(1)", 195, "no_hay"),
    ("SELECT * FROM PromptCRM.dbo.clientes", 40515, "cross-database"),
    ("USE PromptCRM", 911, "PromptCRM"),
    ("COMMIT", 3902, "COMMIT"),
    ("ROLLBACK", 3903, "ROLLBACK"),
    ("SAVE TRAN x", 628, "SAVE"),
]


@pytest.mark.parametrize(("text", "number", "said"), ERRORS)
def test_errors_have_sql_servers_numbers(sql: Callable[..., list[Any]], text: str, number: int, said: str) -> None:
    sql("INSERT INTO dbo.prueba (id) VALUES (1)")
    with pytest.raises(pymssql.Error, match=re.escape(said)) as caught:
        sql(text)
    assert sqlserver_number(caught.value) == number
    assert sql("SELECT COUNT(*) FROM dbo.prueba") == [(1,)]


REFUSED = [
    ("EXEC dbo.procedimiento 1", 2812),
    ("DECLARE @t dbo.tipo; INSERT INTO @t VALUES (1); EXECUTE dbo.procedimiento @filas = @t", 2812),
    ("BEGIN TRAN EXEC dbo.procedimiento", 2812),
    ("GRANT EXECUTE ON dbo.procedimiento TO alguien", 40510),
    ("CREATE TABLE dbo.x (a int)", 40510),
    ("ALTER TABLE dbo.prueba ADD x int", 40510),
    ("DROP TABLE dbo.prueba", 40510),
    ("CREATE CERTIFICATE c WITH SUBJECT = 'x'", 40510),
    ("OPEN SYMMETRIC KEY k DECRYPTION BY CERTIFICATE c", 40510),
    ("BACKUP DATABASE PromptAds TO DISK = 'x'", 40510),
    ("DECLARE @x int = 1", 40510),
    ("SELECT id INTO dbo.otra FROM dbo.prueba", 40510),
    ("SELECT * FROM OPENQUERY(otro, 'SELECT 1')", 40517),
    ("SELECT ENCRYPTBYKEY(KEY_GUID('k'), 'x')", 40517),
    ("SELECT * FROM dbo.prueba WITH (READPAST)", 40517),
    ("DELETE TOP (5) FROM dbo.prueba", 40517),
    ("SET IMPLICIT_TRANSACTIONS ON", 40517),
    ("SELECT * FROM otro.PromptCRM.dbo.clientes", 7202),
]


@pytest.mark.parametrize(("text", "number"), REFUSED)
def test_what_only_sql_server_runs_is_refused(sql: Callable[..., list[Any]], text: str, number: int) -> None:
    with pytest.raises(pymssql.Error, match="SQL Server") as caught:
        sql(text)
    assert sqlserver_number(caught.value) == number


def test_an_error_tells_its_line(sql: Callable[..., list[Any]]) -> None:
    with pytest.raises(pymssql.Error) as caught:
        sql("INSERT INTO dbo.prueba (id) VALUES (1)\n;\n\nSELECT * FROM dbo.no_hay")
    assert getattr(caught.value.__context__, "line", None) == 4


# pymssql keeps the last login error of a process, so each has a process of its own.
@pytest.mark.parametrize(
    ("login", "number"),
    [
        ({"user": ADMIN, "password": "wrong", "database": "PromptAds"}, 18456),
        ({"user": "sa", "password": "", "database": "PromptAds"}, 18456),
        ({"user": ADMIN, "database": "Otra"}, 4060),
    ],
)
def test_a_bad_login(server: Server, login: dict[str, str], number: int) -> None:
    known = {"server": "127.0.0.1", "port": server.port, "password": server.passwords[ADMIN], **login}
    script = (
        "import json, sys, pymssql\n"
        "try:\n    pymssql.connect(**json.loads(sys.argv[1]))\n"
        "except pymssql.Error as error:\n    print(error.args[0][0])"
    )
    command = [sys.executable, "-c", script, json.dumps(known)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == str(number)


def test_grants_decide(server: Server) -> None:
    with closing(server.connect(ETL)) as connection, connection.cursor() as cursor:
        with pytest.raises(pymssql.Error, match=r"SELECT permission.* object 'marcas'.* schema 'dbo'") as caught:
            cursor.execute("SELECT * FROM dbo.marcas")
        assert sqlserver_number(caught.value) == 229
        assert number_of(lambda: cursor.execute("DELETE FROM etl.marcas")) == 229
        cursor.execute("SELECT version FROM etl.limite")
        assert len(cursor.fetchall()) == 1


def test_too_many_rows_are_refused(sql: Callable[..., list[Any]]) -> None:
    for first in range(0, MAX_ROWS + 1, 1000):
        keys = range(first, min(first + 1000, MAX_ROWS + 1))
        sql(f"INSERT INTO dbo.prueba (id) VALUES {', '.join(f'({key})' for key in keys)}")
    with pytest.raises(pymssql.Error, match=f"More than {MAX_ROWS} rows.*TOP"):
        sql("SELECT id FROM dbo.prueba")
    assert len(sql(f"SELECT TOP ({MAX_ROWS}) id FROM dbo.prueba ORDER BY id")) == MAX_ROWS


# --- transactions --------------------------------------------------------------------------------------------


def test_counts_and_savepoints(sql: Callable[..., list[Any]]) -> None:
    sql("BEGIN TRAN; BEGIN TRANSACTION; INSERT INTO dbo.prueba (id) VALUES (1)")
    assert sql("SELECT @@TRANCOUNT") == [(2,)]
    sql("COMMIT; SAVE TRAN punto; INSERT INTO dbo.prueba (id) VALUES (2); ROLLBACK TRAN punto")
    assert sql("SELECT @@TRANCOUNT, COUNT(*) FROM dbo.prueba") == [(1, 1)]
    assert number_of(lambda: sql("ROLLBACK TRAN otro")) == 6401
    sql("COMMIT TRAN")
    sql("BEGIN TRAN; BEGIN TRAN; DELETE FROM dbo.prueba; ROLLBACK; IF @@TRANCOUNT > 0 ROLLBACK")
    assert sql("SELECT @@TRANCOUNT, COUNT(*) FROM dbo.prueba") == [(0, 1)]


def test_a_failed_statement_does_not_doom_the_transaction(sql: Callable[..., list[Any]]) -> None:
    sql("BEGIN TRAN; INSERT INTO dbo.prueba (id) VALUES (1)")
    batch = "INSERT INTO dbo.prueba (id) VALUES (1); INSERT INTO dbo.prueba (id) VALUES (2)"
    assert number_of(lambda: sql(batch)) == 2627
    assert number_of(lambda: sql("SELECT no_hay FROM dbo.prueba; INSERT INTO dbo.prueba (id) VALUES (3)")) == 207
    sql("COMMIT")
    assert sql("SELECT id FROM dbo.prueba ORDER BY id") == [(1,), (2,)]


def test_xact_abort_rolls_back(sql: Callable[..., list[Any]]) -> None:
    sql("SET XACT_ABORT ON; BEGIN TRAN; INSERT INTO dbo.prueba (id) VALUES (1)")
    batch = "INSERT INTO dbo.prueba (id) VALUES (1); INSERT INTO dbo.prueba (id) VALUES (2)"
    assert number_of(lambda: sql(batch)) == 2627
    assert sql("SELECT @@TRANCOUNT, COUNT(*) FROM dbo.prueba") == [(0, 0)]


def test_the_transactions_of_pymssql(server: Server, sql: Callable[..., list[Any]]) -> None:
    with closing(server.connect(autocommit=False)) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO dbo.prueba (id) VALUES (1)")
        connection.rollback()
        cursor.executemany("INSERT INTO dbo.prueba (id, nombre) VALUES (%s, %s)", [(2, "a"), (3, "b")])
        connection.commit()
        cursor.execute("INSERT INTO dbo.prueba (id) VALUES (4)")
    assert sql("SELECT id FROM dbo.prueba ORDER BY id") == [(2,), (3,)]


def test_snapshot_isolation(server: Server, sql: Callable[..., list[Any]]) -> None:
    sql("INSERT INTO dbo.prueba (id, n) VALUES (1, 0)")
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        execute(cursor, "SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRAN")
        assert execute(cursor, "SELECT n FROM dbo.prueba") == [(0,)]
        sql("UPDATE dbo.prueba SET n = 1")
        assert execute(cursor, "SELECT n FROM dbo.prueba") == [(0,)]
        assert number_of(lambda: execute(cursor, "UPDATE dbo.prueba SET n = 2")) == 3960
        assert execute(cursor, "SELECT @@TRANCOUNT, n FROM dbo.prueba") == [(0, 1)]


def test_three_sessions_in_a_deadlock(server: Server, sql: Callable[..., list[Any]]) -> None:
    sql("INSERT INTO dbo.prueba (id, n) VALUES (0, 0), (1, 0), (2, 0)")
    together = Barrier(3, timeout=60)

    def work(own: int) -> int | None:
        with closing(server.connect(autocommit=False)) as connection, connection.cursor() as cursor:
            cursor.execute(f"UPDATE dbo.prueba SET n = n + 1 WHERE id = {own}")
            together.wait()
            try:
                cursor.execute(f"UPDATE dbo.prueba SET n = n + 10 WHERE id = {(own + 1) % 3}")
            except pymssql.Error as error:
                assert execute(cursor, "SELECT @@TRANCOUNT") == [(0,)]
                connection.rollback()
                return sqlserver_number(error)
            connection.commit()
            return None

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(work, range(3)))
    assert sorted(outcomes, key=str) == [1205, None, None]
    assert sql("SELECT SUM(n) FROM dbo.prueba") == [(22,)]


def test_locks_and_their_timeout(server: Server, sql: Callable[..., list[Any]]) -> None:
    sql("INSERT INTO dbo.prueba (id) VALUES (1), (2)")
    sql("BEGIN TRAN; SELECT id FROM dbo.prueba WITH (UPDLOCK, ROWLOCK) WHERE id = 1")
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        execute(cursor, "SET LOCK_TIMEOUT 0; BEGIN TRAN")
        assert number_of(lambda: execute(cursor, "UPDATE dbo.prueba SET n = 1 WHERE id = 1")) == 1222
        execute(cursor, "ROLLBACK")
        assert number_of(lambda: execute(cursor, "UPDATE dbo.prueba SET n = 1 WHERE id = 1")) == 1222
        assert execute(cursor, "SELECT id FROM dbo.prueba WITH (UPDLOCK, READPAST)") == [(2,)]
        sql("COMMIT")
        execute(cursor, "UPDATE dbo.prueba SET n = 1 WHERE id = 1")


def test_an_open_transaction_holds_the_ceiling(server: Server, sql: Callable[..., list[Any]]) -> None:
    def ceiling() -> int:
        return int(sql("SELECT CONVERT(bigint, MIN_ACTIVE_ROWVERSION()) - 1 AS alto")[0][0])

    with closing(server.connect()) as connection, connection.cursor() as cursor:
        execute(cursor, "BEGIN TRAN; INSERT INTO dbo.prueba (id) VALUES (1)")
        sql("INSERT INTO dbo.prueba (id) VALUES (2)")
        held = ceiling()
        assert sql(f"SELECT id FROM dbo.prueba WHERE CONVERT(bigint, rv) <= {held}") == []
        execute(cursor, "COMMIT")
    assert sql(f"SELECT id FROM dbo.prueba WHERE rv > {held} AND rv <= {ceiling()} ORDER BY id") == [(1,), (2,)]


# --- clients that leave --------------------------------------------------------------------------------------

KILLED = """
import json, sys, pymssql
connection = pymssql.connect(**json.loads(sys.argv[1]))
cursor = connection.cursor()
cursor.execute("UPDATE dbo.prueba SET n = 1 WHERE id = 1")
print("locked", flush=True)
if sys.argv[2] == "waiting":
    cursor.execute("UPDATE dbo.prueba SET n = 1 WHERE id = 2")
sys.stdin.read()
"""


@pytest.mark.parametrize("state", ["idle", "waiting"])
def test_a_killed_client_leaves_no_lock(server: Server, sql: Callable[..., list[Any]], state: str) -> None:
    sql("INSERT INTO dbo.prueba (id) VALUES (1), (2)")
    sql("BEGIN TRAN; UPDATE dbo.prueba SET n = 0 WHERE id = 2; SET LOCK_TIMEOUT 20000")
    login = {"server": "127.0.0.1", "port": server.port, "user": ADMIN, "password": server.passwords[ADMIN]}
    command = [sys.executable, "-c", KILLED, json.dumps({**login, "database": "PromptAds"}), state]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "locked\n"
        client.send_signal(signal.SIGKILL)
    sql("UPDATE dbo.prueba SET n = 5 WHERE id = 1; COMMIT")


def test_a_cancelled_answer_leaves_the_connection_usable(sql: Callable[..., list[Any]], server: Server) -> None:
    for first in range(0, MAX_ROWS, 1000):
        values = ", ".join(f"({key}, N'{'x' * 900}')" for key in range(first, first + 1000))
        sql(f"INSERT INTO dbo.prueba (id, txt) VALUES {values}")
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM dbo.prueba")
        assert cursor.fetchone() is not None
        connection._conn.cancel()
        assert execute(cursor, "SELECT 1 AS uno") == [(1,)]


# --- the process ---------------------------------------------------------------------------------------------


def test_an_encrypted_session(server: Server, sql: Callable[..., list[Any]]) -> None:
    sql(insert(FULL_ROW), *FULL_ROW)
    with closing(server.connect(encryption="require")) as connection, connection.cursor() as cursor:
        assert execute(cursor, f"SELECT {COLUMNS} FROM dbo.prueba") == [FULL_ROW]


@pytest.mark.slow
def test_mssql_hook(server: Server, tmp_path: Path) -> None:
    login = {"conn_type": "mssql", "host": "127.0.0.1", "port": int(server.port), "login": ADMIN, "schema": "PromptAds"}
    script = """
from airflow.providers.microsoft.mssql.hooks.mssql import MsSqlHook
hook = MsSqlHook(mssql_conn_id="standin")
hook.run("DELETE FROM dbo.prueba_hija; DELETE FROM dbo.prueba", autocommit=True)
hook.insert_rows("dbo.prueba", [(1, "ñ"), (2, None)], ["id", "nombre"])
print(hook.test_connection()[0], hook.get_records("SELECT id, nombre FROM dbo.prueba WHERE id < %s", (3,)))
"""
    connection = json.dumps({**login, "password": server.passwords[ADMIN]})
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "AIRFLOW_CONN_STANDIN": connection}
    shown = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert "True [(1, 'ñ'), (2, None)]" in shown.stdout, shown.stderr


def test_databases_are_apart(server: Server) -> None:
    with closing(server.connect(database="promptcrm")) as connection, connection.cursor() as cursor:
        assert execute(cursor, "SELECT DB_NAME()") == [("PromptCRM",)]
        assert number_of(lambda: execute(cursor, "SELECT * FROM dbo.prueba")) == 208


def test_it_starts_again_on_the_same_storage_and_stops(local_dir: Path, storage: str) -> None:
    again = Server(storage, load_passwords(local_dir))
    process = again.start()
    with closing(again.connect()) as connection, connection.cursor() as cursor:
        assert execute(cursor, "SELECT COUNT(*) FROM dbo.migraciones")[0][0] > 0
        process.terminate()
        assert process.wait(timeout=20) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(again.port)), timeout=5)


def test_it_serves_loopback_only(local_dir: Path, storage: str) -> None:
    standin = Server(storage, load_passwords(local_dir))
    command = [*standin.command, "--host", "0.0.0.0"]
    shown = subprocess.run(command, env=standin.environment, capture_output=True, text=True, check=False)
    assert shown.returncode != 0
    assert "not a loopback address" in shown.stderr
