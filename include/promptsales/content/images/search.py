"""Searching images by meaning: the nearest vectors, brought into order by the words they share with the question."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import unicodedata
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from redis import Redis
from redis.exceptions import RedisError

from promptsales.cache.keys import CONTENT_SEARCH
from promptsales.content.images.embedder import Embedder
from promptsales.errors import PromptSalesError

if TYPE_CHECKING:
    from promptsales.content.images.vector_index import Match, Metadata, VectorIndex

logger = logging.getLogger(__name__)

MAX_RESULTS = 50
MAX_QUESTION = 300
"""Characters of a question."""

CANDIDATES = 50
"""Nearest vectors that words bring into order."""

WORDS_WEIGHT = 0.1
"""What sharing all words adds to the cosine similarity; chosen by the questions that are not held out."""

VERSION_KEY = CONTENT_SEARCH.key(hash="version")
"""Where the name of the index's state is, which is new after every change."""

CHANGING = ""
"""The state of an index that is being written to, or whose writer was killed."""

_STOP_WORDS = frozenset(
    "de la el los las un una unos unas con para en y que por sin del al su sus the of with in on for and an".split()  # noqa: SIM905
)
_ROOT = 5
"""Letters of a word that are compared: zapato, zapatos and zapatillas begin alike."""


class SearchError(PromptSalesError):
    """A question that cannot be asked."""


@dataclass(frozen=True)
class ImageResult:
    """An image that was found.

    Attributes:
        id: its `_id` in MongoDB.
        score: cosine similarity, plus what shared words add; about 0.2 to 0.7.
    """

    id: str
    description: str
    hashtags: list[str]
    category: str
    url: str
    score: float


@dataclass(frozen=True)
class SearchAnswer:
    """What was found, best first, and whether it was found before."""

    results: list[ImageResult]
    cached: bool


class ImageSearch:
    """Searches of one index.

    Args:
        index: opened, or opened by the first search.
        embedder: of the index's model.
        redis: where results are kept for two hours, or until the index changes; it may be down.
    """

    def __init__(self, index: VectorIndex, embedder: Embedder, redis: Redis) -> None:
        self._index = index
        self._embedder = embedder
        self._redis = redis

    def search(
        self, question: str, *, count: int = 10, category: str | None = None, campaign: int | None = None
    ) -> SearchAnswer:
        """The images that show what is asked for.

        Args:
            question: in Spanish or English.
            count: of results, 1 to `MAX_RESULTS`.
            category: only images of this category.
            campaign: only images of this campaign.

        Raises:
            SearchError: the question is empty or too long, or the count out of bounds.
            PromptSalesError: the model or Pinecone did not answer.
        """
        text = " ".join(question.split())
        if not 1 <= len(text) <= MAX_QUESTION or not 1 <= count <= MAX_RESULTS:
            raise SearchError(f"A question has 1 to {MAX_QUESTION} characters, an answer 1 to {MAX_RESULTS} images.")
        asked = [self._embedder.model, text.casefold(), count, category, campaign]
        key = self._key(asked)
        if key and (kept := self._kept(key)) is not None:
            return SearchAnswer(kept, cached=True)
        found = self._find(text, count, _condition(category, campaign))
        if key:
            self._keep(key, found)
        return SearchAnswer(found, cached=False)

    def _find(self, text: str, count: int, condition: Metadata | None) -> list[ImageResult]:
        [vector] = self._embedder.embed([text])
        matches = self._index.nearest(vector, max(count, CANDIDATES), condition)
        words = roots(text)
        ranked = sorted(((match.score + WORDS_WEIGHT * _shared(words, match), match) for match in matches), key=_order)
        return [_result(score, match) for score, match in ranked[:count]]

    def _key(self, asked: list[object]) -> str | None:
        """Where the answer is kept: it names the index's state, so that no answer outlives it. None: nowhere."""
        try:
            version = _version(self._redis)
        except RedisError as error:
            logger.warning("Redis does not answer (%s): searching without a cache", type(error).__name__)
            return None
        if version == CHANGING:
            return None
        text = json.dumps([version, *asked], ensure_ascii=False)
        return CONTENT_SEARCH.key(hash=hashlib.sha256(text.encode()).hexdigest())

    def _kept(self, key: str) -> list[ImageResult] | None:
        try:
            text = cast("str | None", self._redis.get(key))
            return None if text is None else [ImageResult(**each) for each in json.loads(text)]
        except (RedisError, ValueError, TypeError):
            return None

    def _keep(self, key: str, found: list[ImageResult]) -> None:
        try:
            text = json.dumps([asdict(each) for each in found], ensure_ascii=False)
            self._redis.set(key, text, ex=CONTENT_SEARCH.ttl)
        except RedisError as error:
            logger.warning("the answer is not kept, Redis does not answer (%s)", type(error).__name__)


def suspend_results(redis: Redis) -> None:
    """Have no search read or keep an answer until `renew_results`, whatever becomes of the process that calls this.

    Raises:
        RedisError: it does not answer.
    """
    redis.set(VERSION_KEY, CHANGING)


def renew_results(redis: Redis) -> None:
    """Have searches keep answers, and find none from before this moment, also one that is being computed.

    Raises:
        RedisError: it does not answer.
    """
    # Random, so that a Redis that lost this key gives no old answer its name back.
    redis.set(VERSION_KEY, uuid4().hex)


def results_suspended(redis: Redis) -> bool:
    """Whether a change of the index has begun and was not ended.

    Raises:
        RedisError: it does not answer.
    """
    # Airflow's hook gives a client that answers in bytes.
    return redis.get(VERSION_KEY) in (CHANGING, CHANGING.encode())


def _version(redis: Redis) -> str:
    """The index's state: a name, or `CHANGING`."""
    version = cast("str | None", redis.get(VERSION_KEY))
    if version is None:
        # Redis was emptied, so there is no old answer either.
        redis.set(VERSION_KEY, uuid4().hex, nx=True)
        version = cast("str", redis.get(VERSION_KEY))
    return version


def roots(text: str) -> frozenset[str]:
    """The beginnings of a text's words, without accents and without words that mean nothing by themselves."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
    words = re.findall(r"[a-z0-9]+", plain)
    return frozenset(word[:_ROOT] for word in words if len(word) > 2 and word not in _STOP_WORDS)


def _shared(words: frozenset[str], match: Match) -> float:
    if not words:
        return 0.0
    of_image = roots(f"{match.metadata['descripcion']} {' '.join(match.metadata['hashtags'])}")
    return len(words & of_image) / len(words)


def _order(ranked: tuple[float, Match]) -> tuple[float, str]:
    return -ranked[0], ranked[1].id


def _condition(category: str | None, campaign: int | None) -> Metadata | None:
    clauses: list[Metadata] = []
    if category is not None:
        clauses.append({"categoria": {"$eq": category}})
    if campaign is not None:
        clauses.append({"campanas": {"$in": [str(campaign)]}})
    return {"$and": clauses} if clauses else None


def _result(score: float, match: Match) -> ImageResult:
    held = match.metadata
    return ImageResult(
        match.id, held["descripcion"], list(held["hashtags"]), held["categoria"], held["url"], round(score, 4)
    )
