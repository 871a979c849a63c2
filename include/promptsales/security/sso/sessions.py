"""Sessions: a row in the warehouse, which lasts, and its copy in Redis, `sesion:{user_id}`, which the servers ask.

A session that Redis does not know is not signed in, so that losing Redis ends sessions and never revives one. A copy
says in which run of Redis it was written: what was read back from a disk, a backup or a replica may be older than a
revocation, and is not taken for an answer.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast
from uuid import uuid4

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from promptsales.cache.keys import SESSION
from promptsales.etl import sql as etl_sql
from promptsales.security.sso import audit
from promptsales.security.sso.errors import SignOnError, UnavailableError

statement = partial(etl_sql.statement, package="promptsales.security.sso.sql")

IDLE = cast(timedelta, SESSION.ttl)
"""A session ends so long after its last refresh."""

WHOLE = timedelta(hours=12)
"""It ends so long after its sign-in, however often it is refreshed."""


def open_session(
    connection: psycopg.Connection[Any], redis: Redis, user_id: int, password_hash: str
) -> tuple[str, datetime]:
    """A new session's id, and when it ends unless it is refreshed.

    Args:
        connection: in autocommit, of the role `promptsales_sso`.
        redis: where the servers look for it.
        user_id: whose it is.
        password_hash: what their password was checked against; no session for one that was replaced meanwhile.

    Raises:
        SignOnError: the user is not active, or has another password by now.
        UnavailableError: Redis does not answer; nothing was opened.
    """
    session_id = str(uuid4())
    with connection.transaction():
        values = {"session": session_id, "user_id": user_id, "hash": password_hash, "idle": IDLE, "whole": WHOLE}
        row = connection.execute(statement("open_session"), values).fetchone()
        if row is None:
            raise SignOnError("The account was disabled, or got another password, just now.")
        _publish(redis, user_id, session_id, row[0])
    return session_id, cast(datetime, row[0])


def extend_session(connection: psycopg.Connection[Any], redis: Redis, user_id: int, session_id: str) -> datetime:
    """When the session ends now that it was refreshed.

    Raises:
        SignOnError: it has ended.
        UnavailableError: Redis does not answer; nothing was changed.
    """
    with connection.transaction():
        row = connection.execute(statement("extend_session"), {"session": session_id, "idle": IDLE}).fetchone()
        if row is None:
            raise SignOnError("This session has ended: sign in again.")
        _publish(redis, user_id, session_id, row[0])
    return cast(datetime, row[0])


def revoke_sessions(
    connection: psycopg.Connection[Any], redis: Redis, user_id: int, reason: str, session_id: str | None = None
) -> int:
    """End one session of a user, or all of them; how many there were.

    Raises:
        UnavailableError: it is over in the warehouse, but Redis, which does not answer, may still hold its copy.
    """
    with connection.transaction():
        values = {"user_id": user_id, "session": session_id, "reason": reason}
        ended = connection.execute(statement("revoke_sessions"), values).fetchall()
        for (each,) in ended:
            audit.record(connection, "sesion_revocada", user_id=user_id, session_id=str(each), motivo=reason)
    key = SESSION.key(user_id=user_id)
    try:
        redis.hdel(key, session_id) if session_id else redis.delete(key)
    except RedisError as error:
        raise UnavailableError(
            f"Sessions ended: {len(ended)}. Redis did not confirm it ({type(error).__name__}) and may hold a copy: run "
            "the same command again as soon as Redis answers. While it does not, the servers ask the warehouse."
        ) from None
    return len(ended)


def is_live(redis: Redis, user_id: int, session_id: str) -> bool | None:
    """Whether Redis holds a sign-on; None where its copy was written before Redis last started, and may be out of date.

    Raises:
        RedisError: it does not answer.
    """
    with redis.pipeline(transaction=False) as pipeline:
        pipeline.hget(SESSION.key(user_id=user_id), session_id)
        pipeline.info("server")
        kept, server = pipeline.execute()
    expires, _, run = (kept or "").partition(" ")
    try:
        if not (kept and float(expires) > datetime.now(UTC).timestamp()):
            return False
    except ValueError:
        return False
    return True if run == server["run_id"] else None


def _publish(redis: Redis, user_id: int, session_id: str, expires: datetime) -> None:
    key = SESSION.key(user_id=user_id)
    try:
        run = cast("dict[str, str]", redis.info("server"))["run_id"]
        with redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(key, session_id, f"{expires.timestamp()} {run}")
            pipeline.expire(key, IDLE)
            pipeline.execute()
    except RedisError as error:
        raise UnavailableError(
            f"Nobody can sign in now: Redis, which holds the sessions, does not answer ({type(error).__name__})."
        ) from None
