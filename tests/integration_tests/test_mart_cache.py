"""What caches hold of the marts: campaign figures fed after a refresh, results dropped by it, nothing read stale."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from queue import Queue
from typing import Any

import pytest
from mart_readers import EVERY_COUNTRY, FilledWarehouse
from redis import Redis
from star_schema import execute, query

from promptsales.cache import campaign_statistics, invalidation
from promptsales.cache.campaign_statistics import CacheFeedError, feed, read
from promptsales.cache.invalidation import Refreshed, drop_results, epoch, listen
from promptsales.cache.keys import API_RESULT, CAMPAIGN_STATS
from promptsales.connections import connect_redis
from promptsales.warehouse.marts import refresh_marts

WAIT = 30
ANALYST = "promptsales_analista"


@pytest.fixture
def redis(filled_warehouse: FilledWarehouse) -> Iterator[Redis]:
    """An empty Redis; all campaigns wait to be fed."""
    execute(filled_warehouse.owner, "UPDATE mart.posicion SET version_en_cache = 0")
    with closing(filled_warehouse.etl.redis()) as server:
        server.flushdb()
        yield server


@pytest.fixture
def broken_redis() -> Iterator[Redis]:
    """A client of a port that nobody listens on."""
    with closing(connect_redis("redis://127.0.0.1:1/0")) as client:
        yield client


def sell_dearer(warehouse: FilledWarehouse) -> int:
    """A campaign's sales are each worth a dollar more, as after a corrected rate; the marts follow. Returns which."""
    [(campaign,)] = query(warehouse.owner, "SELECT min(id_campana) FROM dw.hecho_venta")
    noted = (
        "INSERT INTO dw.{0} SELECT DISTINCT (SELECT max(id_refresco) FROM dw.refrescos), {1} FROM dw.hecho_venta"
        " WHERE id_campana = {2}"
    )
    execute(
        warehouse.owner,
        f"UPDATE dw.hecho_venta SET total_usd = total_usd + 1 WHERE id_campana = {campaign}",
        """INSERT INTO dw.refrescos (iniciado_en, filas) VALUES (now(), '{"hecho_venta": 1}')""",
        noted.format("cambios", "'hecho_venta', id_campana, fecha", campaign),
        noted.format("cambios_cliente", "id_cliente", campaign),
    )
    assert refresh_marts(warehouse.etl).rows["actividad_mes"] > 0
    return int(campaign)


def held(redis: Redis) -> dict[int, dict[str, str]]:
    keys = redis.scan_iter(match=CAMPAIGN_STATS.key(id="*"))
    return {int(key.rsplit(":", 1)[1]): redis.hgetall(key) for key in keys}  # type: ignore[misc]


def figures(warehouse: FilledWarehouse) -> dict[int, tuple[Any, ...]]:
    """Revenue and sales by campaign, out of the facts."""
    return {
        campaign: (str(sales), str(revenue))
        for campaign, sales, revenue in query(
            warehouse.owner, "SELECT id_campana, count(*), round(sum(total_usd), 2) FROM dw.hecho_venta GROUP BY 1"
        )
    }


def test_every_campaign_is_fed_with_what_the_facts_say(filled_warehouse: FilledWarehouse, redis: Redis) -> None:
    fed = feed(filled_warehouse.etl)
    hashes = held(redis)
    assert fed == len(hashes) == query(filled_warehouse.owner, "SELECT count(*) FROM mart.campana")[0][0]
    for campaign, expected in figures(filled_warehouse).items():
        assert (hashes[campaign]["ventas"], hashes[campaign]["ingresos_usd"]) == expected
        assert 0 < int(redis.ttl(CAMPAIGN_STATS.key(id=campaign))) <= 11 * 60  # type: ignore[arg-type]  # synchronous


def test_only_campaigns_that_changed_are_fed_again(filled_warehouse: FilledWarehouse, redis: Redis) -> None:
    feed(filled_warehouse.etl)
    assert feed(filled_warehouse.etl) == 0
    redis.flushdb()
    campaign = sell_dearer(filled_warehouse)
    assert feed(filled_warehouse.etl) == 1
    assert list(held(redis)) == [campaign]


def test_after_a_refresh_no_old_figures_are_read_though_the_feed_never_ran(
    filled_warehouse: FilledWarehouse, redis: Redis
) -> None:
    feed(filled_warehouse.etl)
    before = {
        campaign: (kept["ventas"], kept["ingresos_usd"]) for campaign, kept in held(redis).items() if "ventas" in kept
    }
    sell_dearer(filled_warehouse)
    now = figures(filled_warehouse)
    assert now != before
    with filled_warehouse.session(ANALYST, EVERY_COUNTRY) as connection:
        for campaign in now:
            answer = read(connection, redis, campaign)
            assert answer is not None
            assert (answer["ventas"], answer["ingresos_usd"]) == now[campaign]
            assert held(redis)[campaign] == answer, "and it is kept for the next reader"


def test_what_a_late_feed_leaves_is_not_read(filled_warehouse: FilledWarehouse, redis: Redis) -> None:
    """Two feeds cross: the one that read first stores last."""
    with closing(filled_warehouse.etl.postgres()) as connection:
        [(campaign,)] = connection.execute("SELECT min(id_campana) FROM dw.hecho_venta").fetchall()
        old = campaign_statistics._compute(connection, [campaign])
    sell_dearer(filled_warehouse)
    feed(filled_warehouse.etl)
    campaign_statistics._store(redis, old)
    with filled_warehouse.session(ANALYST, EVERY_COUNTRY) as connection:
        answer = read(connection, redis, campaign)
    assert answer is not None
    assert (answer["ventas"], answer["ingresos_usd"]) == figures(filled_warehouse)[campaign]


def test_a_reader_of_one_country_is_answered_without_redis(filled_warehouse: FilledWarehouse, redis: Redis) -> None:
    feed(filled_warehouse.etl)
    [(campaign, country, sales)] = query(
        filled_warehouse.owner,
        "SELECT id_campana, codigo_pais, sum(ventas)::text FROM mart.actividad_mes WHERE ventas > 0"
        " GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 1",
    )
    redis.hset(CAMPAIGN_STATS.key(id=campaign), "ventas", "of all countries")
    before = held(redis)
    answers = {}
    for countries in (EVERY_COUNTRY, country):
        with filled_warehouse.session(ANALYST, countries) as connection:
            answers[countries] = read(connection, redis, campaign) or {}
    assert answers[EVERY_COUNTRY]["ventas"] == "of all countries"
    assert answers[country]["ventas"] == sales
    assert held(redis) == before, "nor is Redis told of one country alone"
    with filled_warehouse.session(ANALYST) as connection:
        assert read(connection, redis, campaign) is None
        assert read(connection, redis, -1) is None


def test_without_redis_readers_are_answered_and_the_feed_says_so(
    filled_warehouse: FilledWarehouse, redis: Redis, broken_redis: Redis
) -> None:
    [(campaign,)] = query(filled_warehouse.owner, "SELECT min(id_campana) FROM dw.hecho_venta")
    with filled_warehouse.session(ANALYST, EVERY_COUNTRY) as connection:
        answer = read(connection, broken_redis, campaign)
    assert answer is not None
    assert answer["ventas"] == figures(filled_warehouse)[campaign][0]

    broken = replace(filled_warehouse.etl, redis=lambda: broken_redis)
    with pytest.raises(CacheFeedError, match="PROMPTSALES_REDIS_URL"):
        feed(broken)
    assert feed(filled_warehouse.etl) == len(held(redis)) > 0, "the next feed makes up for it"


def test_an_answer_cached_before_a_refresh_is_not_found_after_it(
    filled_warehouse: FilledWarehouse, redis: Redis
) -> None:
    """As a server does it: the epoch of its own session is part of the key."""
    question = "SELECT sum(ingresos_usd)::text FROM mart.rendimiento_campana"

    def ask(countries: str) -> tuple[str, bool]:
        with filled_warehouse.session("promptsales_mcp", countries) as connection:
            key = API_RESULT.key(service="mart", method="ingresos", hash=epoch(connection))
            kept = redis.get(key)
            if kept is not None:
                return str(kept), True
            [(answer,)] = connection.execute(question).fetchall()
            redis.set(key, answer, ex=API_RESULT.ttl)
            return answer, False

    [(country,)] = query(filled_warehouse.owner, "SELECT min(codigo_pais) FROM mart.actividad_mes WHERE ventas > 0")
    before, _ = ask(EVERY_COUNTRY)
    assert ask(EVERY_COUNTRY) == (before, True)
    assert ask(country)[1] is False, "another reader's answer is another"
    sell_dearer(filled_warehouse)
    after, cached = ask(EVERY_COUNTRY)
    assert not cached
    assert [(after,)] == query(filled_warehouse.owner, question)
    assert after != before


def test_listeners_hear_of_a_change_at_its_commit_and_of_nothing_else(
    filled_warehouse: FilledWarehouse, redis: Redis
) -> None:
    heard: Queue[Refreshed] = Queue()
    stop = threading.Event()
    listener = threading.Thread(target=listen, args=(filled_warehouse.etl.postgres, heard.put, stop))
    listener.start()
    try:
        assert heard.get(timeout=WAIT) == Refreshed(None, frozenset()), "it may have missed some before"
        assert refresh_marts(filled_warehouse.etl).rows == {}
        sell_dearer(filled_warehouse)
        [(version, changed)] = query(filled_warehouse.owner, "SELECT version, cambiadas FROM mart.posicion")
        # The replay told nothing: this is the first that is heard.
        assert heard.get(timeout=WAIT) == Refreshed(version, frozenset(changed))
        assert "actividad_mes" in changed

        # Any login may send on a channel, and anything.
        for forged in ("garbage", '{"version": null}', "[" * 7_000):
            with filled_warehouse.session(ANALYST) as analyst:
                analyst.execute("SELECT pg_notify('promptsales_cache', %s)", [forged])
            assert heard.get(timeout=WAIT) == Refreshed(None, frozenset())

        [(pid,)] = query(filled_warehouse.etl, "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%%'")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(invalidation, "RETRY_SECONDS", 0.0)
            query(filled_warehouse.etl, "SELECT pg_terminate_backend(%s)", pid)
            assert heard.get(timeout=WAIT) == Refreshed(None, frozenset()), "it listens again"
    finally:
        stop.set()
        listener.join(WAIT)
    assert not listener.is_alive()


def test_results_of_one_service_are_dropped(redis: Redis) -> None:
    kept = API_RESULT.key(service="otro", method="m", hash="1")
    for key in (kept, *(API_RESULT.key(service="mart", method="m", hash=n) for n in range(5))):
        redis.set(key, json.dumps(1))
    assert drop_results(redis, "mart") == 5
    assert list(redis.scan_iter(match="api:resultados:*")) == [kept]
