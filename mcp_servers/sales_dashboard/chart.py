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

MARGIN = 0.6
"""Inches beside the axes, for a number and the title of an axis; names of bars take more."""

LETTER = 0.082
"""Inches that a letter of an axis takes, of which there are wider and narrower ones."""

MAX_LETTERS = 32
"""Of a name beside its bar."""

UNKNOWN = "(unknown)"


def draw(answer: SalesAnswer) -> bytes:
    """A PNG of the answer's rows."""
    figure = Figure(figsize=SIZE, dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes(_place(answer))
    unit = definitions()[answer.metric].unit
    if not answer.rows:
        axes.text(0.5, 0.5, "No activity in this period within these filters", ha="center", va="center")
        axes.set_axis_off()
    elif _over_time(answer):
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
    # Most of a chart is white: the least compression makes it a few KB larger, and saves a third of the time.
    figure.savefig(picture, format="png", pil_kwargs={"compress_level": 1})
    return picture.getvalue()


def _place(answer: SalesAnswer) -> tuple[float, float, float, float]:
    """Left, bottom, width and height of the axes, as shares of the figure.

    Counted out of the letters beside them: matplotlib's own layouts draw everything once more to measure it.
    """
    width, height = SIZE
    letters = 0 if _over_time(answer) else max(map(len, _names(answer)), default=0)
    left = MARGIN + max(0.35, letters * LETTER)
    return left / width, MARGIN / height, (width - left - 0.25) / width, (height - MARGIN - 0.4) / height


def _over_time(answer: SalesAnswer) -> bool:
    return bool(answer.by) and answer.by[0] in TIMES


def _names(answer: SalesAnswer) -> list[str]:
    """What is written beside each bar."""
    return [label if len(label) <= MAX_LETTERS else f"{label[: MAX_LETTERS - 1]}…" for label in _bar_labels(answer)]


def _bar_labels(answer: SalesAnswer) -> list[str]:
    labels = ((row.labels[0] or UNKNOWN) if row.labels else "total" for row in answer.rows)
    return list(dict.fromkeys(labels))[:MAX_BARS]


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
    labels = _bar_labels(answer)
    series = _series(answer.rows)
    height = 0.8 / len(series)
    for number, (name, values) in enumerate(series.items()):
        places = [place + (number - (len(series) - 1) / 2) * height for place in range(len(labels))]
        axes.barh(places, [values.get(label, 0.0) for label in labels], height=height * 0.92, label=name)
    axes.set_yticks(range(len(labels)), _names(answer))
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    _legend(axes, answer)


def _legend(axes: Axes, answer: SalesAnswer) -> None:
    if len(answer.by) > 1:
        axes.legend(title=answer.by[1].value, fontsize=8, frameon=False)
