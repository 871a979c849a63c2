"""The errors of Pinecone's API, in the form that its client reads."""

from __future__ import annotations


class ApiError(Exception):
    """An answer other than 200.

    Attributes:
        status: of HTTP.
        code: Pinecone's own.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    @property
    def body(self) -> dict[str, object]:
        """What goes over the wire."""
        return {"error": {"code": self.code, "message": str(self)}, "status": self.status}


def invalid(message: str) -> ApiError:
    """A request that makes no sense."""
    return ApiError(400, "INVALID_ARGUMENT", message)


def not_found(message: str) -> ApiError:
    """An index or a namespace that is not there."""
    return ApiError(404, "NOT_FOUND", message)
