"""The floor of every figure of `promptsales bench mcp`: the SDK alone, one tool that returns what it is given."""

from __future__ import annotations

import sys

import uvicorn
from mcp.server import MCPServer


def main(port: int) -> None:
    """Serve on loopback until the process is told to stop, in the mode that the project's own servers run in."""
    server: MCPServer = MCPServer("bare", log_level="WARNING")

    @server.tool()
    def echo(text: str) -> str:
        """The same text."""
        return text

    app = server.streamable_http_app(json_response=True, stateless_http=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]))
