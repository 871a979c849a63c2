"""`python -m promptsales.local.sqlserver`: run the stand-in until SIGTERM."""

from __future__ import annotations

import argparse
import ipaddress
import logging
import os
import signal
import sys
import threading
from pathlib import Path

import psycopg

from promptsales.local.sqlserver import ADMIN_PASSWORD_VARIABLE, ETL_PASSWORD_VARIABLE, MCP_PASSWORD_VARIABLE
from promptsales.local.sqlserver.schema import prepare
from promptsales.local.sqlserver.server import Access, StandIn
from promptsales.paths import DATABASE_DIR


def main() -> None:
    """Prepare the cluster, listen, print one line, and serve. Exits with one clear line when it cannot."""
    parser = argparse.ArgumentParser(prog="promptsales.local.sqlserver", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=1433)
    parser.add_argument("--postgres", required=True, metavar="URL", help="a superuser on the stand-in's own cluster")
    parser.add_argument("--max-rows", type=int, default=200_000, help="largest answer, in rows (default: %(default)s)")
    parser.add_argument("--schemas", type=Path, default=DATABASE_DIR, help="the database/ folder")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    if not ipaddress.ip_address(args.host).is_loopback:
        sys.exit(f"SQL Server stand-in: {args.host} is not a loopback address; it serves this machine only.")
    try:
        passwords = {
            "promptsales_admin": os.environ[ADMIN_PASSWORD_VARIABLE],
            "promptsales_etl": os.environ[ETL_PASSWORD_VARIABLE],
            "promptsales_mcp": os.environ[MCP_PASSWORD_VARIABLE],
        }
        prepare(args.postgres, passwords, args.schemas)
        server = StandIn((args.host, args.port), Access(args.postgres, passwords, args.max_rows))
    except KeyError as error:
        sys.exit(f"SQL Server stand-in: the environment variable {error} is not set.")
    except psycopg.Error as error:
        sys.exit(f"SQL Server stand-in: its PostgreSQL cluster: {str(error).strip()}")
    except OSError as error:
        sys.exit(f"SQL Server stand-in: cannot listen on {args.host}:{args.port}: {error.strerror}.")
    # shutdown() waits for serve_forever() to end, so it cannot run in the thread that serves.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    with server:
        print(f"SQL Server stand-in listening on {args.host}:{server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
