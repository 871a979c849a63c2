"""Personal data: unique where it must be, and hashed as HMAC-SHA256 says."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from promptsales.seeding import identity
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.reference import reference

KEYS = st.binary(min_size=1, max_size=64)


@given(KEYS, st.lists(st.text()))
def test_hashes_are_hmac_sha256(key: bytes, texts: list[str]) -> None:
    expected = [hmac.new(key, text.encode(), hashlib.sha256).hexdigest() for text in texts]
    assert identity.keyed_hashes(key, texts) == expected


def test_the_key_follows_from_the_seed() -> None:
    one, same, other = (SeedPlan(date(2026, 1, 1), seed=seed).hash_key() for seed in (1, 1, 2))
    assert one == same != other
    assert len(one) == 32


def test_documents_mailboxes_and_telephones_do_not_repeat() -> None:
    country = reference().countries[0]
    keys = range(1, 200_001)
    assert len({identity.document(country, key) for key in keys}) == len(keys)
    assert len({identity.telephone(country, key) for key in keys}) == len(keys)
    assert len({identity.email("ana", "ruiz", "correo.example", key) for key in keys}) == len(keys)


@given(st.text())
def test_mailbox_names_are_plain_ascii(name: str) -> None:
    plain = identity.plain(name)
    assert plain.isascii()
    assert plain == "" or plain.isalnum()


def test_accents_are_dropped_not_their_letters() -> None:
    assert identity.plain("Íñigo Núñez") == "inigonunez"
