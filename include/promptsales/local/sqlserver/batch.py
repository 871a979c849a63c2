"""A T-SQL batch cut into statements, before any of them runs: as SQL Server compiles a batch whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from promptsales.local.sqlserver.bulk import bulk_inserts
from promptsales.local.sqlserver.errors import no_procedure, option_not_supported, sql_error
from promptsales.local.sqlserver.translate import Statement, translate


@dataclass(frozen=True)
class Control:
    """A statement about the session: `begin`, `commit`, `rollback`, `save`, `isolation`, `option` or `use`."""

    kind: str
    name: str | None = None
    value: str = ""
    guarded: bool = False
    """It came after IF @@TRANCOUNT > 0."""


def parse(batch: str) -> list[Control | Statement]:
    """The statements of a batch, in order.

    Raises:
        QueryError: a syntax error, or something that only SQL Server runs.
    """
    if (inserts := bulk_inserts(batch)) is not None:
        return [*inserts]
    if "\x00" in batch:
        raise sql_error(40517, "The stand-in's PostgreSQL cannot hold the character NUL in text.")
    return list(_statements(batch))


def parse_insert(source: str) -> Statement:
    """A bulk INSERT as an ordinary statement: for what COPY refuses and INSERT converts, or explains better."""
    (statement,) = _statements(source)
    assert isinstance(statement, Statement)
    return statement


_OPAQUE = re.compile(r"'(?:[^']|'')*'|\[(?:[^\]]|\]\])*\]|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_CONTROL = re.compile(
    r"""(?P<end>;)
    | (?P<guard>\bIF\s+@@TRANCOUNT\s*>\s*0\s+)?
      \b(?:(?P<begin>BEGIN)\s+TRAN(?:SACTION)?|(?P<commit>COMMIT)(?:\s+(?:TRAN(?:SACTION)?|WORK))?
         |(?P<rollback>ROLLBACK)(?:\s+(?:TRAN(?:SACTION)?|WORK))?|(?P<save>SAVE)\s+TRAN(?:SACTION)?)\b
      (?:[^\S\n]+(?!(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|SET|COMMIT|ROLLBACK|SAVE|BEGIN|USE|EXEC|EXECUTE|IF
         |ALTER|TRUNCATE|END|DECLARE|PRINT)\b)(?P<name>[\w\[\]]+))?
    | \bSET\s+TRANSACTION\s+ISOLATION\s+LEVEL\s+
      (?P<isolation>READ\s+UNCOMMITTED|READ\s+COMMITTED|REPEATABLE\s+READ|SNAPSHOT|SERIALIZABLE)\b
    | \bSET\s+(?P<option>[A-Z_]+(?:\s*,\s*[A-Z_]+)*)(?:\s+[\w.\[\]]+(?=\s+(?:ON|OFF)\b))?
      \s+(?P<value>-?\w+)(?=\s|;|$)
    | \bUSE\s+(?P<use>[\w\[\]]+)
    | \bALTER\s+SEQUENCE\s+(?P<sequence>[\w.\[\]]+)\s+RESTART(?:\s+WITH)?\s+(?P<start>-?\d+)
    | \bUPDATE\s+STATISTICS\s+(?P<statistics>[\w.\[\]]+)[^;]*
    | \bALTER\s+TABLE\s+(?P<constrained>[\w.\[\]]+)\s+(?:NOCHECK|(?P<checks>WITH\s+CHECK\s+CHECK))
      \s+CONSTRAINT\s+ALL\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ONLY_SQL_SERVER = re.compile(
    r"\b(OPENQUERY|OPENROWSET|OPENDATASOURCE|(?:EN|DE)CRYPTBY\w+|(?:VERIFY)?SIGN(?:ED)?BY\w+|CERT\w*_ID|KEY_GUID|HASHBYTES)\s*\(",
    re.IGNORECASE,
)


def _blank(match: re.Match[str]) -> str:
    text = match[0]
    if text[0] == "[":
        return text if re.fullmatch(r"\[\w+\]", text) else "_" * len(text)
    return (" " if text[0] in "-/" else "_") * len(text)


def _statements(batch: str) -> Iterator[Control | Statement]:
    # The same text with every literal and comment blanked out: what is found in it is code, at the same place.
    code = _OPAQUE.sub(_blank, batch)
    if refused := _ONLY_SQL_SERVER.search(code):
        raise option_not_supported(refused[1].upper())
    # Before the variables that such a batch declares for it are: the procedure is what the caller asked for.
    if called := _CALL.search(code):
        raise no_procedure(called[1])
    start = 0
    for match in _CONTROL.finditer(code):
        yield from _dml(batch, code, start, match.start())
        start = match.end()
        if not match["end"]:
            yield _control(match)
    yield from _dml(batch, code, start, len(batch))


def _control(match: re.Match[str]) -> Control | Statement:
    found = {name: re.sub(r"[\[\]]", "", value) for name, value in match.groupdict().items() if value is not None}
    for kind in ("begin", "commit", "rollback", "save"):
        if kind in found:
            return Control(kind, name=found.get("name"), guarded="guard" in found)
    if "isolation" in found:
        return Control("isolation", value=" ".join(found["isolation"].upper().split()))
    if "option" in found:
        return Control("option", name=found["option"].upper(), value=found["value"].upper())
    if "use" in found:
        return Control("use", name=found["use"])
    if "sequence" in found:
        name, verb = found["sequence"], "ALTER SEQUENCE"
        action = f"ALTER SEQUENCE {name} RESTART WITH {found['start']}"
    elif "statistics" in found:
        name, verb = found["statistics"], "UPDATE STATISTICS"
        action = f"ANALYZE {name}"
    else:
        name, verb = found["constrained"], "ALTER TABLE"
        action = f"CALL tsql.enforce_foreign_keys('{name}', {'checks' in found})"
    schema, _, table = name.lower().rpartition(".")
    return Statement(match[0], verb, ready=action, objects=((schema or "dbo", table),))


def _dml(batch: str, code: str, start: int, end: int) -> Iterator[Statement]:
    source, outside = batch[start:end], code[start:end]
    if not outside.strip():
        return
    if _TOP.match(outside):
        raise option_not_supported("TOP in UPDATE or DELETE")
    if output := _OUTPUT_OF_DELETE.match(outside):
        cut, then = output.span(2)
        source = f"{source[:cut]} {source[then:]} {source[cut:then]}"
    yield from translate(source, line=batch.count("\n", 0, start + len(outside) - len(outside.lstrip())) + 1)


# Not GRANT EXECUTE ON, nor EXECUTE AS.
_CALL = re.compile(r"(?<![\[.\w])EXEC(?:UTE)?\b(?!\s+(?:ON|TO|AS)\b)\s*(?:@\w+\s*=\s*)?\(?([\w.\[\]]*)", re.IGNORECASE)
_TOP = re.compile(r"\s*(?:UPDATE|DELETE)\s+TOP\b", re.IGNORECASE)
# sqlglot reads OUTPUT at the end of a DELETE, SQL Server before its FROM or WHERE.
_OUTPUT_OF_DELETE = re.compile(r"(\s*DELETE\b.*?)(\bOUTPUT\b.*?)(?=\b(?:FROM|WHERE)\b)", re.IGNORECASE | re.DOTALL)
