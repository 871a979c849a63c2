"""The SQL of the extraction and of the loader, one statement a file."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from psycopg import sql


@cache
def text(name: str) -> str:
    """The text of `<name>.sql`."""
    return files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


@cache
def statement(name: str) -> sql.SQL:
    """The PostgreSQL statement in `<name>.sql`, ready for `.format()`."""
    return sql.SQL(text(name))
