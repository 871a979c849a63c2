"""The report of a run as one HTML file: what each index gains, plans, history, and what takes the servers' time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC
from html import escape
from itertools import groupby

from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from promptsales.benchmarks.indexes.measurement import TITLES, Measurement
from promptsales.benchmarks.indexes.plans import Operator, tree
from promptsales.benchmarks.indexes.results import NIGHTS_NEEDED, Night, Run
from promptsales.benchmarks.machine import facts
from promptsales.benchmarks.page import facts_table, page, picture, table
from promptsales.monitoring.top_queries import TopQuery

WITHOUT, WITH = "#b8c4ce", "#1f6feb"

READING = """
Each query runs on two copies of its table, in turns: in one the index is missing, the other has it. Live tables and
indexes are not touched. Times are the median of the runs, until the last row had arrived, with the quartiles between
which the middle half of them lies; the ratio is the time without the index divided by the time with it, both of this
run. Reads are what the server went through for one answer. A ratio near 1 on a small table is no reason to drop an
index: what it gains grows with the table.
"""

Pair = tuple[Measurement, Measurement]


def report(run: Run) -> str:
    """The whole page."""
    return page("What the indexes gain", _parts(run))


def _parts(run: Run) -> Iterator[str]:
    servers = dict.fromkeys(each.server for each in run.measurements)
    yield facts_table({"run": run.name, **facts(), "servers": "; ".join(servers) or "none could be measured"})
    yield f"<p>{READING}</p>"
    yield _regressions(run)
    yield from _omissions(run)
    for engine, pairs in groupby(run.pairs, key=lambda pair: pair[0].engine):
        yield from _engine(engine, list(pairs), [night for night in run.history if night.engine == engine])
    for engine, queries in groupby(run.top_queries, key=lambda query: query.engine):
        yield from _top_queries(engine, list(queries))


def _regressions(run: Run) -> str:
    if run.regressions:
        items = "".join(
            f"<li><b>{TITLES[each.engine]}, {_link(each.engine, each.query)}</b> {escape(each.finding)}</li>"
            for each in run.regressions
        )
        count = f"{len(run.regressions)} queries have" if len(run.regressions) > 1 else "1 query has"
        return f'<div class="box bad"><b>{count} become worse.</b><ul>{items}</ul></div>'
    earlier = Counter((night.engine, night.query) for night in run.history if not night.is_this_run)
    compared = sum(nights >= NIGHTS_NEEDED for nights in earlier.values())
    needed = f"It takes {NIGHTS_NEEDED} earlier runs on the same server, with as much data, to compare a query with"
    if not compared:
        return f'<div class="box"><b>Nothing to compare with yet.</b> {needed}.</div>'
    return (
        f'<div class="box good"><b>No regression</b> in {compared} of {len(run.pairs)} queries that have a history. '
        f"{needed}.</div>"
    )


def _omissions(run: Run) -> Iterator[str]:
    for each in run.omissions:
        yield (
            f'<div class="box"><b>Left out, {TITLES[each.engine]}: {_words(each.measurement)}.</b> '
            f"{_with_code(each.reason)}</div>"
        )


def _with_code(text: str) -> str:
    """Text as HTML; what stands between backticks is code."""
    return re.sub("`(.*?)`", r"<code>\1</code>", escape(text))


def _engine(engine: str, pairs: list[Pair], history: list[Night]) -> Iterator[str]:
    server = pairs[0][0].server
    yield f"<h2>{TITLES[engine]}</h2><p class='soft'>{escape(server)}</p>"
    yield picture(bars(pairs), f"Milliseconds of {len(pairs)} queries on {server}, without and with their index")
    yield _figures(engine, pairs)
    yield "<h3>History</h3>"
    if any(not night.is_this_run for night in history):
        yield picture(nights(history), f"Milliseconds of each query with its index on {server}, run by run")
    else:
        yield "<p class='soft'>The first run on this server with as much data: nothing to compare with yet.</p>"
    yield "<h3>Queries and their plans</h3>"
    yield from map(_details, pairs)


def bars(pairs: list[Pair]) -> Figure:
    """Median milliseconds of each query, without and with its index, and the quartiles."""
    figure = Figure(figsize=(10, 1.4 + 0.55 * len(pairs)), layout="constrained")
    axes = figure.subplots()
    for offset, side, colour, label in ((0.2, 0, WITHOUT, "without the index"), (-0.2, 1, WITH, "with it")):
        measured = [pair[side] for pair in pairs]
        medians = [each.median for each in measured]
        spread = [
            [each.median - each.quartiles[0] for each in measured],
            [each.quartiles[1] - each.median for each in measured],
        ]
        places = [-number + offset for number in range(len(pairs))]
        axes.barh(places, medians, 0.38, xerr=spread, color=colour, label=label, error_kw={"lw": 1, "capsize": 2})
    for number, (before, after) in enumerate(pairs):
        widest = max(before.quartiles[1], after.quartiles[1])
        axes.annotate(
            f"{before.median / after.median:.1f}x",
            (widest, -number),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axes.set_yticks([-number for number in range(len(pairs))], [_words(pair[0].query) for pair in pairs])
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.12)
    axes.set_xlabel("milliseconds for one answer (logarithmic); bar: median, whisker: quartiles, number: ratio")
    axes.set_title(f"{pairs[0][0].server}: each query on a copy of its table")
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.06), ncols=2, frameon=False)
    return figure


def nights(history: list[Night]) -> Figure:
    """Median milliseconds of each query with its index, run by run; this run is marked."""
    queries = sorted({night.query for night in history})
    columns = 3
    rows = -(-len(queries) // columns)
    figure = Figure(figsize=(10, 2.1 * rows + 0.4), layout="constrained")
    all_axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, query in zip(all_axes, queries, strict=False):
        own = [night for night in history if night.query == query]
        moments, medians = [night.moment.astimezone(UTC) for night in own], [night.median for night in own]
        axes.plot(moments, medians, color=WITH, marker=".", lw=1)
        axes.plot(moments[-1:], medians[-1:], color="#b3261e", marker="o", ls="")
        axes.set_ylim(0, max(medians) * 1.3)
        axes.set_title(_words(query), fontsize=9)
        axes.set_ylabel("ms", fontsize=8)
        locator = AutoDateLocator(minticks=2, maxticks=5)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        axes.xaxis.get_offset_text().set_size(8)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.3)
    for axes in all_axes[len(queries) :]:
        axes.set_visible(False)
    figure.suptitle("Median with the index, in milliseconds, by moment of the run (UTC); red: this run", fontsize=10)
    return figure


def _figures(engine: str, pairs: list[Pair]) -> str:
    headings = [
        *("query", "table", "index"),
        *(
            "rows in the table",
            "without, ms (quartiles)",
            "with, ms (quartiles)",
            "ratio",
            f"reads without, {escape(pairs[0][0].reads_unit)}",
        ),
        *("reads with", "index used"),
    ]
    rows = [
        [
            _link(engine, before.query),
            escape(before.table),
            escape(before.index),
            f"{before.table_rows:,}",
            _time(before),
            _time(after),
            f"{before.median / after.median:.1f}",
            f"{before.reads:,}",
            f"{after.reads:,}",
            "yes" if after.uses_index else "<b>no</b>",
        ]
        for before, after in pairs
    ]
    return table(headings, rows, numbers=7)


def _time(measured: Measurement) -> str:
    low, high = measured.quartiles
    return f"{measured.median:.2f}<br><span class='soft'>{low:.2f} to {high:.2f}</span>"


def _details(pair: Pair) -> str:
    before, after = pair
    plans = "".join(
        f"<div><p class='soft'>{label}: {each.rows:,} rows, {each.reads:,} {escape(each.reads_unit)}</p>"
        f'<ul class="plan">{_branch(tree(each))}</ul></div>'
        for label, each in (("Without the index", before), ("With it", after))
    )
    return (
        f"<details><summary>{_words(before.query)}: {escape(before.question)}</summary>"
        # Here, so that browsers open the details for a link to it.
        f'<pre id="{before.engine}-{before.query}">{escape(before.statement)}</pre>'
        f"<p class='soft'>Index {escape(before.index)}; {len(before.milliseconds)} runs of each. Red goes through a "
        f'whole table, green by an index.</p><div class="plans">{plans}</div></details>'
    )


def _branch(operator: Operator) -> str:
    kind = " scans" if operator.scans else " seeks" if operator.seeks else ""
    rows = "" if operator.rows is None else f", {operator.rows:,} rows"
    detail = f" <code>{escape(operator.detail)}</code>" if operator.detail else ""
    children = "".join(map(_branch, operator.children))
    below = f"<ul>{children}</ul>" if children else ""
    return f'<li><span class="op{kind}"><b>{escape(operator.name)}</b>{rows}{detail}</span>{below}</li>'


def _top_queries(engine: str, queries: list[TopQuery]) -> Iterator[str]:
    sources = ", ".join(dict.fromkeys(query.source for query in queries))
    yield f"<h2>{TITLES[engine]}: what takes its time and reads</h2>"
    yield f"<p class='soft'>As counted by {escape(sources)} since it began to count; values are left out.</p>"
    yield table(
        ["statement", "database", "calls", "seconds", "ms a call", escape(queries[0].reads_unit)],
        [
            [
                f"<details><summary>{escape(' '.join(query.statement.split())[:90])}</summary>"
                f"<pre>{escape(query.statement[:4000])}</pre></details>",
                escape(query.database),
                f"{query.calls:,}",
                f"{query.seconds:,.2f}",
                f"{query.seconds * 1000 / query.calls:,.2f}",
                f"{query.reads:,}",
            ]
            for query in queries
        ],
        numbers=4,
    )


def _link(engine: str, query: str) -> str:
    return f'<a href="#{engine}-{query}">{_words(query)}</a>'


def _words(query: str) -> str:
    return escape(query.replace("_", " "))
