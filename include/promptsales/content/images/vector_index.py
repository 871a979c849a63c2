"""The vector index: one Pinecone index for one embedding model, reached through the official client."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pinecone import Pinecone, PineconeError, RetryConfig, ServerlessSpec

from promptsales.content.images.embedder import DIMENSION, Vectors
from promptsales.errors import PromptSalesError, SettingsError
from promptsales.settings import Settings

NAMESPACE = "imagenes"
MODEL = "modelo"
"""The index's tag, and each vector's metadata: an index may be made anew under a process that had opened it."""

BATCH = 40
"""Vectors in one upsert: Pinecone takes 2 MB, and 1,536 numbers that are not zero are 34 kB of JSON."""

PAGE = 100
"""Vectors in one listing, reading or deletion: a listing has no longer pages."""

_HOST = re.compile(r"https?://([\w.-]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?/?")

Metadata = dict[str, Any]


class VectorIndexError(PromptSalesError):
    """Pinecone did not answer, or refused."""


class ModelMismatchError(PromptSalesError):
    """The index holds vectors of another embedding model."""


@dataclass(frozen=True)
class Match:
    """One vector near to a question: its id, its cosine similarity, its metadata."""

    id: str
    score: float
    metadata: Metadata


class VectorIndex:
    """The images' vectors.

    Args:
        client: the official client.
        settings: which index, and where to make it.
        model: whose vectors it holds.
    """

    def __init__(self, client: Pinecone, settings: Settings, model: str) -> None:
        self._client = client
        self._settings = settings
        self._model = model
        self._name = settings.pinecone_index
        self._opened: Any = None

    def open(self, *, create: bool = False, rebuild: bool = False) -> None:
        """Find the index, and hold its model against this one's.

        Args:
            create: make it where there is none.
            rebuild: make it anew where it is of another model.

        Raises:
            ModelMismatchError: it is of another model, or of another dimension.
            VectorIndexError: there is none, or Pinecone does not answer.
        """
        with self._named("open"):
            if not self._client.indexes.exists(self._name):
                if not create:
                    raise VectorIndexError(
                        f"There is no Pinecone index {self._name}: `promptsales content index` makes and fills it."
                    )
                self._create()
            description = self._client.indexes.describe(self._name)
            held = (description.tags or {}).get(MODEL)
            if held != self._model or _dimension(description) != DIMENSION:
                if not rebuild:
                    raise ModelMismatchError(
                        f"The Pinecone index {self._name} holds {_dimension(description)}-dimensional vectors of "
                        f"{held or 'an unknown model'}, and this process embeds with {self._model}: they cannot be "
                        "compared. Set the same OPENAI_API_KEY everywhere, or `promptsales content index --rebuild`."
                    )
                self._client.indexes.delete(self._name)
                self._create()
            self._opened = self._client.index(self._name)

    def upsert(self, ids: Sequence[str], vectors: Vectors, metadata: Sequence[Metadata]) -> None:
        """Write vectors, `BATCH` in a request.

        Raises:
            VectorIndexError: Pinecone does not answer, or refuses.
        """
        rows = [
            {"id": identifier, "values": vector.tolist(), "metadata": {**each, MODEL: self._model}}
            for identifier, vector, each in zip(ids, vectors, metadata, strict=True)
        ]
        with self._named("write to"):
            for at in range(0, len(rows), BATCH):
                self._index.upsert(vectors=rows[at : at + BATCH], namespace=NAMESPACE)

    def delete(self, ids: Sequence[str]) -> None:
        """Take vectors away; ids that are not there are no error.

        Raises:
            VectorIndexError: Pinecone does not answer, or refuses.
        """
        with self._named("delete from"):
            for at in range(0, len(ids), PAGE):
                self._index.delete(ids=list(ids[at : at + PAGE]), namespace=NAMESPACE)

    def metadata(self) -> Iterator[dict[str, Metadata]]:
        """The metadata of every vector by id, a page at a time; empty for a vector of another model.

        Raises:
            VectorIndexError: Pinecone does not answer, or refuses.
        """
        with self._named("read"):
            for page in self._index.list(namespace=NAMESPACE, limit=PAGE):
                ids = [each.id for each in page.vectors]
                if ids:
                    found = self._index.fetch(ids=ids, namespace=NAMESPACE).vectors
                    yield {identifier: self._own(vector.metadata) for identifier, vector in found.items()}

    def nearest(self, vector: Vectors, count: int, condition: Metadata | None) -> list[Match]:
        """The `count` nearest vectors of this model that meet a metadata filter, nearest first.

        Raises:
            ModelMismatchError: the index was made anew for another model.
            VectorIndexError: Pinecone does not answer, or refuses.
        """
        of_model: Metadata = {MODEL: {"$eq": self._model}}
        with self._named("search"):
            answer = self._index.query(
                vector=vector.tolist(),
                top_k=count,
                namespace=NAMESPACE,
                filter={"$and": [of_model, condition]} if condition else of_model,
                include_metadata=True,
            )
        if not answer.matches:
            self.open()
        return [Match(each.id, float(each.score), dict(each.metadata or {})) for each in answer.matches]

    @property
    def _index(self) -> Any:
        if self._opened is None:
            self.open()
        return self._opened

    def _own(self, metadata: Any) -> Metadata:
        held = dict(metadata or {})
        return held if held.pop(MODEL, None) == self._model else {}

    def _create(self) -> None:
        self._client.indexes.create(
            name=self._name,
            dimension=DIMENSION,
            metric="cosine",
            spec=ServerlessSpec(cloud=self._settings.pinecone_cloud, region=self._settings.pinecone_region),
            tags={MODEL: self._model},
        )

    @contextmanager
    def _named(self, what: str) -> Iterator[None]:
        try:
            yield
        except PineconeError as error:
            # Never the request: it may hold the key.
            reason = str(error).strip().splitlines()[0]
        else:
            return
        raise VectorIndexError(f"Cannot {what} the Pinecone index {self._name}: {reason}.")


def connect_index(settings: Settings, model: str, *, seconds: float | None = None) -> VectorIndex:
    """The index of the images; nothing is asked of Pinecone yet.

    Args:
        settings: its key and address.
        model: whose vectors it holds.
        seconds: for one request, which is then made twice at most; None leaves both to the client.

    Raises:
        SettingsError: there is no API key, or the address is none.
    """
    if settings.pinecone_api_key is None:
        raise SettingsError(
            "PINECONE_API_KEY is not set: fill it in, or run `promptsales local up` and "
            '`eval "$(promptsales local env)"`. In Airflow it is the password of the connection pinecone_default.'
        )
    if settings.pinecone_host is not None and not _HOST.fullmatch(settings.pinecone_host):
        raise SettingsError(
            "PINECONE_HOST is not an address such as http://localhost:5081; leave it out for Pinecone's own."
        )
    key = settings.pinecone_api_key.get_secret_value()
    limits: dict[str, Any] = {}
    if seconds is not None:
        limits = {"timeout": seconds, "retry_config": RetryConfig(max_retries=1, max_wait=seconds)}
    return VectorIndex(Pinecone(api_key=key, host=settings.pinecone_host, **limits), settings, model)


def _dimension(description: Any) -> int | None:
    """An index's dimension: older ones tell it themselves, newer ones in their schema."""
    fields = getattr(getattr(description, "schema", None), "fields", None) or {}
    found = [getattr(each, "dimension", None) for each in fields.values()]
    return next((each for each in found if each), getattr(description, "dimension", None))
