"""Keeping the vector index true to MongoDB: whatever one has and the other lacks, or has otherwise, is made right.

MongoDB is the truth. The vectors' metadata says which state of an image each was made of, so that nothing has to be
remembered between runs: one that is killed anywhere is finished by the next. Cached searches are suspended in Redis
before the first change and renewed after the last, so that a killed run leaves no old answer behind either.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pymongo import UpdateOne
from pymongo.collection import Collection
from redis import Redis
from redis.exceptions import RedisError

from promptsales.content.images.embedder import Embedder
from promptsales.content.images.image_text import DIGEST, Document, metadata_of, text_of
from promptsales.content.images.search import renew_results, results_suspended, suspend_results
from promptsales.content.images.vector_index import BATCH, VectorIndex
from promptsales.errors import UnreachableError

logger = logging.getLogger(__name__)

FIELDS = ("descripcion", "hashtags", "categoria", "campanas_asociadas", "url_imagen", "vector_id_pinecone")


@dataclass(frozen=True)
class IndexReport:
    """What one run did, in images.

    Attributes:
        embedded: new or changed ones, or ones whose vector was missing.
        unchanged: ones whose vector was right.
        removed: vectors of images that are gone.
        relabelled: images that did not say, or said wrongly, which vector is theirs.
    """

    embedded: int
    unchanged: int
    removed: int
    relabelled: int


def index_images(
    images: Collection[Document],
    index: VectorIndex,
    embedder: Embedder,
    redis: Redis,
    on_batch: Callable[[int, int], None] = lambda done, total: None,
) -> IndexReport:
    """Embed what is new or changed, and repair what the two sides disagree on.

    Args:
        images: the collection; its field `vector_id_pinecone` is written.
        index: opened.
        embedder: of the index's model.
        redis: whose cached searches are forgotten if anything changed, or an earlier run was killed.
        on_batch: called after each batch with images done and images to do.

    Raises:
        PromptSalesError: the model, Pinecone or Redis did not answer; run it again, it goes on with what is left.
        PyMongoError: MongoDB did not answer.
    """
    held = {identifier: metadata for page in index.metadata() for identifier, metadata in page.items()}
    total = images.count_documents({})
    embedded = relabelled = done = 0
    seen: set[str] = set()
    for batch in _batches(images):
        seen |= {str(image["_id"]) for image in batch}
        wanted = [(image, metadata_of(image)) for image in batch]
        stale = [
            (image, metadata)
            for image, metadata in wanted
            if held.get(str(image["_id"]), {}).get(DIGEST) != metadata[DIGEST]
        ]
        if stale:
            vectors = embedder.embed([text_of(image) for image, _ in stale])
            _suspend(redis)
            index.upsert([str(image["_id"]) for image, _ in stale], vectors, [metadata for _, metadata in stale])
        relabelled += _label(images, batch)
        embedded += len(stale)
        done += len(batch)
        on_batch(done, total)
    gone = sorted(held.keys() - seen)
    if gone:
        _suspend(redis)
        # An image that came while this ran has no vector yet and is not among them: `held` was read first.
        index.delete(gone)
    _renew(redis, changed=bool(embedded or gone))
    return IndexReport(embedded, done - embedded, len(gone), relabelled)


def _batches(images: Collection[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    with images.find({}, dict.fromkeys(FIELDS, 1)).sort("_id", 1) as cursor:
        for image in cursor:
            batch.append(image)
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _label(images: Collection[Document], batch: list[Document]) -> int:
    """Write into the images which vector is theirs, once it is there."""
    wrong: list[Any] = [
        UpdateOne({"_id": image["_id"]}, {"$set": {"vector_id_pinecone": str(image["_id"])}})
        for image in batch
        if image.get("vector_id_pinecone") != str(image["_id"])
    ]
    return images.bulk_write(wrong, ordered=False).matched_count if wrong else 0


def _suspend(redis: Redis) -> None:
    try:
        suspend_results(redis)
    except RedisError as error:
        # Going on would leave answers of before to be found for two hours, once Redis is back.
        raise UnreachableError(
            f"Redis does not answer ({type(error).__name__}), so that cached searches cannot be forgotten: no further "
            "image was embedded. Start it, then `promptsales content index` again."
        ) from error


def _renew(redis: Redis, *, changed: bool) -> None:
    try:
        if changed or results_suspended(redis):
            renew_results(redis)
    except RedisError as error:
        logger.warning("searches stay without a cache until the next run: %s", type(error).__name__)
