"""Reporting what is wrong and what is over: remembered in `ops.alerts`, told by the webhook."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any

import psycopg
from psycopg.rows import dict_row

from promptsales.alerts.alert import Alert, Kind, Told, payload, raised, recovered
from promptsales.alerts.webhook import post
from promptsales.cache.keys import LOCK
from promptsales.connections import Connections
from promptsales.etl import sql as etl_sql
from promptsales.settings import Settings

logger = logging.getLogger(__name__)

statement = partial(etl_sql.statement, package="promptsales.alerts.sql")

REMINDER = "6 hours"
"""A cause that goes on is told again after this long."""


@dataclass(frozen=True)
class Due:
    """What is to be told now.

    Attributes:
        entries: of the message.
        ids: in `ops.alerts`, of the causes among them.
    """

    entries: list[Told]
    ids: list[int]


def report(
    connections: Connections, settings: Settings, alerts: Collection[Alert] = (), over: Iterable[str] = ()
) -> None:
    """Remember what is wrong, close what is over, and tell people of whatever they have not been told.

    Nothing that stands in the way is raised: an alert must not break what it is about. A warehouse that does not answer
    leaves Redis, for half a minute, to keep several tasks from telling the same.

    Args:
        connections: the warehouse's is called, and Redis's where that fails.
        settings: the webhook, and where the runbook is.
        alerts: what is wrong now.
        over: scopes whose other alerts are over.
    """
    try:
        with closing(connections.postgres()) as warehouse:
            due = remember(warehouse, alerts, over, settings.runbook_url)
            if due.entries and not _tell(settings, due.entries):
                warehouse.execute(statement("not_told"), {"ids": due.ids})
                warehouse.commit()
    except Exception as error:  # hooks of Airflow have errors of their own, and none of them may break a task
        logger.warning("alerts: the warehouse does not remember them: %s", " ".join(str(error).split()))
        now = datetime.now(UTC)
        first = [alert for alert in alerts if _is_first(connections, alert)]
        if first:
            _tell(settings, [raised(alert, alert.since or now, 1, settings.runbook_url) for alert in first])


def remember(warehouse: psycopg.Connection[Any], alerts: Iterable[Alert], over: Iterable[str], runbook: str) -> Due:
    """Write what is wrong and what is over to `ops.alerts`, in one transaction; returns what is to be told."""
    entries, ids = list[Told](), list[int]()
    still = {alert.fingerprint: alert for alert in alerts}
    with warehouse.transaction(), warehouse.cursor(row_factory=dict_row) as cursor:
        # In one order, so that two tasks with the same causes cannot lock each other out.
        for _, alert in sorted(still.items()):
            [known] = cursor.execute(statement("raise_alert"), _values(alert)).fetchall()
            if known["due"]:
                entries.append(raised(alert, known["desde"].astimezone(UTC), known["veces"], runbook))
                ids.append(known["id_alerta"])
        closed = cursor.execute(statement("close_alerts"), {"scopes": list(over), "still": list(still)}).fetchall()
        now = datetime.now(UTC)
        for gone in closed:
            logger.info("alerts: over: %s %s", gone["tipo"], gone["asunto"])
            if gone["told"]:
                lasted = (now - gone["desde"]).total_seconds()
                entries.append(recovered(Kind(gone["tipo"]), gone["asunto"], lasted))
        if closed:
            cursor.execute(statement("purge_alerts"))
    return Due(entries, ids)


def _values(alert: Alert) -> dict[str, Any]:
    names = ("fingerprint", "scope", "kind", "subject", "message", "link")
    return {name: getattr(alert, name) for name in names} | {
        "since": alert.since or datetime.now(UTC),
        "reminder": REMINDER,
    }


def _tell(settings: Settings, entries: list[Told]) -> bool:
    for entry in entries:
        logger.warning("alerts: %s", entry.headline)
    # Without a webhook the log and ops.alerts are what there is, and nothing is left to be told later.
    return settings.alert_webhook_url is None or post(settings.alert_webhook_url, payload(entries))


def _is_first(connections: Connections, alert: Alert) -> bool:
    """Whether nobody has told of it within the lock's life. A Redis that is down lets everyone tell."""
    key = LOCK.key(resource="alerta", id=sha256(alert.fingerprint.encode()).hexdigest()[:16])
    try:
        with closing(connections.redis()) as redis:
            return bool(redis.set(key, "1", nx=True, ex=LOCK.ttl))
    except Exception:  # likewise: rather told twice than not at all
        return True
