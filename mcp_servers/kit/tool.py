"""What a tool is: a method of a server's class, with what a model, a client and the kit need to know of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ParamSpec, Protocol, TypeVar

from mcp.server.mcpserver.context import Context
from mcp.server.mcpserver.tools.base import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, func_metadata
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import ConfigDict, PrivateAttr

P = ParamSpec("P")
R = TypeVar("R")

_MARK = "_promptsales_tool"


@dataclass(frozen=True)
class ToolSpec:
    """What is declared of a tool.

    Attributes:
        name: as clients call it.
        title: as people see it.
        description: what it answers and when to choose it, in English and Spanish; a model decides by it.
        scope: what a caller must be allowed.
        seconds: its deadline.
        fresh_for: how old a kept answer may be; None keeps none.
        read_only: it changes nothing.
        idempotent: called twice with the same arguments, it changes nothing more.
        destructive: it may undo or overwrite something.
    """

    name: str
    title: str
    description: str
    scope: str
    seconds: float
    fresh_for: timedelta | None = None
    read_only: bool = True
    idempotent: bool = True
    destructive: bool = False

    def __post_init__(self) -> None:
        if self.fresh_for is not None and not self.read_only:
            raise ValueError(f"{self.name} writes: its answers cannot be kept.")


def tool(
    name: str,
    *,
    title: str,
    description: str,
    scope: str,
    seconds: float,
    fresh_for: timedelta | None = None,
    read_only: bool = True,
    idempotent: bool = True,
    destructive: bool = False,
) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Declare an async method a tool. Its parameters are the arguments, but for `caller`, which the kit gives.

    What it is given here is what `ToolSpec` holds, and means the same.
    """
    spec = ToolSpec(name, title, description, scope, seconds, fresh_for, read_only, idempotent, destructive)

    def mark(method: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        setattr(method, _MARK, spec)
        return method

    return mark


class Answerer(Protocol):
    """What runs a tool for whoever calls: `calls.Calls`."""

    async def answer(self, tool: ServedTool, arguments: dict[str, Any]) -> CallToolResult: ...


class ServedTool(Tool):
    """A tool as the SDK serves it, its calls handed to the kit."""

    _spec: ToolSpec = PrivateAttr()
    _answerer: Answerer = PrivateAttr()

    @property
    def spec(self) -> ToolSpec:
        """What was declared."""
        return self._spec

    @classmethod
    def of(cls, method: Callable[..., Awaitable[Any]], spec: ToolSpec, answerer: Answerer) -> ServedTool:
        """Make one of a bound method."""
        metadata = func_metadata(method, skip_names=("caller",), structured_output=True)
        # The SDK drops unknown arguments; a caller who mistypes one must hear of it.
        metadata.arg_model = type(
            metadata.arg_model.__name__,
            (metadata.arg_model, ArgModelBase),
            {"model_config": ConfigDict(extra="forbid"), "__module__": __name__},
        )
        if metadata.output_schema is not None:
            metadata.output_schema = _untitled(metadata.output_schema)
        made = cls(
            fn=method,
            name=spec.name,
            title=spec.title,
            description=spec.description,
            parameters=_untitled(metadata.arg_model.model_json_schema(by_alias=True)),
            fn_metadata=metadata,
            is_async=True,
            context_kwarg=None,
            annotations=ToolAnnotations(
                title=spec.title,
                read_only_hint=spec.read_only,
                idempotent_hint=spec.idempotent,
                destructive_hint=spec.destructive,
                open_world_hint=False,
            ),
        )
        made._spec = spec
        made._answerer = answerer
        return made

    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:
        """Called by the SDK; every outcome is a result, failures too."""
        return await self._answerer.answer(self, arguments)


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON Schema without the titles that pydantic makes of names: they say nothing, and a model reads every word."""
    return {
        key: {name: _untitled(each) for name, each in value.items()}
        if key in ("properties", "$defs")
        else _untitled(value)
        if isinstance(value, dict)
        else [_untitled(each) if isinstance(each, dict) else each for each in value]
        if isinstance(value, list)
        else value
        for key, value in schema.items()
        if key != "title"
    }


def tools_of(server: object, answerer: Answerer) -> list[ServedTool]:
    """The tools among an object's methods, in the order in which its class has them."""
    marked = [(name, getattr(value, _MARK, None)) for name, value in vars(type(server)).items()]
    return [ServedTool.of(getattr(server, name), spec, answerer) for name, spec in marked if spec is not None]
