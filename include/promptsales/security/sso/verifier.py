"""Checking an access token, as each MCP server does at every request."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from threading import Lock
from typing import Any

import jwt
import psycopg
from redis import Redis
from redis.exceptions import RedisError

from promptsales.errors import UnreachableError
from promptsales.security.sso.errors import UnavailableError
from promptsales.security.sso.sessions import is_live
from promptsales.security.sso.tokens import Claims, key_id, read

logger = logging.getLogger(__name__)

KEYS_SECONDS = 60
"""How long the public keys are kept; also how soon a stolen key stops counting."""

ASK_AGAIN_SECONDS = 5
"""How often a token of an unknown key may cause a look into the warehouse."""


@dataclass(frozen=True)
class _Keys:
    known: dict[str, Any]
    read_at: float


class Verifier:
    """Tells who calls a server.

    Args:
        server: the audience that a token must have.
        issuer: who it must be from.
        connect: opens a connection of the role `promptsales_verificador`.
        redis: where the sessions are.
    """

    def __init__(self, server: str, issuer: str, connect: Callable[[], psycopg.Connection[Any]], redis: Redis) -> None:
        self._server = server
        self._issuer = issuer
        self._connect = connect
        self._redis = redis
        self._keys = _Keys({}, float("-inf"))
        self._lock = Lock()

    def claims(self, token: str) -> Claims | None:
        """What a token says that holds here and now; None refuses it.

        Raises:
            UnavailableError: what it is checked against does not answer.
        """
        try:
            key = self._key(key_id(token))
            if key is None:
                return None
            claims = read(token, key, self._issuer, self._server)
        except jwt.InvalidTokenError as error:
            logger.info("token refused: %s", type(error).__name__)
            return None
        return claims if self._lives(claims) else None

    def _lives(self, claims: Claims) -> bool:
        """Redis is asked; where it does not answer or was started anew, the warehouse, which knows all revocations."""
        try:
            lives = is_live(self._redis, claims.user_id, claims.session_id)
        except RedisError as error:
            logger.warning("Redis does not answer (%s): the warehouse is asked for the session", type(error).__name__)
            lives = None
        if lives is not None:
            return lives
        row = self._ask("SELECT sso.sesion_viva(%s::uuid, %s)", [claims.session_id, claims.user_id])
        return bool(row[0][0])

    def _key(self, kid: str) -> Any:
        with self._lock:
            age = time.monotonic() - self._keys.read_at
            if age > KEYS_SECONDS or (kid not in self._keys.known and age > ASK_AGAIN_SECONDS):
                self._read_keys()
            return self._keys.known.get(kid)

    def _read_keys(self) -> None:
        try:
            rows = self._ask("SELECT kid, jwk FROM sso.llaves_vigentes()", [])
        except UnavailableError:
            # Keys change seldom: those at hand serve on while the warehouse is away.
            if not self._keys.known:
                raise
            rows = None
        known = self._keys.known if rows is None else {kid: jwt.PyJWK(jwk, algorithm="EdDSA") for kid, jwk in rows}
        self._keys = _Keys(known, time.monotonic())

    def _ask(self, question: str, values: list[Any]) -> list[tuple[Any, ...]]:
        try:
            with closing(self._connect()) as connection:
                return connection.execute(question, values).fetchall()
        except (psycopg.Error, UnreachableError) as error:
            raise UnavailableError(
                f"Tokens cannot be checked now: the warehouse does not answer ({type(error).__name__})."
            ) from None
