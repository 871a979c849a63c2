"""The real engines with every schema in place, shared by the tests of this folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from promptsales.connections import Connections, from_settings
from promptsales.database.initialise import initialise
from promptsales.local.engines import down, environment, up
from promptsales.settings import Settings


@pytest.fixture(scope="session")
def settings(engines: Settings) -> Settings:
    """The engines' settings, once `db init` has run on them."""
    initialise(engines)
    return engines


@pytest.fixture(scope="session")
def connections(settings: Settings) -> Connections:
    """Connections as the ETL has them: least privilege."""
    return from_settings(settings)


@pytest.fixture(scope="session")
def admin_connections(settings: Settings) -> Connections:
    """Connections of the logins that own the schemas."""
    return from_settings(settings, admin=True)


@pytest.fixture(scope="module")
def own_engines(monkeypatch_module: pytest.MonkeyPatch) -> Iterator[Connections]:
    """Empty databases with every schema in place, for one module alone; logins that own the schemas.

    The environment names these engines, for child processes and the command line.
    """
    folder = Path(tempfile.mkdtemp(prefix="promptsales-"))
    try:
        up(folder)
        for name, value in environment(folder).items():
            monkeypatch_module.setenv(name, value)
        initialise(Settings())
        yield from_settings(Settings(), admin=True)
    finally:
        down(folder)
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    """`monkeypatch` for the life of a module."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch
