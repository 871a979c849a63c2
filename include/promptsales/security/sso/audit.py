"""The log of single sign-on: every sign-in, refusal, refresh, revocation and grant."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.types.json import Jsonb

LONGEST_NAME = 80
"""What is typed as a user's name may be anything, a password by mistake too: no more than this is kept."""


def record(
    connection: psycopg.Connection[Any],
    event: str,
    *,
    user_id: int | None = None,
    username: str | None = None,
    session_id: str | None = None,
    **details: Any,
) -> None:
    """Write one event, in the transaction of what it tells."""
    connection.execute(
        "INSERT INTO sso.auditoria (evento, id_usuario, usuario, id_sesion, detalle) VALUES (%s, %s, %s, %s, %s)",
        [event, user_id, username and username[:LONGEST_NAME], session_id, Jsonb(details) if details else None],
    )
