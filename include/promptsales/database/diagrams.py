"""Entity-relationship diagrams in Mermaid, made from the schema files that `db init` applies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp

from promptsales.database.mongodb import declared_collections
from promptsales.paths import DATABASE_DIR, PROJECT_ROOT

DIAGRAMS_FILE = PROJECT_ROOT / "documentation" / "ER_DIAGRAMS.md"

BOOKKEEPING = {"migraciones", "siembra"}
"""Tables of `db init` and of the seeding, of no business."""

_CREATE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)\.(\w+) \(")
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_REFERENCE = re.compile(r"(\w+)\.(\w+)")

_HEADER = """\
# Entity-relationship diagrams

`promptsales db diagrams` makes this file from `database/*/schema`, which `promptsales db init` applies: do not edit it.
Solid lines are foreign keys. Dotted lines are references that no constraint checks: by name in the star schema, whose
refresh makes what is missing, and by description in MongoDB.
"""


@dataclass(frozen=True)
class Reference:
    """One entity names another: `columns` of `child` are the key of `parent`."""

    child: str
    parent: str
    columns: tuple[str, ...]
    enforced: bool = True
    optional: bool = False


@dataclass(frozen=True)
class Attribute:
    """One column or field."""

    name: str
    type: str
    optional: bool


@dataclass(frozen=True)
class Entity:
    """A table or a collection with its key and what it refers to."""

    schema: str
    name: str
    attributes: tuple[Attribute, ...]
    key: tuple[str, ...]
    references: tuple[Reference, ...]


def diagrams() -> str:
    """The whole file.

    Raises:
        ValueError: a schema file declares a table that cannot be read.
    """
    parts = [_HEADER]
    for database, folder in (("PromptAds", "sqlserver_ads"), ("PromptCRM", "sqlserver_crm")):
        entities = [each for each in declared_tables(folder, "tsql") if each.name not in BOOKKEEPING]
        parts.append(_section(f"{database} (SQL Server, schema `dbo`)", entities))
    parts.append(_section("PromptContent (MongoDB)", _collections()))
    warehouse = declared_tables("postgresql", "postgres")
    for schema, title in (
        ("dw", "Warehouse: star schema `dw` (PostgreSQL)"),
        ("mart", "Warehouse: tables of `mart`, which the views are over"),
        ("etl", "Warehouse: control of the ETL, `etl`"),
        ("ops", "Warehouse: operation, `ops`"),
        ("sso", "Warehouse: sign-on, `sso`"),
    ):
        entities = [each for each in warehouse if each.schema == schema]
        parts.append(_section(title, [_with_dimensions(each, entities) for each in entities]))
    return "\n".join(parts)


def declared_tables(folder: str, dialect: str) -> list[Entity]:
    """The tables that the SQL files of `database/{folder}/schema` create, in their order.

    Raises:
        ValueError: one cannot be read.
    """
    entities = []
    for path in sorted((DATABASE_DIR / folder / "schema").glob("*.sql")):
        text = _COMMENT.sub("", path.read_text(encoding="utf-8"))
        for create in _CREATE.finditer(text):
            statement = text[create.start() : _closing(text, create.end()) + 1]
            entities.append(_table(create[1], create[2], statement, dialect))
    return entities


def _closing(text: str, position: int) -> int:
    """Where the bracket closes that was opened just before `position`."""
    depth, quoted = 1, False
    for index in range(position, len(text)):
        character = text[index]
        if character == "'":
            quoted = not quoted
        elif not quoted:
            depth += (character == "(") - (character == ")")
            if depth == 0:
                return index
    raise ValueError(f"a CREATE TABLE that does not end: {text[position - 80 : position]}")


def _table(schema: str, name: str, statement: str, dialect: str) -> Entity:
    parsed = sqlglot.parse_one(statement, dialect=dialect)
    columns = list(parsed.this.find_all(exp.ColumnDef))
    if not columns:
        raise ValueError(f"{schema}.{name}: no columns found")
    required = {
        each.name
        for each in columns
        for constraint in each.find_all(exp.NotNullColumnConstraint, exp.PrimaryKeyColumnConstraint)
        if not constraint.args.get("allow_null")
    }
    attributes = tuple(
        Attribute(each.name, _type_name(each.args["kind"].sql(dialect)), each.name not in required) for each in columns
    )
    key = [each.name for each in columns if each.find(exp.PrimaryKeyColumnConstraint)]
    for constraint in parsed.find_all(exp.PrimaryKey):
        key += [each.name for each in constraint.expressions]
    # In T-SQL the columns come with CLUSTERED, which every primary key there says.
    for clustered in parsed.find_all(exp.ClusteredColumnConstraint):
        key += [each.name for each in clustered.find_all(exp.Column)]
    references = []
    for foreign in parsed.find_all(exp.ForeignKey):
        names = tuple(each.name for each in foreign.expressions)
        parent = foreign.args["reference"].find(exp.Table).name
        references.append(Reference(name, parent, names, optional=not required.issuperset(names)))
    for each in columns:
        if reference := each.find(exp.Reference):
            parent = reference.find(exp.Table).name
            references.append(Reference(name, parent, (each.name,), optional=each.name not in required))
    return Entity(schema, name, attributes, tuple(key), tuple(references))


def _with_dimensions(entity: Entity, entities: Sequence[Entity]) -> Entity:
    """References by name: a column that is called as the whole key of a dimension means that dimension."""
    keys = {each.key[0]: each.name for each in entities if each.name.startswith("dim_") and len(each.key) == 1}
    found = [
        Reference(entity.name, keys[each.name], (each.name,), enforced=False, optional=each.optional)
        for each in entity.attributes
        if keys.get(each.name, entity.name) != entity.name
    ]
    return Entity(entity.schema, entity.name, entity.attributes, entity.key, (*entity.references, *found))


def _collections() -> list[Entity]:
    declared = {name: each["validator"]["$jsonSchema"] for name, each in declared_collections().items()}
    entities = []
    for name, schema in declared.items():
        required = set(schema["required"])
        attributes = tuple(
            Attribute(field, _bson_type(each), field not in required) for field, each in schema["properties"].items()
        )
        references = tuple(
            Reference(name, parent, (field,), enforced=False, optional=field not in required)
            for field, each in schema["properties"].items()
            for parent in _described(each, declared)
            if parent != name
        )
        entities.append(Entity("promptcontent", name, attributes, ("_id",), references))
    return entities


def _described(field: dict[str, Any], known: dict[str, Any]) -> list[str]:
    """The collections that a field's description names, as `collection.field`."""
    found = _REFERENCE.findall(field.get("description", ""))
    return [collection for collection, _ in found if collection in known]


def _bson_type(field: dict[str, Any]) -> str:
    types = field.get("bsonType", "any")
    return types if isinstance(types, str) else "_or_".join(each for each in types if each != "null")


def _type_name(text: str) -> str:
    """A type as Mermaid can show it: no blanks, no commas."""
    return re.sub(r"\([^)]*,[^)]*\)", "", text.lower()).strip().replace(" ", "_")


def _section(title: str, entities: Sequence[Entity]) -> str:
    lines = "\n".join(_diagram(entities))
    return f"## {title}\n\n```mermaid\n{lines}\n```\n"


def _diagram(entities: Sequence[Entity]) -> Iterator[str]:
    yield "erDiagram"
    for entity in entities:
        yield f"    {entity.name} {{"
        naming = {column for reference in entity.references for column in reference.columns}
        for each in entity.attributes:
            marks = ", ".join(
                mark for mark, holds in (("PK", each.name in entity.key), ("FK", each.name in naming)) if holds
            )
            note = ' "optional"' if each.optional and each.name not in entity.key else ""
            yield f"        {each.type} {each.name}{f' {marks}' if marks else ''}{note}"
        yield "    }"
    shown = {entity.name for entity in entities}
    for entity in entities:
        for reference in entity.references:
            if reference.parent in shown:
                line = "--" if reference.enforced else ".."
                end = "|o" if reference.optional else "||"
                yield f'    {reference.parent} {end}{line}o{{ {reference.child} : "{", ".join(reference.columns)}"'
