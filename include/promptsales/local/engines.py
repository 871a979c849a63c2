"""The set of local engines: what needs what, starting them, stopping them, what they are doing."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

from promptsales.errors import UnreachableError
from promptsales.local import process, services
from promptsales.local.engine import Engine, Notify
from promptsales.local.environment import build_environment
from promptsales.local.mongodb import MongoDB
from promptsales.local.pinecone_engine import PineconeStandIn
from promptsales.local.postgres import StandInStorage, Warehouse
from promptsales.local.sqlserver_engine import SqlServerStandIn
from promptsales.local.startup import Startup
from promptsales.local.state import (
    EngineError,
    LocalState,
    forget,
    load_passwords,
    load_state,
    locked,
    save_state,
)
from promptsales.local.valkey import Valkey

Chain = tuple[type[Engine], ...]

CHAINS: tuple[Chain, ...] = (
    (Warehouse,),
    (StandInStorage, SqlServerStandIn),
    (MongoDB,),
    (Valkey,),
    (PineconeStandIn,),
)
"""Chains are independent; inside one, each engine needs the one before it."""


@dataclass(frozen=True)
class EngineStatus:
    """One line of `promptsales local status`. `condition` is running, stopped, died or not answering."""

    title: str
    condition: str
    version: str = ""
    port: int | None = None
    pid: int | None = None
    memory_mb: float | None = None


def _silent(line: str) -> None:
    """For callers that want no progress."""


def up(root: Path, notify: Notify = _silent) -> LocalState:
    """Starts every engine that is not running, in parallel, and returns when each answers its own protocol.

    Args:
        root: the folder that keeps data, state, passwords and logs.
        notify: receives one line for each thing worth saying.

    Raises:
        EngineError: one could not start; those that this call had started are stopped again.
    """
    with locked(root, notify):
        state = load_state(root)
        engines = [[kind(root, load_passwords(root)) for kind in chain] for chain in CHAINS]
        chains = [missing for chain in engines if (missing := _missing(state, chain))]
        if chains:
            Startup(root, state, notify).run(chains)
        else:
            notify("already running")
        return state


def down(root: Path, *, purge: bool = False, notify: Notify = _silent) -> None:
    """Stops what `promptsales up` left behind, then every engine; `purge` also deletes data, logs, state and passwords.

    Running it again does nothing.

    Raises:
        EngineError: the engines belong to another user, or a server runs on the folder that the state file does not
            know, because `up` was killed: its data is kept, and it is named.
    """
    if not root.exists():
        notify("nothing is running")
        return
    with locked(root, notify):
        state = load_state(root)
        stopped = services.end(state)
        with ThreadPoolExecutor(len(CHAINS)) as pool:
            stopped += itertools.chain.from_iterable(pool.map(lambda kinds: _stop(state, kinds), CHAINS))
        if state.engines:
            save_state(root, state)
        notify(f"stopped {', '.join(stopped)}" if stopped else "nothing is running")
        for kind in itertools.chain.from_iterable(CHAINS):
            if (engine := kind(root, {})).data.exists():
                process.refuse_second(engine.data, engine.program)
        if purge:
            forget(root)
            notify(f"the data, logs and passwords in {root} are deleted")


def status(root: Path) -> list[EngineStatus]:
    """What every engine is doing now, in the order in which they start.

    Raises:
        EngineError: the folder's state cannot be read.
    """
    state = load_state(root)
    passwords = load_passwords(root) if state.engines else {}
    return [_status(state, kind(root, passwords)) for chain in CHAINS for kind in chain]


def environment(root: Path) -> dict[str, str]:
    """The environment variables that point the platform and Airflow at the running engines.

    Raises:
        EngineError: an engine is down.
    """
    state = load_state(root)
    off = [kind.title for chain in CHAINS for kind in chain if _live(state, kind.name) is None]
    if off:
        raise EngineError(f"not running: {', '.join(off)}. Run `promptsales local up` first.")
    return build_environment(root, state.ports(), load_passwords(root))


def _live(state: LocalState, name: str) -> psutil.Process | None:
    entry = state.engines.get(name)
    return process.find(entry.process) if entry else None


def _missing(state: LocalState, chain: list[Engine]) -> list[Engine]:
    """The engines of a chain to start: the first that is down, and what needs it, which is stopped here."""
    running = 0
    while running < len(chain) and (live := _live(state, chain[running].name)):
        _require_answer(state, chain[running], live.pid)
        running += 1
    for engine in reversed(chain[running:]):
        if entry := state.engines.get(engine.name):
            process.stop(entry.process, engine.stop_signal)
    return chain[running:]


def _require_answer(state: LocalState, engine: Engine, pid: int) -> None:
    try:
        engine.check(state.ports())
    except UnreachableError as error:
        raise EngineError(
            f"{engine.title} runs (pid {pid}) but does not answer: {error}. Run `promptsales local down`, "
            f"then `up`. Its log is {engine.log}."
        ) from error


def _stop(state: LocalState, chain: Chain) -> list[str]:
    stopped = []
    for kind in reversed(chain):
        if entry := state.engines.get(kind.name):
            if process.stop(entry.process, kind.stop_signal):
                stopped.append(kind.title)
            entry.process = None
    return stopped


def _status(state: LocalState, engine: Engine) -> EngineStatus:
    entry = state.engines.get(engine.name)
    if entry is None or entry.process is None:
        return EngineStatus(engine.title, "stopped", port=entry.port if entry else None)
    live = process.find(entry.process)
    if live is None:
        return EngineStatus(engine.title, "died", entry.version, entry.port)
    try:
        engine.check(state.ports())
        condition = "running"
    except UnreachableError:
        condition = "not answering"
    memory = process.memory_mb(live)
    return EngineStatus(engine.title, condition, entry.version, entry.port, live.pid, memory)
