"""What continuous integration would run: well-formed workflows, whose commands exist here."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from chart import CHART, Find, rendered
from compose_file import services, write_env

from promptsales.paths import PROJECT_ROOT
from promptsales.settings import Settings

WORKFLOWS = sorted((PROJECT_ROOT / ".github" / "workflows").glob("*.yml"))


def jobs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
@pytest.mark.parametrize("schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"])
def test_they_are_of_the_schema_and_end_in_time(program: Find, path: Path, schema: str) -> None:
    check = [program("check-jsonschema"), "--builtin-schema", schema, str(path)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_part_is_checked() -> None:
    found = {job for path in WORKFLOWS for job in jobs(path)}
    assert found == {"lint", "unit", "slow", "sqlserver", "images", "chart", "kind"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_what_they_run_is_here(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake ([a-z][a-z0-9-]+)", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for file in re.findall(r"(?:deployment|helm|\.github)/[\w./-]+\.(?:ya?ml|sh)|deployment/\w+/Dockerfile", text):
        assert (PROJECT_ROOT / file).is_file(), file


def test_the_chart_job_knows_every_variant() -> None:
    text = (PROJECT_ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    for values in (CHART / "ci").glob("*-values.yaml"):
        assert re.search(rf"for variant in [^;]*\b{values.name.removesuffix('-values.yaml')}\b", text)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_has_a_version(path: Path) -> None:
    for job in jobs(path).values():
        for step in job["steps"]:
            assert "uses" not in step or re.search(r"@v\d", step["uses"]), step


def test_the_engines_settings_are_those_of_the_composition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file = tmp_path / ".env"
    write_env.main(env_file)
    done = subprocess.run(
        ["bash", str(PROJECT_ROOT / ".github" / "engine_urls.sh"), str(env_file)],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = dict(line.split("=", 1) for line in done.stdout.splitlines())
    for name, value in lines.items():
        monkeypatch.setenv(name, value)
    Settings()
    composed = services()["database-schemas"]["environment"]
    assert set(lines) == set(composed) | {"TEST_MONGODB_URL"}


@pytest.mark.parametrize(
    ("name", "engine"), [("mongodump", "mongodb"), ("mongorestore", "mongodb"), ("sqlcmd", "sqlserver")]
)
def test_an_engine_s_program_is_that_of_its_image(name: str, engine: str) -> None:
    path = PROJECT_ROOT / ".github" / "engine_programs" / name
    assert os.access(path, os.X_OK)
    assert f" {services()[engine]['image']} " in path.read_text(encoding="utf-8")


def test_sqlcmd_gets_what_the_backup_scripts_set() -> None:
    program = (PROJECT_ROOT / ".github" / "engine_programs" / "sqlcmd").read_text(encoding="utf-8")
    files = (PROJECT_ROOT / "deployment" / "backup").glob("*.sql")
    named = {name for file in files for name in re.findall(r"\$\((\w+)\)", file.read_text(encoding="utf-8"))}
    assert named | {"SQLCMDSERVER", "SQLCMDUSER", "SQLCMDPASSWORD"} == set(re.findall(r"--env (\w+)", program))


def test_helm_is_as_new_as_the_official_airflow_chart_asks() -> None:
    text = (PROJECT_ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    versions = re.findall(r"azure/setup-helm@v\d+\n +with: \{version: v(\d+)\.(\d+)\.\d+\}", text)
    assert len(versions) == text.count("azure/setup-helm")
    # Its release 1.22.0 wants no older one.
    assert all((int(major), int(minor)) >= (3, 19) for major, minor in versions)


def test_every_engine_that_the_suites_reach_is_started() -> None:
    text = (PROJECT_ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    (started,) = re.findall(r"\$compose up --detach --build (.+)", text)
    found: set[str] = set()
    waiting = started.split()
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting += services()[name].get("depends_on", {})
    published = yaml.safe_load((PROJECT_ROOT / ".github" / "compose.ports.yml").read_text(encoding="utf-8"))
    assert set(published["services"]) | {"mongodb-replica-set"} <= found


def test_the_manifests_are_rendered_for_people_without_helm(program: Find, tmp_path: Path) -> None:
    helm = program("helm")
    command = ["make", "--no-print-directory", "k8s-render", f"RENDERED={tmp_path}", f"HELM={helm}"]
    subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, check=True)
    made = [each for each in yaml.load_all((tmp_path / "promptsales.yaml").read_text(), yaml.CSafeLoader) if each]
    # The test pod is a hook of helm's.
    assert len(made) == len(rendered(helm, "default")) - 1


@pytest.mark.parametrize(
    "target", ["k8s-install", "k8s-uninstall", "k8s-render", "k8s-render-airflow", "env", "up", "test-slow"]
)
def test_make_knows_the_target(target: str) -> None:
    done = subprocess.run(["make", "--dry-run", target], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
