"""The anomalies that each server's isolation levels allow, as observed on it."""

from __future__ import annotations

from uuid import uuid4

from promptsales.concurrency.anomalies import Verdicts, observe
from promptsales.concurrency.laboratory import MongoLaboratory, PostgresLaboratory, SqlServerLaboratory
from promptsales.connections import Connections


def measure(connections: Connections) -> dict[str, Verdicts]:
    """What was observed, by server.

    Args:
        connections: logins that own the schemas, on servers where `db init` has run.
    """
    run = uuid4().hex
    sqlserver = SqlServerLaboratory(connections, run)
    stand_in = " stand-in" if sqlserver.is_stand_in() else ""
    laboratories = {
        "PostgreSQL": PostgresLaboratory(connections, run),
        f"SQL Server{stand_in}": sqlserver,
        "MongoDB": MongoLaboratory(connections, run),
    }
    return {server: observe(laboratory) for server, laboratory in laboratories.items()}
