"""The servers' statements: named, in `.sql` files of each server's `sql` folder, values only ever as parameters."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def query(package: str, name: str) -> str:
    """The text of `sql/<name>.sql` beside a server's module.

    Args:
        package: the server's, e.g. `mcp_servers.ads_optimizer`.
        name: the file's, without its ending.
    """
    return files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
