"""Argument types that more than one server has."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints


def _printable(text: str) -> str:
    # Surrogates cannot be encoded, NUL no database takes, the other control characters no name holds.
    if any(unicodedata.category(character) in ("Cs", "Cc") and character not in "\n\t" for character in text):
        raise ValueError("control characters are not allowed")
    return text


Phrase = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), AfterValidator(_printable)
]
"""A few words in any language: 1 to 300 characters."""

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000), AfterValidator(_printable)
]
"""Sentences in any language, on one or more lines: 1 to 4,000 characters."""

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]
"""A day, ISO 8601, of this century."""

CountryCode = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{2}$")]
"""An ISO 3166-1 alpha-2 code."""

CurrencyCode = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{3}$")]
"""An ISO 4217 code."""

Identifier = Annotated[int, Field(ge=1, le=2_147_483_647)]
"""A key of a table."""
