"""A table of figures, and how it is shown: in a terminal, in Markdown, in HTML."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from rich.markup import escape as unmarked
from rich.table import Table

from promptsales.benchmarks.page import table


@dataclass(frozen=True)
class Figures:
    """A table; its last columns, `numbers` of them, are numbers."""

    title: str
    headings: list[str]
    rows: list[list[str]]
    numbers: int

    def terminal(self) -> Table:
        """For a console of rich's."""
        view = Table(title=unmarked(self.title))
        for number, heading in enumerate(self.headings):
            right = number >= len(self.headings) - self.numbers
            # A narrow terminal breaks what is long; it leaves nothing out.
            view.add_column(heading, justify="right" if right else "left", overflow="fold")
        for row in self.rows:
            view.add_row(*map(unmarked, row))
        return view

    def markdown(self) -> str:
        """A table of GitHub's Markdown under its title."""
        words = len(self.headings) - self.numbers
        rule = ["---"] * words + ["---:"] * self.numbers
        lines = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in (self.headings, rule, *self.rows)]
        return f"**{self.title}**\n\n" + "\n".join(f"| {line} |" for line in lines)

    def html(self) -> str:
        """A table under its title."""
        rows = [[escape(cell) for cell in row] for row in self.rows]
        return f"<h3>{escape(self.title)}</h3>" + table([*map(escape, self.headings)], rows, numbers=self.numbers)
