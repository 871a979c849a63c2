"""The ads optimizer as it is served: figures of PromptAds, each caller's part of them, and what needs SQL Server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from answers import LEAKS, answer, failure, hostile, refusal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mart_readers import FilledWarehouse
from served import Served, call_body, served

from promptsales.seeding.reference import read_yaml

pytestmark = pytest.mark.slow

SERVER = "ads_optimizer"
NEW_CAMPAIGN: dict[str, Any] = {
    "name": "Regreso a clases",
    "description": "Cuadernos y mochilas para quienes vuelven a clases.",
    "objective": "conversion",
    "start": "2026-01-10",
    "end": "2026-02-20",
    "budget": 12_000.5,
    "currency": "usd",
    "ads": [{"channel": "Instagram", "title": "Vuelve", "text": "Todo listo.", "format": "imagen"}],
}


@pytest.fixture(scope="module")
def server(filled_warehouse: FilledWarehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(
        SERVER, filled_warehouse, tmp_path_factory.mktemp("mcp"), PROMPTSALES_MCP_CALLS_PER_MINUTE="100000"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def analyst(server: Served) -> str:
    """A token of an analyst who sees every country."""
    return server.token(server.user("analista"))


@pytest.fixture(scope="module")
def marketer(server: Served) -> str:
    """A token of someone who may create campaigns."""
    return server.token(server.user("mercadeo"))


def asked(server: Served, question: str, *values: Any) -> list[dict[str, Any]]:
    """The owner's answer, out of the tables."""
    with closing(server.warehouse.owner.ads()) as connection, connection.cursor(as_dict=True) as cursor:
        cursor.execute(question, values)
        rows: list[dict[str, Any]] = cursor.fetchall()
    return rows


def pages(server: Served, tool: str, rows: str, arguments: dict[str, Any], token: str) -> list[dict[str, Any]]:
    """Every row of a long answer."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        part = answer(server.call(tool, {**arguments, "cursor": cursor}, token))
        found += part[rows]
        if not (cursor := part["cursor"]):
            assert part["truncated"] is False
            return found


@pytest.fixture(scope="module")
def busiest(server: Served) -> int:
    """The campaign with most days of figures."""
    [row] = asked(
        server,
        "SELECT TOP (1) id_campana, COUNT(*) AS n FROM dbo.rendimiento_diario GROUP BY id_campana ORDER BY n DESC",
    )
    return int(row["id_campana"])


# --- campaigns ---


def test_every_campaign_is_listed_once_with_what_it_spent(server: Served, analyst: str) -> None:
    listed = pages(server, "listCampaigns", "campaigns", {"limit": 3}, analyst)
    tables = asked(
        server,
        "SELECT c.id_campana, c.presupuesto, (SELECT SUM(r.costo) FROM dbo.rendimiento_diario AS r "
        "WHERE r.id_campana = c.id_campana) AS costo FROM dbo.campanas AS c",
    )
    assert {each["campaign_id"]: (each["budget"], each["spent"]) for each in listed} == {
        row["id_campana"]: (pytest.approx(float(row["presupuesto"])), pytest.approx(float(row["costo"] or 0)))
        for row in tables
    }
    assert len(listed) == len(tables)
    assert [each["start"] for each in listed] == sorted((each["start"] for each in listed), reverse=True)


def test_filters_hold_together(server: Served, analyst: str) -> None:
    everything = pages(server, "listCampaigns", "campaigns", {"limit": 200}, analyst)
    one = everything[len(everything) // 2]
    word = one["name"].split()[0]
    question = {
        "status": one["status"],
        "brand": one["brand"],
        "objective": one["objective"],
        "running_on": one["start"],
        "name_contains": word,
    }
    found = pages(server, "listCampaigns", "campaigns", question, analyst)
    assert found == [
        each
        for each in everything
        if all(each[name] == one[name] for name in ("status", "brand", "objective"))
        and each["start"] <= one["start"] <= each["end"]
        and word.casefold() in each["name"].casefold()
    ]
    assert one in found


def test_performance_adds_up_however_it_is_divided(server: Served, analyst: str, busiest: int) -> None:
    [table] = asked(
        server,
        "SELECT SUM(impresiones) AS i, SUM(clics) AS c, SUM(costo) AS costo, SUM(ingresos) AS ingresos "
        "FROM dbo.rendimiento_diario WHERE id_campana = %s",
        busiest,
    )
    for by in ("channel", "day", "month"):
        found = answer(server.call("getCampaignPerformance", {"campaign_id": busiest, "by": by}, analyst))
        total = found["total"]
        assert (total["impressions"], total["clicks"]) == (table["i"], table["c"])
        assert (total["cost"], total["revenue"]) == (pytest.approx(float(table["costo"])), float(table["ingresos"]))
        parts = pages(server, "getCampaignPerformance", "rows", {"campaign_id": busiest, "by": by, "limit": 7}, analyst)
        assert len({part["label"] for part in parts}) == len(parts) > 1
        for name in ("impressions", "clicks", "reactions", "conversions"):
            assert sum(part[name] for part in parts) == total[name]
        assert sum(part["revenue"] for part in parts) == pytest.approx(total["revenue"])


def test_each_sees_the_share_of_their_countries_and_nobody_else_s_kept_answer(server: Served, analyst: str) -> None:
    [row] = asked(
        server,
        "SELECT TOP (1) cm.id_campana, m.codigo_pais, SUM(cm.peso) AS cuota FROM dbo.campanas_mercados AS cm "
        "INNER JOIN dbo.mercados AS m ON cm.id_mercado = m.id_mercado "
        "GROUP BY cm.id_campana, m.codigo_pais ORDER BY cuota DESC, cm.id_campana",
    )
    campaign, country = row["id_campana"], row["codigo_pais"]
    [other] = asked(
        server,
        "SELECT TOP (1) codigo_pais FROM dbo.mercados WHERE codigo_pais NOT IN (SELECT m.codigo_pais "
        "FROM dbo.campanas_mercados AS cm INNER JOIN dbo.mercados AS m ON cm.id_mercado = m.id_mercado "
        "WHERE cm.id_campana = %s) ORDER BY codigo_pais",
        campaign,
    )
    inside = server.token(server.user("analista", countries=(country,)))
    outside = server.token(server.user("analista", countries=(other["codigo_pais"],)))
    question = {"campaign_id": campaign}
    whole = answer(server.call("getCampaignPerformance", question, analyst))
    for _ in range(2):
        own = answer(server.call("getCampaignPerformance", question, inside))
        assert own["total"]["cost"] == pytest.approx(whole["total"]["cost"] * float(row["cuota"]), abs=0.02)
        assert refusal(server.call("getCampaignPerformance", question, outside))["code"] == "not_found"
        assert refusal(server.call("recommendBudget", question, outside))["code"] == "not_found"
        listed = pages(server, "listCampaigns", "campaigns", {"limit": 200}, outside)
        assert campaign not in [each["campaign_id"] for each in listed]
        assert answer(server.call("getCampaignPerformance", question, analyst)) == whole


# --- sentiment ---


def test_negative_ads_are_those_of_the_report(server: Served, analyst: str) -> None:
    period = {"since": "2025-01-01", "until": "2025-10-22"}
    found = pages(server, "findNegativeSentiment", "ads", {**period, "limit": 4}, analyst)
    table = asked(
        server,
        "SELECT id_anuncio, SUM(positivos) AS p, SUM(negativos) AS n, SUM(reacciones) AS r FROM dbo.sentimientos "
        "WHERE fecha BETWEEN '2025-01-01' AND '2025-10-22' GROUP BY id_anuncio",
    )
    bad = {row["id_anuncio"]: (row["p"], row["n"], row["r"]) for row in table if row["n"] > row["p"]}
    assert {ad["ad_id"]: (ad["positive"], ad["negative"], ad["reactions"]) for ad in found} == bad
    assert bad
    drops = [ad["drop_percent"] for ad in found if ad["drop_percent"] is not None]
    assert drops == sorted(drops, reverse=True)
    for ad in found:
        assert -1 <= ad["sentiment"] < 0
        if ad["drop_percent"] is not None:
            lost = ad["reactions_before"] - ad["reactions"]
            assert ad["drop_percent"] == pytest.approx(100 * lost / ad["reactions_before"], abs=0.05)
    least = found[len(found) // 2]["drop_percent"] or 0
    fewer = pages(server, "findNegativeSentiment", "ads", {**period, "min_drop_percent": least}, analyst)
    assert fewer == [ad for ad in found if ad["drop_percent"] is not None and ad["drop_percent"] >= least]


# --- budgets ---


def test_a_recommendation_divides_what_there_is_and_says_why(server: Served, analyst: str, busiest: int) -> None:
    found = answer(server.call("recommendBudget", {"campaign_id": busiest, "weeks": 104}, analyst))
    channels = found["channels"]
    assert len(channels) > 1
    assert sum(each["recommended"] for each in channels) == pytest.approx(found["weekly_budget"], abs=0.05)
    assert sum(each["now"] for each in channels) == pytest.approx(found["weekly_budget"], abs=0.05)
    assert found["revenue_expected"] >= found["revenue_now"]
    for name in (channels[0]["channel"], channels[-1]["channel"], found["currency"]):
        assert name in found["explanation"]
    double = answer(
        server.call(
            "recommendBudget",
            {"campaign_id": busiest, "weeks": 104, "weekly_budget": 2 * found["weekly_budget"]},
            analyst,
        )
    )
    assert sum(each["recommended"] for each in double["channels"]) == pytest.approx(
        2 * found["weekly_budget"], abs=0.05
    )
    assert double["revenue_expected"] > found["revenue_expected"]


# --- creating ---


def market(server: Served) -> dict[str, Any]:
    [row] = asked(server, "SELECT TOP (1) codigo_pais, region, ciudad FROM dbo.mercados ORDER BY id_mercado")
    return {"country": row["codigo_pais"], "region": row["region"], "city": row["ciudad"]}


def test_creating_says_that_it_needs_sql_server_and_leaves_nothing_behind(server: Served, marketer: str) -> None:
    [brand] = asked(server, "SELECT TOP (1) nombre FROM dbo.marcas WHERE activa = 1 ORDER BY id_marca")
    question = {**NEW_CAMPAIGN, "brand": brand["nombre"], "markets": [market(server)], "draft_copy": True}
    told = refusal(server.call("createCampaign", question, marketer))
    assert (told["code"], told["retryable"]) == ("needs_sql_server", False)
    assert "SQL Server" in told["message"]
    assert asked(server, "SELECT COUNT(*) AS n FROM dbo.campanas WHERE nombre = %s", NEW_CAMPAIGN["name"]) == [{"n": 0}]


def test_creating_takes_a_brand_a_scope_and_one_s_own_countries(server: Served, analyst: str, marketer: str) -> None:
    place = market(server)
    question = {**NEW_CAMPAIGN, "brand": "Ninguna", "markets": [place]}
    assert refusal(server.call("createCampaign", question, marketer))["code"] == "not_found"
    assert server.post(call_body("createCampaign", question), analyst).status_code == 403
    twice = {**question, "markets": [place, {**place, "city": place["city"].upper()}]}
    assert refusal(server.call("createCampaign", twice, marketer))["errors"][0]["field"] == "markets"
    elsewhere = server.token(server.user("mercadeo", countries=("JP",)))
    assert refusal(server.call("createCampaign", question, elsewhere))["code"] == "forbidden"


# --- what a caller is told ---


@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("listCampaigns", {"status": "abierta"}, "status"),
        ("listCampaigns", {"country": "Costa Rica"}, "country"),
        ("listCampaigns", {"limit": 201}, "limit"),
        ("listCampaigns", {"sql": "SELECT 1"}, "sql"),
        ("getCampaignPerformance", {"campaign_id": 0}, "campaign_id"),
        ("getCampaignPerformance", {"campaign_id": 1, "since": "2026-01-02", "until": "2026-01-01"}, "since"),
        ("findNegativeSentiment", {"since": "2026-01-02", "until": "2026-01-01"}, "since"),
        ("findNegativeSentiment", {"min_drop_percent": 101}, "min_drop_percent"),
        ("recommendBudget", {"campaign_id": 1, "weekly_budget": 0}, "weekly_budget"),
    ],
)
def test_a_wrong_argument_is_named(
    server: Served, analyst: str, tool: str, arguments: dict[str, Any], field: str
) -> None:
    told = failure(server.post(call_body(tool, arguments), analyst))
    assert (told["code"], told["retryable"]) == ("invalid_arguments", False)
    assert field in [error["field"] for error in told["errors"]]


_NAMES = st.sampled_from(
    [
        "campaign_id",
        "by",
        "since",
        "until",
        "status",
        "brand",
        "country",
        "limit",
        "cursor",
        "weeks",
        "ads",
        "markets",
        "x",
    ]
)


@settings(max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    tool=st.sampled_from(
        ["listCampaigns", "getCampaignPerformance", "findNegativeSentiment", "recommendBudget", "createCampaign"]
    ),
    arguments=st.dictionaries(_NAMES, hostile, max_size=5) | hostile,
)
def test_hostile_arguments_get_an_answer_and_nothing_else(
    server: Served, marketer: str, tool: str, arguments: Any
) -> None:
    response = server.post(json.dumps(call_body(tool, arguments)).encode(), marketer)
    assert response.status_code in (200, 400), response.text
    assert not LEAKS.search(response.text)
    body = response.json()
    assert "result" in body or "error" in body
    assert '\\"internal\\"' not in response.text


def test_without_its_database_a_server_says_so(
    filled_warehouse: FilledWarehouse, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with served(
        SERVER,
        filled_warehouse,
        tmp_path_factory.mktemp("mcp"),
        PROMPTSALES_ADS_MCP_URL="mssql://nadie:nada@127.0.0.1:1/PromptAds",
    ) as alone:
        told = refusal(alone.call("listCampaigns", {}, alone.token(alone.user("analista"))))
        assert (told["code"], told["retryable"]) == ("unavailable", True)
        assert httpx.get(f"{alone.url}/readyz").status_code == 503


def test_tools_say_what_they_are(server: Served, analyst: str) -> None:
    listed = server.post({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, analyst).json()["result"]["tools"]
    [registered] = [each for each in read_yaml("servicios.yaml")["mcp_servers"] if each["nombre_servidor"] == SERVER]
    assert sorted(tool["name"] for tool in listed) == sorted(tool["nombre"] for tool in registered["tools"])
    for tool in listed:
        assert tool["annotations"]["readOnlyHint"] is (tool["name"] != "createCampaign")
        assert tool["inputSchema"]["additionalProperties"] is False
        for schema in (tool["inputSchema"], tool["outputSchema"]):
            assert all("description" in field for field in schema["properties"].values()), tool["name"]
