"""What is remembered between two runs of the local engines: ports, processes, passwords, and the lock."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ValidationError

from promptsales.errors import PromptSalesError
from promptsales.paths import PROJECT_ROOT

PASSWORDS = (
    "postgres",
    "promptsales_admin",
    "promptsales_etl",
    "promptsales_mcp",
    "promptsales_sso",
    "promptsales_verificador",
    "airflow",
    "airflow_tokens",
    "standin_storage",
    "standin_admin",
    "standin_etl",
    "standin_mcp",
    "redis",
    "pinecone",
    "administrator",
)
"""The logins that get a random password each, and what Airflow signs its tokens with."""


ADMINISTRATOR_FILE = "admin.password"
"""Holds the password of the user `admin`, for people and for `promptsales sso token --password-stdin`."""


class EngineError(PromptSalesError):
    """A local engine could not be started, reached or stopped."""


class ProcessRecord(BaseModel):
    """Which process an engine or a service is. A pid alone is not enough: the system gives it to someone else later."""

    pid: int
    started_at: float
    command: list[str]
    renames: bool = False
    """Whether it shows another command line than it was started with."""


class EngineState(BaseModel):
    """One engine: the port it keeps from run to run, and its process while it runs."""

    port: int
    version: str = ""
    process: ProcessRecord | None = None


class LocalState(BaseModel):
    """The state file: every engine that was ever started here, by its name, and the services that `up` runs on them."""

    engines: dict[str, EngineState] = {}
    services: dict[str, ProcessRecord] = {}

    def ports(self) -> dict[str, int]:
        """The port of every engine that has one."""
        return {name: engine.port for name, engine in self.engines.items()}


def local_dir() -> Path:
    """The folder of the local profile: `.local/` in the project, or what PROMPTSALES_LOCAL_DIR names."""
    return Path(os.environ.get("PROMPTSALES_LOCAL_DIR") or PROJECT_ROOT / ".local").expanduser().resolve()


def data_dir(root: Path, engine: str) -> Path:
    """Where an engine keeps its data."""
    return root / "data" / engine


def log_file(root: Path, engine: str) -> Path:
    """Where an engine writes what it has to say."""
    return root / "logs" / f"{engine}.log"


def load_state(root: Path) -> LocalState:
    """The state file, empty where there is none.

    Raises:
        EngineError: it belongs to another user, or is not what this program wrote.
    """
    path = root / "state.json"
    try:
        owner = path.stat().st_uid
        if owner != os.geteuid():
            raise EngineError(
                f"the engines in {root} belong to the user with id {owner}: run this as that user, or name "
                "another folder in PROMPTSALES_LOCAL_DIR."
            )
        return LocalState.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return LocalState()
    except OSError as error:
        raise EngineError(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        raise EngineError(f"{path} is damaged: delete it, then run `promptsales local up`.") from error


def save_state(root: Path, state: LocalState) -> None:
    """Writes the state file, whole or not at all."""
    write_private(root / "state.json", state.model_dump_json(indent=2))


def load_passwords(root: Path) -> dict[str, str]:
    """The random passwords of this folder by login, made at the first call. Letters, digits, - and _ only.

    Raises:
        EngineError: the file is gone although the databases that know the passwords are there.
    """
    path = root / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    if not known and (root / "data").exists():
        raise EngineError(
            f"{path} is gone and with it the passwords of the data beside it: put the file back, or run "
            "`promptsales local down --purge` to begin anew."
        )
    missing = {login: secrets.token_hex(16) for login in PASSWORDS if login not in known}
    if missing:
        known |= missing
        write_private(path, json.dumps(known, indent=2))
    return known


def forget(root: Path) -> None:
    """Deletes the data, logs, state, passwords and Airflow's home; nothing else that the folder may hold."""
    for folder in ("data", "logs", "airflow"):
        shutil.rmtree(root / folder, ignore_errors=True)
    for file in ("state.json", "secrets.json", ADMINISTRATOR_FILE):
        (root / file).unlink(missing_ok=True)


@contextmanager
def locked(root: Path, notify: Callable[[str], None]) -> Iterator[None]:
    """Lets one command at a time change the engines of a folder; a second one says that it waits.

    Raises:
        EngineError: the folder cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / "lock").open("w")
    except OSError as error:
        raise EngineError(
            f"cannot write in {root}: {error.strerror}. Name another in PROMPTSALES_LOCAL_DIR."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            notify("another `promptsales local` command is at work here: waiting for it to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_private(path: Path, text: str) -> None:
    """Writes a file, readable by its owner only, whole or not at all.

    Raises:
        EngineError: it cannot be written.
    """
    draft = path.with_suffix(".new")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
        draft.replace(path)
    except OSError as error:
        raise EngineError(f"cannot write {path}: {error.strerror}") from error
