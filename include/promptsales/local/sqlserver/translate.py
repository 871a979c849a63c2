"""T-SQL batches to PostgreSQL statements: sqlglot's two dialects, and what they leave to do.

`parse` cuts a batch into statements before anything runs, as SQL Server compiles a batch whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.expressions import DataType

from promptsales.local.sqlserver.errors import no_procedure, not_supported, option_not_supported, sql_error

Variables = Mapping[str, Any]
"""Values of `@@rowcount` and its like, and of the parameters of sp_executesql: names in lower case."""


@dataclass(frozen=True)
class Control:
    """A statement about the session: `begin`, `commit`, `rollback`, `save`, `isolation`, `option` or `use`."""

    kind: str
    name: str | None = None
    value: str = ""
    guarded: bool = False
    """It came after IF @@TRANCOUNT > 0."""


@dataclass(frozen=True)
class Statement:
    """A statement for PostgreSQL."""

    source: str
    verb: str
    line: int = 1
    """Where it begins in its batch."""
    ready: str | None = None
    """The PostgreSQL text, when no variable can change it."""
    copy: bytes | None = None
    """The rows of a bulk INSERT, for the COPY that `ready` then is."""
    tree: exp.Expr | None = None
    names: tuple[str, ...] | None = None
    """Result column names as SQL Server gives them; None where only PostgreSQL knows them."""
    objects: tuple[tuple[str, str], ...] = field(default=())

    def sql(self, variables: Variables) -> str:
        """The PostgreSQL text.

        Raises:
            QueryError: 137, a variable nobody declared.
        """
        if self.ready is not None:
            return self.ready
        assert self.tree is not None
        return self.tree.transform(_bind, variables).sql(dialect="postgres", comments=False)


def parse(batch: str) -> list[Control | Statement]:
    """The statements of a batch, in order.

    Raises:
        QueryError: a syntax error, or something that only SQL Server runs.
    """
    if (inserts := _bulk_inserts(batch)) is not None:
        return inserts
    if "\x00" in batch:
        raise sql_error(40517, "The stand-in's PostgreSQL cannot hold the character NUL in text.")
    return list(_statements(batch))


def parse_insert(source: str) -> Statement:
    """A bulk INSERT as an ordinary statement: for what COPY refuses and INSERT converts, or explains better."""
    (statement,) = _statements(source)
    assert isinstance(statement, Statement)
    return statement


# --- bulk loads ----------------------------------------------------------------------------------------------

BULK_CHARACTERS = 4000
"""Below this length a batch is parsed like any other."""

_VALUE = r"(?:[Nn]?\x00++|NULL|null|0x(?:[\dA-Fa-f]{2})*+|-?+(?:0|[1-9]\d*+)(?:\.\d++)?+(?:[Ee][+-]?\d++)?+)"
_ROW = rf"\(\s*+{_VALUE}(?:\s*+,\s*+{_VALUE})*+\s*+\)"
_INSERT = re.compile(
    r"\s*(?i:INSERT\s+(?:INTO\s+)?)(?P<table>[\w.\[\]]+)\s*(?P<columns>\([\w\s,\[\]]+\))\s*(?i:VALUES)\s*"
    rf"(?P<rows>{_ROW}(?:\s*+,\s*+{_ROW})*+)\s*(?:;\s*)?"
)
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
_COPY_CODE = (
    *(("),(", "\n"), (",", "\t"), ("0x", "\\\\x")),
    *(("N\x00", "\x00"), ("n\x00", "\x00"), ("NULL", "\\N"), ("null", "\\N")),
)


def _bulk_inserts(batch: str) -> list[Control | Statement] | None:
    """A batch of nothing but INSERT ... VALUES of literals, as COPY; None when it is anything else.

    PostgreSQL takes longer to parse a long VALUES list than to store its rows. Splitting at every quote leaves what
    is outside of string literals at even places: only that is matched and rewritten, with NUL in the place of each
    literal. A quote in a comment or in a [name] makes the outside match nothing, and the parser takes over.
    """
    if len(batch) < BULK_CHARACTERS or "\x00" in batch:
        return None
    pieces = batch.split("'")
    outside, inside = "\x00".join(pieces[::2]), pieces[1::2]
    found: list[Control | Statement] = []
    end = used = 0
    while end < len(outside):
        match = _INSERT.match(outside, end)
        if match is None:
            return None
        end = match.end()
        literals = inside[used : used + match[0].count("\x00")]
        used += len(literals)
        target = re.sub(r"\[(\w+)\]", lambda name: f'"{name[1].lower()}"', f"{match['table']} {match['columns']}")
        schema, _, table = re.sub(r"[\[\]]", "", match["table"]).lower().rpartition(".")
        found.append(
            Statement(
                source=_weave(match[0].split("\x00"), literals, "'"),
                verb="INSERT",
                ready=f"COPY {target} FROM STDIN",
                copy=_copy_data(match["rows"], literals),
                objects=((schema or "dbo", table),),
            )
        )
    return found or None


def _copy_data(rows: str, literals: list[str]) -> bytes:
    code = "".join(rows.split())
    for sql, copied in _COPY_CODE:
        code = code.replace(sql, copied)
    text = "\x00".join(literals)
    for character, escaped in _ESCAPES:
        text = text.replace(character, escaped)
    # Nothing between two literals: they were one, cut at a doubled quote.
    outside = [piece or "'" for piece in code.split("\x00")]
    return (_weave(outside, text.split("\x00") if literals else [], "")[1:-1] + "\n").encode()


def _weave(outside: list[str], inside: list[str], quote: str) -> str:
    woven = [""] * (len(outside) + len(inside))
    woven[::2], woven[1::2] = outside, inside
    return quote.join(woven)


# --- statements that are about the session -------------------------------------------------------------------

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
    | \bUPDATE\s+STATISTICS\s+(?P<statistics>[\w.\[\]]+)[^;]*""",
    re.IGNORECASE | re.VERBOSE,
)
_ONLY_SQL_SERVER = re.compile(
    r"\b(OPENQUERY|OPENROWSET|OPENDATASOURCE|(?:EN|DE)CRYPTBY\w+|(?:VERIFY)?SIGN(?:ED)?BY\w+|CERT\w*_ID|KEY_GUID|HASHBYTES)\s*\(",
    re.IGNORECASE,
)
# Not GRANT EXECUTE ON, nor EXECUTE AS.
_CALL = re.compile(r"(?<![\[.\w])EXEC(?:UTE)?\b(?!\s+(?:ON|TO|AS)\b)\s*(?:@\w+\s*=\s*)?\(?([\w.\[\]]*)", re.IGNORECASE)


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
        yield from _parsed(batch, code, start, match.start())
        start = match.end()
        if not match["end"]:
            yield _control(match)
    yield from _parsed(batch, code, start, len(batch))


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
        name, action = found["sequence"], f"ALTER SEQUENCE {found['sequence']} RESTART WITH {found['start']}"
    else:
        name, action = found["statistics"], f"ANALYZE {found['statistics']}"
    schema, _, table = name.lower().rpartition(".")
    return Statement(match[0], action.split()[0], ready=action, objects=((schema or "dbo", table),))


# --- everything else -----------------------------------------------------------------------------------------


def _parsed(batch: str, batch_code: str, start: int, end: int) -> Iterator[Statement]:
    source, code = batch[start:end], batch_code[start:end]
    if not code.strip():
        return
    line = batch.count("\n", 0, start + len(code) - len(code.lstrip())) + 1
    if re.match(r"\s*(?:UPDATE|DELETE)\s+TOP\b", code, re.IGNORECASE):
        raise option_not_supported("TOP in UPDATE or DELETE")
    if output := _OUTPUT_OF_DELETE.match(code):
        cut, end = output.span(2)
        source = f"{source[:cut]} {source[end:]} {source[cut:end]}"
    try:
        trees = [tree for tree in sqlglot.parse(source, read="tsql") if tree is not None]
    except ParseError as error:
        near = error.errors[0].get("highlight") if error.errors else ""
        words = code.upper().split()
        if words[0] in _REFUSED:
            raise not_supported(" ".join(words[:2])) from None
        raise sql_error(102, f"Incorrect syntax near '{near}'.") from None
    except TokenError:
        raise sql_error(105, "Unclosed quotation mark after the character string.") from None
    for tree in trees:
        if not isinstance(tree, _RUNS) or tree.args.get("into"):
            raise not_supported(" ".join(code.upper().split()[:2]))
        yield _translated(tree, source, line)


# sqlglot reads OUTPUT at the end of a DELETE, SQL Server before its FROM or WHERE.
_OUTPUT_OF_DELETE = re.compile(r"(\s*DELETE\b.*?)(\bOUTPUT\b.*?)(?=\b(?:FROM|WHERE)\b)", re.IGNORECASE | re.DOTALL)
_RUNS = (exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.TruncateTable)
_REFUSED = {
    "CREATE",
    "ALTER",
    "DROP",
    "GRANT",
    "DENY",
    "REVOKE",
    "BACKUP",
    "RESTORE",
    "OPEN",
    "CLOSE",
    "DBCC",
    "IF",
    "DECLARE",
    "WHILE",
    "BULK",
    "PRINT",
    "WAITFOR",
    "KILL",
    "RAISERROR",
    "THROW",
}


def _translated(tree: exp.Expr, source: str, line: int) -> Statement:
    names = _column_names(tree)
    objects = tuple((table.db.lower() or "dbo", table.name.lower()) for table in tree.find_all(exp.Table))
    for table in list(tree.find_all(exp.Table)):
        _take_hints(table)
    if isinstance(tree, exp.Update | exp.Delete):
        _take_target_from_joins(tree)
    return Statement(
        source,
        verb=tree.key.upper().replace("TRUNCATETABLE", "TRUNCATE"),
        line=line,
        tree=tree.transform(_rewrite),
        names=names,
        objects=objects,
    )


def _column_names(tree: exp.Expr) -> tuple[str, ...] | None:
    columns = tree.selects if isinstance(tree, exp.Query) else getattr(tree.args.get("returning"), "expressions", [])
    if not columns or any(column.is_star for column in columns):
        return None
    return tuple(column.alias_or_name if isinstance(column, exp.Alias | exp.Column) else "" for column in columns)


_IGNORED_HINTS = {
    "NOLOCK",
    "READUNCOMMITTED",
    "READCOMMITTED",
    "READCOMMITTEDLOCK",
    "ROWLOCK",
    "PAGLOCK",
    "TABLOCK",
    "HOLDLOCK",
    "SERIALIZABLE",
    "REPEATABLEREAD",
    "FORCESEEK",
}
"""Row versions make readers wait for nobody, and MERGE and inserts are guarded by their unique keys."""


def _take_hints(table: exp.Table) -> None:
    if len(table.parts) > 3:
        raise sql_error(
            7202,
            f"Could not find server '{table.parts[0].name}' in sys.servers: the stand-in has no "
            "linked servers, they need SQL Server.",
        )
    hints = {word.name.upper() for hint in table.args.get("hints") or () for word in hint.expressions}
    table.set("hints", None)
    locks = hints & {"UPDLOCK", "XLOCK"}
    # PostgreSQL skips locked rows only where it locks the others.
    refused = hints - locks - _IGNORED_HINTS - ({"READPAST"} if locks else set())
    if refused:
        raise option_not_supported(min(refused))
    select = table.parent_select
    if locks and isinstance(select, exp.Select):
        of = exp.to_table(table.alias_or_name)
        select.append("locks", exp.Lock(update=True, expressions=[of], wait=False if "READPAST" in hints else None))


def _take_target_from_joins(tree: exp.Update | exp.Delete) -> None:
    """UPDATE a SET ... FROM t AS a JOIN b ON ...: PostgreSQL names t once, and only the others after FROM."""
    for assignment in tree.expressions if isinstance(tree, exp.Update) else ():
        if isinstance(assignment.this, exp.Column):
            assignment.this.set("table", None)
    if isinstance(tree, exp.Delete):
        target = (tree.args.get("tables") or [tree.this])[0]
        source = tree.args.get("this") or target
        tree.set("tables", None)
    else:
        target, source = tree.this, getattr(tree.args.get("from_"), "this", None)
    if source is None:
        return
    joins = source.args.get("joins") or []
    if any(join.side or join.kind not in ("", "INNER", "CROSS") for join in joins):
        raise option_not_supported("an outer join in UPDATE or DELETE")
    source.set("joins", None)
    tables = [source, *(join.this for join in joins)]
    own = next((table for table in tables if table.alias_or_name.lower() == target.name.lower()), None)
    others = [table for table in tables if table is not own]
    tree.set("this", own or target)
    for join in joins:
        if (condition := join.args.get("on")) is not None:
            tree.where(condition, copy=False)
    if isinstance(tree, exp.Delete):
        tree.set("using", others or None)
    elif others:
        others[0].set("joins", [exp.Join(this=table) for table in others[1:]])
        tree.set("from_", exp.From(this=others[0]))
    else:
        tree.set("from_", None)


_CASTS = {
    DataType.Type.BIT: "boolean",
    DataType.Type.FLOAT: "double precision",
    DataType.Type.MONEY: "numeric(19,4)",
    DataType.Type.SMALLMONEY: "numeric(10,4)",
    DataType.Type.UTINYINT: "smallint",
    DataType.Type.TINYINT: "smallint",
    DataType.Type.VARBINARY: "bytea",
    DataType.Type.BINARY: "bytea",
    DataType.Type.ROWVERSION: "bigint",
    DataType.Type.DATETIME: "timestamp(3)",
}


def _rewrite(node: exp.Expr) -> exp.Expr:
    """One node as PostgreSQL has it, where sqlglot's own generator would change its meaning."""
    match node:
        case exp.National():
            return exp.Literal.string(node.name)
        case exp.HexString():
            return exp.cast(exp.Literal.string(f"\\x{node.name}"), "bytea", dialect="postgres")
        case exp.Identifier() if node.args.get("quoted"):
            return exp.to_identifier(node.name.lower(), quoted=True)
        case exp.Column() if node.table.lower() in ("inserted", "deleted"):
            return exp.column(node.this, table="new" if node.table.lower() == "inserted" else "old")
        case exp.DataType() if node.this in _CASTS:
            return exp.DataType.build(_CASTS[node.this], dialect="postgres")
        case exp.DataType() if node.expressions and node.expressions[0].name.upper() == "MAX":
            return exp.DataType.build("text", dialect="postgres")
        case exp.DateAdd() | exp.DateDiff():
            # sqlglot keeps DATEDIFF(part, from, to) as this=to, expression=from.
            unit = exp.Literal.string(_DATE_PARTS.get(node.text("unit").lower(), node.text("unit").lower()))
            name = "dateadd" if isinstance(node, exp.DateAdd) else "datediff"
            return exp.Anonymous(this=name, expressions=[unit, node.expression, node.this])
        case exp.Length():
            return exp.Anonymous(this="len", expressions=[exp.cast(node.this, "text")])
        case exp.CurrentTimestamp():
            return exp.Anonymous(this="getdate")
        case exp.NextValueFor():
            return exp.Anonymous(this="nextval", expressions=[exp.Literal.string(node.this.sql("postgres"))])
        case exp.Year() | exp.Month() | exp.Day() | exp.Extract() if not isinstance(node.parent, exp.Cast):
            return exp.cast(node.copy(), "int")
        case exp.Ordered():
            # NULLS FIRST, which SQL Server means, would keep PostgreSQL from reading in index order.
            node.set("nulls_first", None)
        case exp.Like() if not isinstance(node.parent, exp.Escape):
            return exp.Escape(this=node.copy(), expression=exp.Literal.string(""))
        case exp.Limit() if options := node.args.get("limit_options"):
            for option in ("percent", "with_ties"):
                if options.args.get(option):
                    raise option_not_supported("TOP ... " + option.replace("_", " ").upper())
    return node


_DATE_PARTS = {
    "yy": "year",
    "yyyy": "year",
    "qq": "quarter",
    "q": "quarter",
    "mm": "month",
    "m": "month",
    "dd": "day",
    "d": "day",
    "wk": "week",
    "ww": "week",
    "hh": "hour",
    "mi": "minute",
    "n": "minute",
    "ss": "second",
    "s": "second",
    "ms": "milliseconds",
    "millisecond": "milliseconds",
}


def _bind(node: exp.Expr, variables: Variables) -> exp.Expr:
    """A variable's value in place of its name."""
    if not isinstance(node, exp.Parameter):
        return node
    system = isinstance(node.this, exp.Parameter)
    name = ("@@" if system else "@") + (node.this.this.name if system else node.this.name)
    if name.lower() not in variables:
        raise sql_error(137, f'Must declare the scalar variable "{name}".')
    return literal(variables[name.lower()])


def literal(value: Any) -> exp.Expr:
    """A Python value as a PostgreSQL literal of the same type."""
    match value:
        case None:
            return exp.Null()
        case bool():
            return exp.Boolean(this=value)
        case int() | Decimal():
            return exp.Literal.number(value) if value >= 0 else exp.Paren(this=exp.Literal.number(value))
        case float():
            return exp.cast(exp.Literal.string(repr(value)), "double precision", dialect="postgres")
        case bytes():
            return exp.cast(exp.Literal.string(f"\\x{value.hex()}"), "bytea", dialect="postgres")
    return exp.Literal.string(str(value))
