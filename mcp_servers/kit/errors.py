"""What a caller is told when a tool has no answer: `{"code", "message", "retryable", "errors"}`."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel, Field, ValidationError


class Code(StrEnum):
    """Why there is no answer."""

    INVALID_ARGUMENTS = "invalid_arguments"
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    BUDGET_EXHAUSTED = "budget_exhausted"
    NEEDS_SQL_SERVER = "needs_sql_server"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


RETRYABLE = frozenset({Code.TIMEOUT, Code.UNAVAILABLE})
"""The same call may succeed later, unchanged."""


class FieldError(BaseModel):
    """One argument that was refused."""

    field: str = Field(description="the argument, with dots where it is inside another")
    problem: str = Field(description="what is wrong with it")


class Failure(BaseModel):
    """The whole of what a caller is told."""

    code: Code = Field(description="for programs")
    message: str = Field(description="for people: what failed and what to do")
    retryable: bool = Field(description="whether the same call may succeed later")
    errors: list[FieldError] = Field(default_factory=list, description="argument by argument, where it is about them")


class ToolError(Exception):
    """A tool's refusal or failure, in words that are the caller's to read: no SQL, no host, no one else's data."""

    def __init__(self, code: Code, message: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.errors = tuple(errors)

    def result(self) -> CallToolResult:
        """As the protocol carries it."""
        failure = Failure(code=self.code, message=str(self), retryable=self.code in RETRYABLE, errors=list(self.errors))
        return CallToolResult(content=[TextContent(type="text", text=failure.model_dump_json())], is_error=True)


def refused(field: str, problem: str) -> ToolError:
    """The error for one argument that its type alone could not refuse."""
    return ToolError(Code.INVALID_ARGUMENTS, f"Arguments refused: {field}.", [FieldError(field=field, problem=problem)])


def invalid_arguments(error: ValidationError) -> ToolError:
    """Which arguments were refused and why; never their values, which are the caller's data."""
    errors = [
        FieldError(field=".".join(str(part) for part in each["loc"]) or "arguments", problem=each["msg"])
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    names = ", ".join(sorted({each.field for each in errors}))
    return ToolError(Code.INVALID_ARGUMENTS, f"Arguments refused: {names}.", errors)
