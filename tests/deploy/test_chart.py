"""helm/promptsales: it lints, renders, is of Kubernetes' schemas, and keeps the rules of a restricted cluster."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from chart import CHART, VARIANTS, Find, Object, containers, expanded, label, pods, rendered, run, secret_keys
from chart import values_options as options
from compose_file import OUTSIDE, services

from mcp_servers.kit import authentication, warehouse
from mcp_servers.kit.metrics import Metrics
from mcp_servers.kit.server import PORTS
from promptsales.paths import PROJECT_ROOT
from promptsales.settings import Settings
from promptsales.urls import MONGODB, POSTGRESQL, REDIS, SQLSERVER, UrlForm, parse_url

FORMS: dict[str, UrlForm] = {
    scheme: form for form in (POSTGRESQL, SQLSERVER, MONGODB, REDIS) for scheme in form.schemes
}

READ = {str(field.alias) for field in Settings.model_fields.values()}
"""What the platform's code reads."""

OURS = re.compile(r"^promptsales/(airflow|mcp):")

CUSTOM = {"monitoring.coreos.com/v1", "external-secrets.io/v1"}
"""Kinds that operators bring; Kubernetes itself has no schema of them."""

ENGINES = ("postgresql", "sqlserver-ads", "sqlserver-crm", "mongodb", "redis")

SQL_SERVER = "sqlserver"
"""The one container without a read-only root filesystem: it writes beside its program, whose file has a capability."""

KUBERNETES = ("1.30", "1.37")
"""The oldest that the chart supports, and the newest that schemas are there for."""

SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))

PASSWORDS = SCHEMA["properties"]["secrets"]["then"]["properties"]["values"]["required"]

SECRET = {key: f"secret-of-{key.lower().replace('_', '-')}" for key in PASSWORDS}


@pytest.fixture(scope="module")
def helm(program: Find) -> str:
    """Helm's path."""
    return program("helm")


@pytest.fixture(params=VARIANTS)
def objects(helm: str, request: pytest.FixtureRequest) -> tuple[Object, ...]:
    """What one variant of the values makes."""
    return rendered(helm, request.param)


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_lints(helm: str, variant: str) -> None:
    done = run(helm, "lint", "--strict", str(CHART), *options(variant))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", KUBERNETES)
def test_every_object_is_of_kubernetes_schemas(objects: tuple[Object, ...], version: str) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="`make test-slow` installs it")
    checked = [made for made in objects if made["apiVersion"] not in CUSTOM]
    for made in checked:
        kubernetes_validate.validate(made, version, strict=True)
    assert len(checked) >= 20


def test_a_wrong_object_would_be_found(helm: str) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="`make test-slow` installs it")
    made = json.loads(json.dumps(next(each for each in rendered(helm, "default") if each["kind"] == "StatefulSet")))
    made["spec"]["template"]["spec"]["containers"][0]["resource"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(made, KUBERNETES[-1], strict=True)


def test_no_two_objects_have_one_name(objects: tuple[Object, ...]) -> None:
    names = [label(made) for made in objects]
    assert sorted(set(names)) == sorted(names)


def test_each_engine_is_a_pod_of_its_own(helm: str) -> None:
    made = {label(each) for each in rendered(helm, "default")}
    assert {f"StatefulSet/promptsales-{engine}" for engine in ENGINES} <= made


@pytest.mark.parametrize("engine", ["postgresql", "sqlserverAds", "sqlserverCrm", "mongodb", "redis"])
def test_each_engine_gives_way_to_a_managed_service(helm: str, engine: str) -> None:
    kebab = re.sub(r"([A-Z])", lambda letter: f"-{letter[1].lower()}", engine)
    done = run(
        helm, "template", "promptsales", str(CHART), "--set", f"{engine}.enabled=false",
        "--set", f"{engine}.external.host=managed.example.com",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"name: promptsales-{kebab}\n" not in done.stdout
    assert "@managed.example.com:" in done.stdout


@pytest.mark.parametrize("kind", ["StatefulSet", "CronJob"])
def test_managed_engines_leave_nothing_of_themselves(helm: str, kind: str) -> None:
    assert [label(made) for made in rendered(helm, "all-managed") if made["kind"] == kind] == []


def test_every_container_is_restricted(objects: tuple[Object, ...]) -> None:
    for name, _, spec in pods(objects):
        pod = spec["securityContext"]
        assert pod["runAsNonRoot"] is True, name
        assert pod["runAsUser"] > 0, name
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec), name
        assert not [volume for volume in spec.get("volumes", []) if "hostPath" in volume], name
        for container in containers(spec):
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, name
            added = {"add": ["NET_BIND_SERVICE"]} if container["name"] == SQL_SERVER else {}
            assert own["capabilities"] == {"drop": ["ALL"], **added}, name
            assert not own.get("privileged"), name
            assert own["readOnlyRootFilesystem"] is (container["name"] != SQL_SERVER), name


def test_no_pod_has_a_token_of_kubernetes(objects: tuple[Object, ...]) -> None:
    assert not [
        made for made in objects if made["kind"] in {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
    ]
    for name, _, spec in pods(objects):
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, name


def test_every_container_has_requests_and_limits(objects: tuple[Object, ...]) -> None:
    for name, _, spec in pods(objects):
        for container in containers(spec):
            for kind in ("requests", "limits"):
                assert {"cpu", "memory"} <= set(container["resources"][kind]), (name, container["name"])


def test_every_image_is_pinned(objects: tuple[Object, ...]) -> None:
    for name, _, spec in pods(objects):
        for container in containers(spec):
            _, _, tag = container["image"].rpartition(":")
            assert re.search(r"\d+\.\d+|-CU\d+-", tag), (name, container["image"])


def test_what_goes_on_is_probed(objects: tuple[Object, ...]) -> None:
    for made in objects:
        if made["kind"] in {"StatefulSet", "Deployment"} and not made["metadata"]["name"].endswith("-tools"):
            for container in made["spec"]["template"]["spec"]["containers"]:
                assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container), label(made)


def test_no_secret_is_in_a_configmap_or_in_an_environment(objects: tuple[Object, ...]) -> None:
    assert [label(made) for made in objects if made["kind"] == "Secret"] == []
    for made in objects:
        if made["kind"] == "ConfigMap":
            for file, text in made["data"].items():
                assert not re.search(r"(?i)(password|secret|token)\s*[=:]\s*[\"']?[A-Za-z0-9]{12,}", text), file
                assert "PRIVATE KEY-----" not in text, file
    for name, _, spec in pods(objects):
        for container in containers(spec):
            for variable in container.get("env", []):
                if re.search(r"PASSWORD|SECRET|_KEY$|PASSPHRASE", variable["name"]):
                    assert "valueFrom" in variable, (name, variable["name"])
                assert not re.search(r"://[^:/$]*:[^$@]+@", str(variable.get("value", ""))), (name, variable["name"])


def test_the_passwords_are_those_that_the_schema_asks_for(helm: str) -> None:
    read = {key for _, _, spec in pods(rendered(helm, "default")) for key in secret_keys(spec)}
    assert read == set(SECRET)


def test_the_chart_makes_the_secret_where_it_is_asked_to(helm: str, tmp_path: Any) -> None:
    values = tmp_path / "values.yaml"
    values.write_text(json.dumps({"secrets": {"create": True, "values": SECRET}}))
    command = ["template", "promptsales", str(CHART), "--values", str(values)]
    done = run(helm, *command, "--show-only", "templates/secret.yaml")
    assert done.returncode == 0, done.stderr
    assert "kind: Secret" in done.stdout
    values.write_text(json.dumps({"secrets": {"create": True, "values": {**SECRET, "REDIS_PASSWORD": "short"}}}))
    assert "REDIS_PASSWORD" in run(helm, *command).stderr


def ours(objects: tuple[Object, ...]) -> list[tuple[str, Object]]:
    """Containers of the platform's own code, with whose they are."""
    return [
        (name, container)
        for name, _, spec in pods(objects)
        for container in containers(spec)
        if OURS.match(container["image"])
    ]


def settings_of(container: Object) -> dict[str, str]:
    environment = expanded(container, SECRET | {"PINECONE_API_KEY": "a", "OPENAI_API_KEY": "b"})
    return {
        name: value for name, value in environment.items() if name.startswith(("PROMPTSALES_", "PINECONE_", "OPENAI_"))
    }


def test_each_setting_is_read_by_the_code_and_set_somewhere(helm: str) -> None:
    found = {variable for _, container in ours(rendered(helm, "everything")) for variable in settings_of(container)}
    # A person's token is no part of an installation; Airflow's pods, which are another release's, tell of alerts.
    assert found == READ - {"PROMPTSALES_MCP_TOKEN", "PROMPTSALES_ALERT_WEBHOOK_URL", "PROMPTSALES_RUNBOOK_URL"}


def test_a_long_name_of_a_release_leaves_room_for_those_of_its_objects(helm: str) -> None:
    done = run(helm, "template", "a-release-whose-name-is-longer-than-a-name-should-be", str(CHART))
    assert done.returncode == 0, done.stderr
    made = [document for document in yaml.load_all(done.stdout, yaml.CSafeLoader) if document]
    assert {each["kind"] for each in made} >= {"CronJob", "StatefulSet"}
    for each in made:
        # A CronJob's Jobs add eleven characters to its name.
        assert len(each["metadata"]["name"]) <= (52 if each["kind"] == "CronJob" else 63), label(each)


def test_every_url_leads_to_a_service_of_the_release(helm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    services = {made["metadata"]["name"] for made in rendered(helm, "default") if made["kind"] == "Service"}
    for name, container in ours(rendered(helm, "default")):
        for field, url in urls(container, monkeypatch).items():
            assert parse_url(url, FORMS[url.split(":")[0]], field).host in services, (name, field)
            assert "$(" not in url


def test_every_url_leads_to_the_managed_service(helm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found: set[str] = set()
    for _, container in ours(rendered(helm, "all-managed")):
        for field, url in urls(container, monkeypatch).items():
            parsed = parse_url(url, FORMS[url.split(":")[0]], field)
            found.add(f"{parsed.scheme}://{parsed.host}:{parsed.port}")
    assert found == {
        "postgresql://warehouse.example.com:5432",
        "mssql://ads.example.com:1433",
        "mssql://crm.example.com:1433",
        "mongodb://content.example.com:27017",
        "rediss://cache.example.com:6380",
    }


def urls(container: Object, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """The URLs as the code reads them out of a container's environment."""
    with monkeypatch.context() as patch:
        for variable, value in settings_of(container).items():
            patch.setenv(variable, value)
        settings = Settings()
    return {
        field: secret.get_secret_value()
        for field, secret in settings
        if field.endswith("_url") and field not in OUTSIDE and secret is not None
    }


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in selector.get("matchLabels", {}).items())


def reachable(objects: tuple[Object, ...], metadata: Object) -> set[str]:
    """Which of the release's long-running pods the policies let a pod connect to, in both directions' terms."""
    policies = [made["spec"] for made in objects if made["kind"] == "NetworkPolicy"]
    found = set()
    for name, target, _ in pods(objects):
        if not name.startswith(("StatefulSet", "Deployment")) or target["labels"] == metadata["labels"]:
            continue
        leaves = any(
            matches(peer.get("podSelector", {"matchLabels": {"none": ""}}), target["labels"])
            for policy in policies
            if "Egress" in policy["policyTypes"] and matches(policy["podSelector"], metadata["labels"])
            for rule in policy.get("egress", [])
            for peer in rule["to"]
            if "namespaceSelector" not in peer
        )
        enters = any(
            "podSelector" in peer and matches(peer["podSelector"], metadata["labels"])
            for policy in policies
            if "Ingress" in policy["policyTypes"] and matches(policy["podSelector"], target["labels"])
            for rule in policy.get("ingress", [])
            for peer in rule["from"]
        )
        if leaves and enters:
            found.add(name.split("/promptsales-")[1])
    return found


REACHES = {
    # Besides its own database and Redis each asks PostgreSQL whether the caller's session is alive.
    "mcp-content-generator": {"mongodb", "redis", "postgresql"},
    "mcp-ads-optimizer": {"sqlserver-ads", "redis", "postgresql"},
    "mcp-crm-analyzer": {"sqlserver-crm", "redis", "postgresql"},
    "mcp-sales-dashboard": {"redis", "postgresql"},
}


@pytest.mark.parametrize("server", REACHES)
def test_a_server_reaches_its_database_redis_and_its_peers(helm: str, server: str) -> None:
    objects = rendered(helm, "default")
    metadata = {name.split("/promptsales-")[-1]: each for name, each, _ in pods(objects)}[server]
    assert reachable(objects, metadata) == REACHES[server] | set(REACHES) - {server}


@pytest.mark.parametrize(("server", "reached"), [("postgres", "postgresql"), ("sqlserver", "sqlserver-ads")])
def test_a_deadlock_of_two_jobs_is_that_of_the_two_compose_services(helm: str, server: str, reached: str) -> None:
    chosen = ["--set", f"deadlock.enabled=true,deadlock.server={server},deadlock.run=martes"]
    done = run(helm, "template", "promptsales", str(CHART), *chosen)
    assert done.returncode == 0, done.stderr
    objects = tuple(made for made in yaml.safe_load_all(done.stdout) if made)
    clients = [each for each in pods(objects) if "-deadlock-" in each[0]]
    assert len(clients) == 2
    for (_, metadata, spec), role in zip(clients, "ab", strict=True):
        [container] = spec["containers"]
        [_, _, _, *words] = services()[f"deadlock-{role}"]["command"]
        assert container["command"] == ["promptsales", "deadlock"]
        assert [*container["args"], ""][: len(words) + 1] == [server, *words[:1], "martes", *words[2:]]
        assert len(set(settings_of(container))) == 1, "of the one server"
        assert reachable(objects, metadata) == {reached}
        [term] = spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert term["topologyKey"] == "kubernetes.io/hostname"
        assert all(matches(term["labelSelector"], other["labels"]) for _, other, _ in clients)


def test_a_deadlock_is_had_where_it_is_asked_for(helm: str) -> None:
    assert not [made for made in rendered(helm, "default") if "deadlock" in made["metadata"]["name"]]
    clients = [made for made in rendered(helm, "everything") if "deadlock" in made["metadata"]["name"]]
    runs = {container["args"][2] for made in clients for container in made["spec"]["template"]["spec"]["containers"]}
    assert runs == {"promptsales-1"}, "the release and its revision"


def test_engines_reach_nothing_but_the_linked_server(helm: str) -> None:
    objects = rendered(helm, "default")
    for name, metadata, _ in pods(objects):
        if name.startswith("StatefulSet"):
            assert reachable(objects, metadata) == ({"sqlserver-ads"} if name.endswith("crm") else set()), name


def test_everything_is_denied_that_no_policy_allows(objects: tuple[Object, ...]) -> None:
    (default,) = [made["spec"] for made in objects if made["metadata"]["name"] == "promptsales-default"]
    assert default["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in default
    for name, metadata, _ in pods(objects):
        assert matches(default["podSelector"], metadata["labels"]), name


def test_each_mcp_server_scales_and_survives_a_drain(helm: str) -> None:
    made = {label(each): each for each in rendered(helm, "default")}
    for server, port in PORTS.items():
        name = f"promptsales-mcp-{server.replace('_', '-')}"
        spec = made[f"Deployment/{name}"]["spec"]
        assert spec["template"]["spec"]["containers"][0]["args"] == ["serve", server, "--port", str(port)]
        assert len(spec["template"]["spec"]["topologySpreadConstraints"]) == 2
        assert "replicas" not in spec, "the autoscaler's to say"
        assert made[f"HorizontalPodAutoscaler/{name}"]["spec"]["scaleTargetRef"]["name"] == name
        assert made[f"PodDisruptionBudget/{name}"]["spec"]["maxUnavailable"] == 1


def test_each_engine_has_a_backup_of_thirty_days_and_a_restore(helm: str) -> None:
    made = {label(each): each["spec"] for each in rendered(helm, "default") if each["kind"] == "CronJob"}
    for engine in ENGINES:
        backup, restore = made[f"CronJob/promptsales-backup-{engine}"], made[f"CronJob/promptsales-restore-{engine}"]
        container = backup["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
        assert expanded(container, SECRET)["BACKUP_DAYS"] == "30"
        assert (backup["suspend"], restore["suspend"]) == (False, True)
        for job in (backup, restore):
            command = job["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["command"]
            assert (PROJECT_ROOT / "deployment" / "backup" / command[1].removeprefix("/scripts/")).is_file()


def test_backups_begin_and_end_in_a_release_that_runs(helm: str) -> None:
    """Kubernetes refuses a change of a StatefulSet's claims."""

    def claims(*options: str) -> dict[str, Any]:
        return {
            label(each): each["spec"].get("volumeClaimTemplates")
            for each in rendered(helm, "default", *options)
            if each["kind"] == "StatefulSet"
        }

    assert claims("--set", "backup.enabled=false") == claims()
    made = rendered(helm, "default")
    kept = {
        each["metadata"]["name"]
        for each in made
        if each["kind"] == "PersistentVolumeClaim"
        and each["metadata"].get("annotations", {}).get("helm.sh/resource-policy") == "keep"
    }
    mounted = {
        volume["persistentVolumeClaim"]["claimName"]
        for _, _, spec in pods(made)
        for volume in spec.get("volumes", [])
        if volume["name"] == "backup"
    }
    assert mounted == {f"promptsales-backup-{engine}" for engine in ENGINES} <= kept


def test_the_files_in_the_chart_are_the_repository_s_own() -> None:
    for path in (CHART / "files").iterdir():
        if path.name != "dashboards":
            assert path.is_symlink(), "a copy would go its own way"
            assert path.resolve().is_relative_to(PROJECT_ROOT)
            assert path.exists()


def test_dashboards_ask_for_metrics_that_the_servers_have() -> None:
    metrics = Metrics("sales_dashboard")
    metrics.call("t", "ok", 0.1, cached=True, size=1)
    metrics.refused(401)
    shown = set(re.findall(r"^(promptsales_\w+)", metrics.exposition().decode(), re.MULTILINE))
    text = (CHART / "files" / "dashboards" / "mcp.json").read_text(encoding="utf-8")
    asked = set(re.findall(r"promptsales_mcp_\w+", text))
    assert asked <= shown
    assert len(asked) >= 6


@pytest.mark.parametrize("path", sorted((CHART / "files" / "dashboards").glob("*.json")), ids=lambda path: path.name)
def test_dashboards_are_whole(path: Any) -> None:
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    assert all(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])


def test_monitoring_is_there_where_it_is_asked_for(helm: str) -> None:
    kinds = [made["kind"] for made in rendered(helm, "everything")]
    assert kinds.count("ServiceMonitor") == 2
    assert "promptsales-dashboards" in {made["metadata"]["name"] for made in rendered(helm, "everything")}
    assert "ServiceMonitor" not in [made["kind"] for made in rendered(helm, "default")]


def test_the_test_of_the_release_asks_every_server(helm: str) -> None:
    (pod,) = [made for made in rendered(helm, "default") if made["kind"] == "Pod"]
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    (container,) = pod["spec"]["containers"]
    asked = expanded(container, SECRET)["SERVERS"].split()
    assert asked == sorted(
        (f"http://promptsales-mcp-{name.replace('_', '-')}:{port}/mcp" for name, port in PORTS.items()), key=asked.index
    )
    compile(container["args"][0], "test", "exec")


WRONG = {
    "an unknown value": "postgresql.sise=1Gi",
    "a moving tag": "images.mcp.tag=latest",
    "a tag without a version": "images.redis.tag=alpine",
    "a port that is none": "mcp.servers.sales_dashboard.port=70000",
    "a licence half accepted": "sqlserverAds.acceptEula=yes",
    "an edition that is none": "sqlserverCrm.edition=Developr",
    "no limits": "redis.resources.limits=null",
    "a size without a unit": "mongodb.persistence.size=20",
    "a schedule that is none": "backup.redis.schedule=daily",
    "no retention": "backup.retentionDays=0",
    "a policy of the limit that is none": "mcp.limitFails=maybe",
    "no replica": "mcp.replicas=0",
    "a server that has no deadlock": "deadlock.server=redis",
    "an issuer that is no URL": "signOn.issuer=sso",
    "a managed service nowhere": "postgresql.enabled=false",
    "a store without a name": "externalSecrets.enabled=true",
    "a Secret of nothing": "secrets.create=true",
    "too little memory for SQL Server": "sqlserverAds.memoryLimitMb=512",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_the_schema_refuses(helm: str, wrong: str) -> None:
    done = run(helm, "template", "promptsales", str(CHART), "--set", WRONG[wrong])
    assert done.returncode != 0
    assert "values don't meet the specifications of the schema" in done.stderr


def test_the_warehouse_takes_every_connection_that_the_pods_may_hold() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    airflow = yaml.safe_load((PROJECT_ROOT / "helm" / "airflow" / "values.yaml").read_text(encoding="utf-8"))
    pods_each = values["mcp"]["autoscaling"]["maxReplicas"]
    servers = pods_each * (len(PORTS) * authentication.POOL_SIZE + warehouse.POOL_SIZE)
    # A task holds its load and its lock, and asks Airflow's API server for the rest.
    tasks = 2 * airflow["config"]["core"]["parallelism"]
    processes = airflow["apiServer"]["replicas"] * airflow["config"]["api"]["workers"] + sum(
        airflow[component]["replicas"] for component in ("scheduler", "dagProcessor", "triggerer")
    )
    pool = airflow["config"]["database"]
    metadata = processes * (pool["sql_alchemy_pool_size"] + pool["sql_alchemy_max_overflow"])
    reserve = 20
    needed = servers + tasks + metadata + reserve
    assert needed <= int(values["postgresql"]["settings"]["max_connections"])
