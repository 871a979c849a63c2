"""What the servers say they spend their time on; where one does not say, the reason."""

from __future__ import annotations

import pytest
from mart_readers import FilledWarehouse

from promptsales.errors import MissingCapabilityError
from promptsales.monitoring.top_queries import of_mongodb, of_postgresql, of_sqlserver

pytestmark = pytest.mark.slow


def test_postgresql_tells_its_costliest_statements_without_values(filled_warehouse: FilledWarehouse) -> None:
    found = of_postgresql(filled_warehouse.owner)
    assert found
    assert found == sorted(found, key=lambda query: query.seconds, reverse=True)
    assert any("dw." in query.statement and query.reads > 0 for query in found)
    assert not any("PASSWORD" in query.statement for query in found)


def test_mongodb_tells_what_its_profiler_recorded(filled_warehouse: FilledWarehouse) -> None:
    database = filled_warehouse.owner.mongo()
    with database.client:
        with pytest.raises(MissingCapabilityError, match="profiler is off"):
            of_mongodb(filled_warehouse.owner)
        database.command("profile", 2)
        try:
            database["imagenes"].find_one({"url_imagen": "https://example.org/secreta.png"})
            found = of_mongodb(filled_warehouse.owner)
        finally:
            database.command("profile", 0)
            database["system.profile"].drop()
    assert any(query.statement.startswith("query imagenes {filter: {url_imagen: ?}") for query in found)
    assert not any("secreta" in query.statement for query in found)


def test_the_stand_in_does_not_tell(filled_warehouse: FilledWarehouse) -> None:
    with pytest.raises(MissingCapabilityError, match="It takes SQL Server"):
        of_sqlserver(filled_warehouse.owner)
