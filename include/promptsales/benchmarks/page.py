"""HTML that stands by itself: one file, with its style and its pictures inside."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = """
:root { --ink: #1c2733; --soft: #5b6b7b; --line: #d9e0e6; --bad: #b3261e; --good: #1b6e3c; --paper: #ffffff; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: #f4f6f8; margin: 0; }
main { max-width: 1240px; margin: 0 auto; padding: 24px 32px 64px; background: var(--paper); }
h1 { font-size: 26px; margin: 8px 0; }
h2 { font-size: 20px; margin: 40px 0 8px; border-bottom: 2px solid var(--line); }
h3 { font-size: 16px; margin: 24px 0 4px; } p { max-width: 80ch; } .soft { color: var(--soft); }
table { border-collapse: collapse; margin: 8px 0 16px; font-size: 14px; }
th, td { text-align: left; padding: 4px 10px; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td.n { white-space: nowrap; }
pre, code { font: 13px/1.45 ui-monospace, monospace; }
pre { background: #f4f6f8; padding: 10px 14px; white-space: pre-wrap; }
pre[id] { scroll-margin-top: 72px; }
img { max-width: 100%; height: auto; }
.box { border-left: 4px solid var(--line); padding: 8px 14px; margin: 12px 0; background: #f8fafb; }
.box.bad { border-color: var(--bad); } .box.good { border-color: var(--good); }
details { margin: 6px 0; border: 1px solid var(--line); border-radius: 6px; padding: 6px 12px; }
summary { cursor: pointer; font-weight: 600; }
.plans { display: flex; gap: 24px; flex-wrap: wrap; } .plans > div { flex: 1 1 420px; min-width: 0; }
ul.plan, ul.plan ul { list-style: none; margin: 0; padding-left: 20px; border-left: 1px solid var(--line); }
ul.plan { padding-left: 0; border: 0; } ul.plan li { margin: 4px 0; }
.op { display: inline-block; padding: 2px 8px; border: 1px solid var(--line); border-radius: 4px; font-size: 13px; }
.op.scans { border-color: var(--bad); background: #fdeceb; }
.op.seeks { border-color: var(--good); background: #e9f6ee; }
"""


def page(title: str, parts: Iterable[str]) -> str:
    """A whole document."""
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body><main>\n<h1>{escape(title)}</h1>\n{body}\n</main></body>\n</html>\n"
    )


def facts_table(facts: Mapping[str, str]) -> str:
    """Names and values."""
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts.items())
    return f"<table>{rows}</table>"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int = 0) -> str:
    """A table of cells that are HTML already; the last `numbers` columns are numbers."""
    first = len(headings) - numbers

    def line(cells: Sequence[str], tag: str) -> str:
        kinds = [' class="n"' if number >= first else "" for number in range(len(cells))]
        parts = "".join(f"<{tag}{kind}>{cell}</{tag}>" for kind, cell in zip(kinds, cells, strict=True))
        return f"<tr>{parts}</tr>"

    body = "".join(line(row, "td") for row in rows)
    return f"<table><thead>{line(headings, 'th')}</thead><tbody>{body}</tbody></table>"


def picture(figure: Figure, description: str) -> str:
    """A figure as an image in the page."""
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=120)
    data = base64.b64encode(stream.getvalue()).decode()
    return f'<img alt="{escape(description, quote=True)}" src="data:image/png;base64,{data}">'
