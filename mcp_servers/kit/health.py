"""Whether a server lives (`/healthz`), can answer (`/readyz`), and what it counted (`/metrics`)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mcp_servers.kit.metrics import Metrics

logger = logging.getLogger(__name__)

CHECK_SECONDS = 2.0

Check = Callable[[], Awaitable[None]]
"""Raises unless what it looks at answers."""


def health_routes(checks: Mapping[str, Check], metrics: Metrics) -> list[Route]:
    """The three routes, without authentication: probes and Prometheus have no user.

    Args:
        checks: by the name of what they look at.
        metrics: of the server.
    """

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(request: Request) -> Response:
        answers: dict[str, str] = {}
        async with anyio.create_task_group() as group:
            for name, check in checks.items():
                group.start_soon(_checked, name, check, answers)
        ready = all(answer == "ok" for answer in answers.values())
        body = {"status": "ready" if ready else "not ready", "checks": dict(sorted(answers.items()))}
        return JSONResponse(body, 200 if ready else 503)

    async def exposition(request: Request) -> Response:
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4")

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", exposition)]


async def _checked(name: str, check: Check, answers: dict[str, str]) -> None:
    try:
        with anyio.fail_after(CHECK_SECONDS):
            await check()
        answers[name] = "ok"
    except Exception as error:
        logger.warning("readiness: %s does not answer (%s)", name, type(error).__name__)
        answers[name] = "does not answer"
