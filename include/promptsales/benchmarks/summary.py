"""What each benchmark measured, as tables of figures."""

from __future__ import annotations

from promptsales.benchmarks.dag_files import FileTime
from promptsales.benchmarks.etl import SourceFigures
from promptsales.benchmarks.figures import Figures
from promptsales.benchmarks.indexes.measurement import TITLES, Measurement
from promptsales.benchmarks.indexes.results import Run
from promptsales.benchmarks.marts import Answer
from promptsales.benchmarks.mcp_figures import CrowdFigures, McpFigures, ToolFigures, percentile
from promptsales.benchmarks.refresh import ScaleFigures
from promptsales.benchmarks.search import SearchFigures
from promptsales.concurrency.anomalies import Verdicts
from promptsales.seeding.seed import SeedReport

RATES = ("recall@1", "recall@5", "MRR")


def of_etl(scale: float, seeded: SeedReport, sources: list[SourceFigures]) -> list[Figures]:
    """Seeding, the initial load of each table, and the memory of the processes that loaded."""
    seeding = [f"{scale:g}", f"{seeded.rows:,}", f"{seeded.seconds:.1f}", f"{seeded.rows_per_second:,.0f}"]
    loads = []
    for source in sources:
        for result in source.results:
            rate = result.read / result.seconds if result.seconds else 0
            loads.append([source.source, result.table, f"{result.read:,}", f"{result.seconds:.1f}", f"{rate:,.0f}"])
    memory = [[source.source, f"{source.peak_mb:,.0f}"] for source in sources]
    return [
        Figures("Seeding", ["scale", "rows", "seconds", "rows/s"], [seeding], 4),
        Figures("Initial load, source to committed mirror", ["source", "table", "rows", "seconds", "rows/s"], loads, 3),
        Figures("Peak memory of the process that loaded a source", ["source", "MB"], memory, 1),
    ]


def of_refresh(scales: list[ScaleFigures]) -> list[Figures]:
    """Each refresh of star schema and marts, and how long the marts take to answer."""
    rows = []
    for scale in scales:
        after = ["first load", *(f"{scale.changes:,} changes" for _ in scale.cycles)]
        for label, cycle in zip(after, [scale.first, *scale.cycles], strict=True):
            changed = (cycle.star_schema.changed, sum(cycle.marts.rows.values()))
            seconds = (cycle.star_schema.seconds, cycle.marts.seconds, cycle.seconds)
            rows.append(
                [
                    *(label, f"{scale.scale:g}", f"{scale.mirror_rows:,}"),
                    *(f"{count:,}" for count in changed),
                    *(f"{each:.2f}" for each in seconds),
                ]
            )
    answers = [
        [of_question[0].question, of_question[-1].countries, *map(_answer, of_question)]
        for of_question in zip(*(scale.answers for scale in scales), strict=True)
    ]
    return [
        Figures(
            "Refresh of dw and mart: time by what changed",
            ["refresh after", "scale", "mirror rows", "rows in dw", "rows in mart", "dw s", "mart s", "both s"],
            rows,
            7,
        ),
        Figures(
            "Answers of the marts, not cached, as promptsales_mcp: first / 95th percentile / EXPLAIN ANALYZE, in ms",
            ["question", "reader of", *(f"scale {scale.scale:g}" for scale in scales)],
            answers,
            len(scales),
        ),
    ]


def of_search(found: SearchFigures) -> list[Figures]:
    """How many of the wanted images are found, and how fast."""
    quality = [
        [
            *(group, f"{each.questions}"),
            *(f"{rate:.3f}" for rate in (each.recall_at_1, each.recall_at_5, each.reciprocal_rank)),
        ]
        for group, each in found.quality.items()
    ]
    times = [
        [name, f"{len(each)}", f"{each[len(each) // 2]:.1f}", f"{each[int(len(each) * 0.95)]:.1f}"]
        for name, each in (("uncached", found.uncached_ms), ("cached", found.cached_ms))
    ]
    return [
        Figures(f"{found.images} images, {found.model}", ["questions", "asked", *RATES], quality, 4),
        Figures("Milliseconds of a search", ["", "searches", "p50", "p95"], times, 3),
    ]


def of_mcp(found: McpFigures) -> list[Figures]:
    """How fast each tool answers, and how each server bears many sessions at once."""
    headings = ["server", "tool", "new: p50", "p95", "max", "again: p50", "p95"]
    crowd = ["server", "sessions", "calls", "errors", "ms of a call: p50", "p95", "max", "seconds in all"]
    return [
        Figures("Answers over HTTP, one after the other, in ms", headings, [*map(_tool, found.tools)], 5),
        Figures("Sessions at once: each connects and asks three questions", crowd, [*map(_crowd, found.crowds)], 7),
    ]


def _tool(each: ToolFigures) -> list[str]:
    new, again = each.uncached_ms, each.cached_ms
    times = (percentile(new, 50), percentile(new, 95), new[-1], percentile(again, 50), percentile(again, 95))
    return [each.server, each.tool, *(f"{milliseconds:.1f}" for milliseconds in times)]


def _crowd(each: CrowdFigures) -> list[str]:
    times = each.call_ms or [float("nan")]
    shown = (percentile(times, 50), percentile(times, 95), times[-1])
    counts = (each.sessions, each.calls, len(each.errors))
    return [each.server, *map(str, counts), *(f"{milliseconds:.0f}" for milliseconds in shown), f"{each.seconds:.1f}"]


def of_dag_files(files: list[FileTime]) -> list[Figures]:
    """Each DAG file, and all together."""
    total = FileTime("all", sum(each.seconds for each in files), sum(each.processor_seconds for each in files))
    rows = [[each.file, f"{each.seconds:.2f}", f"{each.processor_seconds:.2f}"] for each in [*files, total]]
    return [Figures("Reading the DAG files, once Airflow is imported", ["file", "seconds", "CPU seconds"], rows, 2)]


def of_isolation(observed: dict[str, Verdicts]) -> list[Figures]:
    """Each server's anomalies by isolation level."""
    return [
        Figures(
            server,
            ["anomaly", *next(iter(verdicts.values()))],
            [[anomaly, *by_level.values()] for anomaly, by_level in verdicts.items()],
            0,
        )
        for server, verdicts in observed.items()
    ]


def of_indexes(run: Run) -> list[Figures]:
    """What each index gains, server by server."""
    headings = ["query", "index", "rows", "without it, ms", "with it, ms", "ratio", "reads without", "reads with"]
    found = []
    for engine, title in TITLES.items():
        pairs = [pair for pair in run.pairs if pair[0].engine == engine]
        rows = [
            [
                *(before.query.replace("_", " "), before.index, f"{before.table_rows:,}"),
                *(_spread(before), _spread(after), f"{before.median / after.median:.1f}"),
                *(f"{before.reads:,}", f"{after.reads:,}"),
            ]
            for before, after in pairs
        ]
        if rows:
            about = f"{pairs[0][0].server}: each query on a copy of its table, median (quartiles)"
            found.append(Figures(about, headings, rows, 6))
        reasons = [[each.measurement, each.reason] for each in run.omissions if each.engine == engine]
        if reasons:
            found.append(Figures(f"{title}: left out", ["what", "why"], reasons, 0))
    return found


def _spread(measured: Measurement) -> str:
    low, high = measured.quartiles
    return f"{measured.median:.2f} ({low:.2f} to {high:.2f})"


def _answer(answer: Answer) -> str:
    return f"{answer.first_ms:.0f} / {answer.p95_ms:.0f} / {answer.executed_ms:.0f}"
