"""One HTTP request and what came of it; repeated, with waits, where that is safe."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any, Literal

import httpx
from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

ATTEMPTS = 4
MAX_WAIT = 60.0
"""Seconds. A service that asks for more is not waited for: the call fails, and says when to come back."""

MAX_BODY = 10 * 1024 * 1024
"""Bytes."""

_BACKOFF = wait_random_exponential(multiplier=0.5, max=20)

Result = Literal["exito", "error", "tiempo_agotado", "limite_excedido"]


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait for a connection, for the next bytes, and for the whole answer since the request was sent."""

    connect: float = 5.0
    read: float = 20.0
    total: float = 30.0


@dataclass(frozen=True)
class Answer:
    """What came of one request.

    Attributes:
        result: as `bitacora_solicitudes.resultado` has it.
        status: the HTTP status; None where no answer came.
        body: parsed JSON; where it is none, the text.
        problem: what went wrong, in words that hold nothing of the request or the body; empty on success.
        temporary: the same request may succeed later.
        unauthorized: the service does not accept the token.
        retry_after: seconds that the service asks to be left alone.
    """

    result: Result
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Any = field(default=None, repr=False)
    problem: str = ""
    temporary: bool = False
    unauthorized: bool = False
    retry_after: float | None = None


def send_repeatedly(send: Callable[[], Answer], repeatable: bool, sleep: Callable[[float], None]) -> tuple[Answer, int]:
    """Send, again after a wait while the failure is temporary and the request is safe to repeat.

    Waits are what `Retry-After` asks for, or else exponential with full jitter.

    Returns:
        The last answer, and how many requests were sent.
    """
    retrying = Retrying(
        retry=retry_if_result(lambda answer: repeatable and answer.temporary and (answer.retry_after or 0) <= MAX_WAIT),
        stop=stop_after_attempt(ATTEMPTS),
        wait=_wait,
        sleep=sleep,
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    answer: Answer = retrying(send)
    return answer, int(retrying.statistics["attempt_number"])


def request(
    client: httpx.Client,
    prepared: httpx.Request,
    timeouts: Timeouts,
    now: Callable[[], datetime],
) -> Answer:
    """One request, once. Never raises for what the network or the service does: that is in the answer."""
    deadline = monotonic() + timeouts.total
    prepared.extensions = {"timeout": httpx.Timeout(timeouts.read, connect=timeouts.connect).as_dict()}
    try:
        response = client.send(prepared, stream=True, follow_redirects=False)
    except httpx.TimeoutException:
        return _timed_out()
    except httpx.TransportError as error:
        return Answer("error", problem=f"the connection failed ({type(error).__name__})", temporary=True)
    try:
        content = _read(response, deadline)
    except httpx.TimeoutException:
        return _timed_out(response.status_code)
    except (httpx.TransportError, httpx.DecodingError, httpx.StreamError) as error:
        problem = f"the answer broke off or cannot be decoded ({type(error).__name__})"
        return Answer("error", response.status_code, problem=problem, temporary=True)
    finally:
        response.close()
    return _judged(response, content, now)


def _wait(state: RetryCallState) -> float:
    answer: Answer | None = state.outcome.result() if state.outcome else None
    if answer is not None and answer.retry_after is not None:
        return answer.retry_after
    return _BACKOFF(state)


def _timed_out(status: int | None = None) -> Answer:
    return Answer("tiempo_agotado", status, problem="it did not answer in time", temporary=True)


def _read(response: httpx.Response, deadline: float) -> bytes | None:
    """The body; None where it is larger than MAX_BODY."""
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece
        if len(content) > MAX_BODY:
            return None
        # httpx's own timeout begins anew with every byte that trickles in.
        if monotonic() > deadline:
            raise httpx.ReadTimeout("the whole answer took too long")
    return bytes(content)


def _judged(response: httpx.Response, content: bytes | None, now: Callable[[], datetime]) -> Answer:
    status, headers = response.status_code, dict(response.headers)
    if content is None:
        return Answer("error", status, headers, problem=f"the answer is larger than {MAX_BODY // 1024**2} MB")
    text = content.decode("utf-8", "replace")
    try:
        body, is_json = (json.loads(text) if text.strip() else None), True
    except (ValueError, RecursionError):
        body, is_json = text, False
    if response.is_redirect:
        # Followed, it would take the credentials to a host that nobody registered.
        return Answer("error", status, headers, body, problem=f"it redirects (HTTP {status}), which is not followed")
    if status == httpx.codes.TOO_MANY_REQUESTS:
        wait = retry_after(response.headers.get("Retry-After"), now())
        return Answer(
            "limite_excedido", status, headers, body, "its own limit is used up (HTTP 429)", True, retry_after=wait
        )
    if status >= 500:
        wait = retry_after(response.headers.get("Retry-After"), now())
        return Answer("error", status, headers, body, f"it failed (HTTP {status})", temporary=True, retry_after=wait)
    if status == httpx.codes.UNAUTHORIZED:
        problem = "it does not accept the credential (HTTP 401)"
        return Answer("error", status, headers, body, problem, unauthorized=True)
    if status >= 400:
        return Answer("error", status, headers, body, f"it refuses the request (HTTP {status})")
    if not is_json:
        return Answer("error", status, headers, body, f"it answered HTTP {status} with something other than JSON")
    return Answer("exito", status, headers, body)


def basic_header(user: str, password: str) -> str:
    """The value of an `Authorization` header for a user and a password (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks to wait: a number, or a date (RFC 9110, 10.2.3).

    None where there is no header or it is neither.
    """
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)
