"""One T-SQL statement as PostgreSQL: sqlglot's two dialects, and what they leave to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.dialects.tsql import TSQL
from sqlglot.errors import ParseError, TokenError
from sqlglot.expressions import DataType

from promptsales.local.sqlserver.errors import not_supported, option_not_supported, sql_error

Variables = Mapping[str, Any]
"""Values of `@@rowcount` and its like, and of the parameters of sp_executesql: names in lower case."""


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
    objects: tuple[tuple[str, str], ...] = ()
    """The (schema, name) pairs it mentions, in lower case."""

    def sql(self, variables: Variables) -> str:
        """The PostgreSQL text.

        Raises:
            QueryError: 137, a variable nobody declared.
        """
        if self.ready is not None:
            return self.ready
        assert self.tree is not None
        return self.tree.transform(_bind, variables).sql(dialect="postgres", comments=False)


def translate(source: str, line: int) -> Iterator[Statement]:
    """The statements of `source`, which may follow each other without a semicolon.

    Args:
        source: T-SQL without transaction control, EXEC or SET.
        line: where it begins in its batch.

    Raises:
        QueryError: a syntax error, or a statement that only SQL Server runs.
    """
    what = " ".join(source.split()[:2]).upper()
    try:
        tree = sqlglot.parse_one(source, read="tsql")
    except ParseError as error:
        if _REFUSED.match(what):
            raise not_supported(what) from None
        near = error.errors[0]
        if _STARTS.fullmatch(near["highlight"]) and (head := source[: _offset(source, near)]).strip():
            yield from translate(head, line)
            yield from translate(source[len(head) :], line + head.lstrip().count("\n"))
            return
        raise sql_error(102, f"Incorrect syntax near '{near['highlight']}'.") from None
    except TokenError:
        raise sql_error(105, "Unclosed quotation mark after the character string.") from None
    if not isinstance(tree, _RUNS) or tree.args.get("into"):
        raise not_supported(what)
    yield _translated(tree, source, line)


def _offset(source: str, near: dict[str, Any]) -> int:
    """Where in `source` the word begins that sqlglot stumbled over; its column is the word's last."""
    lines = source.split("\n")[: near["line"] - 1]
    return sum(len(line) + 1 for line in lines) + int(near["col"]) - len(near["highlight"])


_STARTS = re.compile("SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|TRUNCATE", re.IGNORECASE)
_RUNS = (exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.TruncateTable)
_REFUSED = re.compile(
    r"(?:CREATE|ALTER|DROP|GRANT|DENY|REVOKE|BACKUP|RESTORE|OPEN|CLOSE|DBCC|IF|DECLARE|WHILE|BULK|PRINT|WAITFOR|KILL"
    r"|RAISERROR|THROW)\b",
    re.IGNORECASE,
)


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


_IGNORED_HINT = re.compile("NOLOCK|READ(UN)?COMMITTED(LOCK)?|(ROW|PAG|TAB|HOLD)LOCK|SERIALIZABLE|REPEATABLEREAD")
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
    for hint in hints - locks - ({"READPAST"} if locks else set()):
        if not _IGNORED_HINT.fullmatch(hint):
            raise option_not_supported(hint)
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
        case exp.Table() if (node.db.lower(), node.name.lower()) == ("information_schema", "columns"):
            node.set("db", exp.to_identifier("tsql"))
        case exp.National():
            return exp.Literal.string(node.name)
        case exp.HexString():
            return _binary(node.name)
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
            part = node.text("unit").upper()
            unit = exp.Literal.string(TSQL.DATE_PART_MAPPING.get(part, part).lower())
            name = "dateadd" if isinstance(node, exp.DateAdd) else "datediff"
            if (name, unit.name) == ("datediff", "day"):
                return exp.Anonymous(this="datediff_day", expressions=[node.expression, node.this])
            return exp.Anonymous(this=name, expressions=[unit, node.expression, node.this])
        case exp.Collate() if node.expression.name.upper() == "DATABASE_DEFAULT":
            text: exp.Expr = node.this
            return text.copy()
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
            return _binary(value.hex())
    return exp.Literal.string(str(value))


def _binary(digits: str) -> exp.Expr:
    # T-SQL reads 0xABC as 0x0ABC.
    return exp.cast(exp.Literal.string(f"\\x{digits:0>{len(digits) + len(digits) % 2}}"), "bytea", dialect="postgres")
