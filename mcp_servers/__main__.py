"""`python -m mcp_servers`: the servers without the rest of the platform's commands, as pods run them."""

from __future__ import annotations

import sys

from rich.console import Console

from mcp_servers.cli import app
from promptsales.errors import PromptSalesError


def main() -> None:
    """Run the command line; a failure is one clear line and exit status 1."""
    try:
        app()
    except PromptSalesError as error:
        Console(stderr=True).print(f"[red]✗[/red] {error}", soft_wrap=True, highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
