"""OAuth2 access tokens by POST (RFC 6749): client credentials, or a refresh token that may serve only once.

Canva's refresh tokens do: each refresh answers with the next one, and using an old one again ends the whole grant. So
one process at a time refreshes (a lock in Redis), and the new tokens are stored encrypted before anyone uses them.
https://www.canva.dev/docs/connect/api-reference/authentication/generate-access-token/
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
from pydantic import SecretStr
from redis import Redis

from promptsales.cache.keys import LOCK
from promptsales.content.third_party.errors import AuthorizationError
from promptsales.content.third_party.http import Answer, basic_header
from promptsales.content.third_party.services import Service
from promptsales.security.credentials import Credential, CredentialStore, CredentialType
from promptsales.security.redaction import Redactor

EXPIRY_MARGIN = 60
"""Seconds. A token that expires sooner than this is renewed before it is used."""

LOCK_WAIT, LOCK_POLLS = 0.5, 120
"""Seconds between looks at another process's refresh, and how many: twice the life of its lock."""

_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"

PostToken = Callable[[httpx.Request, dict[str, str], bool], Answer]
"""Sends a token request: the request, its fields for the log, and whether it may be repeated."""


@dataclass(frozen=True)
class Tokens:
    """What a token endpoint granted.

    Attributes:
        expires_at: seconds since 1970-01-01 UTC; 0 for at once.
    """

    access: SecretStr
    refresh: SecretStr | None = None
    expires_at: float = 0.0
    source: Credential | None = field(default=None, repr=False)

    def json(self) -> SecretStr:
        """As `credenciales_cifradas` holds them."""
        refresh = self.refresh.get_secret_value() if self.refresh else None
        access = self.access.get_secret_value()
        return SecretStr(json.dumps({"access_token": access, "refresh_token": refresh, "expires_at": self.expires_at}))


class OAuth:
    """The access tokens of services, kept in the credential store."""

    def __init__(
        self,
        store: CredentialStore,
        redis: Redis,
        redactor: Redactor,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._store = store
        self._redis = redis
        self._redactor = redactor
        self._now = now
        self._sleep = sleep

    def access_token(self, service: Service, post: PostToken, refused: SecretStr | None = None) -> SecretStr:
        """A token to call the service with, renewed where it is missing or about to expire.

        Args:
            service: whose.
            post: sends the token request.
            refused: a token that the service did not accept: another one is wanted.

        Raises:
            AuthorizationError: there is nothing to renew it with, or the service refuses that.
        """
        tokens = self._stored(service)
        if usable := self._usable(tokens, refused):
            return usable
        lock, owner = LOCK.key(resource="oauth2", id=service.slug), uuid4().hex
        for _ in range(LOCK_POLLS):
            if self._redis.set(lock, owner, nx=True, ex=LOCK.ttl):
                break
            self._sleep(LOCK_WAIT)
        else:
            raise AuthorizationError(
                f"{service.name}: another process has been renewing the access token for too long."
            )
        try:
            # Another process may have renewed it meanwhile.
            tokens = self._stored(service)
            return self._usable(tokens, refused) or self._renewed(service, tokens, post).access
        finally:
            self._redis.eval(_RELEASE, 1, lock, owner)

    def client(self, service: Service) -> dict[str, SecretStr]:
        """The fields of the service's client credential: `client_id`, `client_secret`, and what else its API wants.

        Raises:
            AuthorizationError: there is none, or it is not a JSON object with those two.
        """
        credential = self._store.get(service.name, CredentialType.OAUTH2_CLIENT)
        fields = _fields(credential)
        if not {"client_id", "client_secret"} <= fields.keys():
            raise AuthorizationError(
                f'{service.name} needs its client: echo \'{{"client_id": …, "client_secret": …}}\' | '
                f"promptsales credentials set '{service.name}' oauth2_cliente"
            )
        self._redactor.learn(value for name, value in fields.items() if name != "client_id")
        return fields

    def _stored(self, service: Service) -> Tokens | None:
        credential = self._store.get(service.name, CredentialType.OAUTH2_TOKEN)
        fields = _fields(credential)
        self._redactor.learn(fields[name] for name in ("access_token", "refresh_token") if name in fields)
        if credential is None:
            return None
        expiry = fields.get("expires_at", SecretStr("0")).get_secret_value()
        return Tokens(
            access=fields.get("access_token", SecretStr("")),
            refresh=fields.get("refresh_token"),
            expires_at=float(expiry) if expiry.replace(".", "", 1).isdecimal() else 0.0,
            source=credential,
        )

    def _usable(self, tokens: Tokens | None, refused: SecretStr | None) -> SecretStr | None:
        if tokens is None or not tokens.access.get_secret_value() or tokens.access == refused:
            return None
        return tokens.access if tokens.expires_at > self._now().timestamp() + EXPIRY_MARGIN else None

    def _renewed(self, service: Service, tokens: Tokens | None, post: PostToken) -> Tokens:
        client = self.client(service)
        fields = self._grant(service, tokens)
        headers, sent = {"Accept": "application/json"}, fields
        pair = client["client_id"].get_secret_value(), client["client_secret"].get_secret_value()
        if service.authentication.client_authentication == "basic":
            headers["Authorization"] = basic_header(*pair)
            self._redactor.learn([SecretStr(":".join(pair))])
        else:
            sent = {**fields, "client_id": pair[0], "client_secret": pair[1]}
        request = httpx.Request("POST", service.authentication.token_url, data=sent, headers=headers)
        # A refresh token may serve once only: if its answer is lost, sending it again could end the grant.
        answer = post(request, sent, fields["grant_type"] == "client_credentials")
        granted = self._granted(service, answer, tokens)
        self._redactor.learn(value for value in (granted.access, granted.refresh) if value)
        self._save(service, tokens, granted)
        return granted

    def _grant(self, service: Service, tokens: Tokens | None) -> dict[str, str]:
        scopes = " ".join(service.authentication.scopes)
        if service.authentication.flow == "client_credentials":
            return {"grant_type": "client_credentials", "scope": scopes}
        if tokens is None or tokens.refresh is None:
            raise AuthorizationError(
                f"{service.name} has not been authorised: store its first refresh token, "
                f"echo '{{\"refresh_token\": …}}' | promptsales credentials set '{service.name}' oauth2_token"
            )
        return {"grant_type": "refresh_token", "refresh_token": tokens.refresh.get_secret_value()}

    def _granted(self, service: Service, answer: Answer, tokens: Tokens | None) -> Tokens:
        body: dict[str, Any] = answer.body if isinstance(answer.body, dict) else {}
        access = body.get("access_token")
        if answer.result != "exito" or not isinstance(access, str) or not access:
            reason = answer.problem or "the answer holds no access token"
            again = "" if answer.temporary else " Check its credentials; a refresh token may have to be granted anew."
            raise AuthorizationError(f"{service.name} grants no access token: {reason}.{again}")
        refresh = body.get("refresh_token")
        seconds = body.get("expires_in")
        # RFC 6749, 6: without a new refresh token the old one stays good.
        kept = tokens.refresh if tokens else None
        lifetime = float(seconds) if isinstance(seconds, int | float) else 3600.0
        return Tokens(
            access=SecretStr(access),
            refresh=SecretStr(refresh) if isinstance(refresh, str) and refresh else kept,
            expires_at=self._now().timestamp() + lifetime,
        )

    def _save(self, service: Service, previous: Tokens | None, granted: Tokens) -> None:
        if previous is None or previous.source is None:
            stored = self._store.insert(service.name, CredentialType.OAUTH2_TOKEN, granted.json())
        else:
            stored = self._store.replace(previous.source, granted.json())
            # A rotation may have enveloped the same tokens anew meanwhile; it does not know the granted ones.
            if not stored and (current := self._stored(service)) and _same(current, previous) and current.source:
                stored = self._store.replace(current.source, granted.json())
        if not stored:
            raise AuthorizationError(
                f"{service.name}: its tokens were changed while they were renewed. Those are kept; try again."
            )


def _same(one: Tokens, other: Tokens) -> bool:
    return (one.access, one.refresh) == (other.access, other.refresh)


def _fields(credential: Credential | None) -> dict[str, SecretStr]:
    """The text and number fields of a JSON credential; empty for anything else."""
    if credential is None:
        return {}
    try:
        value = json.loads(credential.value.get_secret_value())
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return {}
    return {name: SecretStr(str(item)) for name, item in value.items() if isinstance(item, str | int | float)}
