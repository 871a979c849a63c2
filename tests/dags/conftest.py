"""An Airflow home of the tests' own: no examples, a metadata database that goes with the session."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from promptsales.paths import PROJECT_ROOT


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Set before Airflow is first imported, which is why DAG tests import it inside their functions."""
    home: Path = tmp_path_factory.mktemp("airflow")
    os.environ["AIRFLOW_HOME"] = str(home)
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(PROJECT_ROOT / "dags")
