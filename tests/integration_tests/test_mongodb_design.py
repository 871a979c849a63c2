"""The design file says, and does, what `db init` does."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from promptsales.database.mongodb import init
from promptsales.database.mongodb_design import DESIGN_FILE, design_script
from promptsales.settings import Settings

# Enough of mongosh to run the script: every call is written down as the command that the server would get.
SHIM = """
const commands = [];
const existing = new Set();
const db = { getSiblingDB: (database) => ({
  getCollectionNames: () => [...existing],
  createCollection: (name, options) => { existing.add(name); commands.push({ create: name, ...options }); },
  runCommand: (command) => commands.push(command),
  getCollection: (name) => ({
    createIndex: (keys, options) =>
      commands.push({ createIndexes: name, indexes: [{ key: Object.entries(keys), ...options }] }),
  }),
}) };
"""


class Recorder(CommandListener):
    """Commands that change the schema."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        command = json.loads(json.dumps(event.command, default=str))
        if event.command_name == "create":
            self.commands.append({name: command[name] for name in ("create", "validator")})
        elif event.command_name == "createIndexes":
            indexes = [{**index, "key": [list(pair) for pair in index["key"].items()]} for index in command["indexes"]]
            self.commands.append({"createIndexes": command["createIndexes"], "indexes": indexes})

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Not recorded."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Not recorded."""


@pytest.fixture(scope="module")
def applied(engines: Settings) -> list[dict[str, Any]]:
    """The commands that `db init` sends to an empty database."""
    recorder = Recorder()
    client: MongoClient[dict[str, Any]] = MongoClient(engines.url("mongo"), event_listeners=[recorder])
    with client:
        init(client["prueba_diseno"])
        client.drop_database("prueba_diseno")
    assert len(recorder.commands) > 6
    return recorder.commands


def test_the_file_is_what_the_schema_files_make() -> None:
    assert DESIGN_FILE.read_text(encoding="utf-8") == design_script(), "run `promptsales db design`"


def test_the_file_declares_what_init_applies(applied: list[dict[str, Any]]) -> None:
    found = re.search(r"^const collections = (\{.*?^\});$", DESIGN_FILE.read_text(encoding="utf-8"), re.M | re.S)
    assert found
    declared = []
    for name, collection in json.loads(found[1]).items():
        declared.append({"create": name, "validator": collection["validator"]})
        for index in collection["indexes"]:
            key = [list(pair) for pair in index["keys"].items()]
            declared.append({"createIndexes": name, "indexes": [{"key": key, **index["options"]}]})
    assert declared == applied


@pytest.mark.skipif(shutil.which("node") is None, reason="no JavaScript engine")
def test_the_file_runs_and_does_what_init_does(applied: list[dict[str, Any]]) -> None:
    script = f"{SHIM}{DESIGN_FILE.read_text(encoding='utf-8')}\nconsole.log(JSON.stringify(commands));"
    ran = subprocess.run(["node", "-"], input=script, capture_output=True, text=True, check=True, timeout=30)
    assert json.loads(ran.stdout) == applied
