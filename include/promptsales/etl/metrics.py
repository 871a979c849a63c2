"""What the ETL measures: names, kinds and units, which documentation/METRICS.md explains, and the values of a load.

Whoever runs a load hands the values to what collects them; in Airflow that is its own StatsD or OpenTelemetry client.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from promptsales.etl.run import TableResult
from promptsales.etl.status import TableStatus


class MetricKind(StrEnum):
    """How values of one metric are put together."""

    counter = "counter"
    gauge = "gauge"
    timer = "timer"


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes:
        name: without the prefix of whatever collects it.
        kind: counters are summed, of gauges the last value counts, timers are distributions.
        unit: of its values.
        labels: by which its values are told apart.
    """

    name: str
    kind: MetricKind
    unit: str
    labels: tuple[str, ...] = ("source", "table")


ROWS_READ = Metric("etl.rows_read", MetricKind.counter, "rows")
ROWS_INSERTED = Metric("etl.rows_inserted", MetricKind.counter, "rows")
ROWS_UPDATED = Metric("etl.rows_updated", MetricKind.counter, "rows")
ROWS_DELETED = Metric("etl.rows_deleted", MetricKind.counter, "rows")
ROWS_REJECTED = Metric("etl.rows_rejected", MetricKind.counter, "rows")
FAILURES = Metric("etl.failures", MetricKind.counter, "loads")
STAGE = Metric("etl.stage_duration", MetricKind.timer, "seconds", ("source", "table", "stage"))
LAG = Metric("etl.lag_seconds", MetricKind.gauge, "seconds")
COMMITTED_AT = Metric("etl.committed_at", MetricKind.gauge, "seconds since 1970-01-01 UTC")
QUARANTINE = Metric("etl.quarantined_rows", MetricKind.gauge, "rows")
STALLED = Metric("etl.stalled_seconds", MetricKind.gauge, "seconds")

METRICS = (
    ROWS_READ, ROWS_INSERTED, ROWS_UPDATED, ROWS_DELETED, ROWS_REJECTED, FAILURES, STAGE, LAG, COMMITTED_AT, QUARANTINE,
    STALLED,
)  # fmt: skip
"""All of them."""


@dataclass(frozen=True)
class Value:
    """One value of a metric, with its labels."""

    metric: Metric
    value: float
    labels: dict[str, str] = field(default_factory=dict)


def of_load(result: TableResult, committed_at: float | None) -> Iterator[Value]:
    """The values of a load that ended, well or badly.

    Args:
        result: what it committed.
        committed_at: the moment, in seconds since 1970, if it came to the end of its window; None: it failed.
    """
    labels = {"source": result.source, "table": result.table}
    counts = {
        ROWS_READ: result.read,
        ROWS_INSERTED: result.inserted,
        ROWS_UPDATED: result.updated,
        ROWS_DELETED: result.deleted,
        ROWS_REJECTED: result.rejected,
        FAILURES: int(committed_at is None),
    }
    yield from (Value(metric, count, labels) for metric, count in counts.items())
    yield from (Value(STAGE, seconds, labels | {"stage": stage}) for stage, seconds in result.stages.items())
    if committed_at is not None:
        yield Value(COMMITTED_AT, committed_at, labels)
        if result.lag_seconds is not None:
            yield Value(LAG, result.lag_seconds, labels)


def of_status(tables: Iterable[TableStatus]) -> Iterator[Value]:
    """The values of how tables stand after a cycle."""
    for table in tables:
        labels = {"source": table.source, "table": table.table_name}
        yield Value(QUARANTINE, table.rows_rejected, labels)
        yield Value(STALLED, table.freshness.stalled_seconds or 0, labels)
