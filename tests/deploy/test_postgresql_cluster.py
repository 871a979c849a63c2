"""What the deployments' PostgreSQL is made with: PostgreSQL's own `initdb` takes it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from chart import Find, containers, pods, rendered
from compose_file import services

from promptsales.local.postgres import binary, open_binaries, os_account
from promptsales.local.process import as_account

COMPOSED = str(services()["postgresql"]["environment"]["POSTGRES_INITDB_ARGS"])


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where PostgreSQL's OS user may make a cluster."""
    made = Path(tempfile.mkdtemp(prefix="promptsales-"))
    password_file = made / "password"
    password_file.write_text("a password", encoding="utf-8")
    if account := os_account():
        open_binaries(account, lambda line: None)
        for path in (made, password_file):
            shutil.chown(path, account, account)
    yield made
    shutil.rmtree(made)


def test_a_cluster_is_made_of_its_arguments(folder: Path) -> None:
    # As the image's entrypoint calls it.
    done = subprocess.run(
        [
            *(str(binary("initdb")), "-D", str(folder / "data"), "--no-sync"),
            *("--username=postgres", f"--pwfile={folder / 'password'}"),
            *COMPOSED.split(),
        ],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        **as_account(os_account()),
    )
    assert done.returncode == 0, done.stderr
    assert "C.UTF-8" in done.stdout


def test_the_chart_makes_the_same_cluster(program: Find) -> None:
    (arguments,) = [
        variable["value"]
        for name, _, spec in pods(rendered(program("helm"), "default"))
        if name == "StatefulSet/promptsales-postgresql"
        for container in containers(spec)
        for variable in container["env"]
        if variable["name"] == "POSTGRES_INITDB_ARGS"
    ]
    assert arguments == COMPOSED
