"""T-SQL to PostgreSQL without a server: what is cut where, what becomes of each statement, what goes to COPY."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pysqlbridge.tds.result import QueryError

from promptsales.local.sqlserver.batch import Control, parse, parse_insert
from promptsales.local.sqlserver.bulk import BULK_CHARACTERS, bulk_inserts
from promptsales.local.sqlserver.translate import Statement

VARIABLES = {"@@rowcount": 3, "@@trancount": 1, "@n": "ñ'x", "@d": Decimal("-1.50"), "@b": b"\x00", "@nulo": None}


def postgres(batch: str) -> list[str]:
    return [each.sql(VARIABLES) if isinstance(each, Statement) else each.kind for each in parse(batch)]


@pytest.mark.parametrize(
    ("tsql", "expected"),
    [
        ("SELECT N'a''b', 'a\\b', N'[x]; COMMIT'", ["SELECT 'a''b', 'a\\b', '[x]; COMMIT'"]),
        ("SELECT [Id] FROM [dbo].[T] ORDER BY [Id]", ['SELECT "id" FROM "dbo"."t" ORDER BY "id"']),
        ("SELECT TOP (5) a FROM t", ["SELECT a FROM t LIMIT 5"]),
        ("SELECT 1 -- ; x\n; /* ; */ SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("UPDATE t SET a = 1\nSELECT @@ROWCOUNT", ["UPDATE t SET a = 1", "SELECT 3"]),
        ("SELECT @n, @d, @b, @nulo", ["SELECT 'ñ''x', (-1.50), CAST('\\x00' AS BYTEA), NULL"]),
        ("BEGIN TRAN INSERT INTO t (a) VALUES (1) COMMIT", ["begin", "INSERT INTO t (a) VALUES (1)", "commit"]),
        ("BEGIN TRAN x; SAVE TRAN p; ROLLBACK TRAN p; ROLLBACK", ["begin", "save", "rollback", "rollback"]),
        ("SET NOCOUNT ON; SET IDENTITY_INSERT dbo.t ON; USE [PromptAds]", ["option", "option", "use"]),
        ("UPDATE STATISTICS dbo.[T] WITH FULLSCAN", ["ANALYZE dbo.T"]),
        (
            "ALTER TABLE dbo.[t] NOCHECK CONSTRAINT ALL; alter table dbo.t\nWITH CHECK CHECK CONSTRAINT ALL",
            ["CALL tsql.enforce_foreign_keys('dbo.t', False)", "CALL tsql.enforce_foreign_keys('dbo.t', True)"],
        ),
        (
            "SELECT a FROM t AS x WITH (UPDLOCK, READPAST)",
            ["SELECT a FROM t AS x FOR UPDATE OF x SKIP LOCKED"],
        ),
        (
            "DELETE FROM t OUTPUT deleted.a WHERE a = 1",
            ["DELETE FROM t WHERE a = 1 RETURNING old.a"],
        ),
        (
            "UPDATE x SET x.a = u.b FROM t AS x JOIN u ON u.id = x.id WHERE u.c = 1",
            ["UPDATE t AS x SET a = u.b FROM u WHERE u.c = 1 AND u.id = x.id"],
        ),
        ("SELECT CAST(a AS bit), CAST(a AS float)", ["SELECT CAST(a AS BOOLEAN), CAST(a AS DOUBLE PRECISION)"]),
        ("SELECT a FROM t WHERE b LIKE 'x\\%'", ["SELECT a FROM t WHERE b LIKE 'x\\%' ESCAPE ''"]),
        ("SELECT 0xABC, 0xab", ["SELECT CAST('\\x0ABC' AS BYTEA), CAST('\\xab' AS BYTEA)"]),
        ("  -- nothing\n", []),
    ],
)
def test_translation(tsql: str, expected: list[str]) -> None:
    assert postgres(tsql) == expected


def test_control_statements_keep_what_they_say() -> None:
    assert parse("SET TRANSACTION ISOLATION LEVEL READ  COMMITTED") == [Control("isolation", value="READ COMMITTED")]
    assert parse("SET LOCK_TIMEOUT -1") == [Control("option", name="LOCK_TIMEOUT", value="-1")]
    assert parse("IF @@TRANCOUNT > 0 ROLLBACK TRAN") == [Control("rollback", guarded=True)]


def test_names_lines_and_objects() -> None:
    first, second = parse("SELECT a, b AS [Total B], COUNT(*), c + 1 FROM etl.T\n;\n\nSELECT * FROM dbo.u")
    assert isinstance(first, Statement)
    assert isinstance(second, Statement)
    assert (first.names, first.line, first.objects) == (("a", "Total B", "", ""), 1, (("etl", "t"),))
    assert (second.names, second.line, second.objects) == (None, 4, (("dbo", "u"),))


@pytest.mark.parametrize(
    "batch", ["SELECT 'x", "SELECT FROM", "CREATE VIEW v AS SELECT 1", "EXEC p", "SELECT 1; DROP TABLE t"]
)
def test_a_batch_that_does_not_compile_runs_nothing(batch: str) -> None:
    with pytest.raises(QueryError):
        parse(batch)


def test_an_undeclared_variable() -> None:
    (statement,) = parse("SELECT @otra")
    assert isinstance(statement, Statement)
    with pytest.raises(QueryError, match="@otra"):
        statement.sql(VARIABLES)


# --- COPY ----------------------------------------------------------------------------------------------------

PADDING = f"N'{'x' * BULK_CHARACTERS}'"


def copied(values: str, head: str = "INSERT INTO [dbo].[T] ([A], b, c) VALUES ") -> Any:
    statements = bulk_inserts(f"{head}({values}, {PADDING})")
    return statements and [statement.copy for statement in statements]


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ("1, -2.50", "1\t-2.50"),
        ("NULL, null", "\\N\t\\N"),
        ("N'', ''", "\t"),
        ("N'it''s', N'''', 'a''''b'", "it's\t'\ta''b"),
        ("N'NULL', N'0x,N), (1'", "NULL\t0x,N), (1"),
        ("N'a\\b\tc\nd\re'", "a\\\\b\\tc\\nd\\re"),
        ("0xAB0f, 0x", "\\\\xAB0f\t\\\\x"),
        ("1.5e-7, 1E+300", "1.5e-7\t1E+300"),
        ("N'--', N'/*', N'[', N'ñ😀'", "--\t/*\t[\tñ😀"),
    ],
)
def test_literals_become_copy_fields(values: str, fields: str) -> None:
    assert copied(values) == [f"{fields}\t{'x' * BULK_CHARACTERS}\n".encode()]


def test_several_statements_and_rows() -> None:
    batch = f"INSERT INTO t (a, b) VALUES (1, {PADDING}),\n (2,N'b');\nINSERT u (a) VALUES (N'it''s')"
    statements = bulk_inserts(batch)
    assert statements is not None
    assert [statement.ready for statement in statements] == ["COPY t (a, b) FROM STDIN", "COPY u (a) FROM STDIN"]
    assert [statement.copy for statement in statements][1] == b"it's\n"
    assert (statements[0].copy or b"").endswith(b"x\n2\tb\n")
    assert "".join(statement.source for statement in statements) == batch
    assert parse_insert(statements[1].source).sql({}) == "INSERT INTO u (a) VALUES ('it''s')"


@pytest.mark.parametrize(
    "values",
    [
        *("GETDATE()", "NEXT VALUE FOR dbo.seq_t", "1 + 1", "007", "+1", "1 2", "DEFAULT", "@x", "$1.5"),
        *("/* ' */ 1", "1 -- '\n", "[it's]", "CAST('1' AS int)", "N'a' + N'b'", "N'a' N'b'", "(1)"),
    ],
)
def test_anything_but_literals_goes_to_the_parser(values: str) -> None:
    assert copied(values) is None


def test_other_forms_go_to_the_parser() -> None:
    assert copied("1", head="INSERT INTO t (a, b) OUTPUT inserted.a VALUES ") is None
    assert copied("1", head="INSERT INTO t VALUES ") is None
    assert bulk_inserts(f"INSERT INTO t (a) SELECT {PADDING}") is None
    assert bulk_inserts(f"INSERT INTO t (a) VALUES ({PADDING}); SELECT 1") is None
    assert bulk_inserts("INSERT INTO t (a) VALUES (1)") is None
