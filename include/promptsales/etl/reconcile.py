"""Comparing a mirror with its source, and repairing it: for what no delta tells, such as a truncate by hand.

The source's rows are copied into a temporary table of the mirror's own types, so that PostgreSQL compares like with
like, whichever engine they came from. Counts and digests by range of the key find where the two differ; only there are
rows compared one by one. What changed at the source since the mirror's last load is not drift and is left out: those
keys are asked for under the lock that keeps loads out, after all else was read.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from promptsales.connections import Connections
from promptsales.etl import watermarks
from promptsales.etl.errors import LoadError
from promptsales.etl.mirrors import column_definitions
from promptsales.etl.parameters import MAX_DRIFT
from promptsales.etl.piece import Position
from promptsales.etl.quarantine import copy_rows
from promptsales.etl.run import explained, run_table
from promptsales.etl.source import Source
from promptsales.etl.spec import PipelineSpec, TableSpec
from promptsales.etl.sql import statement
from promptsales.etl.warehouse import MirrorWriter

logger = logging.getLogger(__name__)

RANGE_ROWS = 10_000
"""Rows of the source in one range of the key."""

FEW_ROWS = 100
"""Up to so many rows are repaired whatever part of the table they are."""


COUNTS = (
    "source_rows", "mirror_rows", "in_flight", "ranges", "differing_ranges", "missing", "extra", "different",
)  # fmt: skip
"""What `count_differences.sql` counts, in its order."""


class Outcome(StrEnum):
    """How a comparison ended."""

    equal = "igual"
    differs = "distinta"
    repaired = "reparada"
    read_again = "releida"
    too_much = "excedida"


@dataclass(frozen=True)
class Reconciliation:
    """What one comparison found, in rows and seconds.

    Attributes:
        in_flight: keys that changed since the mirror's last load and were not compared.
        ranges: of the key, of `RANGE_ROWS` source rows each.
        missing: rows that the mirror lacked.
        extra: rows that the source lacked.
        different: rows that were not equal.
        sample: a few of them, as `["missing", key, ...]`.
    """

    source: str
    table: str
    outcome: Outcome
    source_rows: int = 0
    mirror_rows: int = 0
    in_flight: int = 0
    ranges: int = 0
    differing_ranges: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    sample: tuple[Any, ...] = ()
    seconds: float = 0.0

    @property
    def drift(self) -> int:
        """Rows that differ in any way."""
        return self.missing + self.extra + self.different

    def exceeds(self, max_drift: float) -> bool:
        """Whether more of the table differs than may be repaired unseen; nothing exceeds 1.

        Where no key is the same, more rows differ than either side has.
        """
        return max_drift < 1 and self.drift > max(FEW_ROWS, max_drift * max(self.source_rows, self.mirror_rows))


class DriftError(LoadError):
    """More of a mirror differs from its source than may be repaired without a person."""


def reconcile(
    pipeline: PipelineSpec,
    table: TableSpec,
    connections: Connections,
    run_id: str,
    *,
    repair: bool = True,
    max_drift: float = MAX_DRIFT,
    on_read: Callable[[int], None] = lambda rows: None,
) -> Reconciliation:
    """Compare one mirror with its source, and make it equal.

    Args:
        pipeline: the table's source.
        table: what to compare.
        connections: factories; the ones of the warehouse and of this source are called.
        run_id: recorded with what was found.
        repair: False compares only.
        max_drift: above this part of the table, and above `FEW_ROWS` rows, it is a failure, and no row of the mirror is
            changed or taken away; 1 repairs all.
        on_read: called now and then with the rows read so far.

    Raises:
        DriftError: above `max_drift`; recorded. Nothing was repaired, unless rows were only missing: those are back.
        LoadError: the source or the warehouse did not answer, or the table was never loaded; nothing was changed.
    """
    try:
        found = _Comparison(pipeline, table, connections, run_id).run(repair, max_drift, on_read)
    except Exception as error:
        raise explained(pipeline, table, error) from error
    if found.outcome is Outcome.too_much:
        raise DriftError(
            f"{pipeline.source}.{table.name}: {found.drift:,} of {max(found.source_rows, found.mirror_rows):,} rows "
            f"differ from the source: {found.missing:,} missing, {found.extra:,} extra, {found.different:,} not equal, "
            f"for example {list(found.sample)[:3]}. Nothing was repaired. If the source is right: `promptsales etl "
            f"reconcile {pipeline.source} --table {table.name} --max-drift 100`."
        )
    if found.outcome is Outcome.repaired and found.exceeds(max_drift):
        raise DriftError(
            f"{pipeline.source}.{table.name}: {found.missing:,} of {found.source_rows:,} rows were missing, for "
            f"example {list(found.sample)[:3]}. They are back, and the next refresh brings them into the star schema; "
            "find out who emptied the mirror."
        )
    if found.outcome is Outcome.read_again:
        run_table(pipeline, table, connections, run_id)
    return found


class _Comparison:
    def __init__(self, pipeline: PipelineSpec, table: TableSpec, connections: Connections, run_id: str) -> None:
        self.pipeline = pipeline
        self.table = table
        self.connections = connections
        self.run_id = run_id

    def run(self, repair: bool, max_drift: float, on_read: Callable[[int], None]) -> Reconciliation:
        started = time.monotonic()
        with (
            closing(self.connections.postgres()) as warehouse,
            closing(Source(self.pipeline, self.table, self.connections)) as source,
        ):
            position = self._position(warehouse)
            writer = MirrorWriter(warehouse, self.pipeline, self.table)
            with warehouse.transaction():
                behind = source.is_behind(position)
                self._stage(warehouse, writer, source, on_read)
                writer.lock()
                # Of a source that was restored no version tells what is newer than the mirror.
                self._leave_out(writer, [] if behind else source.changed_since(position))
                found = self._compare(writer)
                found = replace(found, outcome=_outcome(found, behind, repair, max_drift))
                if found.outcome is Outcome.repaired:
                    self._repair(writer)
                elif found.outcome is Outcome.read_again:
                    self._forget_watermark(writer)
                found = replace(found, seconds=time.monotonic() - started)
                self._record(writer, found)
        logger.info(
            "%s.%s: %s: %d missing, %d extra, %d different of %d rows in %d of %d ranges, %d in flight, %.1f s",
            found.source, found.table, found.outcome, found.missing, found.extra, found.different, found.source_rows,
            found.differing_ranges, found.ranges, found.in_flight, found.seconds,
        )  # fmt: skip
        return found

    def _position(self, warehouse: psycopg.Connection[Any]) -> Position:
        position = watermarks.committed(warehouse, self.pipeline.source, self.table.name)
        warehouse.rollback()
        if position is None or "snapshot" in position:
            raise LoadError(
                f"{self.pipeline.source}.{self.table.name} was not loaded whole yet: run `promptsales etl run "
                f"{self.pipeline.source}` first."
            )
        return position

    def _stage(
        self,
        warehouse: psycopg.Connection[Any],
        writer: MirrorWriter,
        source: Source,
        on_read: Callable[[int], None],
    ) -> None:
        writer.stage()
        key_columns = column_definitions(self.table.key_columns, self.table.key)
        warehouse.execute(statement("stage_changed_keys").format(key_columns=key_columns))

        def counted() -> Any:
            for number, row in enumerate(source.rows(), 1):
                if number % RANGE_ROWS == 0:
                    on_read(number)
                yield row

        columns = [*self.table.column_names, "_version"]
        _, refused = copy_rows(warehouse, "staged_rows", columns, counted())
        warehouse.execute("ANALYZE staged_rows")
        # Rows that the warehouse cannot take are the quarantine's, and no drift.
        self._leave_out_keys(warehouse, [self._key_of(bad.row) for bad in refused])

    def _key_of(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(row[self.table.column_names.index(name)] for name in self.table.key)

    def _leave_out(self, writer: MirrorWriter, keys: list[tuple[Any, ...]]) -> None:
        self._leave_out_keys(writer.connection, keys)
        writer.connection.execute("ANALYZE changed_keys")
        writer.execute("drop_changed_keys")
        writer.execute("drop_earlier_rows")

    def _leave_out_keys(self, warehouse: psycopg.Connection[Any], keys: list[tuple[Any, ...]]) -> None:
        rows = ((*key, 0) for key in dict.fromkeys(keys))
        copy_rows(warehouse, "changed_keys", [*self.table.key, "_version"], rows)

    def _compare(self, writer: MirrorWriter) -> Reconciliation:
        first_key = sql.Identifier(self.table.key[0])
        either = sql.SQL(", ").join(
            sql.SQL("coalesce(newest.{0}, mirror.{0}) AS {0}").format(sql.Identifier(name)) for name in self.table.key
        )
        writer.parts |= {"first_key": first_key, "either_key": either}
        writer.execute("compare_ranges", range_rows=RANGE_ROWS)
        writer.execute("compare_rows")
        [(*counts, sample)] = writer.execute("count_differences").fetchall()
        counted = dict(zip(COUNTS, counts, strict=True))
        return Reconciliation(self.pipeline.source, self.table.name, Outcome.equal, **counted, sample=tuple(sample))

    def _repair(self, writer: MirrorWriter) -> None:
        load_id = writer.next_load_id()
        writer.execute("repair_extra", **writer.names, load_id=load_id)
        writer.execute("repair_rows", load_id=load_id)
        writer.execute("forget_position", **writer.names)

    def _forget_watermark(self, writer: MirrorWriter) -> None:
        watermarks.forget(writer.connection, **writer.names)
        writer.execute("forget_position", **writer.names)

    def _record(self, writer: MirrorWriter, found: Reconciliation) -> None:
        values = vars(found) | {"run_id": self.run_id, "outcome": found.outcome.value}
        writer.execute("record_reconciliation", **values | {"sample": Jsonb(list(found.sample))})


def _outcome(found: Reconciliation, behind: bool, repair: bool, max_drift: float) -> Outcome:
    if not found.drift and not behind:
        return Outcome.equal
    if not repair:
        return Outcome.differs
    # Rows that are only missing can be put back unseen: nothing is lost by it, and the source has them.
    if found.exceeds(max_drift) and (behind or found.extra or found.different):
        return Outcome.too_much
    return Outcome.read_again if behind else Outcome.repaired
