"""Passwords: Argon2id with the parameters of RFC 9106's second recommended option, as argon2-cffi defaults to."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from promptsales.security.sso.errors import SignOnError

MIN_CHARACTERS = 12
MAX_CHARACTERS = 128
"""More would let a stranger choose how much there is to hash."""

_hasher = PasswordHasher()
_nobody = _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    """The hash to keep, with its parameters and salt.

    Raises:
        SignOnError: the password is too short or too long.
    """
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise SignOnError(f"A password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters.")
    return _hasher.hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Whether the password is the one of this hash; it takes as long where there is no hash to compare with."""
    try:
        _hasher.verify(kept or _nobody, password[:MAX_CHARACTERS])
    except VerifyMismatchError:
        return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Whether a hash was made with other parameters than those of today."""
    return _hasher.check_needs_rehash(kept)
