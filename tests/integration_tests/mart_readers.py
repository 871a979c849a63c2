"""A warehouse with marts, and its readers: sessions in a role, on behalf of a user of some countries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from star_schema import Rows, load_sources

from promptsales.connections import Connections, connect_postgres
from promptsales.database.initialise import initialise
from promptsales.local.engines import environment
from promptsales.local.postgres import Warehouse
from promptsales.local.state import load_passwords, load_state
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.seed import seed_all
from promptsales.settings import Settings
from promptsales.warehouse.marts import MartReport, refresh_marts
from promptsales.warehouse.refresh import refresh

READERS = ["promptsales_analista", "promptsales_mcp", "promptsales_gerente"]

EVERY_COUNTRY = "*"

# Nobody signs in with this one: it is no hash of anything.
NO_PASSWORD = "$argon2id$"

READER = """
    WITH lector AS (
        INSERT INTO sso.usuarios (usuario, nombre, clave_hash, login_postgresql)
        VALUES (%(name)s, 'Lector de prueba', %(no_password)s, %(login)s)
        ON CONFLICT (usuario) DO UPDATE SET nombre = excluded.nombre
        RETURNING id_usuario
    ), anteriores AS (
        DELETE FROM sso.usuarios_paises USING lector
        WHERE usuarios_paises.id_usuario = lector.id_usuario AND codigo_pais <> ALL (%(countries)s)
    )
    INSERT INTO sso.usuarios_paises (id_usuario, codigo_pais)
    SELECT id_usuario, unnest(%(countries)s::text[]) FROM lector
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class FilledWarehouse:
    """Engines of their own.

    Attributes:
        folder: theirs.
        owner: connections of the logins that own the schemas.
        etl: connections of the ETL's logins.
    """

    folder: Path
    owner: Connections
    etl: Connections

    def fill(self) -> None:
        """Seed the sources, load them, build the star schema and the marts."""
        initialise(Settings.model_validate(self.environment()))
        seed_all(self.owner, SeedPlan(as_of=date(2025, 10, 22), scale=0.004))
        self.cycle()

    def cycle(self) -> MartReport:
        """Load what changed in the sources and refresh everything that is derived from it."""
        load_sources(self.etl)
        refresh(self.etl)
        return refresh_marts(self.etl)

    def environment(self) -> dict[str, str]:
        """The settings that name these engines."""
        return environment(self.folder)

    def reader(self, role: str, countries: str = "") -> int:
        """The user who reads in a role, with these countries from now on; the servers' role reads for any user."""
        login = None if role == "promptsales_mcp" else role
        name = f"lector.{role.removeprefix('promptsales_')}"
        codes = [code for code in countries.split(",") if code]
        values = {"name": name, "no_password": NO_PASSWORD, "login": login, "countries": codes}
        with closing(self.owner.postgres()) as connection:
            connection.execute(READER, values)
            row = connection.execute("SELECT id_usuario FROM sso.usuarios WHERE usuario = %s", [name]).fetchone()
            connection.commit()
        assert row is not None
        return int(row[0])

    @contextmanager
    def session(self, role: str, countries: str = "", says: str | None = None) -> Iterator[psycopg.Connection[Any]]:
        """An autocommitted session in a role, on behalf of its reader, or of whoever it `says`."""
        user = str(self.reader(role, countries)) if says is None else says
        cluster, ports = Warehouse(self.folder, load_passwords(self.folder)), load_state(self.folder).ports()
        with closing(connect_postgres(cluster.url(ports, database="promptsales"))) as connection:
            connection.autocommit = True
            connection.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Identifier(role)))
            connection.execute("SELECT set_config('promptsales.id_usuario', %s, false)", [user])
            yield connection

    def ask(self, role: str, countries: str, text: str, *values: Any) -> Rows:
        """The result of one query in a role."""
        with self.session(role, countries) as connection:
            return connection.execute(text, values).fetchall()
