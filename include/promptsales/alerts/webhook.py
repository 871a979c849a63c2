"""Posting a message to the webhook: in bounded time, a few times, and no word of its address, which is a secret."""

from __future__ import annotations

import logging
from typing import Any

import httpx
from pydantic import SecretStr
from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

from promptsales.security.redaction import Redactor, redact_http_logs

logger = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(5)
"""Seconds, each for connecting, sending and waiting for the answer."""

ATTEMPTS = 3
FIRST_WAIT, LONGEST_WAIT = 0.5, 2.0
"""Seconds between attempts, drawn from zero up to a bound that doubles."""


def post(url: SecretStr, message: dict[str, Any]) -> bool:
    """Post a message; returns whether it arrived. What stands in the way is logged, never raised.

    Args:
        url: of the webhook. Neither the log nor anything else shows it.
        message: JSON.
    """
    redactor = Redactor()
    redactor.learn([url])
    stop_filtering = redact_http_logs(redactor)
    try:
        problem = Retrying(
            retry=retry_if_result(_is_temporary),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(FIRST_WAIT, LONGEST_WAIT),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )(_attempt, url, message)
    finally:
        stop_filtering()
    if problem:
        logger.warning("alerts: the webhook did not take the message: %s", problem)
    return problem is None


def _attempt(url: SecretStr, message: dict[str, Any]) -> str | None:
    """What went wrong, if anything did."""
    try:
        # Of the answer only the status counts: its body is not waited for.
        with httpx.stream("POST", url.get_secret_value(), json=message, timeout=TIMEOUT) as response:
            return None if response.is_success else f"HTTP {response.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Its text may quote the address.
        return type(error).__name__


def _is_temporary(problem: str | None) -> bool:
    if problem is None or problem in ("InvalidURL", "UnsupportedProtocol"):
        return False
    return not problem.startswith("HTTP 4") or problem in ("HTTP 408", "HTTP 429")
