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
from star_schema import Rows, execute, load_sources

from promptsales.connections import Connections, connect_postgres
from promptsales.database.initialise import initialise
from promptsales.local.postgres import Warehouse
from promptsales.local.state import load_passwords, load_state
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.seed import seed_all
from promptsales.warehouse.marts import MartReport, refresh_marts
from promptsales.warehouse.refresh import refresh

READERS = ["promptsales_analista", "promptsales_mcp", "promptsales_gerente"]

EVERY_COUNTRY = "*"

# What single sign-on decides elsewhere: here the user's id is the list of their countries itself.
PAISES_VISIBLES = """
    CREATE OR REPLACE FUNCTION sso.paises_visibles() RETURNS text[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT CASE coalesce(current_setting('promptsales.id_usuario', true), '')
            WHEN '*' THEN NULL
            WHEN '' THEN '{}'::text[]
            ELSE string_to_array(current_setting('promptsales.id_usuario', true), ',')
        END
    $$
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
        initialise(self.owner)
        execute(self.owner, PAISES_VISIBLES)
        seed_all(self.owner, SeedPlan(as_of=date(2025, 10, 22), scale=0.004))
        self.cycle()

    def cycle(self) -> MartReport:
        """Load what changed in the sources and refresh everything that is derived from it."""
        load_sources(self.etl)
        refresh(self.etl)
        return refresh_marts(self.etl)

    @contextmanager
    def session(self, role: str, countries: str = "") -> Iterator[psycopg.Connection[Any]]:
        """An autocommitted session in a role."""
        cluster, ports = Warehouse(self.folder, load_passwords(self.folder)), load_state(self.folder).ports()
        with closing(connect_postgres(cluster.url(ports, database="promptsales"))) as connection:
            connection.autocommit = True
            connection.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Identifier(role)))
            connection.execute("SELECT set_config('promptsales.id_usuario', %s, false)", [countries])
            yield connection

    def ask(self, role: str, countries: str, text: str, *values: Any) -> Rows:
        """The result of one query in a role."""
        with self.session(role, countries) as connection:
            return connection.execute(text, values).fetchall()
