"""What a source hands to the warehouse: one bounded slice of a table's changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Position = dict[str, Any]
"""Where a table's reading stands, as JSON. Each source defines its own fields; the warehouse only compares."""

PAGE_ROWS = 25_000
"""How many rows of one table a run holds in memory, and commits, at a time."""


@dataclass
class Piece:
    """The changes between two positions, committed to the warehouse in one transaction.

    The loader applies `deletions`, then `rows`, then `delete_older_than`, then commits `high`. A source yields
    its next piece only after this one is committed, so a run that dies resumes from the last `high`.

    Attributes:
        low: the committed position this piece starts from; None when the table was never loaded.
        high: the position to commit with it.
        rows: values in the order of the spec's columns, then the row's version; consumed once.
        deletions: key values in key order, then the deletion's version: a mirror row that is older goes.
        delete_older_than: after the upserts, every mirror row with a lower version goes (end of a snapshot).
        reset_versions: first set every mirror version to 0, so that a source restored to an earlier state wins.
        last: no further piece follows in this run.
        held_back: changes that are committed at the source wait above `high` until an older transaction there ends.
    """

    low: Position | None
    high: Position
    rows: Iterable[tuple[Any, ...]]
    deletions: Iterable[tuple[Any, ...]] = ()
    delete_older_than: int | None = None
    reset_versions: bool = False
    last: bool = True
    held_back: bool = False
