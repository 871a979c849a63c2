"""Signing in with a password, and staying signed in with refresh tokens that serve once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from promptsales.cache.keys import RATE_LIMIT
from promptsales.security.sso import audit
from promptsales.security.sso.errors import RateLimitedError, SignOnError, UnavailableError
from promptsales.security.sso.keys import signing_key
from promptsales.security.sso.passwords import hash_password, matches, outdated
from promptsales.security.sso.sessions import extend_session, open_session, revoke_sessions, statement
from promptsales.security.sso.tokens import LIFETIME, Claims, issue

ATTEMPTS = 5
"""So many wrong passwords in a row, and the account is locked ..."""

LOCKED_FOR = timedelta(minutes=15)
"""... for so long."""

PER_MINUTE = 10
"""Attempts at one user name; of a right password, too."""

AUDIENCES = ("content_generator", "ads_optimizer", "crm_analyzer", "sales_dashboard")
"""The servers that a token can be for."""


@dataclass(frozen=True)
class Tokens:
    """What a sign-in gives.

    Attributes:
        access: the bearer token.
        refresh: what gets the next one; it serves once.
        expires: when the access token ends.
        scopes: what it allows.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires: datetime
    scopes: frozenset[str]


@dataclass(frozen=True)
class SignOn:
    """What signs users in.

    Attributes:
        connection: in autocommit, of the role `promptsales_sso`.
        redis: where sessions and limits are.
        key_dir: the folder of the signing keys.
        issuer: who the tokens say they are from.
    """

    connection: psycopg.Connection[Any]
    redis: Redis
    key_dir: Path
    issuer: str

    def sign_in(
        self, username: str, password: str, audience: Iterable[str] = AUDIENCES, lifetime: timedelta = LIFETIME
    ) -> Tokens:
        """Open a session.

        Args:
            username: as in `sso.usuarios`.
            password: in clear.
            audience: the servers that the token is for.
            lifetime: of the access token; never longer than its session's.

        Raises:
            RateLimitedError: too many attempts in this minute.
            SignOnError: user, password or state of the account will not do; which of them it is stays unsaid.
            UnavailableError: Redis does not answer.
        """
        self._count(username)
        user_id, checked = self._user_with(username, password)
        session_id, session_ends = open_session(self.connection, self.redis, user_id, checked)
        audit.record(self.connection, "inicio", user_id=user_id, username=username, session_id=session_id)
        return self._tokens(user_id, session_id, session_ends, audience, lifetime)

    def refresh(self, token: str, audience: Iterable[str] = AUDIENCES, lifetime: timedelta = LIFETIME) -> Tokens:
        """Stay signed in. A refresh token that comes back was stolen, before or after: its session ends.

        Raises:
            SignOnError: it is no refresh token of a session that lives.
            UnavailableError: Redis does not answer.
        """
        digest = _digest(token)
        row = self.connection.execute(statement("use_refresh_token"), [digest]).fetchone()
        if row is None:
            self._end_of_reused(digest)
            raise SignOnError("This refresh token is unknown or was used before: sign in again.")
        session_id, user_id = str(row[0]), int(row[1])
        try:
            session_ends = extend_session(self.connection, self.redis, user_id, session_id)
        except SignOnError:
            audit.record(self.connection, "rechazo", user_id=user_id, session_id=session_id, motivo="sesion_terminada")
            raise
        audit.record(self.connection, "renovacion", user_id=user_id, session_id=session_id)
        return self._tokens(user_id, session_id, session_ends, audience, lifetime)

    def _user_with(self, username: str, password: str) -> tuple[int, str]:
        """Whose password this is, and the hash that it was checked against."""
        values = {"username": username, "attempts": ATTEMPTS, "locked_for": LOCKED_FOR}
        row = self.connection.execute(statement("begin_attempt"), values).fetchone()
        right = matches(password, row[1] if row else None)
        if row is None or not right or not row[2]:
            reason = "desconocido_o_bloqueado" if row is None else "clave" if not right else "inactivo"
            audit.record(self.connection, "rechazo", user_id=row[0] if row else None, username=username, motivo=reason)
            raise SignOnError(
                "The user or the password is wrong, or the account is disabled, or locked for "
                f"{LOCKED_FOR.seconds // 60} minutes after {ATTEMPTS} wrong passwords."
            )
        self.connection.execute(
            "UPDATE sso.usuarios SET intentos_fallidos = 0, bloqueado_hasta = NULL WHERE id_usuario = %s", [row[0]]
        )
        if not outdated(row[1]):
            return int(row[0]), row[1]
        again = hash_password(password)
        self.connection.execute(
            "UPDATE sso.usuarios SET clave_hash = %s WHERE id_usuario = %s AND clave_hash = %s", [again, row[0], row[1]]
        )
        return int(row[0]), again

    def _tokens(
        self, user_id: int, session_id: str, session_ends: datetime, audience: Iterable[str], lifetime: timedelta
    ) -> Tokens:
        row = self.connection.execute(statement("scopes"), [user_id]).fetchone()
        scopes = frozenset(row[0]) if row else frozenset[str]()
        expires = min(datetime.now(UTC) + lifetime, session_ends)
        key = signing_key(self.connection, self.key_dir)
        access = issue(key, self.issuer, _known(audience), Claims(user_id, session_id, scopes), expires)
        refresh = secrets.token_urlsafe(32)
        self.connection.execute(
            "INSERT INTO sso.refresh_tokens (huella, id_sesion) VALUES (%s, %s)", [_digest(refresh), session_id]
        )
        return Tokens(access, refresh, expires, scopes)

    def _end_of_reused(self, digest: bytes) -> None:
        row = self.connection.execute(statement("session_of_refresh_token"), [digest]).fetchone()
        user_id, session_id = row or (None, None)
        audit.record(self.connection, "rechazo", user_id=user_id, session_id=session_id, motivo="token_de_renovacion")
        if row is not None:
            revoke_sessions(self.connection, self.redis, row[0], "token de renovacion usado dos veces", str(row[1]))

    def _count(self, username: str) -> None:
        key = RATE_LIMIT.key(service="sso", user=hashlib.sha256(username.encode()).hexdigest()[:32])
        try:
            with self.redis.pipeline(transaction=True) as pipeline:
                pipeline.incr(key)
                pipeline.expire(key, 60, nx=True)
                pipeline.ttl(key)
                count, _, seconds = cast("list[int]", pipeline.execute())
        except RedisError as error:
            raise UnavailableError(
                f"Nobody can sign in now: Redis, which counts the attempts, does not answer ({type(error).__name__})."
            ) from None
        if count == PER_MINUTE + 1:
            # The first of a minute alone, or whoever keeps trying would fill the log.
            audit.record(self.connection, "rechazo", username=username, motivo="limite")
        if count > PER_MINUTE:
            raise RateLimitedError(f"Too many attempts: try again in {max(seconds, 1)} s.")


def _known(audience: Iterable[str]) -> list[str]:
    servers = sorted(set(audience))
    unknown = [server for server in servers if server not in AUDIENCES]
    if unknown or not servers:
        raise SignOnError(f"A token is for {', '.join(AUDIENCES)}, not for {', '.join(unknown) or 'none of them'}.")
    return servers


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
