"""Scripts for two windows, run as a person would: step by step, each in its window, with what it must show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptsales.concurrency.laboratory import Laboratory, PostgresSession, Session, SqlSession
from promptsales.retry import is_refusal, refusal_code

_STEP = re.compile(
    r"^-- (?P<window>Window A|Window B|The victim's window|The other window), step (?P<number>\d+):.*?\n"
    r"(?P<body>(?:(?!-- (?:Window|The \w+(?:'s)? window)).*\n)*)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Step:
    """One paste. `shows` is what stands behind `=>`: a value, a notice, `waits` or an error; None if nothing does."""

    number: int
    window: str
    shows: str | None
    sql: str


def steps(path: Path) -> list[Step]:
    """The steps of a script, in order."""
    found = []
    for step in _STEP.finditer(path.read_text(encoding="utf-8")):
        shows = re.search(r"^-- => (.*)$", step["body"], re.MULTILINE)
        sql = re.sub(r"^(?:--.*|GO)\n", "", step["body"], flags=re.MULTILINE).strip()
        found.append(Step(int(step["number"]), step["window"], shows[1] if shows else None, sql))
    return found


class Window:
    """A terminal: what was pasted into it runs in a thread of its own."""

    def __init__(self, session: SqlSession, observer: Session) -> None:
        self.session = session
        self.observer = observer
        self.thread = ThreadPoolExecutor(1)
        self.pending: Future[str | None] | None = None
        self.notices: list[str] = []
        if isinstance(session, PostgresSession):
            session.connection.add_notice_handler(lambda notice: self.notices.append(str(notice.message_primary)))

    def paste(self, sql: str) -> str | None:
        """What the window shows then: the last value, a notice, `waits`, an error; None where there is none of them."""
        assert self.pending is None, "it still waits"
        self.pending = self.thread.submit(self._run, sql)
        while wait([self.pending], timeout=0.01).not_done:
            if self.observer.sees_waiting(self.session):
                return "waits"
        return self.goes_on()

    def goes_on(self) -> str | None:
        """What a statement that waited showed in the end."""
        assert self.pending is not None
        pending, self.pending = self.pending, None
        return pending.result(timeout=60)

    def _run(self, sql: str) -> str | None:
        self.notices.clear()
        try:
            rows = self._answer(sql)
        except Exception as error:
            if not is_refusal(error):
                raise
            return f"error {refusal_code(error)}"
        if self.notices:
            return f"notice: {self.notices[-1]}"
        return str(rows[-1][0]) if rows else None

    def _answer(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of the last statement that has any."""
        rows: list[tuple[Any, ...]] = []
        if isinstance(self.session, PostgresSession):
            cursor = self.session.connection.execute(sql.encode())
            while True:
                rows = cursor.fetchall() if cursor.description else rows
                if not cursor.nextset():
                    return rows
        with self.session.connection.cursor() as cursor:  # type: ignore[attr-defined]  # SQL Server's
            cursor.execute(sql)
            while True:
                rows = cursor.fetchall() if cursor.description else rows
                if not cursor.nextset():
                    return rows


@contextmanager
def two_windows(laboratory: Laboratory) -> Iterator[dict[str, Window]]:
    """Windows A and B on the laboratory's server."""
    with ExitStack() as stack:
        first, second, observer = (stack.enter_context(laboratory.session()) for _ in range(3))
        assert isinstance(first, SqlSession)
        assert isinstance(second, SqlSession)
        yield {"Window A": Window(first, observer), "Window B": Window(second, observer)}


def play(path: Path, laboratory: Laboratory, on_step: Callable[[Step, str | None], object]) -> None:
    """Paste every step; `on_step` is told each with what it showed."""
    with two_windows(laboratory) as windows:
        victim = other = None
        for step in steps(path):
            window = {"The victim's window": victim, "The other window": other}.get(step.window) or windows[step.window]
            shown = window.paste(step.sql)
            if step.shows and ", here or in " in step.shows:
                # The circle is closed: one of the two goes on with an error, and lets the other go on.
                [holder] = [each for each in windows.values() if each is not window]
                endings = {window: window.goes_on() if shown == "waits" else shown, holder: holder.goes_on()}
                [victim] = [each for each, ending in endings.items() if ending is not None]
                [other] = [each for each, ending in endings.items() if ending is None]
                shown = endings[victim]
            on_step(step, shown)
