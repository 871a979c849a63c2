"""Signing keys: Ed25519 pairs. The private half is a file that only its owner reads, the public half a row."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from psycopg.types.json import Jsonb

from promptsales.security.sso import audit
from promptsales.security.sso.errors import SignOnError

RETIRE = "UPDATE sso.llaves_publicas SET retirada_en = clock_timestamp() WHERE retirada_en IS NULL"
ANNUL = "UPDATE sso.llaves_publicas SET anulada_en = clock_timestamp() WHERE anulada_en IS NULL"
NEWEST = "SELECT kid FROM sso.llaves_publicas WHERE retirada_en IS NULL AND anulada_en IS NULL ORDER BY creada_en DESC"


@dataclass(frozen=True)
class SigningKey:
    """A key pair.

    Attributes:
        kid: the RFC 7638 thumbprint of its public half.
        private: what signs.
    """

    kid: str
    private: Ed25519PrivateKey = field(repr=False)

    @property
    def jwk(self) -> dict[str, str]:
        """The public half, RFC 8037."""
        return _jwk(self.private)


def rotate(connection: psycopg.Connection[Any], folder: Path, *, stolen: bool = False) -> SigningKey:
    """Make a key that signs from now on, and retire the others.

    Tokens of a retired key hold until they expire; `stolen` ends them with the key.

    Raises:
        SignOnError: the folder cannot be written.
    """
    key = _create(folder)
    with connection.transaction():
        connection.execute(ANNUL if stolen else RETIRE)
        connection.execute("INSERT INTO sso.llaves_publicas (kid, jwk) VALUES (%s, %s)", [key.kid, Jsonb(key.jwk)])
        audit.record(connection, "llave_nueva", kid=key.kid, anteriores="anuladas" if stolen else "retiradas")
    return key


def signing_key(connection: psycopg.Connection[Any], folder: Path) -> SigningKey:
    """The key that signs now; the first one ever is made here.

    Raises:
        SignOnError: its private half is not in the folder, or cannot be read.
    """
    row = connection.execute(NEWEST).fetchone()
    if row is None:
        return rotate(connection, folder)
    path = folder / f"{row[0]}.pem"
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        raise SignOnError(
            f"The private half of the signing key {row[0]} is not in {folder}: set PROMPTSALES_SSO_KEY_DIR to its "
            "folder, or make another key with `promptsales sso rotate-keys`."
        ) from None
    except (OSError, ValueError) as error:
        raise SignOnError(f"The signing key {path} cannot be read: {type(error).__name__}.") from None
    if not isinstance(private, Ed25519PrivateKey) or thumbprint(_jwk(private)) != row[0]:
        raise SignOnError(f"{path} does not hold the Ed25519 key that it is named after.")
    return SigningKey(row[0], private)


def key_set(connection: psycopg.Connection[Any]) -> dict[str, list[dict[str, str]]]:
    """The JWKS (RFC 7517): every public key whose tokens may still hold, newest first."""
    rows = connection.execute("SELECT kid, jwk FROM sso.llaves_vigentes()").fetchall()
    return {"keys": [{**jwk, "kid": kid, "use": "sig", "alg": "EdDSA"} for kid, jwk in rows]}


def thumbprint(jwk: dict[str, str]) -> str:
    """RFC 7638: the SHA-256 of the key's required members, in their order."""
    members = json.dumps({name: jwk[name] for name in ("crv", "kty", "x")}, separators=(",", ":"))
    return _base64url(hashlib.sha256(members.encode()).digest())


def _create(folder: Path) -> SigningKey:
    private = Ed25519PrivateKey.generate()
    key = SigningKey(thumbprint(_jwk(private)), private)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / f"{key.kid}.pem"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise SignOnError(f"The signing key cannot be written to {folder}: {error.strerror}.") from None
    return key


def _jwk(private: Ed25519PrivateKey) -> dict[str, str]:
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(public)}


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
