"""docker-compose.yml: of the Compose specification, safe by default, and each thing waits for what it needs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_file import COMPOSE_FILE, OUTSIDE, filled_in, ours, services, settings_of, settings_read, text
from pinecone import Pinecone, ServerlessSpec
from tenacity import Retrying, stop_after_delay, wait_fixed

from mcp_servers.kit.server import PORTS
from promptsales.local.pinecone import KEY_VARIABLE
from promptsales.local.process import HOST, pick_port
from promptsales.urls import MONGODB, POSTGRESQL, REDIS, SQLSERVER, UrlForm, parse_url

FORMS: dict[str, UrlForm] = {
    scheme: form for form in (POSTGRESQL, SQLSERVER, MONGODB, REDIS) for scheme in form.schemes
}

ONE_SHOT = {
    "mongodb-replica-set",
    "sqlserver-databases",
    "crm-certificate",
    "database-schemas",
    "database-logins",
    "airflow-init",
    "tools",
    "deadlock-a",
    "deadlock-b",
}
"""What ends by itself: the rest goes on, and is watched."""

BY_HAND = {"tools", "deadlock"}
"""Profiles of what a person starts when the engines run."""

NAMES = sorted(services())


def profiles(name: str) -> set[str]:
    return set(services()[name]["profiles"])


def test_it_is_of_the_compose_specification(program: Callable[[str], str]) -> None:
    check = [program("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(COMPOSE_FILE)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_without_its_passwords_it_does_not_start() -> None:
    with pytest.raises(KeyError):
        filled_in(text(), {})


@pytest.mark.parametrize("name", NAMES)
def test_its_image_is_pinned(name: str) -> None:
    repository, _, tag = str(services()[name]["image"]).rpartition(":")
    assert repository
    assert re.search(r"\d+\.\d+|-CU\d+-", tag), "a version, not a name that moves"


@pytest.mark.parametrize("name", NAMES)
def test_its_resources_are_limited(name: str) -> None:
    limits = services()[name]["deploy"]["resources"]["limits"]
    assert {"cpus", "memory"} <= set(limits)


@pytest.mark.parametrize("name", NAMES)
def test_it_has_no_more_rights_than_it_needs(name: str) -> None:
    service = services()[name]
    assert not service.get("privileged")
    assert "network_mode" not in service or service["network_mode"] == "none"
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "sqlserver" else [])
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ONE_SHOT])
def test_what_goes_on_is_watched(name: str) -> None:
    service = services()[name]
    # The image of the MCP servers brings its own.
    assert "healthcheck" in service or service["image"].startswith("promptsales/mcp:")
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", NAMES)
def test_it_waits_for_services_that_run_where_it_does(name: str) -> None:
    for needed, condition in services()[name].get("depends_on", {}).items():
        assert profiles(name) <= profiles(needed)
        match condition["condition"]:
            case "service_healthy":
                assert "test" in services()[needed]["healthcheck"]
            case "service_completed_successfully":
                assert needed in ONE_SHOT
            case "service_started":
                assert needed == "mongodb", "whose replica set is made while it is not healthy yet"


def test_whoever_waits_for_mongodb_starts_what_makes_it_healthy() -> None:
    waiting = [service["depends_on"] for service in services().values() if "mongodb" in service.get("depends_on", {})]
    healthy = [needed for needed in waiting if needed["mongodb"]["condition"] == "service_healthy"]
    assert healthy
    assert all("mongodb-replica-set" in needed for needed in healthy)


@pytest.mark.parametrize("image", sorted({str(service["image"]) for service in services().values() if ours(service)}))
def test_an_image_of_ours_is_built_once_and_never_pulled(image: str) -> None:
    users = [service for service in services().values() if service["image"] == image]
    (builder,) = [service for service in users if "build" in service]
    for service in users:
        assert service["pull_policy"] == "never"
        # What is started is built, too, except what a person starts beside it.
        assert set(service["profiles"]) - BY_HAND <= set(builder["profiles"])


@pytest.mark.parametrize("name", NAMES)
def test_ports_are_published_on_loopback_alone(name: str) -> None:
    for port in services()[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


def test_no_secret_is_in_the_file() -> None:
    anchors_resolved: dict[str, Any] = yaml.safe_load(text())["services"]
    for name, service in anchors_resolved.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|_KEY$|PASSPHRASE|TOKEN$", variable) and "FILE" not in variable:
                assert re.match(r"\$\{\w+:[?-]", str(value)), (name, variable)
            assert not re.search(r"://[^:/$]*:[^$@]+@", str(value)), (name, variable)


@pytest.mark.parametrize("name", [name for name in NAMES if ours(services()[name])])
def test_its_urls_name_services_that_it_reaches(name: str) -> None:
    service = services()[name]
    settings = settings_read(service)
    for field, secret in settings:
        if field.endswith("_url") and field not in OUTSIDE and secret is not None:
            url = secret.get_secret_value()
            host = parse_url(url, FORMS[url.split(":")[0]], field).host
            assert set(services()[host]["networks"]) & set(service["networks"]), host
            assert profiles(name) - BY_HAND <= profiles(host)


def test_each_mcp_server_is_served_where_the_others_look_for_it() -> None:
    for name, port in PORTS.items():
        host = f"mcp-{name.replace('_', '-')}"
        service = services()[host]
        environment = service["environment"]
        assert service["command"] == ["serve", name]
        assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
        assert service["read_only"]
        assert json.loads(environment["PROMPTSALES_MCP_URLS"])[name] == f"http://{host}:{port}/mcp"
        assert f"{host}:*" in json.loads(environment["PROMPTSALES_MCP_ALLOWED_HOSTS"])


@pytest.fixture
def pinecone_port(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[int]:
    """Where the service's own command serves, on a port of this machine's loopback."""
    service, port = services()["pinecone"], pick_port(None)
    monkeypatch.setenv(KEY_VARIABLE, service["environment"][KEY_VARIABLE])
    here = {"0.0.0.0": HOST, "5080": str(port), "http://pinecone:5080": f"http://{HOST}:{port}"}
    here["/tmp/vectors.sqlite"] = str(tmp_path / "vectors.sqlite")
    command = [sys.executable, *service["entrypoint"][1:], *(here.get(each, each) for each in service["command"])]
    assert set(here) < set(service["command"])
    with subprocess.Popen(command) as process:
        yield port
        process.terminate()


def healthy(port: int, environment: dict[str, str]) -> bool:
    _, python, option, code = services()["pinecone"]["healthcheck"]["test"]
    assert (python, option) == ("python", "-c")
    check = [sys.executable, option, code.replace(":5080", f":{port}")]
    return subprocess.run(check, env={**os.environ, **environment}, capture_output=True, check=False).returncode == 0


def test_the_services_that_search_have_the_key_of_the_pinecone_beside_them(pinecone_port: int) -> None:
    key = services()["mcp-content-generator"]["environment"]["PINECONE_API_KEY"]
    for attempt in Retrying(stop=stop_after_delay(60), wait=wait_fixed(0.2)):
        with attempt:
            assert healthy(pinecone_port, {})
    assert not healthy(pinecone_port, {KEY_VARIABLE: "another"})
    client = Pinecone(api_key=key, host=f"http://{HOST}:{pinecone_port}")
    client.indexes.create(
        name="prueba", dimension=2, metric="cosine", spec=ServerlessSpec(cloud="aws", region="us-east-1")
    )
    assert client.indexes.describe("prueba").host == f"http://{HOST}:{pinecone_port}/data/prueba"


@pytest.mark.parametrize("name", sorted(PORTS))
def test_an_mcp_server_has_its_own_logins_alone(name: str) -> None:
    own = {
        "content_generator": {"PROMPTSALES_MONGO_MCP_URL"},
        "ads_optimizer": {"PROMPTSALES_ADS_MCP_URL"},
        "crm_analyzer": {"PROMPTSALES_CRM_MCP_URL", "PROMPTSALES_CRM_APP_URL", "PROMPTSALES_CRM_PERSONAL_URL"},
        "sales_dashboard": {"PROMPTSALES_POSTGRES_MCP_URL"},
    }
    found = settings_of(services()[f"mcp-{name.replace('_', '-')}"])
    urls = {variable for variable in found if variable.endswith("_URL") and variable.startswith("PROMPTSALES_")}
    assert urls == own[name] | {"PROMPTSALES_REDIS_URL", "PROMPTSALES_SSO_VERIFIER_URL"}


def test_the_two_clients_of_a_deadlock_differ_in_their_role_alone() -> None:
    one, other = services()["deadlock-a"], services()["deadlock-b"]
    assert one["command"][-2:] == ["--role", "a"]
    assert other == one | {"command": [*one["command"][:-1], "b"]}
    assert one["networks"] == ["data"], "where each container has an address of its own"
    assert set(settings_of(one)) == {"PROMPTSALES_POSTGRES_ADMIN_URL", "PROMPTSALES_ADS_ADMIN_URL"}
