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
from promptsales.connections import Connections, from_settings
from promptsales.errors import PromptSalesError
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
        failure: why it measured nothing.
    """

    title: str
    command: str
    figures: list[Figures]
    failure: str = ""


def run(root: Path, scale: float, folder: Path, notify: Notify) -> Iterator[Section]:
    """Run every benchmark, each on engines of its own; those of the indexes also write their own report.

    One that fails is told as failed, and the next is run.

    Args:
        root: the folder of the engines; they are gone in the end.
        scale: 1.0 is 500,000 customers and 1,000 campaigns.
        folder: for the report of the indexes.
        notify: told what is being done.

    Raises:
        PromptSalesError: the engines that the last three share did not start, or could not be filled.
    """
    notify("reading the DAG files")
    yield Section("DAG files", "bench dags", summary.of_dag_files(dag_files.measure()))
    plan = SeedPlan(as_of=today(), scale=scale)
    notify("seeding and initial load")
    yield _section("Seeding and initial load", f"bench etl --scale {scale:g}", lambda: _etl(root, plan))
    yield _section("Refresh and marts", f"bench refresh --scale {scale:g}", lambda: _refresh(root, scale, notify))
    notify("image search")
    yield _section("Image search", "bench search", lambda: summary.of_search(search.measure(root)))
    with etl.fresh_engines(root) as settings:
        refresh.fill(settings, plan, notify)
        owner = from_settings(settings, admin=True)
        notify("anomalies of isolation")
        yield _section("Isolation levels", "bench isolation", lambda: summary.of_isolation(isolation.measure(owner)))
        yield _section("Indexes", f"bench indexes --scale {scale:g}", lambda: _indexes(owner, folder, notify))
        yield _section(
            "MCP servers",
            f"bench mcp --scale {scale:g}",
            lambda: summary.of_mcp(mcp.ask(engines.environment(root), plan.as_of, notify)),
        )


def _section(title: str, command: str, measure: Callable[[], list[Figures]]) -> Section:
    try:
        return Section(title, command, measure())
    except PromptSalesError as error:
        return Section(title, command, [], str(error))


def _etl(root: Path, plan: SeedPlan) -> list[Figures]:
    seeded, sources = etl.measure(root, plan, lambda database, table, done, total: None)
    return summary.of_etl(plan.scale, seeded, sources)


def _refresh(root: Path, scale: float, notify: Notify) -> list[Figures]:
    plans = [SeedPlan(as_of=today(), scale=size) for size in (scale / 10, scale)]
    return summary.of_refresh([refresh.measure(root, plan, CHANGES, notify) for plan in plans])


def _indexes(owner: Connections, folder: Path, notify: Notify) -> list[Figures]:
    name = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    measure_all(owner, name, notify=notify)
    _, found = write_report(owner, name, folder)
    return summary.of_indexes(found)


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
        if section.failure:
            parts.append(f"**Failed:** {section.failure}")
        parts += [each.markdown() for each in section.figures]
    return "\n\n".join(parts) + "\n"


def _html(sections: list[Section], facts: dict[str, str]) -> str:
    parts = [facts_table(facts)]
    for section in sections:
        parts.append(f"<h2>{escape(section.title)}</h2><p><code>promptsales {escape(section.command)}</code></p>")
        if section.failure:
            parts.append(f'<div class="box bad"><b>Failed:</b> {escape(section.failure)}</div>')
        parts += [each.html() for each in section.figures]
    return page(TITLE, parts)
