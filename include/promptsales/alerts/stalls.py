"""Windows that an open transaction at the source holds back, as alerts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from promptsales.alerts.alert import Alert, Kind
from promptsales.etl.freshness import Freshness, humanised


def stalled_windows(source: str, tables: Iterable[Freshness], scope: str, link: str | None) -> list[Alert]:
    """The alert of a source, if committed work has waited there for longer than half a cycle.

    One transaction holds all tables of its database back, so there is one alert, and it names the tables.

    Args:
        source: whose tables.
        tables: how each stands.
        scope: what looks again after the next loads.
        link: to the run.
    """
    ages = {table.table: table.stalled_seconds for table in tables if table.stalled_seconds is not None}
    if not ages:
        return []
    longest = max(ages.values())
    message = (
        f"Rows that are committed have waited at the source for {humanised(longest)}, because an older transaction is "
        f"still open there: {', '.join(sorted(ages))}. Loads run, and take none of them. "
        "DBCC OPENTRAN names the session: have its owner end it, or KILL it. The next cycle brings what waits."
    )
    return [Alert(Kind.stalled, source, message, scope, link, datetime.now(UTC) - timedelta(seconds=longest))]
