"""Structured logs: one JSON object a line on standard error, with the request's id, and nothing of what was asked."""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar

import structlog

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the HTTP request being answered: the caller's X-Request-Id, or one of ours."""


def configure(server: str) -> None:
    """Send this process's logs to standard error; standard output belongs to the protocol over stdio."""

    def add_context(logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {"server": server, "request_id": request_id.get() or None, **event}

    shared: list[structlog.typing.Processor] = [
        add_context,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    # Their lines repeat URLs, arguments and peers' texts; what matters of a call is in `tool_call`.
    for noisy in ("mcp", "httpx", "httpx2", "httpcore", "uvicorn.access", "pinecone"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
