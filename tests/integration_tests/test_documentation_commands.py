"""What the documents tell people to type: run as it stands, or marked with the reason why no test can."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from command_server import SHIM
from documents import DOCUMENTS, REASONS, Block, command_blocks, commands

from mcp_servers.servers import NAMES
from promptsales.cli import app
from promptsales.local.engines import down
from promptsales.local.process import pick_port
from promptsales.paths import PROJECT_ROOT

PASSWORD = "una clave larga y secreta"
"""What every prompt is answered."""

WAIT_SECONDS = 120

LARGEST_PICTURE = 150_000
"""Bytes: they are cloned with everything else."""


class Shell:
    """A shell that remembers its environment from block to block, as the terminal of somebody who reads along does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports: dict[str, int] = {}
        for name in NAMES:
            self.ports[name] = pick_port(None, avoid=self.ports.values())
        socket, shim, self.kept = folder / "socket", folder / "shim.py", folder / "environment"
        shim.write_text(SHIM)
        (folder / "answers").write_text(f"{PASSWORD}\n" * 2)
        given = {
            **os.environ,
            "PROMPTSALES_COMMAND_SERVER": str(socket),
            "PROMPTSALES_ANSWERS": str(folder / "answers"),
            "PROMPTSALES_LOCAL_DIR": str(folder / "local"),
            "PROMPTSALES_CERTIFICATE_DIR": str(folder / "certificates"),
            "PROMPTSALES_CERTIFICATE_PASSPHRASE": PASSWORD,
            "PROMPTSALES_REPORT_DIR": str(folder / "reports"),
            "PROMPTSALES_MCP_URLS": json.dumps(
                {name: f"http://127.0.0.1:{port}/mcp" for name, port in self.ports.items()}
            ),
        }
        self.kept.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in given.items()))
        server = [sys.executable, str(Path(__file__).with_name("command_server.py")), str(socket)]
        self.server = subprocess.Popen(server, stdin=subprocess.DEVNULL)
        # A function comes before every folder of PATH, also those that a block adds.
        call = f'{shlex.quote(sys.executable)} -SE {shlex.quote(str(shim))} "$@"'
        port = "".join(f'{name}) set -- "$@" --port {number};; ' for name, number in self.ports.items())
        self.command = (
            "promptsales() { "
            f'case "$1 $2" in "mcp serve") case "$3" in {port}esac;; esac; {call}; }}'
        )  # fmt: skip
        self._wait(socket.exists)

    def run(self, block: Block) -> None:
        """Run a block from the project's folder. It fails where one of its commands does."""
        script = "\n".join(
            [
                "set -euo pipefail", f". {self.kept}", self.command, f"cd {PROJECT_ROOT}", self._waiting(block.text),
                "set +u", f"export -p > {self.kept}",
            ]
        )  # fmt: skip
        log = self.folder / "log"
        with log.open("w") as output:
            status = subprocess.run(
                ["bash", "-c", script],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            ).returncode  # fmt: skip
        assert status == 0, f"{block.where}\n{block.text}\n{log.read_text()}"

    def _waiting(self, text: str) -> str:
        """The text, that waits after each line that starts a server, as its reader does."""
        lines = []
        for line in text.splitlines():
            lines.append(line)
            lines += [
                f"until (: < /dev/tcp/127.0.0.1/{self.ports[name]}) 2> /dev/null; do sleep 0.1; done"
                for name in re.findall(r"promptsales mcp serve (\w+)", line)
            ]
        return "\n".join(lines)

    def _wait(self, what: object) -> None:
        assert callable(what)
        end = time.monotonic() + WAIT_SECONDS
        while not what():
            assert self.server.poll() is None
            assert time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.1)

    def close(self) -> None:
        """Stop everything that the blocks left running."""
        self.server.terminate()
        self.server.wait()
        down(self.folder / "local")


@pytest.fixture(scope="module")
def shell() -> Iterator[Shell]:
    folder = Path(tempfile.mkdtemp(prefix="promptsales-"))
    # The engines' own OS user has to pass through.
    folder.chmod(0o755)
    shell = Shell(folder)
    try:
        yield shell
    finally:
        shell.close()
        shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_command_that_needs_nothing_else_runs(shell: Shell) -> None:
    ran = [block for document in DOCUMENTS for block in command_blocks(document) if block.reason is None]
    assert len(ran) >= 10
    for block in ran:
        shell.run(block)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_is_not_run_says_why(document: Path) -> None:
    for block in command_blocks(document):
        assert block.reason is None or REASONS.fullmatch(block.reason), f"{block.where}: {block.reason}"
    # A mark that stands above no block marks nothing.
    marks = document.read_text(encoding="utf-8").count("<!-- not run:")
    assert marks == sum(block.reason is not None for block in command_blocks(document))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_and_option_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    written = [*re.findall(r"`(promptsales [^`\n]+)`", text)]
    for block in command_blocks(document):
        written += commands(block.text)
    for line in written:
        _look_up(line)


def _look_up(line: str) -> None:
    """Find the command of a line, and that it takes its options."""
    command: Any = typer.main.get_command(app)
    try:
        words = shlex.split(line)[1:]
    except ValueError:
        words = line.split()[1:]
    while hasattr(command, "commands") and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        assert words[0] in command.commands, f"{line!r}: there is no {words[0]!r}"
        command = command.commands[words.pop(0)]
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for word in words:
        if re.fullmatch(r"--[a-z-]+", word):
            assert word in options | {"--help"}, f"{line!r}: {command.name} takes no {word}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_target_of_make_exists(document: Path) -> None:
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    text = document.read_text(encoding="utf-8")
    told = re.findall(r"`make ([a-z][\w-]*)", text)
    for block in command_blocks(document):
        told += re.findall(r"^make ([a-z][\w-]*)", block.text, re.MULTILINE)
    assert [target for target in told if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        assert target.startswith("https://") or (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_picture_is_small_and_shown_somewhere() -> None:
    text = "".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    pictures = sorted((PROJECT_ROOT / "documentation" / "images").glob("*.png"))
    assert pictures
    for picture in pictures:
        assert f"images/{picture.name})" in text, picture.name
        assert picture.stat().st_size < LARGEST_PICTURE, picture.name
