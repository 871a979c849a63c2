"""Access tokens: JWTs of RFC 9068's profile, signed with Ed25519."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt

from promptsales.security.sso.keys import SigningKey

LIFETIME = timedelta(minutes=15)
LONGEST = timedelta(hours=2)
"""No token holds longer, whatever is asked for: it is how long a retired key is published."""

TYPE = "at+jwt"
ALGORITHM = "EdDSA"
CLOCKS = timedelta(seconds=5)
"""How far the clocks of the machines may differ."""


@dataclass(frozen=True)
class Claims:
    """What an access token says.

    Attributes:
        user_id: `sso.usuarios.id_usuario`.
        session_id: of the session it belongs to.
        scopes: what its bearer may do.
    """

    user_id: int
    session_id: str
    scopes: frozenset[str]


def issue(key: SigningKey, issuer: str, audience: Iterable[str], claims: Claims, expires: datetime) -> str:
    """A signed token for the servers in `audience`, until `expires`."""
    now = datetime.now(UTC)
    payload = {
        "iss": issuer,
        "sub": str(claims.user_id),
        "aud": sorted(audience),
        "iat": now,
        "exp": min(expires, now + LONGEST),
        "jti": str(uuid4()),
        "sid": claims.session_id,
        "scope": " ".join(sorted(claims.scopes)),
    }
    return jwt.encode(payload, key.private, algorithm=ALGORITHM, headers={"kid": key.kid, "typ": TYPE})


def key_id(token: str) -> str:
    """Which key a token says that it is signed with; nothing of it is checked yet.

    Raises:
        jwt.InvalidTokenError: it is no token of ours.
    """
    header = jwt.get_unverified_header(token)
    if header.get("alg") != ALGORITHM or str(header.get("typ")).lower() != TYPE:
        raise jwt.InvalidTokenError("not an access token of this issuer")
    return str(header.get("kid"))


def read(token: str, key: Any, issuer: str, audience: str) -> Claims:
    """What a token says, once its signature, issuer, audience and times have been found right.

    Raises:
        jwt.InvalidTokenError: one of them is not.
    """
    payload = jwt.decode(
        token,
        key,
        algorithms=[ALGORITHM],
        issuer=issuer,
        audience=audience,
        leeway=CLOCKS,
        options={"require": ["iss", "sub", "aud", "iat", "exp", "jti", "sid", "scope"]},
    )
    try:
        claims = Claims(int(payload["sub"]), str(payload["sid"]), frozenset(str(payload["scope"]).split()))
    except ValueError:
        raise jwt.InvalidTokenError("the subject is no user") from None
    if payload["exp"] - payload["iat"] > LONGEST.total_seconds():
        raise jwt.InvalidTokenError("it would hold for too long")
    return claims
