"""The sales dashboard as it is served: who gets in, what they see, and what they are told when there is no answer."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest
import yaml
from answers import LEAKS, answer, failure
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mart_readers import FilledWarehouse
from mcp_types import INVALID_PARAMS, CallToolResult, ImageContent
from PIL import Image
from redis import Redis
from served import Served, call_body, served
from typer.testing import CliRunner, Result

from mcp import Client, StdioServerParameters
from mcp_servers.cli import app
from mcp_servers.client import CallError
from mcp_servers.kit.queries import query
from mcp_servers.sales_dashboard.catalogue import Dimension, Metric, definitions
from promptsales.cache.keys import MCP_SERVER, RATE_LIMIT
from promptsales.connections import connect_redis
from promptsales.security.sso.users import Users
from promptsales.seeding.reference import read_yaml

SERVER = "sales_dashboard"
ALL_MONTHS = {"since": "2020-01-01", "until": "2030-01-01"}


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


@pytest.fixture
def redis(server: Served) -> Iterator[Redis]:
    with closing(connect_redis(server.settings.url("redis"))) as client:
        yield client


def asked(warehouse: FilledWarehouse, question: str, *values: Any) -> list[tuple[Any, ...]]:
    """The owner's answer, who sees everything."""
    with closing(warehouse.owner.postgres()) as connection:
        return connection.execute(question, values).fetchall()


def calls(server: Served, tool: str, kind: str) -> float:
    """A counter of the server's own."""
    text = httpx.get(f"{server.url}/metrics").text
    return sum(float(value) for value in re.findall(rf'^{kind}{{.*tool="{tool}".*}} (\S+)$', text, re.MULTILINE))


# --- figures ---


def test_figures_are_those_of_the_marts(server: Served, analyst: str) -> None:
    for metric, column in (("revenue_usd", "ingresos_usd"), ("sales", "ventas"), ("cost_usd", "costo_usd")):
        found = answer(server.call("querySales", {"metric": metric, "by": ["channel"], **ALL_MONTHS}, analyst))
        expected = dict(
            asked(
                server.warehouse,
                f"SELECT canal.nombre, round(sum({column}), 2) FROM mart.actividad_mes "
                "JOIN mart.canal USING (id_canal) GROUP BY 1",
            )
        )
        assert {row["labels"][0]: row["value"] for row in found["rows"]} == {
            name: pytest.approx(float(value)) for name, value in expected.items()
        }
        assert found["total"] == pytest.approx(sum(map(float, expected.values())), abs=0.1)


def test_pages_give_every_group_once(server: Served, analyst: str) -> None:
    question: dict[str, Any] = {"metric": "sales", "by": ["city", "month"], "limit": 37, **ALL_MONTHS}
    labels, cursor = [], None
    while True:
        found = answer(server.call("querySales", {**question, "cursor": cursor}, analyst))
        labels += [tuple(row["labels"]) for row in found["rows"]]
        if not (cursor := found["cursor"]):
            break
    assert found["truncated"] is False
    groups = "SELECT count(*) FROM (SELECT DISTINCT id_mercado, mes FROM mart.actividad_mes) AS grupo"
    assert len(labels) == len(set(labels)) == asked(server.warehouse, groups)[0][0]


def test_every_metric_goes_with_every_dimension(server: Served, analyst: str) -> None:
    metrics, dimensions = list(Metric), list(Dimension)
    for number in range(max(len(metrics), len(dimensions))):
        first, second = dimensions[number % len(dimensions)], dimensions[(number + 5) % len(dimensions)]
        question = {"metric": metrics[number % len(metrics)], "by": [first, second], "limit": 5, **ALL_MONTHS}
        assert answer(server.call("querySales", question, analyst))["rows"], question


def test_the_catalogue_the_words_and_the_statement_are_of_one_mind(server: Served, analyst: str) -> None:
    statement = query("mcp_servers.sales_dashboard", "ventas")
    cases = statement.split("CASE %(metrica)s::text")
    assert set(re.findall(r"WHEN '(\w+)'", cases[1])) == {metric.value for metric in Metric}
    for position in ("primera", "segunda"):
        block = statement.split(f"CASE %({position})s::text")[1].split("END AS")[0]
        assert set(re.findall(r"WHEN '(\w+)'", block)) == {dimension.value for dimension in Dimension}
    assert list(definitions()) == list(Metric)
    explained = answer(server.call("explainMetric", {"metric": "roi"}, analyst))
    assert explained["definition"] == definitions()[Metric.ROI].model_dump(mode="json")


def test_months_come_in_order_unless_another_is_asked_for(server: Served, analyst: str) -> None:
    question = {"metric": "revenue_usd", "by": ["month"], **ALL_MONTHS}
    months = [row["labels"][0] for row in answer(server.call("querySales", question, analyst))["rows"]]
    assert months == sorted(months)
    largest = answer(server.call("querySales", {**question, "order": "largest"}, analyst))["rows"]
    assert [row["value"] for row in largest] == sorted((row["value"] for row in largest), reverse=True)


def test_the_chart_is_a_picture_with_its_figures(server: Served, analyst: str) -> None:
    for by in (["month", "channel"], ["country"], []):
        result = server.call("plotSales", {"metric": "revenue_usd", "by": by, **ALL_MONTHS}, analyst)
        [picture] = [block for block in result.content if isinstance(block, ImageContent)]
        drawn = Image.open(io.BytesIO(base64.b64decode(picture.data)))
        assert drawn.format == "PNG"
        assert len(set(drawn.convert("L").resize((99, 55)).getdata())) > 10, "an empty page"
        assert answer(result)["rows"]


def test_the_state_of_the_loads(server: Served, analyst: str) -> None:
    status = answer(server.call("getEtlStatus", {}, analyst))
    assert status["verdict"] in ("fresh", "late")
    assert {"promptcrm.ventas", "promptsales.mart"} <= {f"{row['source']}.{row['table']}" for row in status["tables"]}


# --- who sees what ---


def test_each_sees_their_own_countries_and_never_another_s_kept_answer(server: Served, analyst: str) -> None:
    best = "SELECT codigo_pais FROM mart.actividad_mes GROUP BY 1 ORDER BY sum(ingresos_usd) DESC, 1 LIMIT 2"
    first, second = (country for (country,) in asked(server.warehouse, best))
    question = {"metric": "revenue_usd", "by": ["country"], **ALL_MONTHS}
    everything = answer(server.call("querySales", question, analyst))
    ones = {code: server.token(server.user("analista", countries=(code,))) for code in (first, second)}
    for _ in range(2):
        for code, token in ones.items():
            own = answer(server.call("querySales", question, token))
            assert [row["labels"] for row in own["rows"]] == [[code]]
            assert own["countries"] == [code]
        assert answer(server.call("querySales", question, analyst)) == everything
    assert len(everything["rows"]) > 2
    nobody = answer(server.call("querySales", question, server.token(server.user("analista", countries=()))))
    assert (nobody["rows"], nobody["total"]) == ([], None)


def test_an_answer_is_kept_until_the_marts_change(server: Served, analyst: str) -> None:
    question = {"metric": "units", "by": ["brand"], **ALL_MONTHS}
    hits = calls(server, "querySales", "promptsales_mcp_cache_hits_total")
    first = answer(server.call("querySales", question, analyst))
    assert answer(server.call("querySales", question, analyst)) == first
    assert calls(server, "querySales", "promptsales_mcp_cache_hits_total") == hits + 1
    with closing(server.warehouse.owner.postgres()) as owner:
        owner.execute("UPDATE mart.posicion SET version = version + 1")
        owner.commit()
    answer(server.call("querySales", question, analyst))
    assert calls(server, "querySales", "promptsales_mcp_cache_hits_total") == hits + 1


# --- who gets in ---


def test_a_request_without_a_good_token_is_refused_with_the_way_to_one(server: Served, analyst: str) -> None:
    name = server.user("analista")
    head, body, signature = analyst.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**claims, "scope": "crm:personal"}).encode()).decode().rstrip("=")
    for token in (
        None,
        "x",
        f"{head}.{forged}.{signature}",
        server.token(name, audience=("crm_analyzer",)),
        server.token(name, lifetime=timedelta(seconds=-30)),
    ):
        refused = server.post(call_body("getEtlStatus", {}), token)
        assert refused.status_code == 401
        challenge = refused.headers["www-authenticate"]
        metadata = httpx.get(re.findall(r'resource_metadata="([^"]+)"', challenge)[0]).json()
        assert metadata["resource"] == f"{server.url}/mcp"
        assert metadata["scopes_supported"] == ["sales:read"]
        assert metadata["authorization_servers"]


def test_a_user_without_the_scope_is_told_which(server: Served) -> None:
    refused = server.post(call_body("querySales", {"metric": "sales"}), server.token(server.user()))
    assert refused.status_code == 403
    assert 'error="insufficient_scope", scope="sales:read"' in refused.headers["www-authenticate"]


def test_a_revoked_session_is_refused_at_the_next_request(server: Served) -> None:
    name = server.user("analista")
    token = server.token(name)
    assert server.post(call_body("getEtlStatus", {}), token).status_code == 200
    with server.sign_on() as sign_on:
        Users(sign_on.connection, sign_on.redis).revoke(name)
    # At the next request, whenever it comes: nothing of a session is remembered.
    assert server.post(call_body("getEtlStatus", {}), token).status_code == 401


def test_too_many_requests_are_refused_until_the_minute_is_over(server: Served, redis: Redis) -> None:
    name = server.user("analista")
    token = server.token(name)
    with server.sign_on() as sign_on:
        user_id = Users(sign_on.connection, sign_on.redis).id_of(name)
    redis.set(RATE_LIMIT.key(service=f"mcp.{SERVER}", user=user_id), 100_000, ex=30)
    refused = server.post(call_body("getEtlStatus", {}), token)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 30


@pytest.mark.parametrize(
    ("header", "status"), [({"Host": "evil.example"}, 421), ({"Origin": "http://evil.example"}, 403)]
)
def test_other_hosts_and_origins_are_refused(server: Served, analyst: str, header: dict[str, str], status: int) -> None:
    assert server.post(call_body("getEtlStatus", {}), analyst, **header).status_code == status


# --- what a caller is told ---


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"metric": "precio"}, "metric"),
        ({"metric": "sales", "sql": "SELECT 1"}, "sql"),
        ({"metric": "sales", "by": ["month", "month"]}, "by"),
        ({"metric": "sales", "by": ["month", "city", "brand"]}, "by"),
        ({"metric": "sales", "filters": {"countries": ["Costa Rica"]}}, "filters.countries.0"),
        ({"metric": "sales", "filters": {"channels": ["a\0b"]}}, "filters.channels.0"),
        ({"metric": "sales", "limit": 0}, "limit"),
        ({"metric": "sales", "cursor": "bm8="}, "cursor"),
        ({"metric": "sales", "since": "2026-05-01", "until": "2026-01-01"}, "since"),
        ({}, "metric"),
    ],
)
def test_a_wrong_argument_is_named(server: Served, analyst: str, arguments: dict[str, Any], field: str) -> None:
    told = failure(server.post(call_body("querySales", arguments), analyst))
    assert (told["code"], told["retryable"]) == ("invalid_arguments", False)
    assert field in [error["field"] for error in told["errors"]]


def test_an_unknown_tool_is_an_error_of_the_protocol(server: Served, analyst: str) -> None:
    error = server.post(call_body("noTool", {}), analyst).json()["error"]
    assert error["code"] == INVALID_PARAMS
    assert "querySales" in error["message"]
    with pytest.raises(CallError, match="querySales"):
        server.call("noTool", {}, analyst)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30)
    | st.sampled_from(["'; DROP TABLE mart.x; --", "%(metrica)s", "\0", "9" * 400, "$ne", "revenue_usd", "month"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
_NAMES = st.sampled_from(["metric", "by", "since", "until", "filters", "order", "limit", "cursor", "caller", "x"])


@pytest.mark.slow
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    tool=st.sampled_from(["querySales", "plotSales", "explainMetric", "getEtlStatus", "noTool"]),
    arguments=st.dictionaries(_NAMES, _JSON, max_size=5) | _JSON,
)
def test_hostile_arguments_get_an_answer_and_nothing_else(
    server: Served, analyst: str, tool: str, arguments: Any
) -> None:
    text = json.dumps(call_body(tool, arguments)).encode()
    response = server.post(text, analyst)
    assert response.status_code in (200, 400), response.text
    assert not LEAKS.search(response.text)
    body = response.json()
    assert "result" in body or "error" in body


def test_what_is_no_request_is_refused(server: Served, analyst: str) -> None:
    for body in (
        b"",
        b"{",
        b"[]",
        b"null",
        b"[" * 5_000,
        b"\xff\xfe",
        b'{"jsonrpc": "2.0", "id": 1, "method": "no/such"}',
    ):
        assert 200 <= server.post(body, analyst).status_code < 500, body
    assert server.post(b" " * 300_000, analyst).status_code == 413


# --- running ---


def test_probes_counters_and_heartbeat(server: Served, analyst: str, redis: Redis) -> None:
    ready = httpx.get(f"{server.url}/readyz")
    assert (ready.status_code, ready.json()["checks"]) == (200, {"warehouse": "ok"})
    before = calls(server, "getEtlStatus", "promptsales_mcp_calls_total")
    server.call("getEtlStatus", {}, analyst)
    assert calls(server, "getEtlStatus", "promptsales_mcp_calls_total") == before + 1
    key = MCP_SERVER.key(name=SERVER)
    assert redis.hget(key, "estado") == "activo"
    assert 0 < redis.ttl(key) <= 300  # type: ignore[operator]


def test_logs_name_the_request_and_nothing_of_what_was_asked(server: Served, analyst: str) -> None:
    question = call_body("querySales", {"metric": "sales", "filters": {"brands": ["Marca Secreta"]}})
    response = server.post(question, analyst, X_Request_Id="pedido-1")
    assert response.headers["x-request-id"] == "pedido-1"
    text = server.log.read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    [line] = [line for line in lines if line.get("request_id") == "pedido-1"]
    assert (line["tool"], line["outcome"]) == ("querySales", "ok")
    assert "Marca Secreta" not in text
    assert analyst not in text


@pytest.mark.slow
def test_over_stdio_the_user_is_in_the_environment(server: Served, analyst: str) -> None:
    def asked_by(token: str) -> CallToolResult:
        command = StdioServerParameters(
            command=sys.executable,
            args=["-m", "mcp_servers", "serve", SERVER, "--stdio"],
            env={**os.environ, **server.environment, "PROMPTSALES_MCP_TOKEN": token},
        )

        async def ask() -> CallToolResult:
            async with Client(command) as client:
                return await client.call_tool("querySales", {"metric": "sales"})

        return anyio.run(ask)

    assert answer(asked_by(analyst))["metric"] == "sales"
    refused = asked_by("x")
    assert refused.is_error
    assert "forbidden" in str(refused.content)


def test_the_command_line_calls_a_tool(server: Served, analyst: str, monkeypatch: pytest.MonkeyPatch) -> None:
    places = {SERVER: f"{server.url}/mcp"}
    variables = {"PROMPTSALES_MCP_URLS": json.dumps(places), "PROMPTSALES_MCP_TOKEN": analyst}
    for name, value in {**server.environment, **variables}.items():
        monkeypatch.setenv(name, value)

    def called(*arguments: str) -> Result:
        options = [option for argument in arguments for option in ("--arg", argument)]
        return CliRunner().invoke(app, ["call", SERVER, "querySales", *options])

    found = called("metric=revenue_usd", 'by=["country"]', "limit=3", "since=2020-01-01", "until=2030-01-01")
    assert found.exit_code == 0, found.output
    question = {"metric": "revenue_usd", "by": ["country"], "limit": 3, **ALL_MONTHS}
    assert json.loads(found.output) == answer(server.call("querySales", question, analyst))
    digits = called("metric=sales", "cursor=88887777")
    assert "cursor: not a cursor of this tool" in str(digits.exception)
    assert "is not NAME=VALUE" in str(called("metric").exception)


@pytest.mark.slow
def test_a_server_answers_without_redis_and_stops_when_told(
    filled_warehouse: FilledWarehouse, server: Served, analyst: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with served(
        SERVER, filled_warehouse, tmp_path_factory.mktemp("mcp"), PROMPTSALES_REDIS_URL="redis://127.0.0.1:1/0"
    ) as alone:
        found = answer(alone.call("querySales", {"metric": "sales", **ALL_MONTHS}, analyst))
        assert found == answer(server.call("querySales", {"metric": "sales", **ALL_MONTHS}, analyst))
        alone.process.send_signal(signal.SIGTERM)
        assert alone.process.wait(15) in (0, -signal.SIGTERM)


def test_tools_say_what_they_are(server: Served, analyst: str) -> None:
    listed = server.post({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, analyst).json()["result"]["tools"]
    [registered] = [each for each in read_yaml("servicios.yaml")["mcp_servers"] if each["nombre_servidor"] == SERVER]
    assert [tool["name"] for tool in listed] == [tool["nombre"] for tool in registered["tools"]]
    for tool in listed:
        assert tool["annotations"]["readOnlyHint"] is True
        assert tool["inputSchema"]["additionalProperties"] is False
        assert all("description" in field for field in tool["inputSchema"]["properties"].values()), tool["name"]
        assert all("description" in field for field in tool["outputSchema"]["properties"].values()), tool["name"]
    catalogue = server.post(
        {"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": "promptsales://metrics"}}, analyst
    ).json()["result"]["contents"][0]["text"]
    assert [each["metric"] for each in yaml.safe_load(catalogue)] == [metric.value for metric in Metric]
    prompt = {"name": "informe_semanal", "arguments": {"pais": "cr'; --"}}
    told = server.post({"jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": prompt}, analyst).json()
    assert 'filters {"countries": ["CR"]}' in told["result"]["messages"][0]["content"]["text"]
