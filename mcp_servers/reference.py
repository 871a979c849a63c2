"""The reference of every tool in documentation/API_DOCUMENTATION.md, made of the tools' own schemas."""

from __future__ import annotations

from typing import Any, cast

from mcp_servers.kit.calls import Calls
from mcp_servers.kit.server import PORTS
from mcp_servers.kit.tool import ServedTool, tools_of
from mcp_servers.servers import NAMES, definition
from promptsales.errors import PromptSalesError
from promptsales.paths import PROJECT_ROOT

DOCUMENT = PROJECT_ROOT / "documentation" / "API_DOCUMENTATION.md"
BEGIN = "<!-- made by `promptsales mcp document`: do not edit -->"
END = "<!-- end of what is made -->"


def documented(text: str) -> str:
    """The document's text with the reference as the servers have it now.

    Raises:
        PromptSalesError: the text has no place for it.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise PromptSalesError(f"{DOCUMENT.name} has no part between {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n\n{reference()}\n{END}{after}"


def reference() -> str:
    """Every server with its tools: scope, deadline, what a call may change, and each argument."""
    return "\n".join(_server(name) for name in NAMES)


def _server(name: str) -> str:
    return f"### {name} (port {PORTS[name]})\n\n" + "\n".join(_tool(each) for each in declared_tools(name))


def declared_tools(name: str) -> list[ServedTool]:
    """A server's tools as their class declares them, with nothing behind them."""
    kind = definition(name).make
    if not isinstance(kind, type):
        raise TypeError(f"{name} is not made by its class")
    # Nothing is called: neither the databases nor what would answer are needed.
    return tools_of(object.__new__(kind), cast("Calls", None))


def _tool(tool: ServedTool) -> str:
    spec = tool.spec
    effect = "reads" if spec.read_only else "writes; safe to repeat" if spec.idempotent else "writes"
    kept = f"; kept for {spec.fresh_for.total_seconds():,.0f} s" if spec.fresh_for else ""
    lines = [
        f"**`{spec.name}`**: {spec.title}. Scope `{spec.scope}`, {spec.seconds:g} s, {effect}{kept}.",
        "",
    ]
    properties = tool.parameters.get("properties", {})
    if not properties:
        return "\n".join([*lines, "It takes no arguments.", ""])
    required = set(tool.parameters.get("required", ()))
    lines += ["| argument | type | default | meaning |", "|---|---|---|---|"]
    for name, schema in properties.items():
        default = "required" if name in required else _cell(schema.get("default"))
        meaning = " ".join(str(schema.get("description", "")).split()).replace("|", "\\|")
        lines.append(f"| `{name}` | {_type(schema, tool.parameters)} | {default} | {meaning} |")
    return "\n".join([*lines, ""])


def _cell(value: Any) -> str:
    return "none" if value is None else f"`{value}`".lower() if isinstance(value, bool) else f"`{value}`"


def _type(schema: dict[str, Any], root: dict[str, Any]) -> str:
    """A schema in words: its type, its choices, its limits."""
    if "$ref" in schema:
        return _type(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root)
    if "anyOf" in schema:
        return " or ".join(_type(each, root) for each in schema["anyOf"] if each.get("type") != "null")
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), root)}" + _limits(schema, "minItems", "maxItems")
    name = schema.get("format") or schema.get("type", "any")
    return str(name) + _limits(schema, "minimum", "maximum") + _limits(schema, "minLength", "maxLength")


def _limits(schema: dict[str, Any], low: str, high: str) -> str:
    if low not in schema and high not in schema:
        return ""
    return f" ({schema.get(low, '')}..{schema.get(high, '')})"
