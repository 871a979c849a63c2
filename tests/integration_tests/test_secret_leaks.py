"""Planted secrets are looked for wherever they could come out: logs, request log, errors, reprs, Redis, output."""

from __future__ import annotations

import json
import logging
import pprint
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import openai
import pytest
from content_stores import NOW, content_database, credential_store, emptied
from local_service import LocalService, Received, Scripted, local_service
from pydantic import SecretStr
from pymongo.database import Database
from redis import Redis
from typer.testing import CliRunner

from certificate_folders import PASSPHRASE, certificate_folder
from promptsales.cli import main
from promptsales.connections import connect_redis
from promptsales.content.campaign_copy import CampaignCopy
from promptsales.content.copy_brief import CopyBrief, CopyError, Population
from promptsales.content.copy_budget import TokenBudget
from promptsales.content.copy_openai import OpenAICopyGenerator
from promptsales.content.third_party.cli import app as call_app
from promptsales.content.third_party.client import ThirdPartyClient
from promptsales.content.third_party.errors import ThirdPartyError
from promptsales.security.credentials import CredentialStore, CredentialType
from promptsales.security.envelope import EnvelopeError
from promptsales.settings import Settings

CLIENT_SECRET = "plantado+secreto/de=cliente"
ACCESS, REFRESH = "plantado-acceso-1", "plantado-refresco-1"
NEXT_ACCESS, NEXT_REFRESH = "plantado-acceso-2", "plantado-refresco-2"
API_KEY = "plantado-llave-de-api"
PASSWORD = "plantado-clave-de-ana"
CHAT_KEY = "sk-plantado-llave-de-chat"
DEVELOPER = "plantado-token-de-desarrollador"
SECRETS = (
    CLIENT_SECRET,
    ACCESS,
    REFRESH,
    NEXT_ACCESS,
    NEXT_REFRESH,
    API_KEY,
    PASSWORD,
    CHAT_KEY,
    DEVELOPER,
    PASSPHRASE.get_secret_value(),
)
FORMS: tuple[Callable[[str], str], ...] = (
    lambda secret: secret,
    quote_plus,
    lambda secret: b64encode(secret.encode()).decode(),
    lambda secret: b64encode(f"cliente-1:{secret}".encode()).decode(),
    lambda secret: b64encode(f"ana:{secret}".encode()).decode(),
)
METHODS = [
    {"nombre": "listar", "verbo": "GET", "ruta": "/disenos", "parametros": [{"nombre": "q", "lugar": "consulta"}]},
    {"nombre": "crear", "verbo": "POST", "ruta": "/disenos"},
]
SERVICES: dict[str, tuple[dict[str, Any], CredentialType, str]] = {
    "Llave": ({"tipo": "api_key", "cabecera": "Access-Token"}, CredentialType.API_KEY, API_KEY),
    "Portador": ({"tipo": "bearer"}, CredentialType.API_KEY, API_KEY),
    "Clave": ({"tipo": "basic"}, CredentialType.USER_PASSWORD, f"ana:{PASSWORD}"),
}


def leaks(text: str) -> list[str]:
    """The planted secrets that a text holds, in any form."""
    return [secret for secret in SECRETS if any(form(secret) in text for form in FORMS)]


@pytest.fixture(autouse=True)
def every_record(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing goes unlogged: of the HTTP clients too, whose loggers Airflow quiets once it is imported."""
    for name in (None, "httpx", "httpcore", "openai"):
        caplog.set_level(logging.DEBUG, logger=name)


def told(error: BaseException) -> str:
    """Everything that an error and those behind it could show, their frames' own text aside."""
    shown, seen = "", set()
    queue: list[BaseException | None] = [error]
    while queue:
        one = queue.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        shown += f"{one} {one!r} {one.args} {vars(one)!r}" + "".join(traceback.format_exception(one))
        queue += [one.__cause__, one.__context__]
    return shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("leaks") / "certificates"
    certificate_folder(folder).create("Fugas", 30, PASSPHRASE)
    return folder


@pytest.fixture(scope="module")
def module_database(engines: Settings) -> Iterator[Database[dict[str, Any]]]:
    with content_database(engines, "prueba_fugas") as database:
        yield database


@pytest.fixture
def database(module_database: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    return emptied(module_database)


@pytest.fixture
def redis(engines: Settings) -> Iterator[Redis]:
    client = connect_redis(engines.url("redis"))
    with client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture
def service() -> Iterator[LocalService]:
    with local_service() as service:
        yield service


@pytest.fixture
def store(database: Database[dict[str, Any]], folder: Path, service: LocalService) -> CredentialStore:
    """Every kind of credential, each for a service of its own."""
    store = credential_store(database, folder)
    oauth2 = {
        "tipo": "oauth2",
        "url_token": f"{service.url}/oauth/token",
        "verbo_token": "POST",
        "flujo": "refresh_token",
        "cabeceras_credencial": {"developer-token": "developer_token"},
    }
    for name, place in (("Basica", "basic"), ("Cuerpo", "cuerpo")):
        register(database, service, name, {**oauth2, "autenticacion_cliente": place})
        client = {"client_id": "cliente-1", "client_secret": CLIENT_SECRET, "developer_token": DEVELOPER}
        tokens = {"access_token": ACCESS, "refresh_token": REFRESH, "expires_at": NOW.timestamp() + 3_600}
        store.put(name, CredentialType.OAUTH2_CLIENT, SecretStr(json.dumps(client)))
        store.put(name, CredentialType.OAUTH2_TOKEN, SecretStr(json.dumps(tokens)))
    for name, (login, type_, value) in SERVICES.items():
        register(database, service, name, login)
        store.put(name, type_, SecretStr(value))
    return store


def register(database: Database[dict[str, Any]], service: LocalService, name: str, login: dict[str, Any]) -> None:
    database["servicios_terceros"].insert_one(
        {
            "nombre_servicio": name,
            "url_base": service.url,
            "metodos_disponibles": METHODS,
            "autenticacion": login,
            "rate_limits": {"por_minuto": 100, "por_dia": 1_000},
            "estado": "activo",
            "creado_en": NOW,
            "actualizado_en": NOW,
        }
    )


def echo(request: Received) -> Scripted:
    """The worst service: it repeats everything that it was sent, in its headers and its body, and in an error."""
    if request.path.startswith("/oauth"):
        granted = {"access_token": NEXT_ACCESS, "refresh_token": NEXT_REFRESH, "expires_in": 3_600, "was": request.body}
        return Scripted(200, granted, {"X-Echo": request.headers.get("Authorization", "none")})
    seen = {name.lower(): value for name, value in request.headers.items()}
    body = {
        "headers": seen,
        "text": pprint.pformat(seen),
        "keys": [*seen.values()],
        "sent": [request.body, request.path],
    }
    headers = {"X-Echo": seen.get("authorization", seen.get("access-token", "none")), "Set-Cookie": f"sesion={ACCESS}"}
    refused = seen.get("authorization") == f"Bearer {ACCESS}"
    return Scripted(401 if refused else 500 if "fallar" in request.path else 200, body, headers)


def redis_values(redis: Redis) -> str:
    found = ""
    for key in redis.scan_iter("*"):
        found += f"{key} {redis.hgetall(key) if redis.type(key) == 'hash' else redis.get(key)}\n"
    return found


def test_the_search_itself_finds_a_secret_in_every_form() -> None:
    for secret in SECRETS:
        for form in FORMS:
            assert leaks(f"x {form(secret)} y") == [secret]
    with pytest.raises(RuntimeError) as failure:
        raise RuntimeError(ACCESS)
    assert leaks(told(failure.value)) == [ACCESS]


@pytest.mark.parametrize("name", ["Basica", "Cuerpo", *SERVICES])
def test_calls_leak_nothing(
    name: str,
    database: Database[dict[str, Any]],
    redis: Redis,
    store: CredentialStore,
    service: LocalService,
    caplog: pytest.LogCaptureFixture,
) -> None:
    service.otherwise = echo
    errors: list[str] = []
    with ThirdPartyClient(database, redis, store, sleep=lambda seconds: None, now=lambda: NOW) as client:
        replies = [
            client.call(name, "listar", "ana", {"q": API_KEY if name in ("Llave", "Portador") else "mar"}),
            client.call(name, "crear", "ana", body={"titulo": "Verano", "password": "otra-clave-plantada"}),
        ]
        with pytest.raises(ThirdPartyError) as failure:
            client.call(name, "listar", "ana", {"q": "fallar"})
        errors.append(told(failure.value))
        shown = repr([client, store, vars(client), vars(store), replies, store.get(name, CredentialType.API_KEY)])

    # They were really sent, or nothing here would prove anything.
    assert leaks("".join(f"{request.headers}{request.body}" for request in service.received))
    assert caplog.records
    logged = pprint.pformat(list(database["bitacora_solicitudes"].find()), width=1_000_000)
    assert logged.count("'metodo'") >= 3
    for place in (caplog.text, logged, redis_values(redis), shown, *errors):
        assert leaks(place) == []
        assert "otra-clave-plantada" not in place


def test_a_token_endpoint_that_fails_with_the_secrets_in_its_text_leaks_nothing(
    database: Database[dict[str, Any]],
    redis: Redis,
    store: CredentialStore,
    service: LocalService,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for raw in (b'{"access_token": "' + NEXT_ACCESS.encode(), f"invalid {REFRESH} {CLIENT_SECRET}".encode()):
        service.otherwise = lambda request, raw=raw: (  # type: ignore[misc]
            Scripted(401, {}) if "oauth" not in request.path else Scripted(200, raw=raw)
        )
        with ThirdPartyClient(database, redis, store, sleep=lambda seconds: None, now=lambda: NOW) as client:
            with pytest.raises(ThirdPartyError) as failure:
                client.call("Cuerpo", "listar", "ana")
            assert leaks(told(failure.value)) == []
    logged = pprint.pformat(list(database["bitacora_solicitudes"].find()), width=1_000_000)
    assert "invalid [oculto]" in logged
    assert leaks(logged + caplog.text + redis_values(redis)) == []


def test_connections_that_break_leak_nothing(
    database: Database[dict[str, Any]], redis: Redis, store: CredentialStore, service: LocalService
) -> None:
    service.otherwise = lambda request: Scripted(200, {"a": 1}, missing=9)
    with ThirdPartyClient(database, redis, store, sleep=lambda seconds: None, now=lambda: NOW) as client:
        for name in ("Cuerpo", *SERVICES):
            with pytest.raises(ThirdPartyError) as failure:
                client.call(name, "listar", "ana")
            assert leaks(told(failure.value)) == []


def test_the_chat_model_s_server_leaks_no_key(
    database: Database[dict[str, Any]], redis: Redis, service: LocalService, caplog: pytest.LogCaptureFixture
) -> None:
    service.otherwise = lambda request: Scripted(401, {"error": {"message": f"Incorrect API key provided: {CHAT_KEY}"}})
    chat = openai.OpenAI(api_key=CHAT_KEY, base_url=service.url, max_retries=1)
    writer = OpenAICopyGenerator(chat, "modelo")
    copies = CampaignCopy(database, redis, writer, TokenBudget(redis, 100_000), lambda: NOW)
    brief = CopyBrief(1, "Café de altura", (Population("jóvenes", "TikTok"),))

    with pytest.raises(CopyError) as failure:
        copies.draft(brief, "ana")

    assert service.received[0].headers["Authorization"] == f"Bearer {CHAT_KEY}"
    assert caplog.records
    places = (caplog.text, told(failure.value), repr([writer, copies]), redis_values(redis))
    assert [leaks(place) for place in places] == [[], [], [], []]


def test_settings_credentials_and_certificates_show_nothing(
    store: CredentialStore, folder: Path, database: Database[dict[str, Any]]
) -> None:
    settings = Settings.model_validate(
        {"OPENAI_API_KEY": CHAT_KEY, "PROMPTSALES_CERTIFICATE_PASSPHRASE": PASSPHRASE.get_secret_value()}
    )
    credential = store.get("Llave", CredentialType.API_KEY)
    assert credential
    assert credential.value.get_secret_value() == API_KEY
    certificates = certificate_folder(folder)
    documents = list(database["credenciales_cifradas"].find())
    shown = [settings, credential, store.summaries(), certificates, vars(certificates), documents]
    assert leaks(repr(shown) + str(shown) + settings.model_dump_json()) == []
    assert leaks("".join(path.read_text() for path in folder.iterdir())) == []

    other = next(item for item in documents if item["servicio_referencia"] == "Clave")
    database["credenciales_cifradas"].update_one(
        {"servicio_referencia": "Llave"}, {"$set": {"valor_cifrado": other["valor_cifrado"]}}
    )
    with pytest.raises(EnvelopeError) as failure:
        store.get("Llave", CredentialType.API_KEY)
    assert leaks(told(failure.value)) == []


def test_the_command_line_shows_nothing(
    engines: Settings,
    database: Database[dict[str, Any]],
    redis: Redis,
    store: CredentialStore,
    folder: Path,
    service: LocalService,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    service.otherwise = echo
    url = engines.url("mongo").replace("/promptcontent", f"/{database.name}")
    monkeypatch.setenv("PROMPTSALES_MONGO_ADMIN_URL", url)
    monkeypatch.setenv("PROMPTSALES_REDIS_URL", engines.url("redis"))
    monkeypatch.setenv("PROMPTSALES_CERTIFICATE_DIR", str(folder))
    monkeypatch.setenv("PROMPTSALES_CERTIFICATE_PASSPHRASE", PASSPHRASE.get_secret_value())

    failed = CliRunner().invoke(call_app, ["Llave", "listar", "-p", "q=fallar", "--user", "ana"])
    assert isinstance(failed.exception, ThirdPartyError)
    assert leaks(failed.output + told(failed.exception)) == []
    for arguments in (["list"], ["certificate", "list"], ["rotate"]):
        monkeypatch.setattr("sys.argv", ["promptsales", "credentials", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
    monkeypatch.setenv("PROMPTSALES_CERTIFICATE_PASSPHRASE", f"{PASSWORD}-equivocada")
    monkeypatch.setattr("sys.argv", ["promptsales", "credentials", "rotate"])
    with pytest.raises(SystemExit):
        main()
    printed = capfd.readouterr()
    assert "Llave" in printed.out
    assert leaks(printed.out + printed.err) == []
