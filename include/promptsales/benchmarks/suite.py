"""Every benchmark of the project, one after the other, and one report of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from promptsales.benchmarks import dag_files, etl, isolation, machine, mcp, refresh, search, summary
from promptsales.benchmarks.figures import Figures
from promptsales.benchmarks.indexes.run import measure_all, write_report
from promptsales.benchmarks.page import facts_table, page
from promptsales.connections import from_settings
from promptsales.local import engines
from promptsales.seeding.plan import SeedPlan, today

CHANGES = 1000

TITLE = "PromptSales: every benchmark"

Notify = Callable[[str], None]


@dataclass(frozen=True)
class Section:
    """One benchmark.

    Attributes:
        command: what makes its figures again, alone.
        figures: what it measured.
    """

    title: str
    command: str
    figures: list[Figures]


def run(root: Path, scale: float, folder: Path, notify: Notify) -> Iterator[Section]:
    """Run every benchmark, each on engines of its own; those of the indexes also write their own report.

    Args:
        root: the folder of the engines; they are gone in the end.
        scale: 1.0 is 500,000 customers and 1,000 campaigns.
        folder: for the report of the indexes.
        notify: told what is being done.

    Raises:
        PromptSalesError: an engine, the seeding or a load failed.
    """
    notify("reading the DAG files")
    yield Section("DAG files", "bench dags", summary.of_dag_files(dag_files.measure()))
    plan = SeedPlan(as_of=today(), scale=scale)
    notify("seeding and initial load")
    seeded, sources = etl.measure(root, plan, lambda database, table, done, total: None)
    yield Section("Seeding and initial load", f"bench etl --scale {scale:g}", summary.of_etl(scale, seeded, sources))
    scales = [
        refresh.measure(root, SeedPlan(as_of=today(), scale=size), CHANGES, notify) for size in (scale / 10, scale)
    ]
    yield Section("Refresh and marts", f"bench refresh --scale {scale:g}", summary.of_refresh(scales))
    notify("image search")
    yield Section("Image search", "bench search", summary.of_search(search.measure(root)))
    with etl.fresh_engines(root) as settings:
        refresh.fill(settings, plan, notify)
        owner = from_settings(settings, admin=True)
        answers = mcp.ask(engines.environment(root), plan.as_of, notify)
        yield Section("MCP servers", f"bench mcp --scale {scale:g}", summary.of_mcp(answers))
        notify("anomalies of isolation")
        observed = isolation.measure(owner)
        yield Section("Isolation levels", "bench isolation", summary.of_isolation(observed))
        name = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        measure_all(owner, name, notify=notify)
        _, found = write_report(owner, name, folder)
        yield Section("Indexes", f"bench indexes --scale {scale:g}", summary.of_indexes(found))


def write(sections: list[Section], facts: dict[str, str], folder: Path) -> list[Path]:
    """Write `benchmarks.md` and `benchmarks.html`; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"benchmarks.md": _markdown(sections, facts), "benchmarks.html": _html(sections, facts)}
    paths = [folder / name for name in texts]
    for path in paths:
        path.write_text(texts[path.name], encoding="utf-8")
    return paths


def facts_of(scale: float) -> dict[str, str]:
    """The machine's, and the scale."""
    return {"scale": f"{scale:g} (1 is 500,000 customers and 1,000 campaigns)", **machine.facts()}


def _markdown(sections: list[Section], facts: dict[str, str]) -> str:
    parts = [f"# {TITLE}", "\n".join(f"- {name}: {value}" for name, value in facts.items())]
    for section in sections:
        parts += [f"## {section.title}", f"`promptsales {section.command}`"]
        parts += [each.markdown() for each in section.figures]
    return "\n\n".join(parts) + "\n"


def _html(sections: list[Section], facts: dict[str, str]) -> str:
    parts = [facts_table(facts)]
    for section in sections:
        parts.append(f"<h2>{escape(section.title)}</h2><p><code>promptsales {escape(section.command)}</code></p>")
        parts += [each.html() for each in section.figures]
    return page(TITLE, parts)
