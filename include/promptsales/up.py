"""`promptsales up`: the whole platform on this machine until Ctrl-C."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mcp_servers.servers import NAMES
from promptsales.connections import connect_postgres, connect_redis, from_settings
from promptsales.database.initialise import initialise
from promptsales.local import airflow, engines, services
from promptsales.local.interruption import end_by_keyboard_interrupt
from promptsales.local.process import HOST, port_is_free
from promptsales.local.services import Running, Service, answer
from promptsales.local.state import ADMINISTRATOR_FILE, EngineError, load_passwords, local_dir, write_private
from promptsales.security.sso.users import EVERY_COUNTRY, Users
from promptsales.seeding.plan import SeedPlan, today
from promptsales.seeding.progress import table_bars
from promptsales.seeding.seed import existing_plan, seed_all
from promptsales.settings import Settings
from promptsales.steps import step

MCP_PORT = 8101
"""Of the first MCP server where nothing else is asked for; the servers' own default, too."""

LOOK_SECONDS = 1.0
"""How often the services are looked after."""

ROLES = ("analista", "mercadeo", "ventas", "gerente", "administrador")
"""Of the local administrator: together they may call every tool."""

FIRST_CALLS: Mapping[str, str] = {
    "content_generator": "getContent --arg query=perro",
    "ads_optimizer": "listCampaigns --arg limit=3",
    "crm_analyzer": "rankCustomers --arg by=amount --arg currency=USD --arg limit=5",
    "sales_dashboard": "querySales --arg metric=revenue_usd --arg 'by=[\"country\"]'",
}
"""A call of each MCP server to begin with."""

console = Console(highlight=False)


def up(
    scale: Annotated[float, typer.Option(help="of empty sources' data; 1.0 is 500,000 customers", min=0.001)] = 0.02,
    port: Annotated[int, typer.Option(help="of Airflow's UI", min=1, max=65535)] = 8080,
    mcp_port: Annotated[
        int, typer.Option(help="of the first MCP server; the others follow", min=1, max=65532)
    ] = MCP_PORT,
) -> None:
    """Run engines, Airflow and the MCP servers until Ctrl-C: every DAG cycles, on data made where there is none.

    The data stays in `.local`; run it again and it goes on.
    """
    end_by_keyboard_interrupt()
    root = local_dir()
    with services.held(root):
        with console.status("stopping what an earlier run left behind"):
            services.stop(root)
        ports = {name: mcp_port + offset for offset, name in enumerate(NAMES)}
        _require_ports(port, ports)
        try:
            _prepare(root, scale)
            urls = {name: f"http://{HOST}:{number}/mcp" for name, number in ports.items()}
            wanted = [*airflow.components(root, port), *_mcp_servers(root, ports, urls)]
            with services.running(root, wanted, _say) as running:
                _tell(root, port, urls)
                _hold(running)
        finally:
            with step(console, "Stopping the engines"):
                engines.down(root)


def _hold(running: Running) -> None:
    """Look after the services until Ctrl-C.

    Raises:
        EngineError: one has ended.
    """
    try:
        while True:
            running.require_all()
            time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        console.print("\nStopping all; the data stays.")


def _require_ports(port: int, mcp_ports: Mapping[str, int]) -> None:
    """Refuse before anything is started.

    Raises:
        EngineError: naming the port that is taken, or asked for twice, what wants it, and how to choose another.
    """
    for name, number in mcp_ports.items():
        if number == port:
            raise EngineError(
                f"port {port} is asked for twice, for Airflow's UI and for the MCP server {name}: choose others with "
                "`make up PORT=... MCP_PORT=...` (`promptsales up --port ... --mcp-port ...`)."
            )
    for number, title, option in (
        (port, "Airflow's UI", "PORT"),
        *((number, f"the MCP server {name}", "MCP_PORT") for name, number in mcp_ports.items()),
    ):
        if not port_is_free(number):
            raise EngineError(
                f"port {number} of {HOST}, for {title}, is taken by another program: end that one, or choose another "
                f"port with `make up {option}=...` (`promptsales up --{option.lower().replace('_', '-')} ...`)."
            )


def _prepare(root: Path, scale: float) -> None:
    """Engines, schemas, data where there is none, Airflow's metadata, and the administrator who signs on."""
    with step(console, "Starting the engines"):
        engines.up(root)
    settings = Settings.model_validate(engines.environment(root))
    with step(console, "Creating the schemas"):
        initialise(settings)
    _seed(settings, scale)
    with step(console, "Preparing Airflow's metadata database"):
        airflow.migrate(root)
    _add_administrator(root, settings)


def _seed(settings: Settings, scale: float) -> None:
    """Fill empty sources; finish what an interrupted seeding began."""
    owner = from_settings(settings, admin=True)
    existing = existing_plan(owner)
    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console, transient=True,
    )  # fmt: skip
    with bars:
        report = seed_all(owner, existing or SeedPlan(as_of=today(), scale=scale), table_bars(bars))
    what = f"Seeding the sources ({report.rows:,} rows)" if report.rows else "The sources hold their data already"
    _say(f"{what} at scale {report.plan.scale:g} ({report.seconds:.1f} s)")


def _add_administrator(root: Path, settings: Settings) -> None:
    """The same name and password for Airflow and for the MCP servers; who was there before is left alone."""
    password = load_passwords(root)["administrator"]
    write_private(root / ADMINISTRATOR_FILE, password)
    with (
        closing(connect_postgres(settings.url("sso"), settings.variable("sso"))) as connection,
        closing(connect_redis(settings.url("redis"), settings.variable("redis"))) as redis,
    ):
        connection.autocommit = True
        users = Users(connection, redis)
        if airflow.ADMINISTRATOR not in {user.username for user in users.all()}:
            users.add(airflow.ADMINISTRATOR, "Local administrator", password, ROLES, [EVERY_COUNTRY])


def _mcp_servers(root: Path, ports: Mapping[str, int], urls: Mapping[str, str]) -> list[Service]:
    environment = {**engines.environment(root), "PROMPTSALES_MCP_URLS": json.dumps(urls)}
    return [
        Service(
            name=f"mcp-{name}",
            title=f"MCP server {name}",
            command=[sys.executable, "-m", "mcp_servers", "serve", name, "--port", str(port)],
            check=partial(answer, f"http://{HOST}:{port}/readyz"),
            environment=environment,
        )
        for name, port in ports.items()
    ]


def _tell(root: Path, port: int, urls: Mapping[str, str]) -> None:
    """Print where everything is and how to log in. The password itself is for a terminal alone, not for a log."""
    password_file = _from_here(root / ADMINISTRATOR_FILE)
    shown = f" ({password_file.read_text().strip()})" if console.is_terminal else ""
    rows = [("Airflow", f"http://{HOST}:{port}", f"user {airflow.ADMINISTRATOR}, password in {password_file}{shown}")]
    rows += [(name, url, f"promptsales mcp call {name} {FIRST_CALLS[name]}") for name, url in urls.items()]
    console.print()
    for name, url, how in rows:
        console.print(f"{name:18} {url:26}  {how}", soft_wrap=True, markup=False)
    moved = f":{MCP_PORT}/" not in urls[NAMES[0]]
    console.print("\nThe calls need, in another terminal:", soft_wrap=True)
    for command in (
        "source .venv/bin/activate",
        'eval "$(promptsales local env)"',
        *([f"export PROMPTSALES_MCP_URLS='{json.dumps(urls)}'"] if moved else []),
        f"export PROMPTSALES_MCP_TOKEN=$(promptsales sso token admin --password-stdin < {password_file})",
    ):
        console.print(f"  {command}", soft_wrap=True, markup=False)
    console.print("\nCtrl-C stops all.")


def _from_here(path: Path) -> Path:
    """The path as people type it: short where it lies below the folder that they are in."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _say(line: str) -> None:
    console.print(f"[green]✓[/green] {line}", soft_wrap=True)
