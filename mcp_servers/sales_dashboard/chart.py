"""A chart of one answer, as PNG: lines over time, bars otherwise; axes, unit and question written on it."""

from __future__ import annotations

import io
from collections import defaultdict

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from mcp_servers.sales_dashboard.catalogue import TIMES, definitions
from mcp_servers.sales_dashboard.models import Group, SalesAnswer

MAX_SERIES = 8
"""More lines or colours than these nobody tells apart."""

MAX_BARS = 30
DPI = 110
SIZE = (9.0, 5.0)
"""Inches."""

UNKNOWN = "(unknown)"


def draw(answer: SalesAnswer) -> bytes:
    """A PNG of the answer's rows."""
    figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    unit = definitions()[answer.metric].unit
    if not answer.rows:
        axes.text(0.5, 0.5, "No activity in this period within these filters", ha="center", va="center")
        axes.set_axis_off()
    elif answer.by and answer.by[0] in TIMES:
        _lines(axes, answer)
        axes.set_ylabel(f"{answer.metric.value} ({unit})")
        axes.set_xlabel(answer.by[0].value)
        axes.yaxis.set_major_formatter(EngFormatter(sep=""))
    else:
        _bars(axes, answer)
        axes.set_xlabel(f"{answer.metric.value} ({unit})")
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.set_title(_title(answer), loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


def _title(answer: SalesAnswer) -> str:
    by = " and ".join(dimension.value for dimension in answer.by)
    where = "" if answer.countries is None else f", {', '.join(answer.countries) or 'no country'} only"
    period = f"{answer.since:%Y-%m} to {answer.until:%Y-%m}"
    return f"{answer.metric.value}{f' by {by}' if by else ''}, {period}{where}"


def _series(rows: list[Group]) -> dict[str, dict[str, float]]:
    """Values by first label, for each second label; the largest series first, no more than can be told apart."""
    series: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows:
        name = (row.labels[1] or UNKNOWN) if len(row.labels) > 1 else ""
        if row.value is not None:
            series[name][row.labels[0] or UNKNOWN if row.labels else "total"] = row.value
    largest = sorted(series, key=lambda name: -sum(abs(value) for value in series[name].values()))
    return {name: series[name] for name in largest[:MAX_SERIES]}


def _lines(axes: Axes, answer: SalesAnswer) -> None:
    times = sorted({row.labels[0] or UNKNOWN for row in answer.rows})
    for name, values in _series(answer.rows).items():
        heights = [values.get(time, float("nan")) for time in times]
        axes.plot(range(len(times)), heights, marker="o", markersize=3.5, linewidth=1.8, label=name)
    step = max(1, len(times) // 12)
    axes.set_xticks(range(0, len(times), step), times[::step])
    axes.grid(axis="y", alpha=0.3)
    _legend(axes, answer)


def _bars(axes: Axes, answer: SalesAnswer) -> None:
    names = list(dict.fromkeys((row.labels[0] or UNKNOWN) if row.labels else "total" for row in answer.rows))[:MAX_BARS]
    series = _series(answer.rows)
    height = 0.8 / len(series)
    for number, (name, values) in enumerate(series.items()):
        places = [place + (number - (len(series) - 1) / 2) * height for place in range(len(names))]
        axes.barh(places, [values.get(label, 0.0) for label in names], height=height * 0.92, label=name)
    axes.set_yticks(range(len(names)), [label if len(label) <= 32 else f"{label[:31]}…" for label in names])
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    _legend(axes, answer)


def _legend(axes: Axes, answer: SalesAnswer) -> None:
    if len(answer.by) > 1:
        axes.legend(title=answer.by[1].value, fontsize=8, frameon=False)
