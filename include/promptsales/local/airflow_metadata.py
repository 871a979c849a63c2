"""Airflow's metadata database: its tables, and the pools that its tasks run in.

Two commands of Airflow in one process, because importing Airflow takes it seconds:
`python -m promptsales.local.airflow_metadata POOLS_FILE`.
"""

from __future__ import annotations

import sys

from airflow.cli.cli_parser import get_parser


def main(pools_file: str) -> None:
    """Create or upgrade the tables, then the pools of the file."""
    parser = get_parser()
    for command in (["db", "migrate"], ["pools", "import", pools_file]):
        arguments = parser.parse_args(command)
        arguments.func(arguments)


if __name__ == "__main__":
    main(sys.argv[1])
