"""The outside services as `servicios_terceros` describes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

import httpx
from pymongo.database import Database

from promptsales.content.third_party.errors import ThirdPartyError

IDEMPOTENT_VERBS = ("GET", "PUT", "DELETE")
"""RFC 9110, 9.2.2; of the verbs that the collection takes."""

_LOOPBACK = ("127.0.0.1", "localhost")
_PLACEHOLDER = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Method:
    """One call that a service offers.

    Attributes:
        path_parameters: each has its `{name}` in the path, and all are needed.
        query_parameters: those that may be given.
        required: those of the query that must be given.
        repeatable: sending it twice does no more than sending it once.
    """

    name: str
    verb: str
    path: str
    path_parameters: frozenset[str]
    query_parameters: frozenset[str]
    required: frozenset[str]
    repeatable: bool


@dataclass(frozen=True)
class Authentication:
    """How a service is logged into; never the secret itself.

    Attributes:
        header: carries an API key or bearer token.
        credential_headers: more headers, each with the field of the client's credential that is its value.
    """

    type: Literal["oauth2", "api_key", "bearer", "basic", "ninguna"]
    header: str
    token_url: str
    flow: str
    client_authentication: Literal["basic", "cuerpo"]
    scopes: tuple[str, ...]
    credential_headers: Mapping[str, str]


@dataclass(frozen=True)
class BodyCodes:
    """Where a service's body carries its own code, and what the codes mean."""

    path: tuple[str, ...]
    success: frozenset[int] | None
    limited: frozenset[int]
    token_expired: frozenset[int]

    def find(self, body: Any) -> int | None:
        """The code in a body; None where there is none."""
        for name in self.path:
            body = body.get(name) if isinstance(body, dict) else None
        return body if isinstance(body, int) else None


@dataclass(frozen=True)
class Service:
    """One outside service."""

    name: str
    base_url: httpx.URL
    methods: Mapping[str, Method]
    authentication: Authentication
    per_minute: int
    per_day: int
    codes: BodyCodes | None

    @property
    def slug(self) -> str:
        """The name as Redis keys have it."""
        return self.name.lower().replace(" ", "_")

    def method(self, name: str) -> Method:
        """One of its methods.

        Raises:
            ThirdPartyError: it has no such method; the text lists those it has.
        """
        if name not in self.methods:
            raise ThirdPartyError(f"{self.name} has no method {name!r}. It has {', '.join(self.methods)}.")
        return self.methods[name]

    def url(self, method: Method, parameters: Mapping[str, str]) -> tuple[httpx.URL, dict[str, str]]:
        """Address of a call, on the service's own host and below its base path, and what goes into the query.

        Raises:
            ThirdPartyError: a parameter is unknown, missing, or would lead out of the path.
        """
        unknown = parameters.keys() - method.path_parameters - method.query_parameters
        missing = (method.path_parameters | method.required) - parameters.keys()
        if unknown or missing:
            wrong = ", ".join(sorted(unknown or missing))
            raise ThirdPartyError(
                f"{self.name} {method.name}: {'unknown' if unknown else 'missing'} parameter {wrong}."
            )
        for name in method.path_parameters:
            if not parameters[name].strip(". ") or not parameters[name].isprintable():
                raise ThirdPartyError(f"{self.name} {method.name}: parameter {name} cannot be part of a path.")
        path = _PLACEHOLDER.sub(lambda found: quote(parameters[found[1]], safe=""), method.path)
        url = httpx.URL(str(self.base_url).rstrip("/") + path)
        return url, {name: value for name, value in parameters.items() if name in method.query_parameters}


def load_service(database: Database[dict[str, Any]], name: str) -> Service:
    """The registered service of that name.

    Raises:
        ThirdPartyError: it is not registered, switched off, or its addresses are not safe to send secrets to.
    """
    document = database["servicios_terceros"].find_one({"nombre_servicio": name})
    if document is None:
        known = database["servicios_terceros"].distinct("nombre_servicio")
        raise ThirdPartyError(f"No service {name!r} is registered. There are: {', '.join(sorted(known)) or 'none'}.")
    if document["estado"] == "inactivo":
        raise ThirdPartyError(f"{name} is switched off (estado inactivo): nothing is sent to it.")
    return service_from(document)


def safe_url(service: str, address: str) -> httpx.URL:
    """The address, if secrets may be sent to it: TLS, or loopback; no login, query or fragment in it.

    Raises:
        ThirdPartyError: naming the service.
    """
    url = httpx.URL(address)
    encrypted = url.scheme == "https" or (url.scheme == "http" and url.host in _LOOPBACK)
    if not encrypted or not url.host or url.userinfo or url.query or url.fragment:
        raise ThirdPartyError(
            f"{service} is registered with an address that is not plain https: mend servicios_terceros."
        )
    return url


def service_from(document: Mapping[str, Any]) -> Service:
    """The service that a document of `servicios_terceros` describes.

    Raises:
        ThirdPartyError: its addresses are not safe to send secrets to.
    """
    name, login = document["nombre_servicio"], document["autenticacion"]
    return Service(
        name=name,
        base_url=safe_url(name, document["url_base"]),
        methods={entry["nombre"]: _method(entry) for entry in document["metodos_disponibles"]},
        authentication=Authentication(
            type=login["tipo"],
            header=login.get("cabecera", "Authorization"),
            token_url=str(safe_url(name, login["url_token"])) if "url_token" in login else "",
            flow=login.get("flujo", ""),
            client_authentication=login.get("autenticacion_cliente", "cuerpo"),
            scopes=tuple(login.get("alcance", ())),
            credential_headers=login.get("cabeceras_credencial", {}),
        ),
        per_minute=document["rate_limits"]["por_minuto"],
        per_day=document["rate_limits"]["por_dia"],
        codes=_codes(document.get("codigos_respuesta")),
    )


def _method(entry: dict[str, Any]) -> Method:
    parameters = entry.get("parametros", [])
    query = [item for item in parameters if item["lugar"] == "consulta"]
    return Method(
        name=entry["nombre"],
        verb=entry["verbo"],
        path=entry["ruta"],
        path_parameters=frozenset(_PLACEHOLDER.findall(entry["ruta"])),
        query_parameters=frozenset(item["nombre"] for item in query),
        required=frozenset(item["nombre"] for item in query if item.get("obligatorio")),
        repeatable=entry["verbo"] in IDEMPOTENT_VERBS or entry.get("idempotente", False),
    )


def _codes(entry: dict[str, Any] | None) -> BodyCodes | None:
    if entry is None:
        return None
    return BodyCodes(
        path=tuple(entry["campo"].split(".")),
        success=frozenset(entry["exito"]) if "exito" in entry else None,
        limited=frozenset(entry.get("limite", ())),
        token_expired=frozenset(entry.get("token_vencido", ())),
    )
