"""The Pinecone stand-in: its REST API over a file, in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx

from promptsales.errors import UnreachableError
from promptsales.local.engine import Engine, Ports
from promptsales.local.pinecone import KEY_VARIABLE
from promptsales.local.process import HOST, Launch, package_dir


class PineconeStandIn(Engine):
    """One API key, loopback only."""

    name = "pinecone"
    title = "Pinecone (stand-in)"

    @property
    def program(self) -> Path:
        package_dir("starlette")
        return Path(sys.executable)

    def launch(self, ports: Ports) -> Launch:
        listen = ["--host", HOST, "--port", str(ports[self.name])]
        command = [str(self.program), "-m", "promptsales.local.pinecone", *listen]
        # The key goes through the environment: every user of the machine can read a command line.
        environment = {KEY_VARIABLE: self.passwords["pinecone"]}
        return Launch(
            [*command, "--file", str(self.data / "vectors.sqlite")], self.data, self.log, environment=environment
        )

    def check(self, ports: Ports) -> str:
        try:
            headers = {"Api-Key": self.passwords["pinecone"]}
            httpx.get(f"{self.url(ports)}/indexes", headers=headers, timeout=2, trust_env=False).raise_for_status()
        except httpx.HTTPError as error:
            raise UnreachableError(f"{self.title} on port {ports[self.name]}: {type(error).__name__}") from error
        return "API 2026-07"

    def url(self, ports: Ports) -> str:
        """Where the official client's control plane is."""
        return f"http://{HOST}:{ports[self.name]}"
