"""The queries that are measured: a file each, whose comment says what it asks, of which table, by which index."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(str(files(__name__.rpartition(".")[0])))

_ENTRY = re.compile(r"^-- (table|key|columns|index|values): (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class SqlCase:
    """A query in SQL.

    Attributes:
        name: its file's, without the number.
        table: the live table, as the file names it.
        index: as the file says; on SQL Server with its columns.
        values: a query, for the values of the parameters that the query is run with.
        sql: the query, with `{table}` for the copy.
        key, columns: of the copy, on SQL Server.
    """

    name: str
    question: str
    table: str
    index: str
    values: str
    sql: str
    key: str = ""
    columns: str = ""


@dataclass(frozen=True)
class MongoCase:
    """A `find`. In its filter, "$field" stands for a document's own value."""

    name: str
    question: str
    collection: str
    index: str
    filter: dict[str, Any]
    sort: dict[str, int] | None = None
    limit: int = 0


def sql_cases(engine: str) -> list[SqlCase]:
    """The queries of `postgresql` or `sqlserver`, in the order of their files."""
    return [_read(path) for path in sorted((FOLDER / engine).glob("*.sql"))]


def mongo_cases() -> list[MongoCase]:
    """The queries of MongoDB."""
    return [MongoCase(**case) for case in yaml.safe_load((FOLDER / "mongodb.yaml").read_text(encoding="utf-8"))]


def _read(path: Path) -> SqlCase:
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    question = text.splitlines()[0].removeprefix("-- ")
    return SqlCase(
        path.stem.split("_", 1)[1], question, sql="\n".join(lines).strip().rstrip(";"), **dict(_ENTRY.findall(text))
    )
