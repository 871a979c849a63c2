"""Whether the one MCP server of this container lives: exit status 0, or 1 with the reason.

Each server has a port of its own and a container runs one of them, so the first port that answers is its.
"""

from __future__ import annotations

import sys
from http.client import HTTPConnection, HTTPException

PORTS = (8101, 8102, 8103, 8104)
SECONDS = 2.0


def healthy(port: int) -> bool:
    """Whether `/healthz` of this port answers 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__" and not any(healthy(port) for port in PORTS):
    sys.exit(f"no MCP server answers on any of the ports {PORTS}")
