"""The steps of long work as people see them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


@contextmanager
def step(console: Console, title: str) -> Iterator[None]:
    """Show a spinner while the work runs, and a tick with its seconds afterwards; a cross where it failed."""
    started = time.monotonic()
    try:
        with console.status(title):
            yield
    except BaseException:
        console.print(f"[red]✗[/red] {title}")
        raise
    console.print(f"[green]✓[/green] {title} ({time.monotonic() - started:.1f} s)")
