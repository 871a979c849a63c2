"""`promptsales content call`: one call to an outside service by hand."""

from __future__ import annotations

import getpass
import json
from contextlib import closing
from typing import Annotated, Any

import typer
from rich.console import Console

from promptsales.connections import from_settings
from promptsales.content.database import open_content
from promptsales.content.third_party.client import ThirdPartyClient
from promptsales.content.third_party.errors import ThirdPartyError
from promptsales.security.credentials_cli import credential_store
from promptsales.settings import Settings

app = typer.Typer()
console = Console(highlight=False, soft_wrap=True)


@app.command()
def call(
    service: Annotated[str, typer.Argument(help="a registered service, e.g. Canva")],
    method: Annotated[str, typer.Argument(help="one of its methods, e.g. listar_disenos")],
    parameter: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="NAME=VALUE, of the path or the query")
    ] = None,
    body: Annotated[str | None, typer.Option(help="JSON to send; - reads it from standard input")] = None,
    user: Annotated[str | None, typer.Option(help="on whose behalf (default: who runs this)")] = None,
) -> None:
    """Call an outside service as servicios_terceros describes it, and print what it answers."""
    settings = Settings()
    with open_content(settings) as database, closing(from_settings(settings).redis()) as redis:
        store = credential_store(settings, database)
        with ThirdPartyClient(database, redis, store) as client:
            reply = client.call(service, method, user or getpass.getuser(), _parameters(parameter or []), _body(body))
    console.print_json(json.dumps(reply.body, ensure_ascii=False))
    console.print(f"[dim]{'from the cache' if reply.from_cache else f'{reply.attempts} sent'}[/dim]")


def _parameters(pairs: list[str]) -> dict[str, str]:
    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise ThirdPartyError(f"--param needs NAME=VALUE; {wrong[0]!r} has no =.")
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def _body(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(typer.get_text_stream("stdin").read() if text == "-" else text)
    except ValueError as error:
        raise ThirdPartyError(f"--body is no JSON: {error.args[0]}.") from None
