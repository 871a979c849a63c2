"""The running engines, for the tests that ask for them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from mart_readers import FilledWarehouse

from promptsales.connections import from_settings
from promptsales.local.engines import down, environment, up
from promptsales.paths import PROJECT_ROOT
from promptsales.settings import Settings

# Neither how long an example takes nor how long it is drawn says anything about the code on a busy machine.
hypothesis_settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("untimed")


def pytest_configure() -> None:
    """Forget what the shell says of other engines: tests name their own. The suite for a real SQL Server keeps it."""
    if os.environ.get("PROMPTSALES_TEST_SQLSERVER") != "1":
        for name in [
            name for name in os.environ if name.startswith(("PROMPTSALES_", "PINECONE_", "AIRFLOW_CONN_", "OPENAI_"))
        ]:
            del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with a reason, what there is no server for."""
    if os.environ.get("PROMPTSALES_TEST_SQLSERVER") == "1":
        return
    reason = (
        "needs SQL Server: set PROMPTSALES_TEST_SQLSERVER=1, PROMPTSALES_ADS_ADMIN_URL and PROMPTSALES_CRM_ADMIN_URL, "
        "of databases that these tests may write to"
    )
    for item in items:
        if item.get_closest_marker("sqlserver"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An Airflow home of the tests' own: no examples, a metadata database that goes with the session.

    Set before Airflow is first imported, which is why tests import it inside their functions.
    """
    os.environ["AIRFLOW_HOME"] = str(tmp_path_factory.mktemp("airflow"))
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(PROJECT_ROOT / "dags")


@pytest.fixture(scope="session")
def local_dir() -> Iterator[Path]:
    """The folder of a running set of engines, apart from the project's own; both are gone in the end.

    For a child process, PROMPTSALES_LOCAL_DIR names it.
    """
    # Not pytest's own temporary folder: that is closed to the OS user that PostgreSQL runs as under root.
    folder = Path(tempfile.mkdtemp(prefix="promptsales-"))
    try:
        up(folder)
        yield folder
    finally:
        down(folder)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def filled_warehouse() -> Iterator[FilledWarehouse]:
    """Engines with seeded sources, loaded into a warehouse whose star schema and marts are built.

    Shared by test files: each leaves the marts as one more refresh would make them.
    """
    folder = Path(tempfile.mkdtemp(prefix="promptsales-"))
    try:
        up(folder)
        settings = Settings.model_validate(environment(folder))
        warehouse = FilledWarehouse(folder, from_settings(settings, admin=True), from_settings(settings))
        warehouse.fill()
        yield warehouse
    finally:
        down(folder)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def engines(local_dir: Path) -> Settings:
    """The settings of the running set: what `promptsales local env` prints."""
    return Settings.model_validate(environment(local_dir))
