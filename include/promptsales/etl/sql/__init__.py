"""The SQL of the extraction and of the loader, one statement a file; other packages keep theirs in the same way."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from psycopg import sql


@cache
def text(name: str, package: str = __name__) -> str:
    """The text of `<name>.sql` in `package`; `name` may begin with a folder."""
    return files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8")


@cache
def statement(name: str, package: str = __name__) -> sql.SQL:
    """The PostgreSQL statement in `<name>.sql` of `package`, ready for `.format()`."""
    return sql.SQL(text(name, package))
