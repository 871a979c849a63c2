"""`python -m promptsales.local.pinecone`: run the stand-in until it is told to stop."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import uvicorn

from promptsales.local.pinecone import KEY_VARIABLE
from promptsales.local.pinecone.server import PineconeApi
from promptsales.local.pinecone.store import Store


def main() -> None:
    """Serve on one address."""
    parser = argparse.ArgumentParser(description="A stand-in for Pinecone")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--url", help="how clients reach it, where that is not by this host and port")
    parser.add_argument("--file", type=Path, required=True, help="the SQLite file that keeps everything")
    args = parser.parse_args()
    store = Store(args.file)
    api = PineconeApi(store, os.environ[KEY_VARIABLE], args.url or f"http://{args.host}:{args.port}")
    try:
        uvicorn.run(api.app(), host=args.host, port=args.port, log_level="warning", access_log=False)
    finally:
        store.close()


if __name__ == "__main__":
    main()
