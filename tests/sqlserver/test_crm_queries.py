"""Every file of PromptCRM's queries/ runs on SQL Server and answers its question."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pymssql
import pytest
from crm_world import FIRST_CAMPAIGN, Line, customer, months_ago, register, remove, sell
from server_calls import Rows, results, value

from promptsales.database.batches import split_batches
from promptsales.paths import DATABASE_DIR

pytestmark = pytest.mark.sqlserver

QUERIES = sorted((DATABASE_DIR / "sqlserver_crm" / "queries").glob("*.sql"))


@pytest.fixture(autouse=True)
def sales(crm: pymssql.Connection) -> Iterator[None]:
    """Two customers in one place; one of them bought in three months, once for much more than usual; four leads."""
    if not value(crm, "SELECT COUNT(*) AS filas FROM seguridad.bloques_hash"):
        pytest.skip("the keys of the personal data are not installed: database/sqlserver_crm/security/README.md")
    remove(crm)
    loyal, other = register(crm, customer()), register(crm, customer())
    for ago, price in ((3, "10"), (2, "11"), (0, "90")):
        sell(crm, loyal, Line(cantidad=1, precio_unitario=Decimal(price)), moment=months_ago(ago))
    sell(
        crm,
        other,
        Line(cantidad=1, precio_unitario=Decimal(90)),
        moment=months_ago(0),
        campaign=FIRST_CAMPAIGN + 1,
    )
    for campaign, score, state in ((0, 20, "perdido"), (0, 30, "nuevo"), (1, 80, "convertido"), (1, 90, "nuevo")):
        results(
            crm,
            "INSERT INTO dbo.leads (id_campana, id_canal, estado, puntaje) VALUES (%s, 1, %s, %s)",
            (FIRST_CAMPAIGN + campaign, state, score),
        )
    yield
    remove(crm)


def run(crm: pymssql.Connection, path: Path) -> list[Rows]:
    return [rows for batch in split_batches(path.read_text()) for rows in results(crm, batch.sql)]


def named(name: str) -> Path:
    (path,) = (path for path in QUERIES if name in path.stem)
    return path


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_each_query_answers(path: Path, crm: pymssql.Connection) -> None:
    answers = run(crm, path)
    assert answers
    assert all(answers), "a question without an answer"


def test_ranks_share_a_place_on_equal_totals(crm: pymssql.Connection) -> None:
    (rows,) = run(crm, named("rank"))
    now = months_ago(0)
    mine = [row for row in rows if row[:2] == (now.year, now.month) and row[2] >= FIRST_CAMPAIGN]
    assert [row[4:6] for row in mine] == [(1, Decimal("90.00")), (1, Decimal("90.00"))]
    assert mine[0][6] == mine[1][6]


def test_a_customer_s_unusual_sale_is_found(crm: pymssql.Connection) -> None:
    sales_, _, _ = run(crm, named("correlacionado"))
    assert [row[3] for row in sales_ if row[5] == Decimal("10.500000")] == [Decimal("90.00")]


def test_a_running_total_restarts_with_each_campaign(crm: pymssql.Connection) -> None:
    (rows,) = run(crm, named("partition"))
    first, second = ([row[5] for row in rows if row[0] == FIRST_CAMPAIGN + which] for which in (0, 1))
    assert first == [Decimal("10.00"), Decimal("21.00"), Decimal("111.00")]
    assert second == [Decimal("90.00")]


def test_the_indexed_view_says_what_the_table_says(crm: pymssql.Connection) -> None:
    before, _, after, _, _ = run(crm, named("vista_indexada"))
    assert before == after


def test_the_plan_reads_the_table_before_and_the_view_s_index_after(crm: pymssql.Connection) -> None:
    _, before, _, after, _ = (str(rows) for rows in run(crm, named("vista_indexada")))
    table, index = 'Table="[ventas]"', 'Index="[UX_v_ventas_por_campana]"'
    assert (table in before, index in before) == (True, False)
    assert (table in after, index in after) == (False, True)


def test_the_calendar_has_every_month(crm: pymssql.Connection) -> None:
    (rows,) = run(crm, named("recursiva"))
    assert len(rows) == 24
    assert rows == sorted(rows)
