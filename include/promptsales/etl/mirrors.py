"""The mirrors: one warehouse table for each exported source table, made from its spec."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql

from promptsales.errors import PromptSalesError
from promptsales.etl.spec import ColumnSpec, PipelineSpec, TableSpec, load_pipelines
from promptsales.etl.sql import statement

EXISTING_COLUMNS = """
    SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
"""


class MirrorError(PromptSalesError):
    """A mirror exists in a shape that its spec no longer declares."""


def mirror_name(pipeline: PipelineSpec, table: TableSpec) -> sql.Identifier:
    """The mirror's qualified name, quoted."""
    return sql.Identifier(pipeline.target_schema, table.name)


def column_definitions(columns: list[ColumnSpec], key: list[str]) -> sql.Composed:
    """`name type` for each column; key columns are NOT NULL."""
    return sql.SQL(",\n    ").join(
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name),
            sql.SQL(column.type),
            sql.SQL(" NOT NULL" if column.name in key else ""),
        )
        for column in columns
    )


def create_mirrors(connection: psycopg.Connection[Any], pipelines: Iterable[PipelineSpec] | None = None) -> list[str]:
    """Create the mirrors that are missing and add the columns that specs gained; returns what changed.

    Args:
        connection: of the login that owns the schemas.
        pipelines: whose mirrors; every declared pipeline's where not given.

    A column added to an existing mirror is NULL in the rows already there until they change in the source.

    Raises:
        MirrorError: a mirror's column has another type than its spec says; nothing is converted silently.
    """
    changes: list[str] = []
    with connection.transaction():
        for pipeline in load_pipelines().values() if pipelines is None else pipelines:
            for table in pipeline.tables:
                changes += _create_mirror(connection, pipeline, table)
    return changes


def _create_mirror(connection: psycopg.Connection[Any], pipeline: PipelineSpec, table: TableSpec) -> list[str]:
    name = f"{pipeline.target_schema}.{table.name}"
    existing = dict(connection.execute(EXISTING_COLUMNS, [name]).fetchall())
    if not existing:
        connection.execute(
            statement("create_mirror").format(
                mirror=mirror_name(pipeline, table),
                columns=column_definitions(table.columns, table.key),
                key=sql.SQL(", ").join(map(sql.Identifier, table.key)),
            )
        )
        _index_loads(connection, pipeline, table)
        return [name]
    for column in table.columns:
        if column.name not in existing:
            connection.execute(
                sql.SQL("ALTER TABLE {} ADD COLUMN {}").format(
                    mirror_name(pipeline, table), column_definitions([column], table.key)
                )
            )
        elif existing[column.name] != _canonical(connection, column.type):
            raise MirrorError(
                f"{name}.{column.name} is {existing[column.name]} in the warehouse but its spec says {column.type}: "
                "change the mirror's column by hand, or correct the spec."
            )
    added = [f"{name}.{column.name}" for column in table.columns if column.name not in existing]
    return added + _index_loads(connection, pipeline, table)


def _index_loads(connection: psycopg.Connection[Any], pipeline: PipelineSpec, table: TableSpec) -> list[str]:
    """Index the mirror by load, so that who follows the loads need not scan it; returns the index if it was made."""
    name = f"ix_{table.name}_load"
    qualified = f"{pipeline.target_schema}.{name}"
    [(exists,)] = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [qualified]).fetchall()
    if exists:
        return []
    connection.execute(
        sql.SQL("CREATE INDEX {} ON {} (_load_id)").format(sql.Identifier(name), mirror_name(pipeline, table))
    )
    return [qualified]


def _canonical(connection: psycopg.Connection[Any], column_type: str) -> str:
    """The type as PostgreSQL spells it: `timestamptz` is `timestamp with time zone`."""
    row = connection.execute("SELECT format_type(to_regtype(%(t)s), to_regtypemod(%(t)s))", {"t": column_type})
    return str(row.fetchone()[0])  # type: ignore[index]  # one row always
