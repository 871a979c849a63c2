"""`promptsales local`: the engines of the no-Docker profile."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from promptsales.exports import print_exports
from promptsales.local import engines
from promptsales.local.interruption import end_by_keyboard_interrupt
from promptsales.local.process import HOST
from promptsales.local.state import local_dir

app = typer.Typer(help="Start, stop and look at the engines of the no-Docker profile.", no_args_is_help=True)
console = Console(highlight=False)

COLOURS = {"running": "green", "stopped": "dim", "died": "red", "not answering": "red"}


@app.command()
def up() -> None:
    """Start the engines that are not running. Ctrl-C stops what was started."""
    end_by_keyboard_interrupt()
    with console.status("starting the engines"):
        engines.up(local_dir(), notify=_say)


@app.command()
def down(
    purge: Annotated[bool, typer.Option("--purge", help="Also delete data, logs and passwords.")] = False,
) -> None:
    """Stop the engines. Their data stays unless --purge is given."""
    with console.status("stopping the engines"):
        engines.down(local_dir(), purge=purge, notify=_say)


@app.command()
def status() -> None:
    """Show every engine. Exit code 1 if one is not running."""
    found = engines.status(local_dir())
    table = Table("engine", "version", "where", "pid", "memory", "state", box=None, padding=(0, 1, 0, 0))
    for engine in found:
        table.add_row(
            engine.title,
            engine.version,
            f"{HOST}:{engine.port}" if engine.port else "",
            str(engine.pid or ""),
            f"{engine.memory_mb:.0f} MB" if engine.memory_mb is not None else "",
            f"[{COLOURS[engine.condition]}]{engine.condition}[/]",
        )
    console.print(table)
    if any(engine.condition != "running" for engine in found):
        raise typer.Exit(1)


@app.command()
def env() -> None:
    """Print the settings as export lines: eval "$(promptsales local env)"."""
    print_exports(engines.environment(local_dir()))


def _say(line: str) -> None:
    console.print(f"[green]✓[/] {line}", soft_wrap=True)
