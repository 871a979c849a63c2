"""The project's documents: their blocks of commands, and what is said of those that no test runs."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from promptsales.paths import PROJECT_ROOT

DOCUMENTS = [
    PROJECT_ROOT / "README.md",
    *sorted((PROJECT_ROOT / "documentation").glob("*.md")),
    *sorted((PROJECT_ROOT / "database").rglob("*.md")),
]
"""In the order in which their commands run."""

SHELLS = {"bash", "sh", "console", "shell"}

REASONS = re.compile(
    r"takes minutes|until Ctrl-C|needs (Docker|a cluster|SQL Server|two machines|three windows|another window"
    r"|a value of yours|servers of yours|Docker, or a cluster)"
)
"""Why a block may stay without a run: it is written above the block as `<!-- not run: REASON -->`."""

_BLOCK = re.compile(
    r"^(?P<indent> *)(?:<!-- not run: (?P<reason>[^\n]*?) -->\n(?P=indent))?"
    r"```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """One fenced block of a document; `reason` is why it is not run, None where it is."""

    document: Path
    line: int
    language: str
    text: str
    reason: str | None

    @property
    def where(self) -> str:
        """For people."""
        return f"{self.document.relative_to(PROJECT_ROOT)}:{self.line}"


def blocks(document: Path) -> list[Block]:
    """Every fenced block of a document."""
    text = document.read_text(encoding="utf-8")
    return [
        Block(
            document,
            text.count("\n", 0, found.start()) + 1,
            found["language"],
            textwrap.dedent(found["text"]),
            found["reason"],
        )
        for found in _BLOCK.finditer(text)
    ]


def command_blocks(document: Path) -> list[Block]:
    """Those that hold commands."""
    return [block for block in blocks(document) if block.language in SHELLS]


def commands(text: str) -> Iterator[str]:
    """Every call of `promptsales` in a text, each up to where the shell ends it."""
    joined = text.replace("\\\n", " ")
    for line in joined.splitlines():
        code = re.sub(r"(^|\s)#.*", "", line)
        for part in re.split(r"&&|\|\||[|;&)]|\$\(", code):
            words = part.strip()
            if words.startswith("promptsales "):
                yield words
