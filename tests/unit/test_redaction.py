"""Secrets go, whatever carries them; what is no secret stays."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from promptsales.security.redaction import REDACTED, Redactor, redact_http_logs

SECRET = "s3cr3t/with+signs=&"


@pytest.fixture
def redactor() -> Redactor:
    redactor = Redactor()
    redactor.learn([SecretStr(SECRET)])
    return redactor


@pytest.mark.parametrize(
    "text",
    [
        f"before {SECRET} after",
        f"https://h.example/?q={quote(SECRET, safe='')}",
        f"Proxy: {base64.b64encode(SECRET.encode()).decode()}",
    ],
)
def test_a_known_value_goes_in_every_form(redactor: Redactor, text: str) -> None:
    clean = redactor.text(text)
    assert REDACTED in clean
    assert SECRET not in clean
    assert quote(SECRET, safe="") not in clean
    assert base64.b64encode(SECRET.encode()).decode() not in clean
    assert SECRET not in repr(redactor)


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abc.DEF-123",
        "basic dXNlcjpwYXNz",
        "grant_type=refresh_token&refresh_token=abc.DEF-123&x=1",
        '{"access_token": "abc.DEF-123", "cut',
        '{"client_secret":"abc.DEF-123',
        "https://h.example/?api_key=abc.DEF-123",
        "[(b'Server', b'x'), (b'Set-Cookie', b'id=abc.DEF-123; Path=/')]",
    ],
)
def test_an_unknown_secret_goes_by_its_look(text: str) -> None:
    clean = Redactor().text(text)
    assert REDACTED in clean
    assert "abc.DEF-123" not in clean
    assert "dXNlcjpwYXNz" not in clean


def test_fields_go_by_their_names_and_numbers_stay() -> None:
    body = {
        "usage": {"total_tokens": 310},
        "access_token": "x1",
        "nested": [{"Client-Secret": "x2", "password": {"old": "x3"}}],
        "title": "Verano",
        "ok": True,
    }
    assert Redactor().value(body) == {
        "usage": {"total_tokens": 310},
        "access_token": REDACTED,
        "nested": [{"Client-Secret": REDACTED, "password": {"old": REDACTED}}],
        "title": "Verano",
        "ok": True,
    }


def test_values_come_out_as_mongodb_can_hold_them() -> None:
    deep: Any = "end"
    for _ in range(200):
        deep = [deep]
    clean = Redactor().value({"$where": 1, "a\0b": 2**70, "deep": deep})
    assert clean["_where"] == 1
    assert clean["ab"] == str(2**70)
    assert json.dumps(clean).count("[") < 100


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_redacting_twice_changes_nothing_more(value: Any) -> None:
    redactor = Redactor()
    assert redactor.value(redactor.value(value)) == redactor.value(value)


def test_http_loggers_are_filtered(redactor: Redactor, caplog: pytest.LogCaptureFixture) -> None:
    stop = redact_http_logs(redactor)
    logger = logging.getLogger("httpx")
    # The level of this logger itself: Airflow, once imported, raises it.
    with caplog.at_level(logging.DEBUG, logger=logger.name):
        logger.info("HTTP Request: %s", f"https://h.example/?q={SECRET}")
        stop()
        logger.info("%s", "once more: a secret would show now")
    assert "HTTP Request" in caplog.text
    assert "a secret would show" in caplog.text
    assert SECRET not in caplog.text
    assert logger.filters == []
