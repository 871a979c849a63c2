"""The star schema's contents, and changes made to its mirrors as a source's loads would make them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from itertools import count
from typing import Any

from psycopg import sql

from promptsales.connections import Connections
from promptsales.etl import watermarks
from promptsales.etl.piece import Piece
from promptsales.etl.run import run_pipeline
from promptsales.etl.spec import load_pipelines, pipeline_of
from promptsales.etl.warehouse import commit_piece

Rows = list[tuple[Any, ...]]

DIMENSIONS = ("dim_marca", "dim_canal", "dim_mercado", "dim_influencer", "dim_campana", "dim_cliente")
FACTS = (
    "puente_campana_mercado",
    "hecho_rendimiento",
    "hecho_venta",
    "hecho_lead",
    "hecho_sentimiento",
    "hecho_contenido",
)
REFERENCE = ("dim_fecha", "tipo_cambio", "tarifa_modelo")
HISTORY = {"cliente_clave", "vigente_desde", "vigente_hasta"}
"""What mirrors without a history cannot give again."""

_versions = count(10**12)
"""Above those of the stand-in, so that a change made here is newer than a row that was seeded."""


def query(connections: Connections, text: str, *values: Any) -> Rows:
    """The result of one query on the warehouse."""
    with closing(connections.postgres()) as connection:
        return connection.execute(text, values).fetchall()


def execute(connections: Connections, *statements: str) -> None:
    """Run statements on the warehouse in one transaction."""
    with closing(connections.postgres()) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def load(
    connections: Connections,
    source: str,
    table: str,
    rows: Iterable[dict[str, Any]] = (),
    deletions: Iterable[tuple[Any, ...]] = (),
) -> None:
    """Commit one piece of a table: `rows` by column name, columns left out are NULL; `deletions` by key."""
    pipeline = pipeline_of(source)
    spec = pipeline.table(table)
    version = next(_versions)
    tuples = [(*(row.get(name) for name in spec.column_names), version) for row in rows]
    with closing(connections.postgres()) as connection:
        connection.autocommit = True
        low = watermarks.committed(connection, source, table)
        piece = Piece(low, {"version": version, "key": None}, tuples, [(*key, version) for key in deletions])
        commit_piece(connection, pipeline, spec, piece, "test-run")


def load_sources(connections: Connections, *sources: str) -> None:
    """Run the ETL of some sources, of all where none is named."""
    for source in sources or load_pipelines():
        errors = [result.error for result in run_pipeline(pipeline_of(source), connections, "test-run") if result.error]
        assert errors == []


def row_versions(connections: Connections) -> dict[str, Rows]:
    """Which transaction wrote each row of `dw`: equal twice, nothing was written in between."""
    return {
        table: query(connections, f"SELECT xmin::text, t::text FROM dw.{table} AS t ORDER BY 2")
        for table in (*DIMENSIONS, *FACTS, *REFERENCE)
    }


def contents(connections: Connections) -> dict[str, Rows]:
    """`dw` without what only a history gives: surrogate keys, validity, earlier versions.

    Members without a row at their source, inferred or deleted, count by their key alone.
    """
    found = {}
    with closing(connections.postgres()) as connection:
        for table in (*DIMENSIONS, *FACTS):
            cursor = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier("dw", table)))
            columns = [column.name for column in cursor.description or () if column.name not in HISTORY]
            rows = sql.SQL("SELECT {} FROM {}").format(
                sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier("dw", table)
            )
            if table == "dim_cliente":
                rows += sql.SQL(" WHERE es_actual")
            known = connection.execute(rows).fetchall()
            if table in DIMENSIONS:
                known = [row[:1] if row[-1] or row[-2] else row for row in known]
            found[table] = sorted(known, key=repr)
    return found


def orphans(connections: Connections) -> dict[str, int]:
    """How many references of `dw` lead nowhere, by table and dimension; those without any are left out."""
    references = {
        "dim_marca": ("id_marca", ["dim_campana"]),
        "dim_canal": ("id_canal", ["hecho_rendimiento", "hecho_venta", "hecho_lead", "hecho_sentimiento"]),
        "dim_mercado": ("id_mercado", ["hecho_venta", "puente_campana_mercado"]),
        "dim_influencer": ("id_influencer", ["hecho_sentimiento"]),
        "dim_campana": ("id_campana", list(FACTS)),
        "dim_cliente": ("cliente_clave", ["hecho_venta", "hecho_lead"]),
        "dim_fecha": ("fecha", [name for name in FACTS if name.startswith("hecho_")]),
    }
    counts = {}
    for dimension, (column, tables) in references.items():
        for table in tables:
            [(lost,)] = query(
                connections,
                f"SELECT count(*) FROM dw.{table} AS f LEFT JOIN dw.{dimension} AS d USING ({column})"
                f" WHERE f.{column} IS NOT NULL AND d.{column} IS NULL",
            )
            if lost:
                counts[f"{table} -> {dimension}"] = lost
    return counts
