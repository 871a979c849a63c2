"""The documents of PromptContent: distinct, and pointing at what is there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from promptsales.seeding.content import Document, content_documents
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.world import build_world

PLAN = SeedPlan(date(2026, 11, 15), scale=0.01)
WORLD = build_world(PLAN)
DOCUMENTS = content_documents(WORLD)
END = datetime(2026, 11, 16, tzinfo=UTC)


@pytest.mark.parametrize("collection", DOCUMENTS)
def test_ids_ascend(collection: str) -> None:
    ids = [document["_id"] for document in DOCUMENTS[collection]]
    assert ids == sorted(set(ids))


def test_images_are_described_each_in_its_own_words() -> None:
    images = DOCUMENTS["imagenes"]
    assert len(images) == 120
    assert len({image["descripcion"] for image in images}) == 120
    assert len({tuple(image["descripcion"].split()[:4]) for image in images}) > 110
    for image in images:
        assert image["descripcion"].endswith(".")
        assert 40 < len(image["descripcion"]) < 160
        assert len(image["hashtags"]) >= 3
        assert image["metadata"]["formato"] == image["url_imagen"].rsplit(".", 1)[1]


def test_images_and_logs_point_at_real_campaigns_images_and_customers() -> None:
    images = {image["_id"]: image for image in DOCUMENTS["imagenes"]}
    for image in images.values():
        assert image["campanas_asociadas"]
        assert all(1 <= campaign <= PLAN.campaigns for campaign in image["campanas_asociadas"])
    for log in DOCUMENTS["logs_campanas"]:
        assert 1 <= log["id_campana"] <= PLAN.campaigns
        assert log["imagenes"]
        assert set(log["imagenes"]) <= images.keys()
        if "id_cliente" in log:
            assert WORLD.customers.campaign[log["id_cliente"] - 1] == log["id_campana"] - 1


def test_nothing_is_approved_without_a_person() -> None:
    for log in DOCUMENTS["logs_campanas"]:
        assert (log["estado"] in ("aprobado", "publicado")) == ("aprobado_por" in log) == ("aprobado_en" in log)


def test_requests_name_a_service_and_its_method_within_the_days_they_are_kept() -> None:
    services: dict[str, Document] = {item["nombre_servicio"]: item for item in DOCUMENTS["servicios_terceros"]}
    assert len(services) == 9
    assert len(DOCUMENTS["bitacora_solicitudes"]) == PLAN.requests
    for request in DOCUMENTS["bitacora_solicitudes"]:
        methods = services[request["servicio_utilizado"]]["metodos_disponibles"]
        assert request["metodo"] in {method["nombre"] for method in methods}
        assert END - timedelta(days=90) < request["fecha"] < END


def test_every_mcp_server_has_two_tools() -> None:
    assert len(DOCUMENTS["mcp_servers"]) == 4
    assert all(len(server["tools"]) >= 2 for server in DOCUMENTS["mcp_servers"])


def test_credentials_are_not_seeded() -> None:
    assert "credenciales_cifradas" not in DOCUMENTS
