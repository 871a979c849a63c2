"""The programs that the deployment's files are checked with, where they are installed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

INSTALLED = {"check-jsonschema", "hadolint", "helm", "shellcheck"}
"""What comes out of Python packages; the rest is the machine's."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs such a program is not part of `make test`, which installs none."""
    for item in items:
        if "program" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """The path of a checking program; where there is none, the test is skipped with the reason."""
    beside_python = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

    def find(name: str) -> str:
        found = shutil.which(name, path=beside_python)
        if found is None:
            hint = ": `make test-slow` installs it" if name in INSTALLED else " on the PATH"
            pytest.skip(f"needs {name}{hint}")
        return found

    return find
