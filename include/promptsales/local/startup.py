"""One start of the local engines: in parallel, each checked over its own protocol, undone if one fails."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock

from promptsales.errors import UnreachableError
from promptsales.local import process
from promptsales.local.engine import Engine, Notify
from promptsales.local.state import EngineError, EngineState, LocalState, ProcessRecord, save_state

START_SECONDS = 120
"""Long enough for PostgreSQL to recover from a crash."""


class _CancelledError(Exception):
    """Another engine failed, or the command was interrupted."""


class Startup:
    """What one call of `up` starts, so that a failure or Ctrl-C can undo exactly that."""

    def __init__(self, root: Path, state: LocalState, notify: Notify) -> None:
        self.root = root
        self.state = state
        self.notify = notify
        self._started: list[Engine] = []
        self._cancelled = Event()
        self._saving = Lock()

    def run(self, chains: Sequence[Sequence[Engine]]) -> None:
        """Starts the chains side by side, the engines of a chain one after the other.

        Raises:
            EngineError: one could not start. Then, and when the call is interrupted, everything that it
                started is stopped again.
        """
        for chain in chains:
            for engine in chain:
                self._assign_port(engine)
        try:
            with ThreadPoolExecutor(len(chains)) as pool:
                try:
                    work = [pool.submit(self._start_chain, chain) for chain in chains]
                    done, _ = wait(work, return_when=FIRST_EXCEPTION)
                finally:
                    self._cancelled.set()
            for future in done:
                future.result()
        except BaseException:
            self._undo()
            raise

    def _start_chain(self, chain: Sequence[Engine]) -> None:
        for engine in chain:
            begun = time.monotonic()
            try:
                version = self._start(engine)
            except OSError as error:
                raise EngineError(f"{engine.title}: {error.strerror}: {error.filename}") from error
            self.notify(
                f"{engine.title} {version} on {process.HOST}:{self.state.engines[engine.name].port} "
                f"({time.monotonic() - begun:.1f} s)"
            )

    def _start(self, engine: Engine) -> str:
        process.refuse_second(engine.data, engine.program)
        engine.prepare(self.notify)
        if self._cancelled.is_set():
            raise _CancelledError
        entry = self.state.engines[engine.name]
        record = entry.process = process.start(engine.launch(self.state.ports()))
        self._started.append(engine)
        self._save()
        entry.version = self._wait_until_it_answers(engine, record)
        engine.provision(self.state.ports())
        self._save()
        return entry.version

    def _save(self) -> None:
        with self._saving:
            save_state(self.root, self.state)

    def _assign_port(self, engine: Engine) -> None:
        last = self.state.engines.get(engine.name)
        others = {port for name, port in self.state.ports().items() if name != engine.name}
        port = process.pick_port(last.port if last else None, avoid=others)
        if last and port != last.port:
            self.notify(
                f"port {last.port} is taken by another program: {engine.title} moves to {port}, so take the "
                "settings anew with `promptsales local env`"
            )
        self.state.engines[engine.name] = EngineState(port=port)

    def _wait_until_it_answers(self, engine: Engine, record: ProcessRecord) -> str:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                version = engine.check(self.state.ports())
                reason = ""
            except UnreachableError as error:
                reason = str(error)
            # Asked after the check: whatever answered may be a stranger that took the port first.
            if process.find(record) is None:
                raise EngineError(f"{engine.title} ended while it started:{process.log_tail(engine.log)}")
            if not reason:
                return version
            if time.monotonic() > deadline:
                raise EngineError(
                    f"{engine.title} does not answer after {START_SECONDS} s: {reason}{process.log_tail(engine.log)}"
                )
            if self._cancelled.wait(0.05):
                raise _CancelledError

    def _undo(self) -> None:
        for engine in reversed(self._started):
            entry = self.state.engines[engine.name]
            process.stop(entry.process, engine.stop_signal)
            entry.process = None
        # A disk that is full is no reason to hide why the start failed; a record of an ended process does no harm.
        with suppress(EngineError):
            save_state(self.root, self.state)
