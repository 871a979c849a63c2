"""Anomalies of isolation: each is tried at every level of a server, and what happened is told.

Two sessions take turns, each in a thread of its own. A turn is over when the server has answered, or when it says that
the session waits for the other's lock: no step depends on how long anything takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from promptsales.concurrency.laboratory import Laboratory, Session
from promptsales.errors import PromptSalesError
from promptsales.retry import is_refusal, refusal_code

HAPPENS = "happens"
OLD_VALUE = "old value"
WAITS = "waits"
UNEXPECTED = "unexpected"

POLL_SECONDS = 0.01
PATIENCE_SECONDS = 60.0

Verdicts = dict[str, dict[str, str]]
"""By anomaly and level: `HAPPENS`, or what prevented it: `OLD_VALUE`, `WAITS`, or `error` and the server's code. Where
a scenario came to neither, as when a write is not there, it is `UNEXPECTED`, and what it came to.
"""


class StuckError(PromptSalesError):
    """A step that nothing should hold up did not end."""


class Actor:
    """A session whose operations run one after the other in its own thread.

    Attributes:
        waited: whether one of them had to wait for the other session.
        refusal: the error by which the server undid its transaction.
    """

    def __init__(self, session: Session, observer: Session) -> None:
        self.session = session
        self.observer = observer
        self.thread = ThreadPoolExecutor(1)
        self.waited = False
        self.refusal: BaseException | None = None
        self.last: Future[Any] = Future()
        self.is_open = False

    def begins(self, level: str) -> None:
        """Its transaction begins."""
        self.is_open = True
        self.does(lambda session: session.begin(level))

    def commits(self) -> None:
        """Its transaction is kept."""
        self.is_open = False
        self.does(lambda session: session.commit())

    def rolls_back(self) -> None:
        """Its transaction is undone."""
        self.is_open = False
        self.does(lambda session: session.rollback())

    def does(self, operation: Callable[[Session], Any]) -> Future[Any]:
        """Start an operation; returns once it is done, or waits for the other session.

        After a refusal there is no transaction any more, and nothing else is done in it.

        Raises:
            StuckError: it is neither done, nor does the server say that it waits.
        """
        self.last = future = self.thread.submit(self._run, operation)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while wait([future], timeout=POLL_SECONDS).not_done:
            if self.observer.sees_waiting(self.session):
                self.waited = True
                break
            if time.monotonic() > deadline:
                raise StuckError(
                    f"a step has not ended after {PATIENCE_SECONDS:.0f} s, and the server does not say that it waits "
                    "for a lock. On SQL Server, whoever asks needs VIEW SERVER STATE to be told."
                )
        return future

    def ends(self) -> None:
        """Wait for whatever it still does.

        Raises:
            StuckError: it does not end, although the other session has.
        """
        if wait([self.last], timeout=PATIENCE_SECONDS).not_done:
            raise StuckError(f"a session still waits after {PATIENCE_SECONDS:.0f} s, although nobody holds it up.")
        self.last.result()

    def gives_up(self) -> None:
        """Undo its transaction after whatever it still does; what comes of that is nobody's concern any more."""
        self.thread.submit(self.session.rollback)
        self.thread.shutdown(wait=False)

    def _run(self, operation: Callable[[Session], Any]) -> Any:
        if self.refusal is not None:
            return None
        try:
            return operation(self.session)
        except Exception as error:
            self.session.rollback()
            if not is_refusal(error):
                raise
            self.refusal = error
            return None


@dataclass(frozen=True)
class Outcome:
    """What a scenario came to.

    Attributes:
        seen: what the sessions saw, and what is there in the end.
        anomalous: what that is where the anomaly happens.
        right: what it is where something prevents it.
    """

    seen: tuple[Any, ...]
    anomalous: tuple[Any, ...]
    right: tuple[Any, ...]


@dataclass(frozen=True)
class Stage:
    """Two actors whose transactions begin at `level`, and whoever looks on from outside.

    Attributes:
        uncommitted: a level at which a write can still be taken back, which MongoDB without a transaction has not.
    """

    level: str
    uncommitted: str
    first: Actor
    second: Actor
    observer: Session

    def opens(self, *actors: Actor) -> None:
        """Their transactions begin."""
        for actor in actors:
            actor.begins(self.level)

    def closes(self) -> None:
        """Both commit what is still open, the first before the second, and are waited for."""
        for actor in (self.first, self.second):
            if actor.is_open:
                actor.commits()
        for actor in (self.first, self.second):
            actor.ends()

    def gives_up(self) -> None:
        """Neither actor holds or awaits a lock any more, wherever the scenario was broken off."""
        for actor in (self.first, self.second):
            actor.gives_up()
        for actor in (self.first, self.second):
            actor.thread.shutdown()


def _dirty_read(stage: Stage) -> Outcome:
    """The first writes and takes it back; the second reads in between."""
    stage.first.begins(stage.uncommitted)
    stage.first.does(lambda session: session.write(0, 150))
    own = stage.first.does(lambda session: session.read(0))
    stage.opens(stage.second)
    seen = stage.second.does(lambda session: session.read(0))
    stage.first.rolls_back()
    stage.closes()
    return Outcome((own.result(), seen.result()), anomalous=(150, 150), right=(150, 100))


def _lost_update(stage: Stage) -> Outcome:
    """Both read a balance, and both write what they read plus something."""
    stage.opens(stage.first, stage.second)
    of_first = stage.first.does(lambda session: session.read(0))
    of_second = stage.second.does(lambda session: session.read(0))
    stage.first.does(lambda session: session.write(0, of_first.result() + 10))
    stage.second.does(lambda session: session.write(0, of_second.result() + 20))
    stage.closes()
    # Whoever is refused knows it, and nothing of theirs is lost.
    kept = (0 if stage.first.refusal else 10) + (0 if stage.second.refusal else 20)
    return Outcome((stage.observer.read(0),), anomalous=(120,) if kept == 30 else (), right=(100 + kept,))


def _incorrect_summary(stage: Stage) -> Outcome:
    """The first adds two balances up, one by one; between the two, the second moves 50 from one to the other."""
    stage.opens(stage.first)
    before = stage.first.does(lambda session: session.read(0))
    stage.opens(stage.second)
    stage.second.does(lambda session: session.write(0, 50))
    stage.second.does(lambda session: session.write(1, 150))
    stage.second.commits()
    after = stage.first.does(lambda session: session.read(1))
    stage.closes()
    moved = {0: 50, 1: 150}
    seen = (before.result(), after.result(), stage.observer.values())
    return Outcome(seen, anomalous=(100, 150, moved), right=(100, 100, moved))


def _non_repeatable_read(stage: Stage) -> Outcome:
    """The first reads a row twice; the second changes it in between."""
    stage.opens(stage.first)
    before = stage.first.does(lambda session: session.read(0))
    stage.opens(stage.second)
    stage.second.does(lambda session: session.write(0, 150))
    stage.second.commits()
    after = stage.first.does(lambda session: session.read(0))
    stage.closes()
    seen = (before.result(), after.result(), stage.observer.read(0))
    return Outcome(seen, anomalous=(100, 150, 150), right=(100, 100, 150))


def _phantom(stage: Stage) -> Outcome:
    """The first counts rows twice; the second inserts one in between."""
    stage.opens(stage.first)
    before = stage.first.does(lambda session: session.count())
    stage.opens(stage.second)
    stage.second.does(lambda session: session.insert(2, 100))
    stage.second.commits()
    after = stage.first.does(lambda session: session.count())
    stage.closes()
    seen = (before.result(), after.result(), stage.observer.count())
    return Outcome(seen, anomalous=(2, 3, 3), right=(2, 2, 3))


def _write_skew(stage: Stage) -> Outcome:
    """The two balances may not both be 0. Both sessions see 200 in all, and each empties another one."""
    stage.opens(stage.first, stage.second)
    of_first = stage.first.does(lambda session: session.total())
    of_second = stage.second.does(lambda session: session.total())
    stage.first.does(lambda session: session.write(0, 0))
    stage.second.does(lambda session: session.write(1, 0))
    stage.closes()
    seen = (of_first.result(), of_second.result(), sum(stage.observer.values().values()))
    return Outcome(seen, anomalous=(200, 200, 0), right=(200, 200, 100))


ANOMALIES: Mapping[str, Callable[[Stage], Outcome]] = {
    "dirty read": _dirty_read,
    "lost update": _lost_update,
    "incorrect summary": _incorrect_summary,
    "non-repeatable read": _non_repeatable_read,
    "phantom": _phantom,
    "write skew": _write_skew,
}


def observe(laboratory: Laboratory) -> Verdicts:
    """Try every anomaly at every level of a server; the run's rows are gone in the end.

    Raises:
        StuckError: a session waited for one that was over.
    """
    laboratory.purge()
    try:
        with laboratory.session() as first, laboratory.session() as second, laboratory.session() as observer:
            return {
                anomaly: {
                    level: _verdict(
                        scenario,
                        Stage(
                            level, laboratory.default_level, Actor(first, observer), Actor(second, observer), observer
                        ),
                    )
                    for level in laboratory.levels
                }
                for anomaly, scenario in ANOMALIES.items()
            }
    finally:
        laboratory.clear()


def markdown(verdicts: Verdicts) -> str:
    """The verdicts as a table, a row an anomaly and a column a level."""
    levels = list(next(iter(verdicts.values())))
    lines = [["anomaly", *levels], ["---"] * (len(levels) + 1)]
    lines += [[anomaly, *by_level.values()] for anomaly, by_level in verdicts.items()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _verdict(scenario: Callable[[Stage], Outcome], stage: Stage) -> str:
    stage.observer.fill({0: 100, 1: 100})
    try:
        outcome = scenario(stage)
    finally:
        stage.gives_up()
    if outcome.seen == outcome.anomalous:
        return HAPPENS
    if outcome.seen != outcome.right:
        return f"{UNEXPECTED}: {outcome.seen}"
    refusal = stage.first.refusal or stage.second.refusal
    if refusal is not None:
        return f"error {refusal_code(refusal)}"
    return WAITS if stage.first.waited or stage.second.waited else OLD_VALUE
