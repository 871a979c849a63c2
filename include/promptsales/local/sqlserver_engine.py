"""The SQL Server stand-in: a TDS endpoint in front of a PostgreSQL cluster of its own."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from promptsales.connections import connect_sqlserver
from promptsales.local.engine import Engine, Ports
from promptsales.local.postgres import StandInStorage
from promptsales.local.process import HOST, Launch, package_dir

MAX_ROWS = 200_000
"""Results above this are refused: the ETL reads in bounded windows, so a longer one is a mistake."""

DATABASES = ("PromptAds", "PromptCRM")


class SqlServerStandIn(Engine):
    """One endpoint for both databases; the login chooses."""

    name = "sqlserver"
    title = "SQL Server (stand-in)"

    @property
    def program(self) -> Path:
        package_dir("pysqlbridge")
        return Path(sys.executable)

    def launch(self, ports: Ports) -> Launch:
        storage = StandInStorage(self.root, self.passwords)
        server = [str(self.program), "-m", "promptsales.local.sqlserver", "--max-rows", str(MAX_ROWS)]
        listen = ["--host", HOST, "--port", str(ports[self.name])]
        # Passwords go through the environment: every user of the machine can read a command line.
        environment = {
            "PGPASSWORD": self.passwords["standin_storage"],
            "PROMPTSALES_STANDIN_ADMIN_PASSWORD": self.passwords["standin_admin"],
            "PROMPTSALES_STANDIN_ETL_PASSWORD": self.passwords["standin_etl"],
            "PROMPTSALES_STANDIN_MCP_PASSWORD": self.passwords["standin_mcp"],
        }
        command = [*server, *listen, "--postgres", storage.url(ports, password=False)]
        return Launch(command, self.data, self.log, environment=environment)

    def check(self, ports: Ports) -> str:
        for database in DATABASES:
            with connect_sqlserver(self.url(ports, database)) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                cursor.fetchall()
        return f"pysqlbridge {version('pysqlbridge')}"

    def url(self, ports: Ports, database: str, login: Literal["admin", "etl", "mcp"] = "etl") -> str:
        """`database` is PromptAds or PromptCRM; `login` the owner of the tables, the ETL or the MCP servers."""
        password = self.passwords[f"standin_{login}"]
        return f"mssql://promptsales_{login}:{password}@{HOST}:{ports[self.name]}/{database}"
