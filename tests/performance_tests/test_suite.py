"""The report of every benchmark: real figures of the quick ones, and the shape of the others'."""

from __future__ import annotations

import re
from io import StringIO
from itertools import islice
from pathlib import Path

import pytest
from mart_readers import FilledWarehouse
from rich.console import Console

from promptsales.benchmarks import dag_files, etl, isolation, marts, refresh, search, suite, summary
from promptsales.benchmarks.etl import SourceFigures
from promptsales.benchmarks.figures import Figures
from promptsales.benchmarks.refresh import Cycle, ScaleFigures
from promptsales.benchmarks.search import Quality, SearchFigures
from promptsales.benchmarks.suite import Section
from promptsales.errors import PromptSalesError
from promptsales.etl.run import TableResult
from promptsales.paths import PROJECT_ROOT
from promptsales.seeding.plan import SeedPlan, today
from promptsales.seeding.seed import SeedReport
from promptsales.warehouse.marts import MartReport
from promptsales.warehouse.refresh import RefreshReport

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sections(filled_warehouse: FilledWarehouse) -> list[Section]:
    """One of each benchmark: isolation and the marts' answers are measured, the long ones are made up."""
    loaded = [SourceFigures("promptcrm", [TableResult("promptcrm", "clientes", read=1000, seconds=0.5)], 250.0)]
    seeded = SeedReport(SeedPlan(as_of=today(), scale=1), inserted={"PromptCRM": {"clientes": 1000}}, seconds=2.0)
    cycle = Cycle(RefreshReport(1, {"hecho_venta": 7}, 0.25), MartReport(1, {"actividad_mes": 3}, 0.5))
    answers = marts.measure(filled_warehouse.folder)
    scales = [ScaleFigures(scale, 5000, cycle, 100, [cycle], answers) for scale in (0.1, 1.0)]
    quality = {"all": Quality(10, 0.9, 1.0, 0.95, [])}
    found = SearchFigures("a model", 120, quality, [1.0, 2.0, 3.0], [0.5])
    return [
        Section("Seeding and initial load", "bench etl --scale 1", summary.of_etl(1, seeded, loaded)),
        Section("Refresh and marts", "bench refresh --scale 1", summary.of_refresh(scales)),
        Section("Image search", "bench search", summary.of_search(found)),
        Section("Isolation levels", "bench isolation", summary.of_isolation(isolation.measure(filled_warehouse.owner))),
    ]


def test_the_report_names_the_machine_and_the_command_behind_every_figure(
    sections: list[Section], tmp_path: Path
) -> None:
    text, page = (path.read_text() for path in suite.write(sections, suite.facts_of(0.5), tmp_path / "reports"))
    for section in sections:
        assert f"## {section.title}\n\n`promptsales {section.command}`" in text
        assert f"<code>promptsales {section.command}</code>" in page
        for figures in section.figures:
            assert f"**{figures.title}**" in text
    for fact in ("scale: 0.5", "processor: ", "memory: ", "measured: "):
        assert f"- {fact}" in text
    assert "| clientes | 1,000 | 0.5 | 2,000 |" in text
    assert "| lost update | happens | happens | error 40001 | error 40001 |" in text
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", page)


def test_a_benchmark_that_fails_is_told_and_the_next_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(root: Path, *others: object) -> None:
        raise PromptSalesError("the disk is full")

    for benchmark in (etl, refresh, search):
        monkeypatch.setattr(benchmark, "measure", fails)
    monkeypatch.setattr(dag_files, "measure", list)
    _, *sections = islice(suite.run(tmp_path / "engines", 0.02, tmp_path, lambda doing: None), 4)
    assert [section.failure for section in sections] == ["the disk is full"] * 3
    text, page = (path.read_text() for path in suite.write(sections, {}, tmp_path))
    assert text.count("**Failed:** the disk is full") == page.count("<b>Failed:</b> the disk is full") == 3


def test_every_row_has_a_cell_for_every_heading(sections: list[Section]) -> None:
    for section in sections:
        for figures in section.figures:
            assert figures.rows, figures.title
            assert {len(row) for row in figures.rows} == {len(figures.headings)}
            assert figures.terminal().row_count == len(figures.rows)


def test_cells_are_text_whatever_they_hold() -> None:
    figures = Figures("a <b>", ["what"], [["<script>|[bold]"]], 0)
    assert "<script>" not in figures.html()
    assert "| <script>\\|[bold] |" in figures.markdown()
    [column] = figures.terminal().columns
    assert list(column.cells) == ["<script>|\\[bold]"]


def test_a_narrow_terminal_leaves_no_figure_out() -> None:
    row = ["ultimas compras de un cliente", "ix_hecho_venta_cliente", "59.22 (43.72 to 68.01)"]
    console = Console(width=40, record=True, file=StringIO())
    console.print(Figures("a", ["query", "index", "ms"], [row], 1).terminal())
    shown = console.export_text()
    assert "…" not in shown
    assert all(word in shown for word in ("59.22", "(43.72", "68.01)", "cliente"))


def test_make_bench_runs_all_of_them() -> None:
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^bench:.*\n\t\$\(BIN\)/promptsales bench all --scale \$\(SCALE\)$", makefile, re.MULTILINE)
