"""Access tokens of the platform's sign-on, checked at every request: signature, audience, times, and the session.

Over HTTP the token is the request's (RFC 6750); over stdio it is in the environment, `PROMPTSALES_MCP_TOKEN`. A session
that was revoked is refused at the next request, because none is taken from memory.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any

import anyio.to_thread
import psycopg
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken, TokenVerifier
from psycopg_pool import ConnectionPool
from pydantic import SecretStr

from mcp_servers.kit.caller import Caller
from mcp_servers.kit.errors import Code, ToolError
from promptsales.security.sso.errors import UnavailableError
from promptsales.security.sso.verifier import Verifier

COUNTRIES_SECONDS = 5
"""How soon a change of a user's countries holds here."""

KEPT_USERS = 10_000
"""Of so many users the countries are kept, for the time that the warehouse does not answer."""

POOL_SIZE = 4


class Countries:
    """Whose figures each user sees, from the warehouse; what was last known holds while it does not answer."""

    def __init__(self, url: str) -> None:
        self._pool: ConnectionPool[psycopg.Connection[Any]] = ConnectionPool(
            url, min_size=0, max_size=POOL_SIZE, open=False, timeout=5, kwargs={"autocommit": True}
        )
        self._known: OrderedDict[int, tuple[float, frozenset[str] | None]] = OrderedDict()

    def of(self, user_id: int) -> frozenset[str] | None:
        """ISO 3166 codes; None is every country.

        Raises:
            UnavailableError: the warehouse does not answer, and never told of this user.
        """
        known = self._known.get(user_id)
        if known and time.monotonic() - known[0] < COUNTRIES_SECONDS:
            return known[1]
        try:
            # Opening it again does nothing.
            self._pool.open()
            with self._pool.connection() as connection:
                [(codes,)] = connection.execute("SELECT sso.paises_de(%s)", [user_id]).fetchall()
        except psycopg.Error as error:
            if known:
                return known[1]
            raise UnavailableError(
                f"Countries cannot be looked up now: the warehouse does not answer ({type(error).__name__})."
            ) from None
        countries = None if codes is None else frozenset(codes)
        self._known[user_id] = (time.monotonic(), countries)
        self._known.move_to_end(user_id)
        while len(self._known) > KEPT_USERS:
            self._known.popitem(last=False)
        return countries

    def close(self) -> None:
        """Close the pool's connections."""
        self._pool.close()


class SsoTokens(TokenVerifier):
    """The SDK's view of the platform's sign-on.

    Args:
        verifier: of this server's audience.
        countries: of the users.
    """

    def __init__(self, verifier: Verifier, countries: Countries) -> None:
        self._verifier = verifier
        self._countries = countries

    async def verify_token(self, token: str) -> AccessToken | None:
        """The token's user, scopes and session if it holds here and now; None refuses it.

        Raises:
            UnavailableError: what it is checked against does not answer.
        """
        caller = await self.caller(SecretStr(token))
        if caller is None:
            return None
        return AccessToken(
            token=token,
            client_id=str(caller.user_id),
            scopes=sorted(caller.scopes),
            subject=str(caller.user_id),
            claims={"caller": caller},
        )

    async def caller(self, token: SecretStr) -> Caller | None:
        """Who comes with this token; None if it does not hold.

        Raises:
            UnavailableError: what it is checked against does not answer.
        """
        return await anyio.to_thread.run_sync(self._caller, token)

    def _caller(self, token: SecretStr) -> Caller | None:
        claims = self._verifier.claims(token.get_secret_value())
        if claims is None:
            return None
        countries = self._countries.of(claims.user_id)
        return Caller(claims.user_id, claims.session_id, claims.scopes, countries, token)


class HttpCallers:
    """Who made the HTTP request that is being answered."""

    async def current(self) -> Caller:
        """The caller.

        Raises:
            ToolError: nobody signed on.
        """
        access = get_access_token()
        caller = (access.claims or {}).get("caller") if access else None
        if not isinstance(caller, Caller):
            raise ToolError(Code.FORBIDDEN, "Nobody is signed on.")
        return caller


class StdioCaller:
    """Who started the process, by the token in its environment; checked at each call like any other."""

    def __init__(self, tokens: SsoTokens, token: SecretStr | None) -> None:
        self._tokens = tokens
        self._token = token

    async def current(self) -> Caller:
        """The caller.

        Raises:
            ToolError: there is no token, or it does not hold any more.
        """
        caller = await self._tokens.caller(self._token) if self._token else None
        if caller is None:
            raise ToolError(
                Code.FORBIDDEN,
                "PROMPTSALES_MCP_TOKEN holds no token that is good here now: "
                "set it to what `promptsales sso token USER` prints, and start the server again.",
            )
        return caller
