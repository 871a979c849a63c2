"""The services that are seeded: usable by the client as they stand, and documented."""

from __future__ import annotations

import re
from typing import Any

import pytest

from promptsales.content.third_party.errors import ThirdPartyError
from promptsales.content.third_party.services import safe_url, service_from
from promptsales.paths import PROJECT_ROOT
from promptsales.seeding.reference import read_yaml

SERVICES: dict[str, dict[str, Any]] = {
    entry["nombre_servicio"]: entry for entry in read_yaml("servicios.yaml")["servicios_terceros"]
}
DOCUMENTATION = (PROJECT_ROOT / "documentation" / "API_DOCUMENTATION.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SERVICES)
def test_every_method_has_an_address_on_the_service_s_own_host(name: str) -> None:
    service = service_from(SERVICES[name])
    for entry in SERVICES[name]["metodos_disponibles"]:
        method = service.method(entry["nombre"])
        declared = {item["nombre"] for item in entry.get("parametros", ()) if item["lugar"] == "ruta"}
        assert declared == method.path_parameters
        url, query = service.url(method, dict.fromkeys(method.path_parameters | method.required, "123"))
        assert (url.scheme, url.host) == ("https", service.base_url.host)
        assert "{" not in url.path
        assert query.keys() == method.required


@pytest.mark.parametrize("name", SERVICES)
def test_its_chapter_tells_address_login_methods_and_version(name: str) -> None:
    entry = SERVICES[name]
    chapter = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", DOCUMENTATION, re.M | re.S)
    assert chapter
    text = " ".join(chapter[1].split())
    for part in ("**Auth**", "**Used**", "**Limits**", "**Errors**", "Source:", f"**Base** `{entry['url_base']}`"):
        assert part in text
    assert entry["autenticacion"].get("url_token", "") in text
    for method in entry["metodos_disponibles"]:
        assert f"`{method['nombre']}` {method['verbo']} {method['ruta']}" in text
    assert f"| {name} | {entry['version_api']} |" in DOCUMENTATION


@pytest.mark.parametrize(
    "address",
    [
        "http://api.example.com",
        "https://login:clave@api.example.com",
        "https://api.example.com?x=1",
        "https://api.example.com#x",
        "https://",
        "file:///etc/passwd",
        "http://127.0.0.1.example.com",
    ],
)
def test_secrets_go_to_no_other_kind_of_address(address: str) -> None:
    with pytest.raises(ThirdPartyError, match="not plain https"):
        safe_url("Prueba", address)
