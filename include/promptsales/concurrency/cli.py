"""`promptsales deadlock`: one client of a deadlock, for a process, a container or a machine of its own."""

from __future__ import annotations

import json
import socket
import string
from enum import StrEnum
from typing import Annotated

import typer

from promptsales.concurrency.deadlock import PATIENCE_SECONDS, take_part
from promptsales.concurrency.laboratory import Laboratory, PostgresLaboratory, SqlServerLaboratory
from promptsales.connections import from_settings
from promptsales.settings import Settings


class Server(StrEnum):
    """Where a deadlock can be had."""

    postgres = "postgres"
    sqlserver = "sqlserver"


LABORATORIES: dict[Server, type[Laboratory]] = {
    Server.postgres: PostgresLaboratory,
    Server.sqlserver: SqlServerLaboratory,
}


def deadlock(
    server: Annotated[Server, typer.Argument(help="the warehouse, or PromptAds")],
    role: Annotated[str, typer.Option(help="a, b, c, ...: each client has one of its own")],
    run: Annotated[str, typer.Option(help="any word that the clients of one deadlock, and no others, have in common")],
    roles: Annotated[int, typer.Option(help="how many clients there are", min=2, max=26)] = 3,
    patience: Annotated[float, typer.Option(help="seconds to wait for the others", min=1)] = PATIENCE_SECONDS,
) -> None:
    """Be one client of a deadlock: hold a row, ask for the next client's, and if the server refuses it, do it again.

    Each client may run on a machine of its own. The line that it prints in the end says how often it tried, and with
    which code it was refused.
    """
    number = string.ascii_lowercase.find(role)
    if len(role) != 1 or not 0 <= number < roles:
        raise typer.BadParameter(f"one of {', '.join(string.ascii_lowercase[:roles])}", param_hint="--role")
    laboratory = LABORATORIES[server](from_settings(Settings(), admin=True), run)
    laboratory.purge()
    part = take_part(laboratory, number, roles, patience)
    typer.echo(
        json.dumps({"role": role, "host": socket.gethostname(), "attempts": part.attempts, "refusals": part.refusals})
    )
