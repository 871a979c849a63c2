"""What an alert is, and how it reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import accumulate
from typing import Any

from promptsales.etl.freshness import humanised

LONGEST = 1_500
"""Characters of a message as it is sent; Slack takes 3,000 in a section."""

MOST_TOLD = 20
"""Alerts in one message; Slack takes 50 blocks."""


class Kind(StrEnum):
    """What sort of thing is wrong. Each has a section of the same name in documentation/OPERATIONS.md."""

    task = "task-failed"
    server = "server-unreachable"
    quality = "data-quality"
    stalled = "stalled-window"
    overdue = "cycle-overdue"


TITLES = {
    Kind.task: "A task failed",
    Kind.server: "A server does not answer",
    Kind.quality: "A check of data quality fails",
    Kind.stalled: "An open transaction holds rows back",
    Kind.overdue: "A cycle is overdue",
}


@dataclass(frozen=True)
class Alert:
    """Something that is wrong now.

    Attributes:
        kind: of what sort.
        subject: what it is about, such as `etl_promptcrm: ventas.load` or `promptads`; with the kind it is the cause.
        message: what is known of it, and what to do.
        scope: what will see that it is over.
        link: to the run that met it.
        since: when it began; None: it was met just now.
    """

    kind: Kind
    subject: str
    message: str
    scope: str
    link: str | None = None
    since: datetime | None = None

    @property
    def fingerprint(self) -> str:
        """The cause: equal for all alerts of which people need one."""
        return f"{self.kind}:{self.subject}"


@dataclass(frozen=True)
class Told:
    """One entry of a message.

    Attributes:
        headline: what, in a line.
        details: the rest, of which there may be none.
        links: address by label.
    """

    headline: str
    details: str
    links: dict[str, str]


def raised(alert: Alert, since: datetime, times: int, runbook: str) -> Told:
    """An alert as people read it.

    Args:
        alert: what is wrong.
        since: when the cause was first met.
        times: how often it was met; more than once makes it a reminder.
        runbook: where documentation/OPERATIONS.md is.
    """
    word = "ALERT" if times == 1 else "STILL"
    seen = f"Since {since:%Y-%m-%d %H:%M} UTC" + (f", met {times} times." if times > 1 else ".")
    links = {"Open the run": alert.link} if alert.link else {}
    return Told(
        f"{word}: {TITLES[alert.kind]}: {alert.subject}",
        f"{_beginning(alert.message)}\n{seen}",
        links | {"What to do": f"{runbook}#{alert.kind}"},
    )


def recovered(kind: Kind, subject: str, seconds: float) -> Told:
    """That a cause is over, as people read it; `seconds` is how long it lasted."""
    return Told(f"RECOVERED: {TITLES[kind]}: {subject}", f"It lasted {humanised(seconds)}.", {})


def payload(entries: list[Told]) -> dict[str, Any]:
    """One message of all entries, as Slack and what is compatible with it take it: `text`, and `blocks` in mrkdwn."""
    shown, left = entries[:MOST_TOLD], len(entries) - MOST_TOLD
    texts = [_mrkdwn(entry) for entry in shown]
    if left > 0:
        texts.append(f"And {left} more: the table `ops.alerts` has them all.")
    return {
        "text": "\n".join(_escaped(entry.headline) for entry in entries),
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in texts],
    }


def _mrkdwn(entry: Told) -> str:
    links = " | ".join(
        # A path of the checkout is no address: it is shown as it is.
        f"<{_escaped(address)}|{label}>" if "://" in address else f"{label}: {_escaped(address)}"
        for label, address in entry.links.items()
    )
    return "\n".join(part for part in (f"*{_escaped(entry.headline)}*", _escaped(entry.details), links) if part)


def _beginning(text: str) -> str:
    """As much of it as takes `LONGEST` characters once it is escaped: Slack refuses the whole message for one more."""
    lengths = accumulate(len(_escaped(character)) for character in text)
    return text[: sum(length <= LONGEST for length in lengths)]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
