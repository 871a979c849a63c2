"""A deadlock between two machines: each client a process on a host of its own, the server on neither."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
import yaml
from network import network, why_not

from promptsales.concurrency.deadlock import NEXT, OWN, outcome
from promptsales.concurrency.laboratory import Laboratory
from promptsales.paths import PROJECT_ROOT
from promptsales.settings import Settings
from promptsales.urls import POSTGRESQL, SQLSERVER, parse_url

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-c", "import typer; from promptsales.concurrency.cli import deadlock; typer.run(deadlock)"]
"""`promptsales deadlock`, without the other commands, which take longer to import than the deadlock does."""

COMPOSE = yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]


def words(role: str, values: dict[str, str]) -> list[str]:
    """What the compose service of a client says after `promptsales deadlock`."""
    program, command, *rest = COMPOSE[f"deadlock-{role}"]["command"]
    assert (program, command) == ("promptsales", "deadlock")
    return [re.sub(r"\$\{(\w+):-.*\}", lambda variable: values[variable[1]], word) for word in rest]


REASON = why_not()


@pytest.mark.skipif(REASON is not None, reason=str(REASON))
@pytest.mark.parametrize(
    ("fixture", "server", "engine", "form", "code"),
    [
        ("postgres", "postgres", "postgres", POSTGRESQL, "40P01"),
        ("standin", "sqlserver", "ads", SQLSERVER, "1205"),
    ],
)
def test_each_client_on_its_own_host(
    fixture: str, server: str, engine: str, form: object, code: str, engines: Settings, request: pytest.FixtureRequest
) -> None:
    laboratory: Laboratory = request.getfixturevalue(fixture)
    url, variable = engines.url(engine, admin=True), engines.variable(engine, admin=True)
    port = parse_url(url, form, variable).port
    assert port is not None
    with network(2, port) as made:
        clients = [
            subprocess.Popen(
                machine.command(*COMMAND, *words(role, {"DEADLOCK_SERVER": server, "DEADLOCK_RUN": laboratory.run})),
                env={variable: url.replace("127.0.0.1", address), "PATH": "/usr/sbin:/usr/bin:/bin"},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for machine, address, role in zip(made.machines, made.server_addresses, "ab", strict=True)
        ]
        printed = [client.communicate(timeout=120) for client in clients]
    assert [client.returncode for client in clients] == [0, 0], printed
    parts = [json.loads(out) for out, _ in printed]
    assert [part["role"] for part in parts] == ["a", "b"]
    assert sorted(part["refusals"] for part in parts) == [[], [code]]
    assert sorted(part["attempts"] for part in parts) == [1, 2]
    assert set(made.callers) == {machine.address for machine in made.machines}
    assert outcome(laboratory) == dict.fromkeys(range(2), OWN + NEXT)
