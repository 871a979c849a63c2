"""Machines that share nothing but a cable to a server: network namespaces, made and taken away by the test.

No interface is made outside of them. A relay carries what the machines send to the server's address on to the
server, which listens on the loopback address of this one.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from uuid import uuid4

CLONE_NEWNET = 0x40000000


@dataclass(frozen=True)
class Machine:
    """A namespace with one address."""

    namespace: str
    address: str

    def command(self, *words: str) -> list[str]:
        """`words`, run on this machine."""
        return ["ip", "netns", "exec", self.namespace, *words]


@dataclass(frozen=True)
class Network:
    """Machines and the server's address, which each reaches by a cable of its own."""

    hub: str
    machines: list[Machine]
    server_addresses: list[str]
    callers: list[str] = field(default_factory=list)
    """The addresses that connections to the server came from."""


def why_not() -> str | None:
    """Why no network can be made here."""
    if os.geteuid() != 0:
        return "network namespaces take root: run this test as root, or the recipe of documentation/CONCURRENCY.md"
    if shutil.which("ip") is None:
        return "network namespaces take the command `ip` (iproute2)"
    name = f"probe{uuid4().hex[:6]}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode:
        return "this machine lets root make no network namespaces (a container without CAP_SYS_ADMIN?)"
    subprocess.run(["ip", "netns", "delete", name], check=True)
    return None


@contextmanager
def network(count: int, port: int) -> Iterator[Network]:
    """`count` machines that reach, at `port` of their server's address, what listens on loopback's."""
    token = uuid4().hex[:6]
    hub = f"hub{token}"
    names = [f"host{token}{number}" for number in range(count)]
    machines = [Machine(name, f"10.77.{number}.2") for number, name in enumerate(names)]
    made = Network(hub, machines, [f"10.77.{number}.1" for number in range(count)])
    try:
        for name in [hub, *names]:
            _ip("netns", "add", name)
        for number, machine in enumerate(machines):
            cable = f"c{token}{number}"
            _ip("-n", hub, "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", machine.namespace)
            _ip("-n", hub, "address", "add", f"{made.server_addresses[number]}/24", "dev", cable)
            _ip("-n", hub, "link", "set", cable, "up")
            _ip("-n", machine.namespace, "address", "add", f"{machine.address}/24", "dev", "eth0")
            _ip("-n", machine.namespace, "link", "set", "eth0", "up")
        with _relay(made, port):
            yield made
    finally:
        for name in [hub, *names]:
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "delete", name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def _relay(made: Network, port: int) -> Iterator[None]:
    listener = _listening_in(made.hub, port)
    acceptor = Thread(target=_accept, args=(listener, made, port), daemon=True)
    acceptor.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()


def _listening_in(namespace: str, port: int) -> socket.socket:
    """A socket belongs to the namespace of the thread that makes it, and any thread may use it."""
    made = list[socket.socket]()

    def enter() -> None:
        with Path("/run/netns", namespace).open() as handle:
            if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"cannot enter the namespace {namespace}")
        made.append(socket.create_server(("", port)))

    thread = Thread(target=enter)
    thread.start()
    thread.join()
    return made[0]


def _accept(listener: socket.socket, made: Network, port: int) -> None:
    while True:
        try:
            client, (address, _) = listener.accept()
        except OSError:
            return
        made.callers.append(address)
        server = socket.create_connection(("127.0.0.1", port))
        for source, target in ((client, server), (server, client)):
            Thread(target=_carry, args=(source, target), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
