"""What a server counts of itself, for Prometheus (`/metrics`) and for its heartbeat in Redis."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 2.0, 7.0, 20.0)
"""Seconds; 0.05, 0.4, 7 and 20 are what the platform promises."""

BYTES_A_TOKEN = 4
"""About so many bytes of JSON are one token of a model: an estimate, for sizes and not for invoices."""


@dataclass(frozen=True)
class Totals:
    """Since the process began."""

    calls: int
    failures: int
    cache_hits: int
    tokens: int


class Metrics:
    """The counters of one server, in a registry of its own."""

    def __init__(self, server: str) -> None:
        self.registry = registry = CollectorRegistry()
        self._server = server
        self._calls = Counter(
            "promptsales_mcp_calls",
            "Tool calls by outcome: ok, or the code of the failure",
            ["server", "tool", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "promptsales_mcp_call_seconds",
            "Seconds from a tool call to its answer",
            ["server", "tool", "cached"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._hits = Counter(
            "promptsales_mcp_cache_hits", "Answers out of the cache", ["server", "tool"], registry=registry
        )
        self._tokens = Counter(
            "promptsales_mcp_answer_tokens",
            "Estimated tokens of answers, four bytes each",
            ["server", "tool"],
            registry=registry,
        )
        self._refused = Counter(
            "promptsales_mcp_refused",
            "HTTP requests refused before a tool was reached",
            ["server", "status"],
            registry=registry,
        )
        running = Gauge("promptsales_mcp_calls_running", "Tool calls being answered", ["server"], registry=registry)
        self.running = running.labels(server)
        self.totals = Totals(0, 0, 0, 0)

    def call(self, tool: str, outcome: str, seconds: float, *, cached: bool, size: int) -> None:
        """Count one answered call.

        Args:
            tool: its name.
            outcome: `ok`, or the code of the failure.
            seconds: it took.
            cached: whether the answer came out of the cache.
            size: of the answer, in bytes.
        """
        tokens = size // BYTES_A_TOKEN
        self._calls.labels(self._server, tool, outcome).inc()
        self._seconds.labels(self._server, tool, str(cached).lower()).observe(seconds)
        self._tokens.labels(self._server, tool).inc(tokens)
        if cached:
            self._hits.labels(self._server, tool).inc()
        before = self.totals
        self.totals = Totals(
            before.calls + 1, before.failures + (outcome != "ok"), before.cache_hits + cached, before.tokens + tokens
        )

    def refused(self, status: int) -> None:
        """Count one HTTP request that no tool saw."""
        self._refused.labels(self._server, str(status)).inc()

    def exposition(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self.registry)
