"""How fast the marts answer without a cache: the questions of `database/postgresql/marts`, with their plans.

They are asked in the MCP servers' role, so under row-level security, by a reader of every country and by one of the
country that sold most; the two users are made in a transaction that is rolled back.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from promptsales.connections import connect_postgres
from promptsales.local.postgres import Warehouse
from promptsales.local.state import load_passwords, load_state
from promptsales.paths import DATABASE_DIR

QUESTIONS = sorted((DATABASE_DIR / "postgresql" / "marts").glob("*.sql"))

ROUNDS = 20
"""Of each question; the 19th slowest is its 95th percentile."""

EVERY_COUNTRY = "*"

READER = """
    WITH lector AS (
        INSERT INTO sso.usuarios (usuario, nombre, clave_hash) VALUES (%s, 'Benchmark', '$argon2id$')
        RETURNING id_usuario
    )
    INSERT INTO sso.usuarios_paises (id_usuario, codigo_pais) SELECT id_usuario, %s FROM lector RETURNING id_usuario
"""

BEST_COUNTRY = """
    SELECT codigo_pais FROM mart.actividad_mes GROUP BY codigo_pais ORDER BY sum(ingresos_usd) DESC LIMIT 1
"""


@dataclass(frozen=True)
class Answer:
    """One question, asked by one reader.

    Attributes:
        question: its file's name.
        countries: the reader's, `*` for all.
        rows: in the answer.
        first_ms: the first time, with whatever pages PostgreSQL still had to read.
        p95_ms: of the rounds after it.
        plan: of EXPLAIN (ANALYZE, BUFFERS).
    """

    question: str
    countries: str
    rows: int
    first_ms: float
    p95_ms: float
    plan: list[str]

    @property
    def executed_ms(self) -> float:
        """What EXPLAIN ANALYZE says that PostgreSQL took, without sending the rows."""
        return float(self.plan[-1].removeprefix("Execution Time: ").removesuffix(" ms"))


def measure(root: Path) -> list[Answer]:
    """Ask every question, on the running engines under `root`; nothing is left changed."""
    cluster, ports = Warehouse(root, load_passwords(root)), load_state(root).ports()
    with closing(connect_postgres(cluster.url(ports, database="promptsales"))) as connection:
        [(best,)] = connection.execute(BEST_COUNTRY).fetchall()
        readers = {
            countries: connection.execute(READER, [f"benchmark.{number}", countries]).fetchall()[0][0]
            for number, countries in enumerate((EVERY_COUNTRY, best))
        }
        connection.execute("SET LOCAL ROLE promptsales_mcp")
        answers = []
        for countries, user_id in readers.items():
            connection.execute("SELECT set_config('promptsales.id_usuario', %s, true)", [str(user_id)])
            answers += [_ask(connection, path, countries) for path in QUESTIONS]
        connection.rollback()
        return answers


def _ask(connection: psycopg.Connection[Any], path: Path, countries: str) -> Answer:
    text = path.read_bytes()
    first, rows = _timed(connection, text)
    rounds = sorted(_timed(connection, text)[0] for _ in range(ROUNDS))
    plan = connection.execute(b"EXPLAIN (ANALYZE, BUFFERS) " + text).fetchall()
    return Answer(path.stem, countries, rows, first, rounds[int(ROUNDS * 0.95) - 1], [line for (line,) in plan])


def _timed(connection: psycopg.Connection[Any], text: bytes) -> tuple[float, int]:
    """Milliseconds until the last row was here, and how many there were."""
    started = time.perf_counter()
    rows = len(connection.execute(text).fetchall())
    return (time.perf_counter() - started) * 1000, rows
