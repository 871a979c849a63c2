"""Rows as T-SQL text: the same for the same plan, in pieces or whole."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptsales.seeding.ads_tables import ads_tables
from promptsales.seeding.content import content_documents
from promptsales.seeding.crm_tables import crm_tables
from promptsales.seeding.plan import EPOCH, SeedPlan
from promptsales.seeding.table import CHUNK_ROWS, STATEMENT_ROWS, DateTexts, Table, literal, whole_and_cents
from promptsales.seeding.world import build_world

PLAN = SeedPlan(date(2026, 11, 15), scale=0.05)
WORLD = build_world(PLAN)
TABLES = {table.name: table for table in [*ads_tables(WORLD), *crm_tables(WORLD)]}

DIGEST = """
import sys
from datetime import date
from test_seeding_tables import digest
from promptsales.seeding.plan import SeedPlan
print(digest(SeedPlan(date(2025, 6, 30), scale=0.002, seed=int(sys.argv[1]))))
"""


def digest(plan: SeedPlan) -> str:
    world = build_world(plan)
    found = hashlib.sha256()
    for table in [*ads_tables(world), *crm_tables(world)]:
        for statement in statements(table, plan):
            found.update(statement.encode())
    found.update(repr(content_documents(world)).encode())
    return found.hexdigest()


def statements(table: Table, plan: SeedPlan, done: int = 0) -> list[str]:
    return [statement for _, piece in table.chunks(plan, done) for statement in piece]


def rows_of(table: Table, done: int = 0) -> list[str]:
    return [row for text in statements(table, PLAN, done) for row in text.split(" VALUES\n", 1)[1].split(",\n")]


@pytest.mark.slow
def test_the_same_plan_gives_the_same_bytes_in_any_process() -> None:
    folder = os.path.dirname(__file__)

    def elsewhere(seed: str, hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join([folder, *sys.path])}
        return subprocess.run(
            [sys.executable, "-c", DIGEST, seed], env=environment, check=True, capture_output=True, text=True
        ).stdout.strip()

    here = digest(SeedPlan(date(2025, 6, 30), scale=0.002, seed=7))
    assert elsewhere("7", "1") == elsewhere("7", "2") == here
    assert elsewhere("8", "1") != here


@pytest.mark.parametrize("name", TABLES)
def test_every_row_is_there_once_in_the_order_of_its_key(name: str) -> None:
    table = TABLES[name]
    keys = [tuple(map(int, re.findall(r"\d+", row)[: len(table.key)])) for row in rows_of(table)]
    assert len(keys) == table.rows
    assert all(one < other for one, other in pairwise(keys))
    assert [table.position(key) for key in keys] == list(range(1, table.rows + 1))


@pytest.mark.parametrize("name", TABLES)
def test_no_statement_is_larger_than_sql_server_takes(name: str) -> None:
    for statement in statements(TABLES[name], PLAN):
        assert statement.count("\n") <= STATEMENT_ROWS


@settings(max_examples=25, deadline=None)
@given(name=st.sampled_from(sorted(TABLES)), part=st.floats(0, 1))
def test_an_interrupted_table_goes_on_with_the_same_rows(name: str, part: float) -> None:
    table = TABLES[name]
    done = int(part * table.rows)
    assert rows_of(table, done) == rows_of(table)[done:]
    assert sum(count for count, _ in table.chunks(PLAN, done)) == table.rows - done


def test_tables_larger_than_a_chunk_are_among_those_tested() -> None:
    assert sum(table.rows > CHUNK_ROWS for table in TABLES.values()) >= 3


def test_documents_and_references_never_repeat() -> None:
    documents = [row.split("0x")[1][:64] for row in rows_of(TABLES["clientes"])]
    assert len(set(documents)) == PLAN.customers
    for name in ("ventas", "campanas"):
        found = re.findall(
            r"'[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}'", "".join(rows_of(TABLES[name]))
        )
        assert len(set(found)) == TABLES[name].rows


def test_customers_are_adults_near_their_city() -> None:
    country_of = {country.code: index for index, country in enumerate(WORLD.reference.countries)}
    markets = {(market.country, market.city, market.region): market for market in WORLD.reference.markets}
    distances, ages = [], []
    for row in rows_of(TABLES["clientes"])[::7]:
        text = re.findall(r"'((?:[^']|'')*)'", row)
        code, region, city = text[6], text[7], text[8]
        latitude, longitude = map(float, re.findall(r", (-?\d+\.\d{6}), (-?\d+\.\d{6}),", row)[0])
        market = markets[country_of[code], city.replace("''", "'"), region.replace("''", "'")]
        distances.append(np.hypot(latitude - market.latitude / 1e6, longitude - market.longitude / 1e6))
        registered = date.fromisoformat(text[9][:10])
        ages.append((registered - date.fromisoformat(text[2])) / timedelta(days=365.25))
    assert 0 < np.median(distances) < 0.06
    assert max(distances) < 0.2
    assert min(ages) >= 17.99
    assert max(ages) < 83.1
    assert 28 < np.median(ages) < 50


def test_text_with_quotes_stays_one_literal() -> None:
    assert literal("O'Connor") == "O''Connor"
    assert any("O''" in row for row in rows_of(TABLES["clientes"]))


@given(st.lists(st.integers(0, 2**53), min_size=1))
def test_cents_are_written_exactly(cents: list[int]) -> None:
    written = [f"{whole}.{rest:02}" for whole, rest in zip(*whole_and_cents(np.array(cents)), strict=True)]
    assert [int(text.replace(".", "")) for text in written] == cents


TEXTS = DateTexts(-20_000, 40_000)


@given(st.integers(-20_000, 40_000), st.integers(0, 86_399))
def test_moments_are_written_as_iso(day: int, second: int) -> None:
    dates, times = TEXTS.moments(np.array([day * 86_400 + second]))
    assert dates == [str(EPOCH + timedelta(days=day))]
    assert times == [str(timedelta(seconds=second)).zfill(8)]
