"""The `promptsales` command out of one process that has imported everything: a call is a fork, not a start of Python.

Run as a program it serves; `SHIM` is what stands for the command in a shell and hands over arguments, environment,
folder and the three standard streams.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType

SHIM = """\
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect(os.environ["PROMPTSALES_COMMAND_SERVER"])
socket.send_fds(server, [b"?"], [0, 1, 2])
asked = json.dumps({"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)})
server.sendall(asked.encode())
server.shutdown(socket.SHUT_WR)
sys.exit(int(server.recv(8) or 1))
"""


def serve(path: Path) -> None:
    """Answer calls until SIGTERM, which ends what still runs, too."""
    import promptsales.cli

    running: set[int] = set()

    def stop(number: int, frame: FrameType | None) -> None:
        for pid in running:
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(16)
    while True:
        client, _ = listener.accept()
        while running and (ended := os.waitpid(-1, os.WNOHANG)[0]):
            running.discard(ended)
        if (pid := os.fork()) == 0:
            listener.close()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.setsid()
            _answer(client, promptsales.cli.main)
        running.add(pid)
        client.close()


def _answer(client: socket.socket, command: object) -> None:
    """In the child: be the command that the client asked for, and tell it the exit status."""
    assert callable(command)
    _, streams, _, _ = socket.recv_fds(client, 1, 3)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    asked = json.loads(b"".join(iter(lambda: client.recv(1 << 16), b"")))
    os.chdir(asked["folder"])
    # Nothing was piped in: what a person would type comes from the file.
    if os.path.samestat(os.fstat(0), os.stat(os.devnull)):
        os.dup2(os.open(asked["environment"]["PROMPTSALES_ANSWERS"], os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["promptsales", *asked["arguments"]]
    status = 1
    try:
        command()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        client.sendall(str(status).encode())
        os._exit(status)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
