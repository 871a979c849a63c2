"""PromptContent's design as a mongosh script, made from the schema files that `db init` applies."""

from __future__ import annotations

import json
from typing import Any

from promptsales.database.mongodb import INDEX_OPTIONS, declared_collections
from promptsales.paths import DATABASE_DIR

DESIGN_FILE = DATABASE_DIR / "mongodb" / "design" / "mongodb_promptcontent_design.js"

_HEADER = """\
/*
  PromptContent: collections, validators and indexes. `promptsales db design` makes this file from
  database/mongodb/schema/*.json, which `promptsales db init` applies: do not edit it. It makes the same of an empty
  database, and may be run again:

    mongosh "mongodb://promptsales_admin@HOST/promptcontent" database/mongodb/design/mongodb_promptcontent_design.js

  An index whose definition changed has to be dropped first; `promptsales db init` does that by itself.

"""

_APPLY = """
const content = db.getSiblingDB("promptcontent");

for (const [name, { validator, indexes }] of Object.entries(collections)) {
  if (content.getCollectionNames().includes(name)) {
    content.runCommand({ collMod: name, validator, validationLevel: "strict", validationAction: "error" });
  } else {
    content.createCollection(name, { validator });
  }
  for (const { keys, options } of indexes) {
    content.getCollection(name).createIndex(keys, options);
  }
}
"""


def design_script() -> str:
    """The whole script: a comment with the query of every index, the declarations, and what applies them."""
    declared = declared_collections()
    collections = {
        name: {"validator": schema["validator"], "indexes": [_index(index) for index in schema["indexes"]]}
        for name, schema in declared.items()
    }
    definitions = json.dumps(collections, ensure_ascii=False, indent=2)
    return f"{_HEADER}{_queries(declared)}*/\nconst collections = {definitions};\n{_APPLY}"


def _index(declared: dict[str, Any]) -> dict[str, Any]:
    options = {name: declared[name] for name in ("name", *INDEX_OPTIONS) if name in declared}
    return {"keys": dict(declared["keys"]), "options": options}


def _queries(declared: dict[str, dict[str, Any]]) -> str:
    lines = ["  Each index and the query it serves:\n"]
    for name, schema in declared.items():
        lines.append(f"\n  {name}: {schema['validator']['$jsonSchema']['title']}\n")
        lines += [f"    {index['name']:<24} {index['query']}\n" for index in schema["indexes"]]
    return "".join(lines)
