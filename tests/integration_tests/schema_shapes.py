"""The shape of a SQL Server database, read from its T-SQL files and from the stand-in's catalog, to compare both.

Types are spelled as PostgreSQL spells them: what the stand-in must have for each of SQL Server's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import sqlglot
from sqlglot import exp

from promptsales.database.batches import split_batches

ForeignKey = tuple[tuple[str, ...], str, tuple[str, ...]]

Statement = TypeVar("Statement", exp.Create, exp.Alter)

TYPES = {
    r"INTEGER|INT": "integer",
    r"SMALLINT": "smallint",
    r"BIGINT": "bigint",
    r"BIT": "boolean",
    r"NUMERIC\((\d+), (\d+)\)": r"numeric(\1,\2)",
    r"MONEY": "numeric(19,4)",
    r"FLOAT": "double precision",
    r"DATE": "date",
    r"DATETIME2\((\d)\)": r"timestamp(\1) without time zone",
    r"NVARCHAR\((\d+)\)": r"character varying(\1)",
    r"NVARCHAR\(MAX\)": "text",
    r"CHAR\((\d+)\)": r"character(\1)",
    r"(?:VAR)?BINARY\(\d+\)": "bytea",
    r"UNIQUEIDENTIFIER": "uuid",
    r"ROWVERSION": "bigint",
}

# Types that the stand-in has no counterpart of: it goes without the columns computed in them.
SQL_SERVER_ONLY = {"geography"}

DEFAULTS = (exp.DefaultColumnConstraint, exp.GeneratedAsIdentityColumnConstraint)

TRIGGER = re.compile(r"CREATE OR ALTER TRIGGER dbo\.\w+ ON dbo\.(\w+) AFTER DELETE, UPDATE\b.*?CONCAT\((.*?)\)\n", re.S)

CATALOG = {
    "columns": """
        SELECT table_class.relname, attname, format_type(atttypid, atttypmod), NOT attnotnull,
               (atthasdef AND attgenerated = '') OR attidentity <> '', attgenerated <> ''
        FROM pg_attribute JOIN pg_class AS table_class ON table_class.oid = attrelid
        WHERE relnamespace = 'dbo'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
        ORDER BY attrelid, attnum""",
    "constraints": """
        SELECT conrelid::regclass::text, contype, conname,
               ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS k (attnum, position)
                     JOIN pg_attribute USING (attnum) WHERE attrelid = conrelid ORDER BY position),
               confrelid::regclass::text,
               ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS k (attnum, position)
                     JOIN pg_attribute USING (attnum) WHERE attrelid = confrelid ORDER BY position)
        FROM pg_constraint
        WHERE connamespace = 'dbo'::regnamespace AND contype IN ('p', 'u', 'f', 'c')""",
    "indexes": """
        SELECT indrelid::regclass::text,
               ARRAY(SELECT attname::text FROM unnest(indkey) WITH ORDINALITY AS k (attnum, position)
                     JOIN pg_attribute USING (attnum) WHERE attrelid = indrelid AND position <= indnkeyatts
                     ORDER BY position)
        FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace = 'dbo'::regnamespace""",
    "views": """
        SELECT relname, array_agg(attname::text ORDER BY attnum)
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE relnamespace = 'etl'::regnamespace AND relkind = 'v' AND attnum > 0 AND NOT attisdropped
        GROUP BY relname""",
    # tgtype: 8 is DELETE, 16 is UPDATE. tgargs ends each argument with a NUL byte.
    "tombstones": """
        SELECT tgrelid::regclass::text, tgtype & 24, encode(tgargs, 'escape')
        FROM pg_trigger WHERE tgfoid = 'dbo.registrar_bajas'::regproc AND tgenabled <> 'D'""",
    "sequences": """
        SELECT sequencename, data_type::text FROM pg_sequences
        WHERE schemaname = 'dbo' AND sequencename ~ '^seq_'""",
}


@dataclass(frozen=True)
class Column:
    """One column; default and computation are compared by presence, because the two engines spell them differently."""

    type: str
    nullable: bool
    has_default: bool
    computed: bool = False


@dataclass
class Table:
    """One table of `dbo`. Constraint names are in lower case, as PostgreSQL folds them."""

    columns: dict[str, Column] = field(default_factory=dict)
    primary_key: tuple[str, ...] = ()
    uniques: dict[str, tuple[str, ...]] = field(default_factory=dict)
    foreign_keys: dict[str, ForeignKey] = field(default_factory=dict)
    checks: set[str] = field(default_factory=set)
    indexes: set[tuple[str, ...]] = field(default_factory=set)


@dataclass
class Shape:
    """What the stand-in must have in common with SQL Server.

    Attributes:
        tables: of `dbo`, by name.
        views: columns, in order, of each view of `etl`.
        tombstones: key columns that each table's tombstone triggers record.
        sequences: type of each sequence.
    """

    tables: dict[str, Table] = field(default_factory=dict)
    views: dict[str, list[str]] = field(default_factory=dict)
    tombstones: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sequences: dict[str, str] = field(default_factory=dict)


def read_scripts(folder: Path) -> list[str]:
    """The T-SQL files of a folder, in order."""
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))]


def declared_shape(scripts: Iterable[str]) -> Shape:
    """The shape that T-SQL files declare."""
    shape = Shape()
    for script in scripts:
        for batch in split_batches(script):
            if "TRIGGER" in batch.sql:
                table, key = TRIGGER.search(batch.sql).groups()  # type: ignore[union-attr]  # each must match
                shape.tombstones[table] = tuple(re.findall(r"d\.(\w+)", key))
            elif re.search(r"^\s*CREATE", batch.sql, re.MULTILINE) and " ROLE " not in batch.sql:
                for create in _statements(batch.sql, exp.Create):
                    _declare(shape, create)
            elif "ALTER TABLE" in batch.sql and "REBUILD" not in batch.sql:  # a rebuild changes storage, not shape
                alters = list(_statements(batch.sql, exp.Alter))
                assert alters, f"an ALTER TABLE that this comparison cannot read: {batch.sql}"
                for alter in alters:
                    _alter(shape.tables[alter.this.name], alter)
    return shape


def _statements(sql: str, kind: type[Statement]) -> Iterator[Statement]:
    for statement in sqlglot.parse(sql, dialect="tsql"):
        if statement is not None:
            yield from statement.find_all(kind)


def _alter(table: Table, alter: exp.Alter) -> None:
    for action in alter.args["actions"]:
        match action:
            case exp.ColumnDef(constraints=[exp.ColumnConstraint(kind=exp.ComputedColumnConstraint() as computed)]):
                _compute(table, action.name, computed)
            case other:
                raise AssertionError(f"a schema file alters a table as this comparison does not know: {other!r}")


def _compute(table: Table, name: str, computed: exp.ComputedColumnConstraint) -> None:
    value = computed.this.unnest()
    if isinstance(value, exp.ScopeResolution) and value.name in SQL_SERVER_ONLY:
        return
    assert isinstance(value, exp.Convert), f"computed column {name} must say its type, by CONVERT"
    table.columns[name] = Column(
        type=_type(value.this), nullable=not computed.args.get("not_null"), has_default=False, computed=True
    )


def _declare(shape: Shape, create: exp.Create) -> None:
    match create.kind:
        case "TABLE":
            shape.tables[create.this.this.name] = _table(create.this)
        case "INDEX":
            index = create.this
            columns = tuple(ordered.name for ordered in index.args["params"].args["columns"])
            shape.tables[index.args["table"].name].indexes.add(columns)
        case "SEQUENCE":
            kind = create.find(exp.DataType)
            shape.sequences[create.this.name] = _type(kind) if kind else "bigint"
        case "VIEW":
            shape.views[create.this.name] = create.expression.named_selects
        case other:
            raise AssertionError(f"a schema file creates what this comparison does not know: {other}")


def _table(schema: exp.Schema) -> Table:
    table = Table()
    for part in schema.expressions:
        if isinstance(part, exp.ColumnDef):
            kinds = [constraint.kind for constraint in part.constraints]
            table.columns[part.name] = Column(
                type=_type(part.args["kind"]),
                nullable=not any(map(_refuses_null, kinds)),
                has_default=any(isinstance(k, DEFAULTS) for k in kinds),
            )
        else:
            _constrain(table, part)
    return table


def _refuses_null(constraint: exp.Expr) -> bool:
    return isinstance(constraint, exp.NotNullColumnConstraint) and not constraint.args.get("allow_null")


def _constrain(table: Table, constraint: exp.Constraint) -> None:
    name = constraint.name.lower()
    for rule in constraint.expressions:
        match rule:
            case exp.PrimaryKeyColumnConstraint():
                pass  # its columns come with CLUSTERED, which every primary key here says
            case exp.ClusteredColumnConstraint():
                table.primary_key = _names(rule.find_all(exp.Column))
            case exp.UniqueColumnConstraint():
                table.uniques[name] = _names(rule.this.expressions)
            case exp.ForeignKey():
                target = rule.args["reference"].this
                table.foreign_keys[name] = (_names(rule.expressions), target.this.name, _names(target.expressions))
            case exp.CheckColumnConstraint():
                table.checks.add(name)
            case other:
                raise AssertionError(f"unknown constraint {name}: {other!r}")


def _names(expressions: Iterable[Any]) -> tuple[str, ...]:
    return tuple(expression.name for expression in expressions)


def _type(kind: exp.DataType) -> str:
    spelled = kind.sql("tsql").upper()
    for pattern, postgres in TYPES.items():
        if match := re.fullmatch(pattern, spelled):
            return match.expand(postgres)
    raise AssertionError(f"no PostgreSQL type is agreed for {spelled}")


def live_shape(connection: psycopg.Connection[Any]) -> Shape:
    """The shape of the stand-in's database, from its catalog."""
    rows = {name: connection.execute(query.encode()).fetchall() for name, query in CATALOG.items()}
    shape = Shape(views=dict(rows["views"]), sequences=dict(rows["sequences"]))
    for table, column, type_, nullable, has_default, computed in rows["columns"]:
        # The stand-in gives every rowversion by a default; SQL Server by its type.
        default = has_default and column != "rv"
        shape.tables.setdefault(table, Table()).columns[column] = Column(type_, nullable, default, computed)
    for table, kind, name, columns, target, target_columns in rows["constraints"]:
        found = shape.tables[_bare(table)]
        match kind:
            case "p":
                found.primary_key = tuple(columns)
            case "u":
                found.uniques[name] = tuple(columns)
            case "f":
                found.foreign_keys[name] = (tuple(columns), _bare(target), tuple(target_columns))
            case "c":
                found.checks.add(name)
    for table, columns in rows["indexes"]:
        shape.tables[_bare(table)].indexes.add(tuple(columns))
    shape.tombstones = _tombstones(rows["tombstones"])
    return shape


def _tombstones(triggers: list[Any]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[int, tuple[str, ...]]] = {}
    for table, event, arguments in triggers:
        found.setdefault(_bare(table), {})[event] = tuple(arguments.split("\\000")[:-1])
    return {table: events[8] for table, events in found.items() if events.get(8) == events.get(16)}


def _bare(name: str) -> str:
    return name.removeprefix("dbo.")


def differences(declared: Shape, live: Shape) -> list[str]:
    """What the stand-in has otherwise than the T-SQL files say, a line each; none when they agree.

    Indexes are compared one way: the stand-in needs those for the order of change and for foreign keys only.
    """
    found = [
        *_differ("view etl.{}", declared.views, live.views),
        *_differ("tombstones of dbo.{}", declared.tombstones, live.tombstones),
        *_differ("sequence dbo.{}", declared.sequences, live.sequences),
        *_differ("table dbo.{}", dict.fromkeys(declared.tables), dict.fromkeys(live.tables)),
    ]
    for name in declared.tables.keys() & live.tables.keys():
        mine, theirs = declared.tables[name], live.tables[name]
        found += _differ(f"column dbo.{name}.{{}}", mine.columns, theirs.columns)
        found += _differ(f"dbo.{name}: {{}}", {"primary key": mine.primary_key}, {"primary key": theirs.primary_key})
        found += _differ(f"dbo.{name}: unique {{}}", mine.uniques, theirs.uniques)
        found += _differ(f"dbo.{name}: foreign key {{}}", mine.foreign_keys, theirs.foreign_keys)
        found += _differ(f"dbo.{name}: {{}}", dict.fromkeys(mine.checks), dict.fromkeys(theirs.checks))
        needed = {columns for columns in mine.indexes if columns[0] == "rv" or _leads_foreign_key(mine, columns)}
        found += [f"dbo.{name}: the stand-in has no index {columns}" for columns in needed - theirs.indexes]
        if list(mine.columns) != list(theirs.columns) and mine.columns.keys() == theirs.columns.keys():
            found.append(f"dbo.{name}: columns in another order")
    return found


def _leads_foreign_key(table: Table, columns: tuple[str, ...]) -> bool:
    return any(columns[: len(key)] == key for key, _, _ in table.foreign_keys.values())


def _differ(what: str, declared: dict[str, Any], live: dict[str, Any]) -> list[str]:
    return [
        f"{what.format(name)}: {declared.get(name, 'absent')} in T-SQL, {live.get(name, 'absent')} in the stand-in"
        for name in sorted(declared.keys() | live.keys())
        if name not in declared or name not in live or declared[name] != live[name]
    ]
