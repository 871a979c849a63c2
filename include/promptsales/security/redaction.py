"""Secrets out of what is kept or shown: by the name of the field, by the look of the text, and by known values."""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

REDACTED = "[oculto]"

_SENSITIVE = (
    r"(?:authorization|cookie|token|secret|passw(?:or)?d|passphrase|clave|contrase(?:n|ñ)a|api[-_]?key|private[-_]?key"
    r"|assertion|signature|credential|code[-_]verifier)"
)
_SENSITIVE_NAME = re.compile(_SENSITIVE, re.IGNORECASE)
_IN_TEXT = (
    # An authorization scheme with its value.
    re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]+", re.IGNORECASE),
    # A form or query field.
    re.compile(rf"([\w.-]*{_SENSITIVE}[\w.-]*=)[^&\s\"']+", re.IGNORECASE),
    # A header as httpcore logs it.
    re.compile(rf"(b'[\w-]*{_SENSITIVE}[\w-]*', b')[^']*", re.IGNORECASE),
    # A JSON field, also of JSON that was cut off.
    re.compile(rf"(\"[\w.-]*{_SENSITIVE}[\w.-]*\"\s*:\s*\")(?:[^\"\\]|\\.)*", re.IGNORECASE),
)
_SHORTEST_VALUE = 4
"""Characters. Shorter known values are not looked for: they would blank out half of every text."""

_MAX_DEPTH = 60
_HTTP_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "openai", "openai._base_client")


class Redactor:
    """Removes secrets. Knows the values it was told of, in every form that requests carry them in."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def __repr__(self) -> str:
        return f"Redactor({len(self._values)} values)"

    def learn(self, secrets: Iterable[SecretStr]) -> None:
        """Remove these values too, as they are, percent-encoded, or in Base64, wherever they appear."""
        for secret in secrets:
            value = secret.get_secret_value()
            if len(value) >= _SHORTEST_VALUE:
                encoded = base64.b64encode(value.encode()).decode()
                self._values.update((value, quote(value, safe=""), quote_plus(value), encoded, encoded.rstrip("=")))

    def text(self, text: str) -> str:
        """The text without known values and without what looks like an authorization, a token or a password."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, REDACTED)
        text = _IN_TEXT[0].sub(rf"\1 {REDACTED}", text)
        for pattern in _IN_TEXT[1:]:
            text = pattern.sub(rf"\1{REDACTED}", text)
        return text

    def value(self, value: Any, depth: int = 0) -> Any:
        """A JSON value without secrets, as MongoDB can hold it.

        Text under a name such as `access_token` goes whatever it says; numbers stay (`total_tokens` is no secret).
        """
        if depth > _MAX_DEPTH:
            return REDACTED
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self._name(str(name)): self._field(str(name), item, depth) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item, depth + 1) for item in value]
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            return str(value)
        return value

    def _name(self, name: str) -> str:
        # MongoDB refuses NUL in a field's name and reads a leading dollar as an operator.
        return self.text(name).replace("\0", "").replace("$", "_")

    def _field(self, name: str, item: Any, depth: int) -> Any:
        return _blanked(item) if _SENSITIVE_NAME.search(name) else self.value(item, depth + 1)


class RedactingFilter(logging.Filter):
    """Takes secrets out of a logger's records, arguments and all."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true: the record stays, its text changes."""
        record.msg, record.args = self._redactor.text(record.getMessage()), ()
        return True


def redact_http_logs(redactor: Redactor) -> Callable[[], None]:
    """Filter what HTTP clients log: httpx logs whole URLs, httpcore response headers, openai request options.

    Returns:
        What ends the filtering.
    """
    added = RedactingFilter(redactor)
    for name in _HTTP_LOGGERS:
        logging.getLogger(name).addFilter(added)

    def stop() -> None:
        for name in _HTTP_LOGGERS:
            logging.getLogger(name).removeFilter(added)

    return stop


def _blanked(value: Any) -> Any:
    if isinstance(value, str):
        return REDACTED
    if isinstance(value, Mapping):
        return {str(name): _blanked(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_blanked(item) for item in value]
    return value
