"""One supervised process: started apart from its starter, recognised later, stopped without leftovers."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

import psutil

from promptsales.local.state import EngineError, ProcessRecord

HOST = "127.0.0.1"
PORTS = range(20_000, 32_000)
"""Below the ports that systems give to outgoing connections, so that one is still free at the next start."""

LOG_LINES = 5
SETTLE_SECONDS = 10
LEFTOVER_SECONDS = 5
CLOCK_SLACK_SECONDS = 2.0
"""A process's start time is counted from the boot time, which moves when the clock is set."""

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Processes that this very program started: it has to reap them, or they stay as zombies."""


def loopback() -> str:
    """The host name under which this machine's own services find each other."""
    return HOST


@dataclass(frozen=True)
class Launch:
    """How to start a process. `account` is the OS user it runs as, None for the current one."""

    command: list[str]
    folder: Path
    log: Path
    account: str | None = None
    environment: dict[str, str] = field(default_factory=dict)


def start(launch: Launch) -> ProcessRecord:
    """Starts the process in a session of its own, its output going to its log; the last run's log is kept.

    Raises:
        EngineError: the system refused, because the program is missing or the log cannot be written.
    """
    launch.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if launch.log.exists():
        launch.log.replace(launch.log.with_suffix(".log.1"))
    try:
        with launch.log.open("wb") as log:
            child = subprocess.Popen(
                launch.command,
                cwd=launch.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **launch.environment},
                **as_account(launch.account),
            )
        _children[child.pid] = child
        return ProcessRecord(pid=child.pid, started_at=psutil.Process(child.pid).create_time(), command=launch.command)
    except OSError as error:
        raise EngineError(f"cannot start {launch.command[0]}: {error.strerror}") from error


class AccountArguments(TypedDict, total=False):
    """Those of `subprocess` that name an OS user."""

    user: str
    group: str
    extra_groups: list[str]


def as_account(account: str | None) -> AccountArguments:
    """The arguments of `subprocess` that drop root's rights for those of an OS user."""
    return {"user": account, "group": account, "extra_groups": []} if account else {}


def refuse_second(folder: Path, program: Path) -> None:
    """No second server on one folder.

    Helper processes of a server that was killed end a moment after it; anything that stays is a server of
    which the state file does not know, and only its owner may decide to end it.

    Raises:
        EngineError: `program` still runs in `folder`.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    while squatter := _running_in(folder, program.resolve()):
        if time.monotonic() > deadline:
            raise EngineError(
                f"process {squatter} already serves {folder} without being in the state file: end it with "
                f"`kill -INT {squatter}`, then try again."
            )
        time.sleep(0.05)


def find(record: ProcessRecord | None) -> psutil.Process | None:
    """The live process of a record: same pid, start time and command (if it keeps that). None for anything less."""
    if record is None:
        return None
    try:
        process = psutil.Process(record.pid)
        if abs(process.create_time() - record.started_at) > CLOCK_SLACK_SECONDS:
            return None
        # Nobody else can have the pid of a child that is not reaped yet, and just after its start the system shows
        # no command of it.
        if record.pid not in _children and not record.renames and process.cmdline() != record.command:
            return None
    except psutil.Error:
        return None
    return None if _ended(process) else process


def stop(record: ProcessRecord | None, stop_signal: signal.Signals, patience_seconds: float = 30) -> bool:
    """Ends the recorded process and all that came of it. False: it was not running.

    Whatever outlives the patience is killed.
    """
    process = find(record)
    if process is None:
        return False
    try:
        family = [process, *process.children(recursive=True)]
        process.send_signal(stop_signal)
    except psutil.NoSuchProcess:
        return False
    _wait_for_end([process], patience_seconds)
    for survivor in _wait_for_end(family, LEFTOVER_SECONDS):
        with suppress(psutil.NoSuchProcess):
            survivor.kill()
    _wait_for_end(family, LEFTOVER_SECONDS)
    return True


def stop_session(record: ProcessRecord, patience_seconds: float) -> bool:
    """Ends the recorded process and all of its session, also where that process is gone already. False: none was left.

    Whatever outlives the patience is killed.
    """
    leader = find(record)
    if leader is not None:
        with suppress(psutil.NoSuchProcess):
            leader.terminate()
        _wait_for_end([leader], patience_seconds)
    followers = _session(record)
    for survivor in _wait_for_end(followers, LEFTOVER_SECONDS if leader is None else 0):
        with suppress(psutil.NoSuchProcess):
            survivor.kill()
    _wait_for_end(followers, LEFTOVER_SECONDS)
    return leader is not None or bool(followers)


def memory_mb(process: psutil.Process) -> float:
    """Memory of the process and its children in megabytes, pages that they share counted once."""
    total = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            memory = member.memory_full_info()
            total += getattr(memory, "pss", memory.uss)
        except psutil.Error:
            continue
    return total / 1e6


def pick_port(wanted: int | None, avoid: Container[int] = ()) -> int:
    """`wanted` if nobody has it, otherwise a free port that is not in `avoid`.

    Raises:
        EngineError: a hundred tries found none.
    """
    candidates = ([wanted] if wanted else []) + random.sample(PORTS, 100)
    for port in candidates:
        if port not in avoid and port_is_free(port):
            return port
    raise EngineError(f"no free port found between {PORTS.start} and {PORTS.stop} on {HOST}")


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        # What servers do themselves: a connection that just closed does not make the port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def log_tail(log: Path) -> str:
    """The last lines of a log and where it is: what an error shows of an engine that ended."""
    lines = log.read_text(errors="replace").strip().splitlines()[-LOG_LINES:] if log.exists() else []
    return "".join(f"\n  {line}" for line in lines) + f"\n  log: {log}"


def require_free_space(folder: Path, needed_mb: int, purpose: str) -> None:
    """Refuses to begin what the disk cannot take.

    Raises:
        EngineError: less than `needed_mb` megabytes are free where `folder` is.
    """
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    if free_mb < needed_mb:
        raise EngineError(
            f"{purpose} needs {needed_mb} MB and {folder} has {free_mb} MB free: make room, or name a "
            "folder on another disk in PROMPTSALES_LOCAL_DIR."
        )


def package_dir(package: str) -> Path:
    """Where an installed package lies. The package is not imported.

    Raises:
        EngineError: it is not installed.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise EngineError(f"{package} is not installed: run `pip install -e '.[local]'` in the project.")
    return Path(spec.submodule_search_locations[0])


def _wait_for_end(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Waits for all of them; returns those that still run when the time is over."""
    deadline = time.monotonic() + seconds
    while alive := [process for process in processes if not _ended(process)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return alive


def _ended(process: psutil.Process) -> bool:
    """Whether it runs no more. A zombie does not, though its parent may take its time to notice."""
    child = _children.get(process.pid)
    if child is not None and child.poll() is not None:
        del _children[process.pid]
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _session(record: ProcessRecord) -> list[psutil.Process]:
    """What is left of the session that the recorded process began; the system gives its id to no other meanwhile."""
    found = []
    earliest = record.started_at - CLOCK_SLACK_SECONDS
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == record.pid and process.create_time() >= earliest:
                found.append(process)
        except (OSError, psutil.Error):
            continue
    return found


def _running_in(folder: Path, program: Path) -> int | None:
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder) and process.exe() == str(program):
                return int(process.pid)
        except psutil.Error:
            continue
    return None
