"""What the stand-in keeps: indexes, namespaces and vectors, in one SQLite file and, for searching, in memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from promptsales.local.pinecone.errors import ApiError, invalid, not_found
from promptsales.local.pinecone.filters import Metadata, Test

SCHEMA = """
    CREATE TABLE IF NOT EXISTS indexes (name TEXT PRIMARY KEY, description TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS vectors (
        index_name TEXT NOT NULL REFERENCES indexes (name) ON DELETE CASCADE,
        namespace TEXT NOT NULL,
        id TEXT NOT NULL,
        numbers BLOB NOT NULL,
        metadata TEXT NOT NULL,
        PRIMARY KEY (index_name, namespace, id)
    ) STRICT;
"""

Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class Vector:
    """One vector of a namespace; `metadata` holds strings, numbers, booleans and lists of strings."""

    id: str
    numbers: Numbers
    metadata: Metadata


@dataclass
class Namespace:
    """The vectors of a namespace by id, and their unit vectors in one matrix, made when it is first searched."""

    vectors: dict[str, Vector] = field(default_factory=dict)
    _ids: list[str] = field(default_factory=list)
    _units: Numbers | None = None

    def changed(self) -> None:
        """Forget the matrix."""
        self._units = None

    def search(self, numbers: Numbers, test: Test, count: int) -> list[tuple[Vector, float]]:
        """The `count` vectors with the highest cosine similarity, of those that pass the test; ties by id."""
        if not self.vectors:
            return []
        if self._units is None:
            self._ids = sorted(self.vectors)
            matrix = np.stack([self.vectors[each].numbers for each in self._ids])
            self._units = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
        scores = self._units @ (numbers / np.linalg.norm(numbers))
        found: list[tuple[Vector, float]] = []
        for at in np.argsort(-scores, kind="stable"):
            vector = self.vectors[self._ids[at]]
            if test(vector.metadata):
                found.append((vector, float(scores[at])))
                if len(found) == count:
                    break
        return found


class Store:
    """Everything, behind one lock. A change is on disk before it is seen or confirmed.

    Args:
        path: of the SQLite file; made if it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._lock = RLock()
        self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = FULL")
        self._file.execute("PRAGMA foreign_keys = ON")
        self._file.executescript(SCHEMA)
        self._indexes: dict[str, dict[str, Any]] = {}
        self._namespaces: dict[tuple[str, str], Namespace] = {}
        for name, description in self._file.execute("SELECT name, description FROM indexes"):
            self._indexes[name] = json.loads(description)
        for index, namespace, identifier, blob, metadata in self._file.execute("SELECT * FROM vectors"):
            vector = Vector(identifier, np.frombuffer(blob, np.float32), json.loads(metadata))
            self._namespaces.setdefault((index, namespace), Namespace()).vectors[identifier] = vector

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def indexes(self) -> list[dict[str, Any]]:
        """Every index's description."""
        return list(self._indexes.values())

    def index(self, name: str) -> dict[str, Any]:
        """One index's description.

        Raises:
            ApiError: 404.
        """
        if name not in self._indexes:
            raise not_found(f"Resource {name} not found")
        return self._indexes[name]

    def create_index(self, description: dict[str, Any]) -> None:
        """Add an index.

        Raises:
            ApiError: 409, there is one of that name.
        """
        with self._lock:
            if description["name"] in self._indexes:
                raise ApiError(409, "ALREADY_EXISTS", f"Resource {description['name']} already exists")
            self._file.execute(
                "INSERT INTO indexes (name, description) VALUES (?, ?)",
                [description["name"], json.dumps(description)],
            )
            self._indexes[description["name"]] = description

    def change_index(self, name: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Replace members of an index's description.

        Raises:
            ApiError: 404.
        """
        with self._lock:
            description = self.index(name) | changes
            self._file.execute("UPDATE indexes SET description = ? WHERE name = ?", [json.dumps(description), name])
            self._indexes[name] = description
            return description

    def delete_index(self, name: str) -> None:
        """Take an index away with its vectors.

        Raises:
            ApiError: 404.
        """
        with self._lock:
            self.index(name)
            self._file.execute("DELETE FROM indexes WHERE name = ?", [name])
            del self._indexes[name]
            for key in [key for key in self._namespaces if key[0] == name]:
                del self._namespaces[key]

    def upsert(self, index: str, namespace: str, vectors: list[Vector]) -> None:
        """Write vectors, all of them or none.

        Raises:
            ApiError: 404, the index is gone.
        """
        with self._lock:
            self.index(index)
            self._write(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?, ?)",
                (
                    (index, namespace, each.id, each.numbers.tobytes(), json.dumps(each.metadata, ensure_ascii=False))
                    for each in vectors
                ),
            )
            held = self._namespaces.setdefault((index, namespace), Namespace())
            held.vectors.update((each.id, each) for each in vectors)
            held.changed()

    def update(self, index: str, namespace: str, identifier: str, numbers: Numbers | None, metadata: Metadata) -> None:
        """Replace a vector's numbers, if there are any, and members of its metadata; one that is not there is no error.

        Raises:
            ApiError: 404, the index is gone.
        """
        with self._lock:
            held = self.get(index, namespace, identifier)
            if held is not None:
                kept = held.numbers if numbers is None else numbers
                self.upsert(index, namespace, [Vector(identifier, kept, held.metadata | metadata)])

    def delete_where(self, index: str, namespace: str, test: Test) -> None:
        """Take the vectors away that pass a test.

        Raises:
            ApiError: 404, the namespace does not exist.
        """
        with self._lock:
            self.delete(index, namespace, [each.id for each in self.select(index, namespace, test)])

    def delete(self, index: str, namespace: str, ids: Iterable[str]) -> None:
        """Take vectors away; ids that are not there are no error.

        Raises:
            ApiError: 404, the namespace does not exist.
        """
        with self._lock:
            held = self._held(index, namespace)
            gone = [each for each in ids if each in held.vectors]
            self._write(
                "DELETE FROM vectors WHERE index_name = ? AND namespace = ? AND id = ?",
                ((index, namespace, each) for each in gone),
            )
            for each in gone:
                del held.vectors[each]
            held.changed()
            if not held.vectors:
                del self._namespaces[index, namespace]

    def select(self, index: str, namespace: str, test: Test) -> list[Vector]:
        """The vectors that pass a test, by id."""
        with self._lock:
            held = self._namespaces.get((index, namespace), Namespace())
            return [held.vectors[each] for each in sorted(held.vectors) if test(held.vectors[each].metadata)]

    def get(self, index: str, namespace: str, identifier: str) -> Vector | None:
        """One vector, if it is there."""
        with self._lock:
            held = self._namespaces.get((index, namespace))
            return held.vectors.get(identifier) if held else None

    def search(
        self, index: str, namespace: str, numbers: Numbers, test: Test, count: int
    ) -> list[tuple[Vector, float]]:
        """The nearest vectors that pass a test, with their cosine similarity."""
        with self._lock:
            held = self._namespaces.get((index, namespace))
            return held.search(numbers, test, count) if held else []

    def counts(self, index: str) -> dict[str, int]:
        """How many vectors each namespace holds."""
        with self._lock:
            return {
                namespace: len(held.vectors) for (name, namespace), held in self._namespaces.items() if name == index
            }

    def numbers(self, index: str, values: Any) -> Numbers:
        """Checked numbers of a vector.

        Raises:
            ApiError: 400, of another dimension, not finite, or zero.
        """
        dimension = self.index(index)["dimension"]
        try:
            numbers = np.asarray(values, np.float32)
        except (TypeError, ValueError):
            raise invalid("a vector is a list of numbers") from None
        if numbers.shape != (dimension,):
            raise invalid(f"Vector dimension {numbers.size} does not match the dimension of the index {dimension}")
        if not np.isfinite(numbers).all():
            raise invalid("Vector values must be finite")
        if not numbers.any():
            raise invalid("Dense vectors must contain at least one non-zero value")
        return numbers

    def _held(self, index: str, namespace: str) -> Namespace:
        held = self._namespaces.get((index, namespace))
        if held is None:
            raise not_found("Namespace not found")
        return held

    def _write(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self._file.execute("BEGIN IMMEDIATE")
        try:
            self._file.executemany(statement, rows)
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")
