"""What every local engine is to the supervisor."""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from promptsales.local.process import Launch
from promptsales.local.state import data_dir, log_file

Notify = Callable[[str], None]
Ports = Mapping[str, int]


class Engine(ABC):
    """One server process of the local profile.

    Attributes:
        name: its key in the state file, and the name of its data folder and log.
        title: what people read; it says so where the engine stands in for one that cannot run here.
        stop_signal: what makes it stop cleanly.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, root: Path, passwords: Mapping[str, str]) -> None:
        self.root = root
        self.passwords = passwords
        self.data = data_dir(root, self.name)
        self.log = log_file(root, self.name)

    @property
    @abstractmethod
    def program(self) -> Path:
        """The executable that runs in its data folder."""

    def prepare(self, notify: Notify) -> None:
        """Makes what must exist before the first start. Safe to repeat."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)

    @abstractmethod
    def launch(self, ports: Ports) -> Launch:
        """How to start it on its port of `ports`."""

    @abstractmethod
    def check(self, ports: Ports) -> str:
        """Logs in over its own protocol and returns the server's version.

        Raises:
            UnreachableError: it does not answer yet, or no longer.
        """

    def provision(self, ports: Ports) -> None:  # noqa: B027 - most engines have nothing to make
        """Makes logins and databases once it answers. Safe to repeat."""
