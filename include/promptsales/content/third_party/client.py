"""Calls to outside services: limited, authorised, repeated where that is safe, cached, counted and logged."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import SecretStr
from pymongo.database import Database
from redis import Redis
from redis.exceptions import RedisError

from promptsales.cache.keys import API_RESULT, API_STATS
from promptsales.content.third_party import rate_limit
from promptsales.content.third_party.errors import AuthorizationError, RateLimitError, ThirdPartyError
from promptsales.content.third_party.http import Answer, Timeouts, basic_header, request, send_repeatedly
from promptsales.content.third_party.oauth import OAuth
from promptsales.content.third_party.request_log import Call, record_call
from promptsales.content.third_party.services import Method, Service, load_service
from promptsales.errors import PromptSalesError
from promptsales.security.credentials import CredentialStore, CredentialType
from promptsales.security.redaction import Redactor, redact_http_logs

TOKEN_METHOD = "oauth2_token"
"""What a token request is called in `bitacora_solicitudes.metodo`."""

TOKEN_TIMEOUTS = Timeouts(connect=5.0, read=10.0, total=15.0)
"""At worst 25 s together: a refresh ends before its lock does."""

_SIMPLE_CREDENTIAL = {
    "api_key": CredentialType.API_KEY,
    "bearer": CredentialType.API_KEY,
    "basic": CredentialType.USER_PASSWORD,
}

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """What a service answered.

    Attributes:
        body: the JSON value; None for an empty body.
        from_cache: nothing was sent.
        attempts: requests that were sent.
    """

    body: Any = field(repr=False)
    from_cache: bool
    attempts: int


class ThirdPartyClient:
    """Calls any service of `servicios_terceros`. Close it when done; one serves many calls, in one thread."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        redis: Redis,
        store: CredentialStore,
        timeouts: Timeouts = Timeouts(),  # noqa: B008  it is immutable
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._redis = redis
        self._store = store
        self._timeouts = timeouts
        self._sleep = sleep
        self._now = now
        self._redactor = Redactor()
        self._stop_filtering = redact_http_logs(self._redactor)
        self._oauth = OAuth(store, redis, self._redactor, now, sleep)
        self._http = httpx.Client()

    def __enter__(self) -> ThirdPartyClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the services."""
        self._http.close()
        self._stop_filtering()

    def call(
        self,
        service_name: str,
        method_name: str,
        user: str,
        parameters: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Reply:
        """Call a method of a service.

        Args:
            service_name: `nombre_servicio`.
            method_name: one of its `metodos_disponibles`.
            user: on whose behalf; limits are counted by it.
            parameters: of the path and the query, by name.
            body: a JSON value, for the verbs that have one.

        Raises:
            RateLimitError: our own limit is used up; nothing was sent.
            AuthorizationError: the service's credential is missing or not accepted.
            ThirdPartyError: anything else that went wrong. Secrets and bodies are in none of the texts.
        """
        service = load_service(self._database, service_name)
        method = service.method(method_name)
        given = dict(parameters or {})
        url, query = service.url(method, given)
        call = Call(service.name, method.name, method.verb, url.path, given, body, user)
        cache_key = _cache_key(service, method, given, body) if method.verb == "GET" else None
        if cache_key and (cached := self._cached(service, cache_key)) is not None:
            return cached
        start = time.monotonic()
        try:
            rate_limit.take(self._redis, service, user)
        except RateLimitError:
            refusal = Answer("limite_excedido", problem="our own limit is used up: nothing was sent")
            self._finish(service, call, refusal, 0, start)
            raise
        unsigned = httpx.Request(method.verb, url, params=query, **_json(body))
        answer, attempts = Answer("error", problem="nothing was sent: it has no usable credential"), 0
        try:
            for answer, attempts in self._exchange(service, method, call, unsigned):  # noqa: B007  the last one counts
                pass
        except PromptSalesError:
            self._finish(service, call, answer, attempts, start)
            raise
        self._finish(service, call, answer, attempts, start)
        if answer.result != "exito":
            raise _failure(service, method, answer, attempts)
        if cache_key:
            self._cache(cache_key, answer.body)
        return Reply(answer.body, from_cache=False, attempts=attempts)

    def _exchange(
        self, service: Service, method: Method, call: Call, unsigned: httpx.Request
    ) -> Iterator[tuple[Answer, int]]:
        """Send with the credential; where the service does not accept its access token, once more with a new one.

        Yields:
            The answer so far, and how many requests that took in all.
        """
        oauth2 = service.authentication.type == "oauth2"
        token = self._token(service, call.user) if oauth2 else None
        headers = self._headers(service, token)
        answer, attempts = self._send(service, unsigned, headers, method.repeatable, self._timeouts)
        yield answer, attempts
        if answer.unauthorized and token:
            headers = self._headers(service, self._token(service, call.user, refused=token))
            answer, more = self._send(service, unsigned, headers, method.repeatable, self._timeouts)
            yield answer, attempts + more

    def _token(self, service: Service, user: str, refused: SecretStr | None = None) -> SecretStr:
        def post(prepared: httpx.Request, fields: dict[str, str], repeatable: bool) -> Answer:
            start = time.monotonic()
            answer, attempts = self._send(service, prepared, {}, repeatable, TOKEN_TIMEOUTS)
            call = Call(service.name, TOKEN_METHOD, "POST", prepared.url.path, {}, fields, user)
            self._finish(service, call, answer, attempts, start)
            return answer

        return self._oauth.access_token(service, post, refused)

    def _send(
        self,
        service: Service,
        unsigned: httpx.Request,
        headers: Mapping[str, str],
        repeatable: bool,
        timeouts: Timeouts,
    ) -> tuple[Answer, int]:
        merged = httpx.Headers(unsigned.headers)
        merged.update(headers)

        def once() -> Answer:
            prepared = httpx.Request(unsigned.method, unsigned.url, headers=merged, content=unsigned.content)
            answer = request(self._http, prepared, timeouts, self._now)
            return _by_code(service, answer)

        return send_repeatedly(once, repeatable, self._sleep)

    def _headers(self, service: Service, token: SecretStr | None) -> dict[str, str]:
        login = service.authentication
        headers: dict[str, str] = {"Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.get_secret_value()}"
        elif login.type in _SIMPLE_CREDENTIAL:
            headers[login.header] = self._simple_header(service)
        if login.credential_headers:
            client = self._oauth.client(service)
            for header, name in login.credential_headers.items():
                if name in client:
                    headers[header] = client[name].get_secret_value()
        return headers

    def _simple_header(self, service: Service) -> str:
        type_ = _SIMPLE_CREDENTIAL[service.authentication.type]
        credential = self._store.get(service.name, type_)
        if credential is None:
            raise AuthorizationError(
                f"{service.name} has no credential: promptsales credentials set '{service.name}' {type_}"
            )
        self._redactor.learn([credential.value])
        secret = credential.value.get_secret_value()
        match service.authentication.type:
            case "bearer":
                return f"Bearer {secret}"
            case "basic":
                user, _, password = secret.partition(":")
                self._redactor.learn([SecretStr(password)])
                return basic_header(user, password)
            case _:
                return secret

    def _cached(self, service: Service, key: str) -> Reply | None:
        found = self._redis.get(key)
        if found is None:
            return None
        self._count(service, {"desde_cache": 1})
        return Reply(json.loads(str(found)), from_cache=True, attempts=0)

    def _cache(self, key: str, body: Any) -> None:
        # What holds a secret is fetched anew each time: Redis keeps none.
        if self._redactor.value(body) == body:
            with suppress(RedisError):
                self._redis.set(key, json.dumps(body), ex=API_RESULT.ttl)

    def _finish(self, service: Service, call: Call, answer: Answer, attempts: int, start: float) -> None:
        milliseconds = (time.monotonic() - start) * 1000
        record_call(self._database, self._redactor, call, answer, attempts, milliseconds, self._now())
        self._count(
            service,
            {"llamadas": 1, answer.result: 1, "intentos": attempts, "milisegundos": round(milliseconds)},
        )

    def _count(self, service: Service, amounts: Mapping[str, int]) -> None:
        key = API_STATS.key(service=service.slug)
        try:
            with self._redis.pipeline() as pipeline:
                for name, amount in amounts.items():
                    pipeline.hincrby(key, name, amount)
                if API_STATS.ttl:
                    pipeline.expire(key, API_STATS.ttl)
                pipeline.execute()
        except RedisError as error:
            _logger.warning("%s is not counted: %s", key, error)


def _json(body: Any) -> dict[str, Any]:
    return {} if body is None else {"json": body}


def _cache_key(service: Service, method: Method, parameters: Mapping[str, str], body: Any) -> str:
    text = json.dumps([str(service.base_url), method.path, dict(parameters), body], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return API_RESULT.key(service=service.slug, method=method.name, hash=digest)


def _by_code(service: Service, answer: Answer) -> Answer:
    """The answer as the service's own code has it, for services whose HTTP status says too little."""
    code = service.codes.find(answer.body) if service.codes else None
    if service.codes is None or code is None:
        return answer
    problem = f"it answered its own code {code}"
    if code in service.codes.limited:
        return replace(answer, result="limite_excedido", problem=f"{problem}, its limit is used up", temporary=True)
    if code in service.codes.token_expired:
        return replace(
            answer, result="error", problem=f"{problem}, it does not accept the credential", unauthorized=True
        )
    if service.codes.success is not None and code not in service.codes.success:
        return replace(answer, result="error", problem=problem)
    return answer


def _failure(service: Service, method: Method, answer: Answer, attempts: int) -> ThirdPartyError:
    text = f"{service.name} {method.name}: {answer.problem}"
    if answer.unauthorized:
        return AuthorizationError(f"{text}. Renew it with `promptsales credentials set`.")
    if answer.retry_after is not None:
        return ThirdPartyError(f"{text}; it asks to be called again in {answer.retry_after:.0f} s.")
    times = f", {attempts} times" if attempts > 1 else ""
    return ThirdPartyError(f"{text}{times}. The whole answer is in bitacora_solicitudes.")
