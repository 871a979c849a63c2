"""How long Airflow takes to read each DAG file, in a process of its own as the DAG processor forks one.

The clock starts once Airflow and its SDK are imported, and stops when the file's DAGs are built: it takes in everything
of ours that a file imports, and whatever else that brings in. Run as a program it prints one JSON object a file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass

from promptsales.errors import PromptSalesError
from promptsales.paths import PROJECT_ROOT

DAGS_DIR = PROJECT_ROOT / "dags"


@dataclass(frozen=True)
class FileTime:
    """What one file took, in seconds of the clock and of the processor; `errors` are those of its import."""

    file: str
    seconds: float
    processor_seconds: float
    errors: str = ""


def measure() -> list[FileTime]:
    """Every DAG file, in the order of their names.

    Raises:
        PromptSalesError: one could not be read; the text ends with what was printed last.
    """
    with tempfile.TemporaryDirectory(prefix="promptsales-") as home:
        own = {
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS_DIR),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }
        done = subprocess.run(
            [sys.executable, "-m", __name__], env=os.environ | own, capture_output=True, text=True, check=False
        )
    files = [FileTime(**json.loads(line)) for line in done.stdout.splitlines() if line.startswith('{"file"')]
    if done.returncode or any(each.errors for each in files):
        last = done.stderr.strip().splitlines()[-1:]
        said = "; ".join([each.errors for each in files if each.errors] or last)
        raise PromptSalesError(f"DAG files could not be read: {said}")
    return files


def main() -> None:
    """Print what each file takes."""
    # Before the clock: Airflow itself, with the parts of its SDK that DAG files use, which it imports only when asked.
    import airflow.dag_processing.processor
    import airflow.sdk.definitions.decorators  # noqa: F401
    from airflow.dag_processing.dagbag import DagBag

    for path in sorted(DAGS_DIR.glob("*.py")):
        child = os.fork()
        if child == 0:
            clock, processor = time.perf_counter(), time.process_time()
            errors = DagBag(str(path)).import_errors
            taken = time.perf_counter() - clock, time.process_time() - processor
            print(json.dumps(asdict(FileTime(path.name, *taken, "; ".join(errors.values())))), flush=True)
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
