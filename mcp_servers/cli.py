"""`promptsales mcp`: run a server, list its tools, call one as an MCP client does.

The protocol's library takes a second to import: each command does so for itself, so that no other waits for it.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from mcp_servers.servers import NAMES
from promptsales.errors import PromptSalesError
from promptsales.settings import Settings

app = typer.Typer(help="The MCP servers, and a client of them.", no_args_is_help=True)
console = Console()

ServerName = StrEnum("ServerName", {name: name for name in NAMES})  # type: ignore[misc]  # of a tuple
ServerArgument = Annotated[ServerName, typer.Argument(help="which server")]


class ArgumentError(PromptSalesError):
    """The command line is wrong."""


@app.command()
def serve(
    server: ServerArgument,
    stdio: Annotated[bool, typer.Option("--stdio", help="over standard input and output, for desktop clients")] = False,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="instead of the server's own")] = None,
) -> None:
    """Run one server until it is interrupted."""
    import anyio

    from mcp_servers.kit.server import Server
    from mcp_servers.servers import definition

    made = Server(definition(server.value), Settings(), port)
    if not stdio:
        Console(stderr=True).print(f"{server.value} listens at {made.url}", highlight=False)
    anyio.run(made.over_stdio if stdio else made.over_http)


@app.command()
def tools(server: ServerArgument) -> None:
    """List a running server's tools."""
    import anyio

    from mcp_servers.client import connected

    async def ask() -> list[Any]:
        async with connected(server.value, Settings()) as client:
            return list((await client.list_tools()).tools)

    table = Table("tool", "what it does", box=None)
    for tool in anyio.run(ask):
        table.add_row(tool.name, (tool.description or "").splitlines()[0])
    console.print(table)


@app.command()
def call(
    server: ServerArgument,
    tool: Annotated[str, typer.Argument(help="the tool's name, as `promptsales mcp tools` lists it")],
    arg: Annotated[
        list[str] | None, typer.Option("--arg", help="NAME=VALUE; JSON unless the tool takes a text")
    ] = None,
    image: Annotated[Path | None, typer.Option(help="where to write the picture of an answer that has one")] = None,
) -> None:
    """Call one tool of a running server over HTTP, with the token in PROMPTSALES_MCP_TOKEN."""
    import anyio
    from mcp_types import ImageContent, TextContent

    from mcp_servers.client import CallError, connected

    pairs = _pairs(arg or [])

    async def ask() -> Any:
        async with connected(server.value, Settings()) as client:
            known = {each.name: each.input_schema for each in (await client.list_tools()).tools}
            return await client.call_tool(tool, _arguments(pairs, known.get(tool, {})))

    result = anyio.run(ask)
    texts = [block.text for block in result.content if isinstance(block, TextContent)]
    if result.is_error:
        raise CallError(f"{server.value}.{tool}: {_message(texts)}")
    for block in result.content:
        if isinstance(block, ImageContent) and image is not None:
            image.write_bytes(base64.b64decode(block.data))
    if result.structured_content is not None:
        json.dump(result.structured_content, sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
    else:
        print("\n".join(texts))


def _pairs(options: list[str]) -> dict[str, str]:
    """`--arg` options by name."""
    pairs: dict[str, str] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or not name:
            raise ArgumentError(f"--arg {option!r} is not NAME=VALUE.")
        pairs[name] = value
    return pairs


@app.command()
def document() -> None:
    """Write the reference of the tools in the documentation anew."""
    from mcp_servers.reference import DOCUMENT, documented

    DOCUMENT.write_text(documented(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    console.print(f"{DOCUMENT.name} is written.")


def _arguments(pairs: Mapping[str, str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a tool is given: text as it is where the tool takes text, so that 88887777 stays a telephone; else JSON."""
    properties = schema.get("properties", {})
    return {name: value if _is_text(properties.get(name, {})) else _value(value) for name, value in pairs.items()}


def _is_text(argument: Mapping[str, Any]) -> bool:
    return "string" in {argument.get("type"), *(choice.get("type") for choice in argument.get("anyOf", []))}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _message(texts: list[str]) -> str:
    """What a failure says, field by field where it is about arguments."""
    text = "\n".join(texts)
    try:
        failure = json.loads(text)
        details = "; ".join(f"{each['field']}: {each['problem']}" for each in failure["errors"])
        return f"{failure['code']}: {failure['message']}" + (f" ({details})" if details else "")
    except (ValueError, KeyError, TypeError):
        return text
