"""helm/airflow: the official chart takes the values, and tasks get the connections that the platform's code makes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import cache, reduce
from typing import Any

import jsonschema
import pytest
import yaml
from airflow_options import described
from chart import CHART, Find, containers, expanded, pods, rendered
from compose_file import services

from promptsales.airflow_connections import airflow_connections
from promptsales.local.airflow import POOLS_FILE
from promptsales.paths import PROJECT_ROOT
from promptsales.settings import Settings

sys.path.insert(0, str(PROJECT_ROOT / "deployment"))

import write_secrets

HOME = PROJECT_ROOT / "helm" / "airflow"

CHART_SCHEMA = PROJECT_ROOT.parent / "shared" / "airflow-chart" / "values.schema.json"
"""Of the official chart, where it has been put beside the checkout."""

VARIANTS = {
    "kubernetes": ["values.yaml"],
    "celery": ["values.yaml", "values-celery.yaml"],
    "remote-logging": ["values.yaml", "values-remote-logging.yaml"],
    "minimal": ["values.yaml", "values-minimal.yaml"],
    "git-sync": ["values.yaml", "values-git-sync.yaml"],
    "celery-remote-logging": ["values.yaml", "values-celery.yaml", "values-remote-logging.yaml"],
}


@cache
def values(variant: str) -> dict[str, Any]:
    """A variant's files put together as helm does."""
    texts = ((HOME / file).read_text(encoding="utf-8") for file in VARIANTS[variant])
    return reduce(merged, (yaml.load(text, yaml.CSafeLoader) for text in texts))


def merged(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return {key: merged(below.get(key, {}), above[key]) if key in above else below[key] for key in below | above}
    return above


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft7Validator:
    """The official chart's own schema of its values."""
    if not CHART_SCHEMA.exists():
        pytest.skip("needs the official chart's values.schema.json in ../shared/airflow-chart")
    return jsonschema.Draft7Validator(json.loads(CHART_SCHEMA.read_text(encoding="utf-8")))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_official_chart_takes_them(schema: jsonschema.Draft7Validator, variant: str) -> None:
    schema.validate(values(variant))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_official_chart_knows_every_name(schema: jsonschema.Draft7Validator, variant: str) -> None:
    assert set(unknown(values(variant), schema.schema, schema.schema["definitions"])) == set()


def unknown(node: Any, described: dict[str, Any], definitions: dict[str, Any], where: str = "") -> Iterator[str]:
    """Names that stand where the schema describes others: not all of its objects refuse them, and they do nothing."""
    if "$ref" in described:
        described = definitions[described["$ref"].rpartition("/")[2]]
    if isinstance(node, dict) and "properties" in described:
        for name, value in node.items():
            if name in described["properties"]:
                yield from unknown(value, described["properties"][name], definitions, f"{where}.{name}")
            else:
                yield f"{where}.{name}"


def test_a_wrong_value_would_be_found(schema: jsonschema.Draft7Validator) -> None:
    wrong = merged(values("kubernetes"), {"scheduler": {"replica": 2}})
    with pytest.raises(jsonschema.ValidationError):
        schema.validate(wrong)


def test_they_run_the_airflow_that_is_pinned() -> None:
    (pin,) = [
        line
        for line in (PROJECT_ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
        if line.startswith("apache-airflow==")
    ]
    assert values("kubernetes")["airflowVersion"] == pin.removeprefix("apache-airflow==")
    images = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))["images"]
    assert values("kubernetes")["images"]["airflow"] == images["airflow"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_options_are_airflow_s_own(variant: str) -> None:
    # Of providers that the tests' environment has not: their options are in the providers.
    providers = {"celery", "celery_broker_transport_options", "kubernetes_executor"}
    for section, options in values(variant)["config"].items():
        if section not in providers:
            assert set(options) <= set(described()[section]["options"]), section


def test_the_pools_are_made_with_the_database() -> None:
    pools = POOLS_FILE.relative_to(PROJECT_ROOT)
    migration = values("kubernetes")["migrateDatabaseJob"]["args"]
    assert migration[-1] == f"airflow db migrate && exec airflow pools import /opt/promptsales/{pools}"
    assert services()["airflow-init"]["command"] == ["pools", "import", f"/opt/promptsales/{pools}"]


def test_executors() -> None:
    assert values("kubernetes")["executor"] == "KubernetesExecutor"
    celery = values("celery")
    assert celery["executor"] == "CeleryExecutor"
    assert celery["workers"]["celery"]["keda"]["enabled"] is True
    assert celery["redis"]["enabled"] is False, "the broker is the platform's own"


def test_no_password_is_in_the_values() -> None:
    texts = [path.read_text(encoding="utf-8") for path in HOME.glob("*.yaml")]
    assert len(texts) == 5
    for text in texts:
        for line in text.splitlines():
            assert '"password":' not in line or '"password": "$(' in line
    job = values("kubernetes")["createUserJob"]
    assert '--password "$ADMIN_PASSWORD"' in " ".join(job["args"])
    assert "defaultUser" not in job


@pytest.mark.parametrize("executor", ["kubernetes", "celery"])
def test_tasks_get_the_connections_that_the_platform_makes(
    program: Find, executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = {key: f"secret-of-{key.lower()}" for key in write_secrets.PASSWORDS}
    worker = values("celery")["workers"][executor]
    made = {
        name: json.loads(value) for name, value in expanded(worker, secret).items() if name.startswith("AIRFLOW_CONN_")
    }
    # The tools have every URL of the release.
    (tools,) = [
        container
        for name, _, spec in pods(rendered(program("helm"), "default"))
        if name == "Deployment/promptsales-tools"
        for container in containers(spec)
    ]
    for name, value in expanded(tools, secret).items():
        if name.startswith("PROMPTSALES_"):
            monkeypatch.setenv(name, value)
    wanted = {
        name: json.loads(connection)
        for name, connection in airflow_connections(Settings()).items()
        if not name.endswith("_ADMIN")
    }
    assert made == wanted
    assert len(made) == 6


@pytest.mark.parametrize("who", ["triggerer", "kubernetes", "celery"])
def test_whoever_tells_of_alerts_has_the_webhook_and_where_they_are_remembered(who: str) -> None:
    found = values("celery")
    parts = found["workers"] | {"triggerer": found["triggerer"]}
    environment = expanded(
        parts[who], {"ALERT_WEBHOOK_URL": "https://hooks.example.com/x", "WAREHOUSE_ETL_PASSWORD": "p"}
    )
    assert environment["PROMPTSALES_ALERT_WEBHOOK_URL"] == "https://hooks.example.com/x"
    assert json.loads(environment["AIRFLOW_CONN_PROMPTSALES_POSTGRES"])["password"] == "p"
    connections = {name for name in environment if name.startswith("AIRFLOW_CONN_")}
    assert who != "triggerer" or connections == {"AIRFLOW_CONN_PROMPTSALES_POSTGRES"}


@pytest.mark.parametrize("who", ["apiServer", "scheduler"])
def test_whoever_shows_and_records_runs_has_the_warehouse_and_nothing_else(who: str) -> None:
    environment = expanded(values("kubernetes")[who], {"WAREHOUSE_ETL_PASSWORD": "p"})
    assert set(environment) == {"WAREHOUSE_ETL_PASSWORD", "AIRFLOW_CONN_PROMPTSALES_POSTGRES"}
    assert json.loads(environment["AIRFLOW_CONN_PROMPTSALES_POSTGRES"])["password"] == "p"


def test_the_chart_s_policies_let_in_tasks_and_prometheus() -> None:
    # Where no peer is named, the official chart's policy of the API server lets nobody in.
    found = values("kubernetes")
    assert found["networkPolicies"]["enabled"] is True
    # As every pod of that chart is labelled, those of tasks among them.
    assert {"podSelector": {"matchLabels": {"tier": "airflow"}}} in found["apiServer"]["networkPolicy"]["ingress"][
        "from"
    ]
    ours = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))["networkPolicies"]
    assert found["statsd"]["extraNetworkPolicies"] == ours["monitoring"]


@pytest.mark.parametrize("executor", ["kubernetes", "celery"])
def test_only_what_runs_tasks_reaches_the_sources(executor: str) -> None:
    labels = values("celery")["workers"][executor]["labels"]
    assert set(labels) == {
        f"promptsales/reaches-{engine}" for engine in ("sqlserver-ads", "sqlserver-crm", "mongodb", "redis")
    }
    assert values("kubernetes")["labels"] == {"promptsales/reaches-postgresql": "true"}


def test_the_secrets_that_are_made_are_those_that_are_read() -> None:
    made = {each["metadata"]["name"]: set(each["stringData"]) for each in write_secrets.secrets({})}
    chart = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))["properties"]["secrets"]
    assert made["promptsales-passwords"] == set(chart["then"]["properties"]["values"]["required"])
    airflow = values("celery")
    for name in ("fernetKeySecretName", "jwtSecretName", "apiSecretKeySecretName"):
        assert airflow[name] == "promptsales-airflow"
    # The keys that the official chart looks for in them.
    assert made["promptsales-airflow"] >= {"connection", "fernet-key", "jwt-secret", "api-secret-key"}
    assert made[airflow["data"]["brokerUrlSecretName"]] == {"connection"}
    (admin,) = airflow["createUserJob"]["env"]
    assert admin["valueFrom"]["secretKeyRef"]["key"] in made["promptsales-airflow"]


def test_keys_of_outside_services_come_from_the_environment() -> None:
    made = {each["metadata"]["name"]: each["stringData"] for each in write_secrets.secrets({"PINECONE_API_KEY": "k"})}
    assert json.loads(made["promptsales-pinecone"]["connection"])["password"] == "k"
    assert made["promptsales-passwords"]["PINECONE_API_KEY"] == "k"
    assert "OPENAI_API_KEY" not in made["promptsales-passwords"]
    (passwords, *_) = write_secrets.secrets({"PROMPTSALES_ALERT_WEBHOOK_URL": "https://hooks.example.com/x"})
    assert passwords["stringData"]["ALERT_WEBHOOK_URL"] == "https://hooks.example.com/x"


def test_secrets_are_random_and_of_kubernetes_form() -> None:
    first, second = write_secrets.secrets({}), write_secrets.secrets({})
    assert first != second
    text = json.dumps(first)
    for value in (value for each in first for value in each["stringData"].values()):
        assert len(value) >= 24
        assert text.count(f'"{value}"') == 1
