"""MongoDB's wire protocol on WiredTiger, from SecantusDB.

SecantusDB is GPL-2.0: it runs as a program of its own and nothing here imports it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from promptsales.errors import UnreachableError
from promptsales.local.engine import Engine, Ports
from promptsales.local.process import HOST, Launch, package_dir

CONFIG = """\
[oplog]
# A change stream can go on where it stopped after a week of standing still.
retention_seconds = 604800.0
max_entries = 1000000
[storage]
cache_size = "256M"
"""
ANSWER_MILLISECONDS = 2000


class MongoDB(Engine):
    """A single-node replica set on loopback, without logins.

    It has SCRAM logins, but grants rights on whole databases only, so it could not hide one collection, and it takes
    its first user only while it runs without them.
    """

    name = "mongodb"
    title = "MongoDB (stand-in)"

    @property
    def program(self) -> Path:
        package_dir("secantus")
        return Path(sys.executable)

    def launch(self, ports: Ports) -> Launch:
        # Named, so that no configuration of the user's own is picked up.
        config = self.data / "secantusd.toml"
        config.write_text(CONFIG)
        server = [str(self.program), "-m", "secantus", "--config", str(config)]
        listen = ["--host", HOST, "--port", str(ports[self.name])]
        return Launch([*server, *listen, "--storage-path", str(self.data / "wiredtiger")], self.data, self.log)

    def check(self, ports: Ports) -> str:
        try:
            with MongoClient[dict[str, object]](
                self.url(ports), serverSelectionTimeoutMS=ANSWER_MILLISECONDS
            ) as client:
                # Reads the storage: after a full disk the server greets its clients, and can serve nothing any more.
                client.get_default_database().list_collection_names()
                build = client.server_info()
        except PyMongoError as error:
            raise UnreachableError(f"MongoDB on port {ports[self.name]}: {error}") from error
        return f"SecantusDB {build['secantusVersion']}"

    def url(self, ports: Ports) -> str:
        """The database of PromptContent."""
        return f"mongodb://{HOST}:{ports[self.name]}/promptcontent?directConnection=true"
