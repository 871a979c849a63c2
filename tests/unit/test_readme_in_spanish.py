"""README.es.md says what README.md says: the same parts, commands, links and figures, in the same order."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from promptsales.paths import PROJECT_ROOT

ENGLISH = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
SPANISH = (PROJECT_ROOT / "README.es.md").read_text(encoding="utf-8")

FENCE = re.compile(r"```(?:bash|json|text)\n.*?```", re.DOTALL)


def headings(text: str) -> list[int]:
    return [len(marks) for marks in re.findall(r"^(#+) ", without_blocks(text), re.MULTILINE)]


def without_blocks(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def commands(text: str) -> list[str]:
    """The lines of every block without what is said beside them."""
    return [re.sub(r"\s+# .*", "", line) for block in FENCE.findall(text) for line in block.splitlines()]


def links(text: str) -> list[str]:
    found = re.findall(r"\]\(([^)]+)\)|(https?://[^\s)\"]+[^\s)\".])", without_blocks(text))
    return sorted("".join(pair).replace("README.es.md", "README.md") for pair in found)


def code(text: str) -> list[str]:
    """Names of files, commands and settings, with blanks where a line broke."""
    return sorted(" ".join(each.split()) for each in re.findall(r"`([^`]+)`", without_blocks(text)))


def figures(text: str) -> list[str]:
    plain = re.sub(r"`[^`]+`|\]\([^)]+\)|https?://\S+", "", without_blocks(text))
    joined = re.sub(r"(?<=\d)[,  ](?=\d{3}\b)", "", plain)
    return sorted(re.findall(r"\d+(?:\.\d+)*", joined))


def reasons(text: str) -> list[str]:
    return re.findall(r"<!-- not run: (.*?) -->", text)


def shapes(text: str) -> list[str]:
    """How each line of a list or table begins."""
    return re.findall(r"^ *(\||- |\d+\. )", without_blocks(text), re.MULTILINE)


@pytest.mark.parametrize("part", [headings, commands, links, code, figures, reasons, shapes])
def test_both_have_the_same(part: Callable[[str], list[object]]) -> None:
    assert part(SPANISH) == part(ENGLISH)


def test_it_is_not_a_copy() -> None:
    paragraphs = {each for each in without_blocks(ENGLISH).split("\n\n") if len(each) > 80 and "|" not in each}
    assert not paragraphs & set(SPANISH.split("\n\n"))
