"""Users: their roles and countries. Whatever takes a right away ends the user's sessions, whose tokens still say it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from redis import Redis

from promptsales.security.sso import audit
from promptsales.security.sso.errors import SignOnError
from promptsales.security.sso.passwords import hash_password
from promptsales.security.sso.sessions import revoke_sessions, statement

USERNAME = re.compile(r"[a-z][a-z0-9._-]{1,62}")
EVERY_COUNTRY = "*"


@dataclass(frozen=True)
class User:
    """A user as the list of users shows them."""

    username: str
    name: str
    active: bool
    locked: bool
    roles: list[str]
    countries: list[str]
    sessions: int


@dataclass(frozen=True)
class Users:
    """The administration of users.

    Attributes:
        connection: in autocommit, of the role `promptsales_sso`.
        redis: where sessions are.
    """

    connection: psycopg.Connection[Any]
    redis: Redis

    def all(self) -> list[User]:
        """Every user, by name."""
        return [User(*row) for row in self.connection.execute(statement("users"))]

    def add(
        self,
        username: str,
        name: str,
        password: str,
        roles: Iterable[str] = (),
        countries: Iterable[str] = (),
        postgresql_login: str | None = None,
    ) -> int:
        """A new user's id.

        Args:
            username: lower case, 2 to 63 letters, digits, `.`, `_`, `-`.
            name: as people call them.
            password: in clear.
            roles: of `sso.roles`.
            countries: ISO 3166 codes, or `*` for every one.
            postgresql_login: their own login in the warehouse, where they have one.

        Raises:
            SignOnError: name, password, role or country will not do, or the user exists.
        """
        if not USERNAME.fullmatch(username):
            raise SignOnError("A user name is 2 to 63 lower-case letters, digits, `.`, `_` or `-`, a letter first.")
        hashed = hash_password(password)
        with self.connection.transaction():
            row = self.connection.execute(
                "INSERT INTO sso.usuarios (usuario, nombre, clave_hash, login_postgresql) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT DO NOTHING RETURNING id_usuario",
                [username, name, hashed, postgresql_login],
            ).fetchone()
            if row is None:
                raise SignOnError(f"There is a user {username} already, or another one has that PostgreSQL login.")
            audit.record(self.connection, "usuario_creado", user_id=row[0], username=username)
            for role in roles:
                self._grant(row[0], username, role)
            self._replace_countries(row[0], username, countries)
        return int(row[0])

    def disable(self, username: str) -> None:
        """Nobody signs in as this user any more, and who is signed in is out.

        Raises:
            SignOnError: there is no such user.
            UnavailableError: Redis does not answer; see `revoke_sessions`.
        """
        self._set_active(username, active=False)
        revoke_sessions(self.connection, self.redis, self.id_of(username), "usuario inactivo")

    def enable(self, username: str) -> None:
        """The user may sign in again, and is not locked out.

        Raises:
            SignOnError: there is no such user.
        """
        self._set_active(username, active=True)

    def change_password(self, username: str, password: str) -> None:
        """Replace the password and end all sessions.

        Raises:
            SignOnError: the password will not do, or there is no such user.
            UnavailableError: Redis does not answer; see `revoke_sessions`.
        """
        user_id, hashed = self.id_of(username), hash_password(password)
        with self.connection.transaction():
            self.connection.execute(
                "UPDATE sso.usuarios SET clave_hash = %s, intentos_fallidos = 0, bloqueado_hasta = NULL "
                "WHERE id_usuario = %s",
                [hashed, user_id],
            )
            audit.record(self.connection, "clave_cambiada", user_id=user_id, username=username)
        revoke_sessions(self.connection, self.redis, user_id, "clave cambiada")

    def grant(self, username: str, role: str) -> None:
        """Give a role; tokens have it from the next refresh on.

        Raises:
            SignOnError: there is no such user or role.
        """
        user_id = self.id_of(username)
        with self.connection.transaction():
            self._grant(user_id, username, role)

    def take(self, username: str, role: str) -> None:
        """Take a role away and end the user's sessions.

        Raises:
            SignOnError: there is no such user, or they do not have the role.
            UnavailableError: Redis does not answer; see `revoke_sessions`.
        """
        user_id = self.id_of(username)
        with self.connection.transaction():
            taken = self.connection.execute(
                "DELETE FROM sso.usuarios_roles WHERE id_usuario = %s AND rol = %s", [user_id, role]
            )
            if not taken.rowcount:
                raise SignOnError(f"{username} does not have the role {role}.")
            audit.record(self.connection, "rol_retirado", user_id=user_id, username=username, rol=role)
        revoke_sessions(self.connection, self.redis, user_id, "rol retirado")

    def set_countries(self, username: str, countries: Iterable[str]) -> None:
        """Which countries' figures the user sees from now on; the next query knows.

        Raises:
            SignOnError: there is no such user, or a code is none.
        """
        user_id = self.id_of(username)
        with self.connection.transaction():
            self._replace_countries(user_id, username, countries)

    def revoke(self, username: str, reason: str = "a peticion") -> int:
        """End all sessions of a user; how many there were.

        Raises:
            SignOnError: there is no such user.
            UnavailableError: Redis does not answer; see `revoke_sessions`.
        """
        return revoke_sessions(self.connection, self.redis, self.id_of(username), reason)

    def id_of(self, username: str) -> int:
        """A user's id.

        Raises:
            SignOnError: there is no such user.
        """
        row = self.connection.execute("SELECT id_usuario FROM sso.usuarios WHERE usuario = %s", [username]).fetchone()
        if row is None:
            raise SignOnError(f"There is no user {username}: `promptsales sso user list` shows them.")
        return int(row[0])

    def _set_active(self, username: str, *, active: bool) -> None:
        user_id = self.id_of(username)
        with self.connection.transaction():
            self.connection.execute(
                "UPDATE sso.usuarios SET activo = %s, intentos_fallidos = 0, bloqueado_hasta = NULL "
                "WHERE id_usuario = %s",
                [active, user_id],
            )
            event = "usuario_activado" if active else "usuario_desactivado"
            audit.record(self.connection, event, user_id=user_id, username=username)

    def _grant(self, user_id: int, username: str, role: str) -> None:
        known = [name for (name,) in self.connection.execute("SELECT rol FROM sso.roles ORDER BY rol")]
        if role not in known:
            raise SignOnError(f"There is no role {role}: the roles are {', '.join(known)}.")
        given = self.connection.execute(
            "INSERT INTO sso.usuarios_roles (id_usuario, rol) VALUES (%s, %s) ON CONFLICT DO NOTHING", [user_id, role]
        )
        if given.rowcount:
            audit.record(self.connection, "rol_otorgado", user_id=user_id, username=username, rol=role)

    def _replace_countries(self, user_id: int, username: str, countries: Iterable[str]) -> None:
        codes = sorted({code.upper() for code in countries})
        wrong = [code for code in codes if code != EVERY_COUNTRY and not re.fullmatch("[A-Z]{2}", code)]
        if wrong:
            raise SignOnError(f"A country is two letters, as in ES, or * for every one; not {', '.join(wrong)}.")
        self.connection.execute("DELETE FROM sso.usuarios_paises WHERE id_usuario = %s", [user_id])
        for code in codes:
            self.connection.execute(
                "INSERT INTO sso.usuarios_paises (id_usuario, codigo_pais) VALUES (%s, %s)", [user_id, code]
            )
        audit.record(self.connection, "paises", user_id=user_id, username=username, paises=codes)
