"""The real engines with every schema in place, shared by the tests of this folder."""

from __future__ import annotations

import pytest

from promptsales.connections import Connections, from_settings
from promptsales.database.initialise import initialise
from promptsales.settings import Settings


@pytest.fixture(scope="session")
def settings(engines: Settings) -> Settings:
    """The engines' settings, once `db init` has run on them."""
    initialise(from_settings(engines, admin=True))
    return engines


@pytest.fixture(scope="session")
def connections(settings: Settings) -> Connections:
    """Connections as the ETL has them: least privilege."""
    return from_settings(settings)


@pytest.fixture(scope="session")
def admin_connections(settings: Settings) -> Connections:
    """Connections of the logins that own the schemas."""
    return from_settings(settings, admin=True)
