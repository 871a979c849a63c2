"""The servers' URLs, read in this one place: what is wrong with one is said without showing any of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from promptsales.errors import SettingsError

_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[^\[\]:,]+)"
_HOST_AND_PORT = re.compile(rf"({_HOST})(?::([0-9]{{1,5}}))?")
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class UrlForm:
    """How one engine's URLs look."""

    engine: str
    schemes: tuple[str, ...]
    example: str
    names_database: bool = True
    several_hosts: bool = False


POSTGRESQL = UrlForm("PostgreSQL", ("postgresql", "postgres"), "postgresql://login:password@host:port/database")
SQLSERVER = UrlForm("SQL Server", ("mssql",), "mssql://login:password@host:port/database")
MONGODB = UrlForm(
    "MongoDB", ("mongodb", "mongodb+srv"), "mongodb://login:password@host:port/database", several_hosts=True
)
REDIS = UrlForm("Redis", ("redis", "rediss"), "redis://:password@host:port/0", names_database=False)

SQLSERVER_PORT = 1433
"""Where SQL Server listens unless its URL says otherwise; no client of it knows by itself."""


@dataclass(frozen=True)
class ServerUrl:
    """The parts of a URL, percent-decoded."""

    scheme: str
    host: str
    """For MongoDB it may be several, each with its port, as the URL lists them."""
    port: int | None
    database: str
    login: str
    password: str = field(repr=False)
    options: dict[str, str] = field(repr=False)

    @property
    def where(self) -> str:
        """Host, port and database: what an error may show, never the login's password."""
        host = f"[{self.host}]" if ":" in self.host and self.port else self.host
        return host + (f":{self.port}" if self.port else "") + (f"/{self.database}" if self.database else "")


def parse_url(url: str, form: UrlForm, variable: str) -> ServerUrl:
    """The parts of `url`.

    Args:
        url: as the settings hold it.
        form: which engine's.
        variable: the environment variable that holds it, for the error.

    Raises:
        SettingsError: it is not of the form, or names no host or database. The text names the variable only.
    """
    malformed = SettingsError(
        f"{variable} is not a {form.engine} URL, {form.example}. Special characters in the password must be "
        "percent-encoded (# is %23, / is %2F, @ is %40)."
    )
    try:
        parts = urlsplit(url)
    except ValueError:
        # The parser's own text quotes what it could not read, which is the password as often as not: `from None`
        # keeps that out of tracebacks as well.
        raise malformed from None
    userinfo, _, hosts = parts.netloc.rpartition("@")
    # A bare delimiter in a password moves the @ out of its place; a client may read the URL otherwise than this does.
    misplaced = "@" in userinfo + parts.path + parts.query or "#" in url or any(c in userinfo for c in "[]")
    if parts.scheme not in form.schemes or misplaced or _BARE_PERCENT.search(url) or not url.isprintable():
        raise malformed
    if not hosts or hosts.startswith(":"):
        raise SettingsError(f"{variable} names no host: {form.example}.")
    host, port = _host_and_port(hosts, form, malformed)
    database = unquote(parts.path.strip("/"))
    if form.names_database and not database:
        raise SettingsError(f"{variable} names no database: {form.example}.")
    if not form.names_database and not re.fullmatch("[0-9]*", database):
        raise malformed
    login, _, password = userinfo.partition(":")
    return ServerUrl(
        scheme=parts.scheme,
        host=host,
        port=port,
        database=database,
        login=unquote(login),
        password=unquote(password),
        options=dict(parse_qsl(parts.query)),
    )


def _host_and_port(hosts: str, form: UrlForm, malformed: SettingsError) -> tuple[str, int | None]:
    found = [_HOST_AND_PORT.fullmatch(host) for host in hosts.split(",")]
    matches = [match for match in found if match and int(match[2] or 1) in range(1, 65536)]
    if len(matches) < len(found) or (len(matches) > 1 and not form.several_hosts):
        raise malformed
    if len(matches) > 1:
        return hosts, None
    host, port = matches[0].groups()
    return unquote(host.strip("[]")), int(port) if port else None
