"""The source of one table, whichever engine it is in: what changed since a position, and all that there is."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pymssql

from promptsales.connections import Connections
from promptsales.etl import mongodb_source, sqlserver_source
from promptsales.etl.piece import Piece, Position
from promptsales.etl.spec import PipelineSpec, TableSpec


class Source:
    """One table at its source: opens the right engine and closes it again.

    Args:
        pipeline: the table's source.
        table: what to read.
        connections: factories; the one of this source is called.

    Raises:
        PromptSalesError: from every method, naming the table's view or collection, where the engine does not answer,
            refuses, or has another shape than the spec says.
    """

    def __init__(self, pipeline: PipelineSpec, table: TableSpec, connections: Connections) -> None:
        self.table = table
        self._sqlserver: pymssql.Connection | None = None
        self._mongo: Any = None
        if pipeline.engine == "mongodb":
            self._mongo = connections.mongo()
        else:
            self._sqlserver = connections.ads() if pipeline.source == "promptads" else connections.crm()

    def pieces(self, low: Position | None, page_rows: int) -> Generator[Piece]:
        """The changes since `low`, to be committed piece by piece."""
        if self._sqlserver is not None:
            return sqlserver_source.read_pieces(self._sqlserver, self.table, low, page_rows)
        return mongodb_source.read_pieces(self._mongo[self.table.source], self.table, low, page_rows)

    def rows(self) -> Generator[tuple[Any, ...]]:
        """Every row that the source holds, with its version last."""
        if self._sqlserver is not None:
            return sqlserver_source.read_all(self._sqlserver, self.table)
        return mongodb_source.read_all(self._mongo[self.table.source], self.table)

    def changed_since(self, position: Position) -> list[tuple[Any, ...]]:
        """The keys of what changed after a position."""
        if self._sqlserver is not None:
            return sqlserver_source.changed_since(self._sqlserver, self.table, position)
        return mongodb_source.changed_since(self._mongo[self.table.source], self.table, position)

    def is_behind(self, position: Position) -> bool:
        """Whether the source is older than a position, as after a restore that its next load cannot mend by itself."""
        return self._sqlserver is not None and sqlserver_source.is_behind(self._sqlserver, self.table, position)

    def close(self) -> None:
        """Close the connection."""
        if self._sqlserver is not None:
            self._sqlserver.close()
        else:
            self._mongo.client.close()
