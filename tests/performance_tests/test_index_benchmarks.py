"""The index benchmarks on running servers: copies that are gone in the end, figures, the report, regressions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mart_readers import FilledWarehouse
from pydantic import SecretStr
from showplan import SEEK_AND_LOOK_UP

from promptsales.benchmarks.indexes import mongodb, postgresql, sqlserver
from promptsales.benchmarks.indexes.cases import mongo_cases, sql_cases
from promptsales.benchmarks.indexes.measurement import Measurement, Omission, Phase, interleaved
from promptsales.benchmarks.indexes.plans import Operator, tree
from promptsales.benchmarks.indexes.report import report
from promptsales.benchmarks.indexes.results import Night, Run, read_run, regressions
from promptsales.benchmarks.indexes.run import measure, measure_all, watch, write_report
from promptsales.connections import Connections, from_settings
from promptsales.errors import MissingCapabilityError
from promptsales.seeding.content import request_documents
from promptsales.seeding.parameters import MIN_SCALE
from promptsales.seeding.plan import SeedPlan, today
from promptsales.settings import Settings

pytestmark = pytest.mark.slow

ROUNDS = 4
NOW = int(datetime.now(UTC).timestamp())

LIVE = "SELECT schemaname, indexname, indexdef FROM pg_indexes WHERE schemaname NOT LIKE 'pg_%' ORDER BY 1, 2"
SCRATCH = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'banco%'"


def ask(connections: Connections, query: str) -> list[tuple[object, ...]]:
    with closing(connections.postgres()) as connection:
        return connection.execute(query.encode()).fetchall()


@pytest.fixture(scope="module")
def run(filled_warehouse: FilledWarehouse) -> Iterator[Run]:
    """Everything measured once, and read back."""
    # MongoDB removes the seeded requests, which are older than 90 days, when it comes to it.
    requests = request_documents(SeedPlan(as_of=today(), scale=MIN_SCALE), "benchmarks", range(NOW - 200, NOW))
    database = filled_warehouse.owner.mongo()
    with database.client:
        database["bitacora_solicitudes"].insert_many(requests)
    measure_all(filled_warehouse.owner, "prueba", ROUNDS)
    with closing(filled_warehouse.owner.postgres()) as connection:
        yield read_run(connection, "prueba")


def pairs(run: Run, engine: str) -> list[tuple[Measurement, Measurement]]:
    return [pair for pair in run.pairs if pair[0].engine == engine]


def test_there_are_eight_queries_an_engine_at_least() -> None:
    for cases in (sql_cases("postgresql"), sql_cases("sqlserver"), mongo_cases()):
        assert len({case.name for case in cases}) == len(cases) >= 8
        assert all(case.question.endswith("?") or "? " in case.question for case in cases)


def test_postgresql_is_measured_without_and_with_each_index(run: Run) -> None:
    measured = pairs(run, "postgresql")
    assert len(measured) == len(sql_cases("postgresql"))
    for before, after in measured:
        assert (before.phase, after.phase) == (Phase.before, Phase.after)
        assert not before.uses_index, before.query
        assert before.rows == after.rows, "the answer is the same"
        assert before.table_rows == after.table_rows > 0
        assert len(before.milliseconds) == len(after.milliseconds) == ROUNDS
    customer = {after.query: (before, after) for before, after in measured}["ultimas_compras_de_un_cliente"]
    assert customer[1].uses_index
    assert customer[1].reads < customer[0].reads


def test_mongodb_is_measured_without_and_with_each_index(run: Run) -> None:
    measured = pairs(run, "mongodb")
    assert len(measured) == len(mongo_cases())
    for before, after in measured:
        assert not before.uses_index
        assert after.uses_index, after.query
        assert _names(tree(before)) & {"COLLSCAN"}, before.query
        assert "IXSCAN" in _names(tree(after)), after.query


def _names(operator: Operator) -> set[str]:
    return {operator.name}.union(*map(_names, operator.children))


def test_the_stand_in_is_skipped_with_the_reason(run: Run) -> None:
    assert pairs(run, "sqlserver") == []
    reasons = {each.measurement: each.reason for each in run.omissions if each.engine == "sqlserver"}
    assert reasons.keys() == {"index benchmarks", "costliest queries"}
    assert "stand-in" in reasons["index benchmarks"]
    assert "VIEW DATABASE STATE" in reasons["costliest queries"]


def test_live_tables_and_indexes_are_as_they_were(filled_warehouse: FilledWarehouse) -> None:
    owner = filled_warehouse.owner
    before = ask(owner, LIVE)
    measurements = postgresql.measure(owner, ROUNDS)
    next(measurements)
    assert len(ask(owner, SCRATCH)) == 2, "it is at work"
    measurements.close()  # as when it is interrupted
    assert ask(owner, SCRATCH) == []
    assert ask(owner, LIVE) == before
    database = owner.mongo()
    with database.client:

        def indexes() -> dict[str, object]:
            return {name: database[name].index_information() for name in sorted(database.list_collection_names())}

        before_measuring = indexes()
        content = mongodb.measure(owner, ROUNDS)
        next(content)
        content.close()
        assert indexes() == before_measuring


def test_half_a_run_is_not_recorded(filled_warehouse: FilledWarehouse) -> None:
    def interrupt(query: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(filled_warehouse.owner, "postgresql", "a medias", ROUNDS, interrupt)
    assert ask(filled_warehouse.owner, "SELECT 1 FROM ops.index_benchmarks WHERE corrida = 'a medias'") == []


def test_the_report_stands_by_itself(run: Run, filled_warehouse: FilledWarehouse, tmp_path: Path) -> None:
    path, found = write_report(filled_warehouse.owner, "prueba", tmp_path / "reports")
    text = path.read_text(encoding="utf-8")
    assert found.pairs == run.pairs
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", text), "nothing is loaded from elsewhere"
    assert text.count("<img ") == 2, "bars of the two servers that were measured"
    for before, _ in run.pairs:
        assert f'id="{before.engine}-{before.query}"' in text
    for omission in run.omissions:
        assert omission.measurement in text


# A run like the one that was measured, on a server of another name, so that the one's history stays as it is.
REPEATED = """
    INSERT INTO ops.index_benchmarks (
        momento, corrida, motor, servidor, consulta, pregunta, sentencia, tabla, filas_tabla, indice, fase, filas,
        lecturas, unidad_lecturas, milisegundos, mediana_ms, usa_indice, plan, plan_xml
    )
    SELECT
        momento + %(days)s * interval '1 day', %(run)s, motor, 'another server', consulta, pregunta, sentencia, tabla,
        filas_tabla, indice, fase, filas, lecturas, unidad_lecturas,
        array(SELECT ms * %(times)s + (%(times)s - 1) FROM unnest(milisegundos) AS runs (ms)),
        mediana_ms * %(times)s + (%(times)s - 1), usa_indice, plan, plan_xml
    FROM ops.index_benchmarks
    WHERE corrida = 'prueba' AND fase = ANY(%(phases)s)
"""


def test_a_night_that_is_worse_than_those_on_record_is_flagged(run: Run, filled_warehouse: FilledWarehouse) -> None:
    both, after = [Phase.before.value, Phase.after.value], [Phase.after.value]
    with closing(filled_warehouse.owner.postgres()) as connection:
        for days in (1, 2, 3, 4):
            connection.execute(REPEATED, {"run": f"night {days}", "days": days, "times": 1, "phases": both})
        # Ten times as long with the index, and as ever without it.
        connection.execute(REPEATED, {"run": "night 5", "days": 5, "times": 10, "phases": after})
        connection.execute(REPEATED, {"run": "night 5", "days": 5, "times": 1, "phases": both[:1]})
        connection.commit()
        usual, worse = read_run(connection, "night 4"), read_run(connection, "night 5")
    queries = {(before.engine, before.query) for before, _ in run.pairs}
    assert Counter((night.engine, night.query) for night in worse.history) == dict.fromkeys(queries, 5)
    assert usual.regressions == []
    assert {(each.engine, each.query) for each in worse.regressions} == queries
    assert all("times its median of 4 earlier runs" in each.finding for each in worse.regressions)
    text = report(replace(worse, measurements=[]))
    assert f"{len(queries)} queries have become worse" in text


def test_no_regression_is_claimed_only_where_there_is_a_history(run: Run) -> None:
    first = replace(run, measurements=run.measurements[:2], history=[])
    assert "Nothing to compare with yet" in report(first)
    _, after = first.pairs[0]
    nights = [_night(after, days, 2.0) for days in (3, 2, 1, 0)]
    assert "No regression</b> in 1 of 1 queries" in report(replace(first, history=nights))


def test_a_server_with_nothing_to_tell_of_is_left_out(filled_warehouse: FilledWarehouse) -> None:
    database = filled_warehouse.owner.mongo()
    with database.client:
        database.command("profile", 1, slowms=600_000)
        try:
            with pytest.raises(MissingCapabilityError, match="no statement yet"):
                watch(filled_warehouse.owner, "mongodb", "calm")
        finally:
            database.command("profile", 0)
    recorded = ask(filled_warehouse.owner, "SELECT motor FROM ops.mediciones_omitidas WHERE corrida = 'calm'")
    assert recorded == [("mongodb",)]


def test_a_regression_is_flagged_and_links_to_its_query(run: Run) -> None:
    only = replace(run, measurements=run.measurements[:2])
    [(before, after)] = only.pairs
    nights = [_night(after, days, 2.0) for days in (4, 3, 2, 1)] + [_night(after, 0, 9.0)]
    text = report(replace(only, history=nights))
    assert "1 query has become worse" in text
    assert "takes 9.00 ms, 4.5 times its median of 4 earlier runs (2.00 ms)" in text
    assert f'<a href="#{before.engine}-{before.query}">' in text
    assert text.count("<img ") == 2, "bars and history"


def _night(after: Measurement, days_ago: int, median: float, **changes: object) -> Night:
    moment = datetime(2026, 3, 9, tzinfo=UTC) - timedelta(days=days_ago)
    night = Night(after.engine, after.query, moment, median, median * 0.9, 20.0, 100, True, days_ago == 0)
    return replace(night, **changes)  # type: ignore[arg-type]  # of Night's own types


@pytest.mark.parametrize(
    ("tonight", "findings"),
    [
        ({"median": 2.2}, []),
        ({"median": 9.0, "low_quartile": 8.0}, ["takes 9.00 ms, 4.5 times its median of 4 earlier runs (2.00 ms)"]),
        # A busy machine: some runs were as fast as ever; or without the index it takes longer by as much.
        ({"median": 9.0, "low_quartile": 2.0}, []),
        ({"median": 9.0, "low_quartile": 8.0, "median_without": 90.0}, []),
        ({"reads": 126}, ["reads 126, against 100 in the median of 4 earlier runs"]),
        ({"uses_index": False}, ["no longer uses its index"]),
    ],
)
def test_what_counts_as_a_regression(run: Run, tonight: dict[str, object], findings: list[str]) -> None:
    _, after = run.pairs[0]
    earlier = [_night(after, days, 2.0) for days in (4, 3, 2, 1)]
    now = replace(_night(after, 0, 2.0), **tonight)  # type: ignore[arg-type]  # of Night's own types
    assert [each.finding for each in regressions([*earlier, now])] == findings
    assert regressions([*earlier[:2], now]) == [], "two nights are no history"


def test_runs_of_both_phases_take_turns() -> None:
    order: list[tuple[Phase, int]] = []
    times = interleaved({phase: lambda number, phase=phase: order.append((phase, number)) for phase in Phase}, 3)
    assert {phase: len(each) for phase, each in times.items()} == {Phase.before: 3, Phase.after: 3}
    rounds = [order[start : start + 2] for start in range(0, len(order), 2)]
    assert all({phase for phase, _ in each} == set(Phase) for each in rounds)
    assert {each[0][0] for each in rounds} == set(Phase), "neither is always the first"


def test_plans_of_sql_server_are_read() -> None:
    rows, reads, indexes = sqlserver.plan_figures(SEEK_AND_LOOK_UP)
    assert (rows, reads) == (7, 24)
    assert indexes == {"IX_ventas_id_cliente", "PK_despues"}
    measured = Measurement(
        *("sqlserver", "SQL Server", "q", "?", "SELECT", "t", 1, "IX_ventas_id_cliente", Phase.after, rows, reads),
        *("pages", [1.0, 2.0], True, SEEK_AND_LOOK_UP),
    )
    plan = tree(measured)
    assert (plan.name, plan.rows) == ("Nested Loops", 7)
    assert [(each.name, each.detail, each.rows, each.seeks) for each in plan.children] == [
        ("Index Seek", "IX_ventas_id_cliente", 7, True),
        ("Clustered Index Seek", "PK_despues", 7, True),
    ]


@pytest.mark.sqlserver
def test_sql_server_is_measured_without_and_with_each_index() -> None:
    measurements = list(sqlserver.measure(from_settings(Settings(), admin=True), ROUNDS))
    assert len(measurements) == 2 * len(sql_cases("sqlserver"))
    for before, after in zip(measurements[::2], measurements[1::2], strict=True):
        assert not before.uses_index
        assert before.rows == after.rows
        assert before.reads > 0
        assert tree(after).name


def test_a_collection_without_documents_is_left_out_with_the_reason(filled_warehouse: FilledWarehouse) -> None:
    engines = Settings.model_validate(filled_warehouse.environment())
    elsewhere = engines.model_copy(
        update={"mongo_admin_url": SecretStr(engines.url("mongo", admin=True).replace("/promptcontent", "/vacia"))}
    )
    found = list(mongodb.measure(from_settings(elsewhere, admin=True), ROUNDS))
    assert [type(each) for each in found] == [Omission] * len(mongo_cases())
    assert {each.reason for each in found} == {
        f"{name} has no documents." for name in ("imagenes", "logs_campanas", "bitacora_solicitudes")
    }
