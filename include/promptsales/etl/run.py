"""Running a table's load from its committed watermark to the source's present, piece by piece."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

import psycopg
import pymssql
from pymongo.errors import PyMongoError
from structlog.contextvars import bound_contextvars

from promptsales.connections import Connections, mongodb_message, sqlserver_message
from promptsales.errors import PromptSalesError
from promptsales.etl import watermarks
from promptsales.etl.errors import LoadError, WatermarkMovedError
from promptsales.etl.piece import PAGE_ROWS, Piece
from promptsales.etl.source import Source
from promptsales.etl.spec import PipelineSpec, TableSpec
from promptsales.etl.sql import statement
from promptsales.etl.warehouse import PieceCounts, commit_piece

logger = logging.getLogger(__name__)


@dataclass
class TableResult:
    """What one run moved for one table, in rows and seconds; `error` says why it stopped, if it did.

    Attributes:
        stages: seconds of reading the source (`extract`), of writing (`load`) and of the COMMITs.
        waited_seconds: for how long a change may have waited when the run began; None: the table was never loaded.
    """

    source: str
    table: str
    read: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    rejected: int = 0
    pieces: int = 0
    seconds: float = 0.0
    error: str | None = field(default=None)
    stages: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("extract", "load", "commit"), 0.0))
    waited_seconds: float | None = None

    def add(self, counts: PieceCounts) -> None:
        """Count one more committed piece."""
        self.read += counts.read
        self.inserted += counts.inserted
        self.updated += counts.updated
        self.deleted += counts.deleted
        self.rejected += counts.rejected
        self.pieces += 1
        self.stages["load"] += counts.load_seconds
        self.stages["commit"] += counts.commit_seconds

    @property
    def lag_seconds(self) -> float | None:
        """The greatest age that a change had when it came into the warehouse; None for a first load."""
        return None if self.waited_seconds is None else self.waited_seconds + self.seconds

    @property
    def changed(self) -> int:
        """Mirror rows that this run inserted, updated or deleted."""
        return self.inserted + self.updated + self.deleted


def run_table(
    pipeline: PipelineSpec,
    table: TableSpec,
    connections: Connections,
    run_id: str,
    on_piece: Callable[[TableResult], None] = lambda result: None,
    page_rows: int = PAGE_ROWS,
    result: TableResult | None = None,
) -> TableResult:
    """Move one table's changes into its mirror.

    Args:
        pipeline: the table's source.
        table: what to move.
        connections: factories; the ones of the warehouse, of Redis and of this source are called.
        run_id: recorded with every load, e.g. the Airflow run.
        on_piece: called after each committed piece with the totals so far.
        page_rows: how many rows a piece holds at most.
        result: filled in and returned; whoever hands one in has what was committed before a failure, too.

    Raises:
        LoadError: naming the table and what to do. What was committed before stays; the watermark is where the
            last committed piece ended.
    """
    result = result or TableResult(pipeline.source, table.name)
    _run_into(result, pipeline, table, connections, run_id, on_piece, page_rows)
    return result


def run_pipeline(
    pipeline: PipelineSpec,
    connections: Connections,
    run_id: str,
    on_piece: Callable[[TableResult], None] = lambda result: None,
) -> list[TableResult]:
    """Move every table of a source; a table that fails carries its error and the others go on."""
    results = []
    for table in pipeline.tables:
        result = TableResult(pipeline.source, table.name)
        results.append(result)
        try:
            _run_into(result, pipeline, table, connections, run_id, on_piece, PAGE_ROWS)
        except LoadError as error:
            result.error = str(error)
    return results


def _run_into(
    result: TableResult,
    pipeline: PipelineSpec,
    table: TableSpec,
    connections: Connections,
    run_id: str,
    on_piece: Callable[[TableResult], None],
    page_rows: int,
) -> None:
    started = time.monotonic()
    with bound_contextvars(source=pipeline.source, table=table.name):
        try:
            # Every time the watermark moved, another run committed a piece: planning again ends when that run does.
            while not _run_once(pipeline, table, connections, run_id, result, on_piece, page_rows):
                logger.info("%s.%s: another run moved the watermark; planning again", pipeline.source, table.name)
        except Exception as error:
            logger.debug("%s.%s failed", pipeline.source, table.name, exc_info=True)
            failure = explained(pipeline, table, error)
            _record_failure(connections, pipeline, table, run_id, str(failure))
            raise failure from error
        finally:
            result.seconds = time.monotonic() - started
        logger.info(
            "%s.%s: read %d, inserted %d, updated %d, deleted %d, rejected %d in %d piece(s), %.1f s",
            result.source, result.table, result.read, result.inserted, result.updated, result.deleted,
            result.rejected, result.pieces, result.seconds,
        )  # fmt: skip


def _run_once(
    pipeline: PipelineSpec,
    table: TableSpec,
    connections: Connections,
    run_id: str,
    result: TableResult,
    on_piece: Callable[[TableResult], None],
    page_rows: int,
) -> bool:
    """One plan, from the committed watermark on; False when another run moved it meanwhile."""
    with closing(connections.postgres()) as warehouse, closing(connections.redis()) as redis:
        warehouse.autocommit = True
        low = watermarks.current(warehouse, redis, pipeline.source, table.name)
        result.waited_seconds = watermarks.waited_seconds(warehouse, pipeline.source, table.name)
        with (
            closing(Source(pipeline, table, connections)) as reader,
            closing(reader.pieces(low, page_rows)) as pieces,
        ):
            while (piece := _timed(pieces, result)) is not None:
                try:
                    counts = commit_piece(warehouse, pipeline, table, piece, run_id)
                except WatermarkMovedError:
                    return False
                result.add(counts)
                with bound_contextvars(load_id=counts.load_id):
                    logger.info("load %d: %d rows read", counts.load_id, counts.read)
                watermarks.publish(redis, pipeline.source, table.name, piece.high)
                on_piece(result)
    return True


def _timed(pieces: Iterator[Piece], result: TableResult) -> Piece | None:
    """The next piece, if there is one; the wait for it is the source's."""
    started = time.monotonic()
    try:
        return next(pieces, None)
    finally:
        result.stages["extract"] += time.monotonic() - started


def explained(pipeline: PipelineSpec, table: TableSpec, error: Exception) -> LoadError:
    """What stopped the reading or the loading of a table, in one sentence for the person who runs it."""
    name = f"{pipeline.source}.{table.name}"
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return LoadError(
            f"{name}: the warehouse lacks what the spec declares ({_one_line(error)}). Run `promptsales db init`."
        )
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return LoadError(f"{name}: PostgreSQL does not answer and nothing was kept: {_one_line(error)}.")
    if isinstance(error, psycopg.Error):
        return LoadError(f"{name}: PostgreSQL refused the load and nothing of it was kept: {_one_line(error)}.")
    if isinstance(error, pymssql.Error):
        return LoadError(f"{name}: SQL Server stopped the load: {sqlserver_message(error)}.")
    if isinstance(error, PyMongoError):
        return LoadError(f"{name}: MongoDB stopped the load: {mongodb_message(error)}.")
    if isinstance(error, PromptSalesError):
        text = str(error)
        return LoadError(text if text.startswith(name) else f"{name}: {text}")
    return LoadError(
        f"{name}: the load failed in a way that nobody foresaw: {type(error).__name__}: {_one_line(error)}."
    )


def _record_failure(
    connections: Connections, pipeline: PipelineSpec, table: TableSpec, run_id: str, message: str
) -> None:
    """Keep the reason where operators look; if the warehouse is down, and that is not the reason, the log says so."""
    try:
        with closing(connections.postgres()) as warehouse:
            warehouse.execute(
                statement("insert_failure"),
                {"source": pipeline.source, "table": table.name, "run_id": run_id, "message": message},
            )
            warehouse.commit()
    except (PromptSalesError, psycopg.Error) as error:
        if str(error) not in message:
            logger.warning(
                "%s.%s: the failure could not be recorded: %s", pipeline.source, table.name, _one_line(error)
            )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
