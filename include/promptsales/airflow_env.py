"""`promptsales airflow-env`: Airflow's connections out of the platform's own settings."""

from __future__ import annotations

from promptsales.airflow_connections import airflow_connections
from promptsales.errors import SettingsError
from promptsales.exports import print_exports
from promptsales.settings import Settings


def airflow_env() -> None:
    """Print Airflow's connections as export lines: eval "$(promptsales airflow-env)". They hold passwords."""
    connections = airflow_connections(Settings())
    if not connections:
        raise SettingsError("no PROMPTSALES_*_URL is set. Copy .env.example to .env and fill it in.")
    print_exports(connections)
