"""Personal data of customers: made up on demand, and stored only as a keyed hash.

The databases never see these texts. A hash is HMAC-SHA256 (RFC 2104) under a key of the plan, so that the owner
of the key can look a document, e-mail or telephone up, and nobody can list them by trying all.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable

from promptsales.seeding.reference import Country

_BLOCK_BYTES = 64
_INNER, _OUTER = 0x36, 0x5C

# Multiplying by any number that is not a multiple of a prime permutes what is below the prime: numbers that look
# drawn by lot and never repeat.
_DOCUMENT_PRIME, _DOCUMENT_FACTOR = 9_999_999_967, 2_654_435_761
_MAILBOX_PRIME, _MAILBOX_FACTOR = 99_999_989, 40_503_127
_TELEPHONE_PRIME, _TELEPHONE_FACTOR = 999_999_937, 618_033_989


def document(country: Country, customer: int) -> str:
    """The identity document of the customer with that key; no two customers share one."""
    return f"{country.code}-{customer * _DOCUMENT_FACTOR % _DOCUMENT_PRIME:010d}"


def email(given_name: str, surname: str, domain: str, customer: int) -> str:
    """The e-mail address; names as `plain` leaves them."""
    return f"{given_name}.{surname}{customer * _MAILBOX_FACTOR % _MAILBOX_PRIME}@{domain}"


def telephone(country: Country, customer: int) -> str:
    """The telephone number in E.164 form."""
    return f"+{country.dialling_prefix}{customer * _TELEPHONE_FACTOR % _TELEPHONE_PRIME:09d}"


def plain(name: str) -> str:
    """`name` in the letters of an e-mail address."""
    letters = unicodedata.normalize("NFKD", name.lower())
    return "".join(letter for letter in letters if letter.isascii() and letter.isalnum())


def keyed_hashes(key: bytes, texts: Iterable[str]) -> list[str]:
    """HMAC-SHA256 of each text in UTF-8, in hexadecimal.

    Args:
        key: at most 64 bytes.
        texts: what to hash.
    """
    # hmac.digest() sets the key up anew for every text, which costs as much as the hashing.
    padded = key.ljust(_BLOCK_BYTES, b"\0")
    start_inner = hashlib.sha256(bytes(byte ^ _INNER for byte in padded)).copy
    start_outer = hashlib.sha256(bytes(byte ^ _OUTER for byte in padded)).copy
    hashes: list[str] = []
    for text in texts:
        inner = start_inner()
        inner.update(text.encode())
        outer = start_outer()
        outer.update(inner.digest())
        hashes.append(outer.hexdigest())
    return hashes
