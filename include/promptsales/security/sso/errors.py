"""What signing on can end in."""

from __future__ import annotations

from promptsales.errors import PromptSalesError


class SignOnError(PromptSalesError):
    """The user, the password, the token or the key will not do."""


class RateLimitedError(SignOnError):
    """Too many attempts in this minute."""


class UnavailableError(PromptSalesError):
    """A token can be neither accepted nor refused now: what it is checked against does not answer."""
