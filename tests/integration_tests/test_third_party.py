"""The REST client against a service that misbehaves in every way: limits, waits, tokens, cache, counts, log."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from content_stores import NOW, content_database, credential_store, emptied
from local_service import LocalService, Received, Scripted, local_service
from pydantic import SecretStr
from pymongo.database import Database
from redis import Redis

from certificate_folders import PASSPHRASE, certificate_folder
from promptsales.connections import connect_redis
from promptsales.content.third_party.client import Reply, ThirdPartyClient
from promptsales.content.third_party.errors import AuthorizationError, RateLimitError, ThirdPartyError
from promptsales.content.third_party.http import ATTEMPTS, Timeouts
from promptsales.security.credentials import CredentialStore, CredentialType
from promptsales.settings import Settings

METHODS = [
    {"nombre": "listar", "verbo": "GET", "ruta": "/disenos", "parametros": [{"nombre": "q", "lugar": "consulta"}]},
    {"nombre": "ver", "verbo": "GET", "ruta": "/disenos/{id}"},
    {"nombre": "crear", "verbo": "POST", "ruta": "/disenos"},
    {"nombre": "buscar", "verbo": "POST", "ruta": "/busquedas", "idempotente": True},
]
OPEN = {"tipo": "ninguna"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("third_party") / "certificates"
    certificate_folder(folder).create("Servicios", 30, PASSPHRASE)
    return folder


@pytest.fixture(scope="module")
def module_database(engines: Settings) -> Iterator[Database[dict[str, Any]]]:
    with content_database(engines, "prueba_servicios") as database:
        yield database


@pytest.fixture
def database(module_database: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    return emptied(module_database)


@pytest.fixture
def redis(engines: Settings) -> Iterator[Redis]:
    client = connect_redis(engines.url("redis"))
    with client:
        yield client
        for key in client.scan_iter("*prueba*"):
            client.delete(key)


@pytest.fixture
def service() -> Iterator[LocalService]:
    with local_service() as service:
        yield service


@pytest.fixture
def store(database: Database[dict[str, Any]], folder: Path) -> CredentialStore:
    return credential_store(database, folder)


@pytest.fixture
def waits() -> list[float]:
    """What the client would have slept."""
    return []


@pytest.fixture
def client(
    database: Database[dict[str, Any]], redis: Redis, store: CredentialStore, waits: list[float]
) -> Iterator[ThirdPartyClient]:
    with ThirdPartyClient(database, redis, store, Timeouts(), waits.append, lambda: NOW) as client:
        yield client


def register(database: Database[dict[str, Any]], service: LocalService, login: dict[str, Any], **more: Any) -> None:
    """The service as `servicios_terceros` has it."""
    document = {
        "nombre_servicio": "Prueba",
        "url_base": f"{service.url}/v1",
        "metodos_disponibles": METHODS,
        "autenticacion": login,
        "rate_limits": {"por_minuto": 100, "por_dia": 1_000},
        "estado": "activo",
        "creado_en": NOW,
        "actualizado_en": NOW,
    }
    database["servicios_terceros"].insert_one({**document, **more})


def canva_login(service: LocalService, **more: Any) -> dict[str, Any]:
    """Canva's way: Basic authentication of the client, refresh tokens that serve once."""
    return {
        "tipo": "oauth2",
        "url_token": f"{service.url}/v1/oauth/token",
        "verbo_token": "POST",
        "flujo": "authorization_code",
        "autenticacion_cliente": "basic",
        **more,
    }


def log(database: Database[dict[str, Any]], method: str) -> dict[str, Any]:
    """The one logged call of a method."""
    (document,) = database["bitacora_solicitudes"].find({"metodo": method})
    return dict(document)


def store_client(store: CredentialStore) -> None:
    client = json.dumps({"client_id": "cliente-1", "client_secret": "secreto-del-cliente"})
    store.put("Prueba", CredentialType.OAUTH2_CLIENT, SecretStr(client))


def store_tokens(store: CredentialStore, access: str, refresh: str, seconds: float) -> None:
    tokens = {"access_token": access, "refresh_token": refresh, "expires_at": NOW.timestamp() + seconds}
    store.put("Prueba", CredentialType.OAUTH2_TOKEN, SecretStr(json.dumps(tokens)))


def stored_tokens(store: CredentialStore) -> dict[str, Any]:
    credential = store.get("Prueba", CredentialType.OAUTH2_TOKEN)
    assert credential
    return dict(json.loads(credential.value.get_secret_value()))


class TokenServer:
    """Takes each refresh token once and one access token at a time, as Canva does."""

    def __init__(self, refresh: str) -> None:
        self.refresh = refresh
        self.access = ""
        self.granted = 0

    def __call__(self, request: Received) -> Scripted:
        if request.path != "/v1/oauth/token":
            accepted = request.headers.get("Authorization") == f"Bearer {self.access}"
            return Scripted(200, {"items": ["D1"]}) if accepted and self.access else Scripted(401, {"code": "expired"})
        fields = {name: values[0] for name, values in parse_qs(request.body).items()}
        if fields.get("refresh_token") != self.refresh:
            return Scripted(400, {"error": "invalid_grant"})
        self.granted += 1
        self.access, self.refresh = f"acceso-{self.granted}-nuevo", f"refresco-{self.granted}-nuevo"
        return Scripted(200, {"access_token": self.access, "refresh_token": self.refresh, "expires_in": 14_400})


def test_a_call_is_answered_logged_and_counted(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService, redis: Redis
) -> None:
    register(database, service, OPEN)
    service.answers.append(Scripted(201, {"id": "D1", "usage": {"total_tokens": 12}}))

    reply = client.call("Prueba", "crear", "ana", body={"titulo": "Verano"})

    assert reply == Reply({"id": "D1", "usage": {"total_tokens": 12}}, from_cache=False, attempts=1)
    assert json.loads(service.received[0].body) == {"titulo": "Verano"}
    logged = log(database, "crear")
    assert logged["request"] == {
        "verbo": "POST",
        "ruta": "/v1/disenos",
        "parametros": {},
        "cuerpo": {"titulo": "Verano"},
    }
    assert logged["response"]["cuerpo"] == {"id": "D1", "usage": {"total_tokens": 12}}
    assert (logged["resultado"], logged["intentos"], logged["usuario"]) == ("exito", 1, "ana")
    assert (logged["tokens_consumidos"], logged["fecha"]) == (12, NOW)
    assert redis.hgetall("api:stats:prueba").items() >= {"llamadas": "1", "exito": "1", "intentos": "1"}.items()  # type: ignore[union-attr]
    assert 0 < redis.ttl("api:stats:prueba") <= 86_400  # type: ignore[operator]


def test_reads_are_cached_by_their_parameters_and_writes_are_not(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService, redis: Redis
) -> None:
    register(database, service, OPEN)
    service.otherwise = lambda request: Scripted(200, {"path": request.path})

    first = client.call("Prueba", "listar", "ana", {"q": "mar"})
    again = client.call("Prueba", "listar", "eva", {"q": "mar"})
    other = client.call("Prueba", "listar", "ana", {"q": "sol"})
    for _ in range(2):
        client.call("Prueba", "crear", "ana", body={})

    assert (first.from_cache, again.from_cache, other.from_cache) == (False, True, False)
    assert again.body == first.body != other.body
    assert len(service.received) == 4
    (key, _) = redis.scan_iter("api:resultados:prueba:listar:*")
    assert 0 < redis.ttl(key) <= 3_600  # type: ignore[operator]
    assert redis.hget("api:stats:prueba", "desde_cache") == "1"


def test_an_answer_that_holds_a_secret_is_not_cached(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService, redis: Redis
) -> None:
    register(database, service, OPEN)
    service.otherwise = lambda request: Scripted(200, {"upload_token": "abc-plantado"})

    assert client.call("Prueba", "listar", "ana").body == {"upload_token": "abc-plantado"}

    assert list(redis.scan_iter("api:resultados:prueba:*")) == []


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "7"}, [7.0]),
        ({"Retry-After": format_datetime(NOW + timedelta(seconds=9), usegmt=True)}, [9.0]),
        ({"Retry-After": format_datetime(NOW - timedelta(seconds=9), usegmt=True)}, [0.0]),
    ],
)
def test_retry_after_is_waited_for(
    client: ThirdPartyClient,
    database: Database[dict[str, Any]],
    service: LocalService,
    waits: list[float],
    headers: dict[str, str],
    expected: list[float],
) -> None:
    register(database, service, OPEN)
    service.answers.extend((Scripted(429, {}, headers), Scripted(200, {"ok": True})))

    assert client.call("Prueba", "listar", "ana").attempts == 2

    assert waits == expected
    assert log(database, "listar")["intentos"] == 2


def test_a_service_that_asks_for_too_long_is_not_waited_for(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService, waits: list[float]
) -> None:
    register(database, service, OPEN)
    service.answers.append(Scripted(429, {}, {"Retry-After": "3600"}))

    with pytest.raises(ThirdPartyError, match="called again in 3600 s"):
        client.call("Prueba", "listar", "ana")

    assert waits == []
    assert log(database, "listar")["resultado"] == "limite_excedido"


@pytest.mark.parametrize(
    ("bad", "problem", "result", "status"),
    [
        (Scripted(500, {"error": "x"}), "HTTP 500", "error", 500),
        (Scripted(429, {}), "HTTP 429", "limite_excedido", 429),
        (Scripted(silent=True), "did not answer in time", "tiempo_agotado", None),
        (Scripted(200, {"a": 1}, missing=5), "broke off", "error", 200),
        (Scripted(200, raw=b"", headers={"Content-Encoding": "gzip"}, missing=3), "broke off", "error", 200),
    ],
)
def test_temporary_failures_are_tried_again_with_growing_random_waits_and_then_told(
    database: Database[dict[str, Any]],
    redis: Redis,
    store: CredentialStore,
    service: LocalService,
    bad: Scripted,
    problem: str,
    result: str,
    status: int | None,
) -> None:
    register(database, service, OPEN)
    service.otherwise = lambda request: bad
    waits: list[float] = []
    timeouts = Timeouts(read=0.1) if bad.silent else Timeouts()

    with (
        ThirdPartyClient(database, redis, store, timeouts, waits.append, lambda: NOW) as client,
        pytest.raises(ThirdPartyError, match=rf"Prueba listar: .*{problem}.*{ATTEMPTS} times"),
    ):
        client.call("Prueba", "listar", "ana")

    assert len(service.received) == ATTEMPTS
    assert len(waits) == ATTEMPTS - 1
    assert all(0 <= wait <= 0.5 * 2**turn for turn, wait in enumerate(waits))
    logged = log(database, "listar")
    assert (logged["resultado"], logged["intentos"]) == (result, ATTEMPTS)
    assert logged["response"]["codigo_http"] == status


def test_a_write_is_sent_once_unless_it_is_marked_safe_to_repeat(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService
) -> None:
    register(database, service, OPEN)

    with pytest.raises(ThirdPartyError, match="HTTP 500"):
        client.call("Prueba", "crear", "ana", body={})
    assert len(service.received) == 1
    with pytest.raises(ThirdPartyError, match="HTTP 500"):
        client.call("Prueba", "buscar", "ana", body={})
    assert len(service.received) == 1 + ATTEMPTS


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (Scripted(200, raw=b"<html>mantenimiento</html>"), "something other than JSON"),
        (Scripted(404, {"message": "no such design"}), "HTTP 404"),
        (Scripted(302, None, {"Location": "http://otro.example/"}), "redirects"),
    ],
)
def test_lasting_failures_are_told_at_once_with_their_body_in_the_log(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService, bad: Scripted, problem: str
) -> None:
    register(database, service, OPEN)
    service.otherwise = lambda request: bad

    with pytest.raises(ThirdPartyError, match=problem):
        client.call("Prueba", "listar", "ana")

    assert len(service.received) == 1
    logged = log(database, "listar")
    assert logged["response"]["cuerpo"] == (bad.raw.decode() if bad.raw else bad.body)


def test_an_answer_that_trickles_in_is_given_up(
    database: Database[dict[str, Any]], redis: Redis, store: CredentialStore, service: LocalService
) -> None:
    register(database, service, OPEN)
    service.otherwise = lambda request: Scripted(200, {"a": 1})
    impatient = Timeouts(total=-1)

    with (
        ThirdPartyClient(database, redis, store, impatient, lambda seconds: None, lambda: NOW) as client,
        pytest.raises(ThirdPartyError, match="did not answer in time"),
    ):
        client.call("Prueba", "listar", "ana")


def test_our_own_limit_refuses_before_anything_is_sent(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService
) -> None:
    register(database, service, OPEN, rate_limits={"por_minuto": 2, "por_dia": 3})
    service.otherwise = lambda request: Scripted(200, {})
    for _ in range(2):
        client.call("Prueba", "crear", "ana")

    with pytest.raises(RateLimitError, match=r"ana has used up its 2 calls a minute.*again in \d+ s"):
        client.call("Prueba", "crear", "ana")
    client.call("Prueba", "crear", "eva")

    assert len(service.received) == 3
    refused = database["bitacora_solicitudes"].find_one({"resultado": "limite_excedido"})
    assert refused
    assert refused["intentos"] == 0


def test_a_refusal_by_the_day_does_not_use_up_the_minute(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService, redis: Redis
) -> None:
    register(database, service, OPEN, rate_limits={"por_minuto": 5, "por_dia": 1})
    service.otherwise = lambda request: Scripted(200, {})
    client.call("Prueba", "crear", "ana")

    for _ in range(3):
        with pytest.raises(RateLimitError, match=r"again in 86\d{3} s"):
            client.call("Prueba", "crear", "ana")

    assert redis.get("ratelimit:prueba:ana:minuto") == "1"
    assert 0 < redis.ttl("ratelimit:prueba:ana:minuto") <= 60  # type: ignore[operator]


def test_an_expired_token_is_refreshed_once_and_the_new_one_is_stored_before_it_is_used(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService, store: CredentialStore
) -> None:
    register(database, service, canva_login(service))
    store_client(store)
    store_tokens(store, "acceso-viejo", "refresco-viejo", seconds=3_600)
    tokens = TokenServer("refresco-viejo")
    seen: list[dict[str, Any]] = []

    def answer(request: Received) -> Scripted:
        seen.append(stored_tokens(store))
        return tokens(request)

    service.otherwise = answer

    assert client.call("Prueba", "listar", "ana").body == {"items": ["D1"]}

    assert [request.path for request in service.received] == ["/v1/disenos", "/v1/oauth/token", "/v1/disenos"]
    basic = b64encode(b"cliente-1:secreto-del-cliente").decode()
    assert service.received[1].headers["Authorization"] == f"Basic {basic}"
    assert seen[2]["access_token"] == "acceso-1-nuevo"
    assert stored_tokens(store)["refresh_token"] == "refresco-1-nuevo"
    assert log(database, "oauth2_token")["request"]["cuerpo"] == {
        "grant_type": "refresh_token",
        "refresh_token": "[oculto]",
    }


def test_a_token_about_to_expire_is_refreshed_before_the_call(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService, store: CredentialStore
) -> None:
    register(database, service, canva_login(service))
    store_client(store)
    store_tokens(store, "acceso-viejo", "refresco-viejo", seconds=30)
    service.otherwise = TokenServer("refresco-viejo")

    client.call("Prueba", "crear", "ana")
    client.call("Prueba", "crear", "ana")

    assert [request.path for request in service.received] == ["/v1/oauth/token", "/v1/disenos", "/v1/disenos"]


def test_a_call_whose_new_token_is_refused_too_ends(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService, store: CredentialStore
) -> None:
    register(database, service, canva_login(service))
    store_client(store)
    store_tokens(store, "acceso-viejo", "refresco-viejo", seconds=3_600)
    tokens = TokenServer("refresco-viejo")
    service.otherwise = lambda request: tokens(request) if "oauth" in request.path else Scripted(401, {})

    with pytest.raises(AuthorizationError, match="does not accept the credential"):
        client.call("Prueba", "listar", "ana")

    assert [request.path for request in service.received] == ["/v1/disenos", "/v1/oauth/token", "/v1/disenos"]


@pytest.mark.parametrize("answer", [Scripted(500, {}), Scripted(200, raw=b"{"), Scripted(200, {"token": "otro"})])
def test_a_refresh_that_fails_is_not_repeated_and_keeps_what_is_stored(
    client: ThirdPartyClient,
    database: Database[dict[str, Any]],
    service: LocalService,
    store: CredentialStore,
    redis: Redis,
    answer: Scripted,
) -> None:
    register(database, service, canva_login(service))
    store_client(store)
    store_tokens(store, "acceso-viejo", "refresco-viejo", seconds=0)
    service.otherwise = lambda request: answer

    with pytest.raises(AuthorizationError, match="Prueba grants no access token"):
        client.call("Prueba", "listar", "ana")

    assert len(service.received) == 1
    assert stored_tokens(store)["refresh_token"] == "refresco-viejo"
    assert redis.get("lock:oauth2:prueba") is None
    logged = log(database, "listar")
    assert (logged["resultado"], logged["intentos"]) == ("error", 0)


def test_a_refused_call_is_logged_though_no_new_token_can_be_had(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService, store: CredentialStore
) -> None:
    register(database, service, canva_login(service))
    store_client(store)
    store_tokens(store, "acceso-viejo", "refresco-gastado", seconds=3_600)
    service.otherwise = TokenServer("refresco-vigente")

    with pytest.raises(AuthorizationError, match=r"Prueba grants no access token.*HTTP 400.*granted anew"):
        client.call("Prueba", "listar", "ana")

    logged = log(database, "listar")
    assert (logged["response"]["codigo_http"], logged["intentos"]) == (401, 1)


def test_while_another_process_refreshes_this_one_waits_and_uses_its_token(
    database: Database[dict[str, Any]], redis: Redis, store: CredentialStore, service: LocalService
) -> None:
    register(database, service, canva_login(service))
    store_client(store)
    store_tokens(store, "acceso-viejo", "refresco-viejo", seconds=0)
    tokens = TokenServer("refresco-viejo")
    tokens.access = "acceso-del-otro"
    service.otherwise = tokens
    redis.set("lock:oauth2:prueba", "otro proceso", ex=30)

    def other_finishes(seconds: float) -> None:
        store_tokens(store, "acceso-del-otro", "refresco-del-otro", seconds=3_600)
        redis.delete("lock:oauth2:prueba")

    with ThirdPartyClient(database, redis, store, Timeouts(), other_finishes, lambda: NOW) as client:
        assert client.call("Prueba", "listar", "ana").body == {"items": ["D1"]}

    assert tokens.granted == 0
    assert stored_tokens(store)["refresh_token"] == "refresco-del-otro"


def test_tokens_that_a_rotation_enveloped_meanwhile_are_still_replaced(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService, store: CredentialStore
) -> None:
    register(database, service, canva_login(service))
    store_client(store)
    store_tokens(store, "acceso-viejo", "refresco-viejo", seconds=0)
    tokens = TokenServer("refresco-viejo")

    def answer(request: Received) -> Scripted:
        if "oauth" in request.path:
            credential = store.get("Prueba", CredentialType.OAUTH2_TOKEN)
            assert credential
            assert store.replace(credential, credential.value)
        return tokens(request)

    service.otherwise = answer

    client.call("Prueba", "listar", "ana")
    assert stored_tokens(store)["refresh_token"] == "refresco-1-nuevo"


def test_client_credentials_go_into_the_body_and_more_headers_come_from_the_client(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService, store: CredentialStore
) -> None:
    login = canva_login(
        service,
        flujo="client_credentials",
        autenticacion_cliente="cuerpo",
        alcance=["openid", "firefly_api"],
        cabeceras_credencial={"x-api-key": "client_id"},
    )
    register(database, service, login)
    store_client(store)
    granted = Scripted(200, {"access_token": "acceso-adobe", "expires_in": 86_399})
    service.answers.extend((Scripted(503, {}), granted, Scripted(200, {"ok": True})))

    client.call("Prueba", "listar", "ana")

    assert parse_qs(service.received[1].body) == {
        "grant_type": ["client_credentials"],
        "scope": ["openid firefly_api"],
        "client_id": ["cliente-1"],
        "client_secret": ["secreto-del-cliente"],
    }
    headers = service.received[2].headers
    assert (headers["Authorization"], headers["x-api-key"]) == ("Bearer acceso-adobe", "cliente-1")
    assert stored_tokens(store)["refresh_token"] is None


@pytest.mark.parametrize(
    ("login", "type_", "value", "header", "expected"),
    [
        ({"tipo": "bearer"}, CredentialType.API_KEY, "llave-1", "Authorization", "Bearer llave-1"),
        ({"tipo": "api_key", "cabecera": "Access-Token"}, CredentialType.API_KEY, "llave-2", "Access-Token", "llave-2"),
        ({"tipo": "basic"}, CredentialType.USER_PASSWORD, "ana:clave:1", "Authorization", "Basic YW5hOmNsYXZlOjE="),
    ],
)
def test_keys_and_passwords_go_into_their_headers(
    client: ThirdPartyClient,
    database: Database[dict[str, Any]],
    service: LocalService,
    store: CredentialStore,
    login: dict[str, Any],
    type_: CredentialType,
    value: str,
    header: str,
    expected: str,
) -> None:
    register(database, service, login)
    with pytest.raises(AuthorizationError, match=f"promptsales credentials set 'Prueba' {type_}"):
        client.call("Prueba", "listar", "ana")
    store.put("Prueba", type_, SecretStr(value))
    service.otherwise = lambda request: Scripted(200, {})

    client.call("Prueba", "listar", "ana")

    assert service.received[0].headers[header] == expected


@pytest.mark.parametrize(
    ("body", "error", "result", "attempts"),
    [
        ({"code": 0, "data": {}}, None, "exito", 1),
        ({"code": 40002, "message": "Missing field"}, "its own code 40002", "error", 1),
        ({"code": 40100}, "40100, its limit is used up", "limite_excedido", ATTEMPTS),
        ({"code": 40105}, "does not accept the credential", "error", 1),
    ],
)
def test_a_service_that_always_answers_200_is_understood_by_its_own_codes(
    client: ThirdPartyClient,
    database: Database[dict[str, Any]],
    service: LocalService,
    body: dict[str, Any],
    error: str | None,
    result: str,
    attempts: int,
) -> None:
    codes = {"campo": "code", "exito": [0], "limite": [40100], "token_vencido": [40105]}
    register(database, service, OPEN, codigos_respuesta=codes)
    service.otherwise = lambda request: Scripted(200, body)

    if error is None:
        assert client.call("Prueba", "listar", "ana").body == body
    else:
        with pytest.raises(ThirdPartyError, match=error):
            client.call("Prueba", "listar", "ana")

    assert (log(database, "listar")["resultado"], len(service.received)) == (result, attempts)


@pytest.mark.parametrize("identifier", ["..", ".", "", " ", "a\nb"])
def test_a_parameter_cannot_lead_out_of_the_path(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService, identifier: str
) -> None:
    register(database, service, OPEN)
    with pytest.raises(ThirdPartyError, match="cannot be part of a path"):
        client.call("Prueba", "ver", "ana", {"id": identifier})
    assert service.received == []


@pytest.mark.parametrize(
    ("identifier", "path"),
    [
        ("../../admin", "/v1/disenos/..%2F..%2Fadmin"),
        ("x?y=1#z", "/v1/disenos/x%3Fy%3D1%23z"),
        ("@otro.example", "/v1/disenos/%40otro.example"),
    ],
)
def test_a_parameter_is_one_segment_of_the_path(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService, identifier: str, path: str
) -> None:
    register(database, service, OPEN)
    service.otherwise = lambda request: Scripted(200, {})
    client.call("Prueba", "ver", "ana", {"id": identifier})
    assert service.received[0].path == path


def test_what_is_not_registered_is_not_called(
    client: ThirdPartyClient, database: Database[dict[str, Any]], service: LocalService
) -> None:
    register(database, service, OPEN)
    with pytest.raises(ThirdPartyError, match=r"No service 'Otra' is registered. There are: Prueba"):
        client.call("Otra", "listar", "ana")
    with pytest.raises(ThirdPartyError, match=r"no method 'borrar'. It has listar, ver, crear, buscar"):
        client.call("Prueba", "borrar", "ana")
    with pytest.raises(ThirdPartyError, match="unknown parameter host"):
        client.call("Prueba", "listar", "ana", {"host": "otro.example"})
    with pytest.raises(ThirdPartyError, match="missing parameter id"):
        client.call("Prueba", "ver", "ana")
    database["servicios_terceros"].update_one({}, {"$set": {"estado": "inactivo"}})
    with pytest.raises(ThirdPartyError, match="switched off"):
        client.call("Prueba", "listar", "ana")
    assert service.received == []
