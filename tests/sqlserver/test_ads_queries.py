"""PromptAds' query files on SQL Server: each runs, answers what its comment asks, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pymssql
import pytest
from ads_world import TODAY, World, build, campaign, create, figures, record, remove
from server_calls import Rows, results, value

from promptsales.database.batches import split_batches
from promptsales.paths import DATABASE_DIR

pytestmark = pytest.mark.sqlserver

QUERIES = sorted((DATABASE_DIR / "sqlserver_ads" / "queries").glob("*.sql"))

START = TODAY - timedelta(days=59)


@dataclass(frozen=True)
class Data:
    """Two running campaigns of two brands of one sector: `good` earns, and is criticised; `bad` did once."""

    world: World
    good: int
    bad: int


@pytest.fixture(scope="module")
def data(ads_database: Callable[[], pymssql.Connection]) -> Iterator[Data]:
    with closing(ads_database()) as connection:
        world = build(connection)
        results(connection, "UPDATE dbo.marcas SET activa = 1 WHERE id_marca = %s", (world.inactive_brand,))
        first, second = world.channels[:2]
        good, keys = create(
            connection,
            campaign(
                world,
                start=START,
                end=TODAY + timedelta(days=30),
                channels=[(1, world.channel(0), None, None)],
                ads=[(1, 1, world.user, "  Descubre lo nuevo", "texto", "video")],
            ),
        )
        bad, _ = create(
            connection,
            campaign(
                world,
                brand=world.inactive_brand,
                start=START,
                end=TODAY + timedelta(days=1),
                channels=[(1, world.channel(1), None, None)],
                ads=[(1, 1, None, "Compra ya", "texto", "imagen")],
            ),
        )
        record(
            connection,
            [
                figures(good, first, TODAY - timedelta(days=1), "90.00"),
                figures(good, first, TODAY, "110.00"),
                figures(bad, second, START, "40.00"),
                figures(bad, second, TODAY, "1.00"),
            ],
        )
        ((_, ad, *_),) = keys
        for day, positives, negatives, reactions in (
            (TODAY - timedelta(days=30), 90, 10, 100),  # the last day of the period before
            (TODAY - timedelta(days=29), 10, 30, 45),
            (TODAY, 10, 30, 30),
        ):
            results(
                connection,
                "INSERT INTO dbo.sentimientos (id_anuncio, fecha, positivos, neutros, negativos, puntaje, reacciones)"
                " VALUES (%s, %s, %s, 20, %s, 0, %s)",
                (ad, day, positives, negatives, reactions),
            )
        yield Data(world, good, bad)
        remove(connection, world)


def run(connection: pymssql.Connection, name: str) -> Rows:
    """The rows of the last result of the file whose name ends in `name`."""
    (path,) = [path for path in QUERIES if path.stem.endswith(name)]
    found: list[Rows] = []
    for batch in split_batches(path.read_text(encoding="utf-8")):
        found += results(connection, batch.sql)
    return found[-1]


def state(connection: pymssql.Connection, data: Data) -> list[Rows]:
    """What the files that change data might leave changed."""
    return [
        results(
            connection,
            f"SELECT * FROM dbo.{table} WHERE id_campana IN (%s, %s) ORDER BY 1, 2",
            (data.good, data.bad),
        )[0]
        for table in ("campanas", "campanas_mercados")
    ]


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_every_file_returns_rows_and_changes_nothing(ads: pymssql.Connection, data: Data, path: Path) -> None:
    before = state(ads, data)
    assert run(ads, path.stem)
    assert value(ads, "SELECT @@TRANCOUNT AS abiertas") == 0
    assert state(ads, data) == before


def test_except_finds_the_channels_a_brand_leaves_to_others(ads: pymssql.Connection, data: Data) -> None:
    world = data.world
    found = {(row[1], row[2]) for row in run(ads, "except") if row[0] == world.sector}
    assert found == {
        (f"marca {world.brand} {world.token}", world.channel(1)),
        (f"marca {world.inactive_brand} {world.token}", world.channel(0)),
    }


def test_intersect_finds_who_earns_and_is_criticised(ads: pymssql.Connection, data: Data) -> None:
    found = {row[0] for row in run(ads, "intersect")}
    assert data.good in found
    assert data.bad not in found


def test_merge_tells_the_changes_of_the_newest_campaign(ads: pymssql.Connection, data: Data) -> None:
    found = run(ads, "merge")
    assert sum(row[5] for row in found if row[5] is not None) <= 1
    assert {row[0] for row in found} <= {"añadir", "ajustar", "quitar"}


def test_lower_makes_tags_without_capitals_or_blanks(ads: pymssql.Connection, data: Data) -> None:
    tags = {row[5]: row for row in run(ads, "lower")}
    *_, content = tags[f"campaña-de-prueba-{data.good}"]
    assert content == data.world.user
    assert all(tag == tag.lower() and " " not in tag for tag in tags)


def test_floor_buys_whole_thousands(ads: pymssql.Connection, data: Data) -> None:
    results(ads, "UPDATE dbo.campanas SET presupuesto = 1009.99 WHERE id_campana = %s", (data.good,))
    try:
        found = {row[0]: (row[3], row[4], row[5]) for row in run(ads, "floor")}
    finally:
        results(ads, "UPDATE dbo.campanas SET presupuesto = 1000 WHERE id_campana = %s", (data.good,))
    # 20.00 for 2,000 impressions: 10.00 a thousand.
    assert found[data.good] == (Decimal("989.99"), Decimal("10.00"), 98)
    assert found[data.bad] == (Decimal("980.00"), Decimal("10.00"), 98)


def test_ceiling_counts_the_day_that_is_begun(ads: pymssql.Connection, data: Data) -> None:
    results(ads, "UPDATE dbo.campanas SET presupuesto = 1001 WHERE id_campana = %s", (data.good,))
    try:
        found = {row[0]: (row[3], row[4], row[5], row[6]) for row in run(ads, "ceiling")}
    finally:
        results(ads, "UPDATE dbo.campanas SET presupuesto = 1000 WHERE id_campana = %s", (data.good,))
    per_day, days, left, forecast = found[data.good]
    assert (per_day, days) == (Decimal("10.00"), 99)  # 981.00 at 10.00 a day
    assert forecast == ("se agota antes" if days < left else "alcanza")


def test_update_pauses_whose_return_fell(ads: pymssql.Connection, data: Data) -> None:
    found = {row[0]: row[2:] for row in run(ads, "update_from_select")}
    assert found[data.bad] == (Decimal("0.10"), Decimal("4.00"), Decimal("97.5"))
    assert data.good not in found


def test_update_leaves_alone_what_never_earned(ads: pymssql.Connection, data: Data) -> None:
    results(ads, "UPDATE dbo.rendimiento_diario SET ingresos = 0 WHERE id_campana = %s", (data.bad,))
    try:
        assert data.bad not in {row[0] for row in run(ads, "update_from_select")}
    finally:
        for day, revenue in ((START, 40), (TODAY, 1)):
            results(
                ads,
                "UPDATE dbo.rendimiento_diario SET ingresos = %s WHERE id_campana = %s AND fecha = %s",
                (revenue, data.bad, day),
            )


def test_negative_sentiment_with_its_drop_in_reactions(ads: pymssql.Connection, data: Data) -> None:
    (row,) = [row for row in run(ads, "sentimiento_negativo") if data.world.token in row[1]]
    assert row == (
        "campaña de prueba",
        f"marca {data.world.brand} {data.world.token}",
        "  Descubre lo nuevo",
        data.world.channel(0),
        f"persona {data.world.token}",
        Decimal("-0.333"),  # (20 - 60) / 120
        60,
        20,
        75,
        100,
        Decimal("25.0"),
    )


def test_ltrim_puts_an_indented_title_with_its_like(ads: pymssql.Connection, data: Data) -> None:
    openings = [row[0] for row in run(ads, "ltrim")]
    assert all(opening == opening.strip() for opening in openings)
