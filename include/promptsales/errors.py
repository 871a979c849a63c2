"""The errors a person reads: one clear line that says what failed, where, and what to do."""

from __future__ import annotations


class PromptSalesError(Exception):
    """Base of every error that the command line prints as one line, without a traceback."""


class SettingsError(PromptSalesError):
    """A setting is missing or malformed."""


class UnreachableError(PromptSalesError):
    """A server did not answer, or refused the login."""


class MissingCapabilityError(PromptSalesError):
    """A server cannot do what was asked of it; the message says what, and on which servers it can be had."""
