"""What can go wrong in a call to an outside service. No text holds a secret or a body."""

from __future__ import annotations

from promptsales.errors import PromptSalesError


class ThirdPartyError(PromptSalesError):
    """A service is unknown, or a call to it failed; the text names the service and what to do."""


class RateLimitError(ThirdPartyError):
    """Our own limit for the service is used up; nothing was sent."""


class AuthorizationError(ThirdPartyError):
    """A service's credential is missing, or the service does not accept it."""
