"""What runs on the local engines until its starter ends it: Airflow's components and the MCP servers."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from promptsales.errors import UnreachableError
from promptsales.local import process
from promptsales.local.engine import Notify
from promptsales.local.process import Launch
from promptsales.local.state import EngineError, LocalState, ProcessRecord, load_state, locked, log_file, save_state

START_SECONDS = 240
"""Airflow's first start on a busy machine compiles what it imports."""

POLL_SECONDS = 0.5

PATIENCE_SECONDS = 15
"""How long a service that is told to end may finish what it is doing."""


@dataclass(frozen=True)
class Service:
    """One process beside the engines.

    Attributes:
        name: its key in the state file, and the name of its log.
        title: what people read.
        command: how it is started.
        check: returns once it answers; raises UnreachableError until then.
        environment: what it is told besides the starter's own environment.
    """

    name: str
    title: str
    command: list[str]
    check: Callable[[], object]
    environment: dict[str, str] = field(repr=False, default_factory=dict)


@dataclass(frozen=True)
class Running:
    """Services that answered once.

    Attributes:
        root: the folder of their engines.
        processes: one for each service.
    """

    root: Path
    processes: list[tuple[Service, ProcessRecord]]

    def require_all(self) -> None:
        """Find every service alive.

        Raises:
            EngineError: one has ended; the text has the last lines of its log.
        """
        for service, record in self.processes:
            _require_alive(self.root, service, record)


@contextmanager
def running(root: Path, services: Sequence[Service], notify: Notify = lambda line: None) -> Iterator[Running]:
    """Run services until the end of the block, however it ends.

    Args:
        root: the folder of the running engines.
        services: started side by side.
        notify: receives one line for each that answers.

    Raises:
        EngineError: a service ended or does not answer; those that were started are stopped again.
    """
    try:
        started = Running(root, [(service, _start(root, service)) for service in services])
        _wait_for_all(started, notify)
        yield started
    finally:
        stop(root)


@contextmanager
def held(root: Path) -> Iterator[None]:
    """Let one starter at a time run services in a folder. The system lets go of it when the starter dies.

    Raises:
        EngineError: another one does.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EngineError(f"`promptsales up` runs in {root} already: end it with Ctrl-C there.") from None
        yield


def stop(root: Path) -> None:
    """Stop the services of the folder, also those that a killed starter left behind."""
    with locked(root, lambda line: None):
        state = load_state(root)
        end(state)
        save_state(root, state)


def end(state: LocalState) -> list[str]:
    """Stop the services that the state names and take them out of it; returns the names of those that ran."""
    with ThreadPoolExecutor(max(len(state.services), 1)) as pool:
        ended = list(pool.map(lambda record: process.stop_session(record, PATIENCE_SECONDS), state.services.values()))
    names = [name for name, ran in zip(state.services, ended, strict=True) if ran]
    state.services.clear()
    return names


def answer(url: str) -> httpx.Response:
    """What a server that is up says to a GET: any status but those of its own failures.

    Raises:
        UnreachableError: there is none.
    """
    try:
        # No certificates to load: the address is this machine's own.
        response = httpx.get(url, timeout=5, trust_env=False, verify=False)
    except httpx.HTTPError as error:
        raise UnreachableError(f"{url}: {type(error).__name__}") from error
    if response.status_code >= 500:
        raise UnreachableError(f"{url}: HTTP {response.status_code}")
    return response


def _start(root: Path, service: Service) -> ProcessRecord:
    log = log_file(root, service.name)
    with locked(root, lambda line: None):
        state = load_state(root)
        started = process.start(Launch(service.command, root, log, environment=service.environment))
        record = started.model_copy(update={"renames": True})
        state.services[service.name] = record
        save_state(root, state)
    return record


def _wait_for_all(started: Running, notify: Notify) -> None:
    begun = time.monotonic()
    silent = list(started.processes)
    while silent:
        for service, record in list(silent):
            _require_alive(started.root, service, record)
            try:
                service.check()
            except UnreachableError as error:
                if time.monotonic() - begun > START_SECONDS:
                    raise EngineError(
                        f"{service.title} does not answer after {START_SECONDS} s: "
                        f"{error}{process.log_tail(log_file(started.root, service.name))}"
                    ) from error
                continue
            silent.remove((service, record))
            notify(f"{service.title} ({time.monotonic() - begun:.0f} s)")
        time.sleep(POLL_SECONDS)


def _require_alive(root: Path, service: Service, record: ProcessRecord) -> None:
    if process.find(record) is None:
        raise EngineError(f"{service.title} ended:{process.log_tail(log_file(root, service.name))}")
