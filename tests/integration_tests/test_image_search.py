"""The image library from MongoDB over the vector index to a search: true to each other, whatever happens between."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymongo.collection import Collection
from redis import Redis
from typer.testing import CliRunner

from promptsales.benchmarks.search import ask, label_of, labelled_questions
from promptsales.cli import app
from promptsales.connections import Connections, connect_redis
from promptsales.content.images.embedder import DIMENSION, SentenceEncoder, Vectors
from promptsales.content.images.image_text import DIGEST, metadata_of
from promptsales.content.images.indexing import IndexReport, index_images
from promptsales.content.images.search import MAX_QUESTION, ImageSearch, SearchError
from promptsales.content.images.vector_index import (
    ModelMismatchError,
    VectorIndex,
    VectorIndexError,
    connect_index,
)
from promptsales.errors import SettingsError, UnreachableError
from promptsales.seeding.content import image_documents, image_texts
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.world import build_world
from promptsales.settings import Settings

pytestmark = pytest.mark.slow

SHOES = "calzado para correr"


@pytest.fixture(scope="module")
def images(own_engines: Connections) -> Iterator[Collection[dict[str, Any]]]:
    database = own_engines.mongo()
    with database.client:
        seeded = image_documents(build_world(SeedPlan(as_of=date(2025, 10, 22), scale=0.004)))
        database["imagenes"].insert_many(seeded)
        yield database["imagenes"]


@pytest.fixture(scope="module")
def redis(own_engines: Connections) -> Iterator[Redis]:
    with closing(own_engines.redis()) as client:
        yield client


@pytest.fixture
def index(images: Collection[dict[str, Any]], redis: Redis) -> VectorIndex:
    """The index, true to MongoDB when the test begins."""
    opened = connect_index(Settings(), SentenceEncoder.model)
    opened.open(create=True)
    index_images(images, opened, SentenceEncoder(), redis)
    return opened


@pytest.fixture
def search(index: VectorIndex, redis: Redis) -> ImageSearch:
    return ImageSearch(index, SentenceEncoder(), redis)


def again(images: Collection[dict[str, Any]], index: VectorIndex, redis: Redis) -> IndexReport:
    return index_images(images, index, SentenceEncoder(), redis)


def vectors(index: VectorIndex) -> dict[str, Any]:
    return {identifier: held for page in index.metadata() for identifier, held in page.items()}


def agree(images: Collection[dict[str, Any]], index: VectorIndex) -> bool:
    """Whether every image has the vector of its present state, says so, and no vector is left over."""
    wanted = {str(image["_id"]): metadata_of(image)[DIGEST] for image in images.find({})}
    labels = {str(image["_id"]): image["vector_id_pinecone"] for image in images.find({})}
    held = {identifier: metadata.get(DIGEST) for identifier, metadata in vectors(index).items()}
    return held == wanted and all(label == identifier for identifier, label in labels.items())


def test_every_image_is_indexed_once(images: Collection[dict[str, Any]], index: VectorIndex, redis: Redis) -> None:
    assert len(vectors(index)) == images.count_documents({}) == len(image_texts()) >= 100
    assert agree(images, index)
    assert again(images, index, redis) == IndexReport(0, len(image_texts()), 0, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"descripcion": "Un faro al borde del mar"}, {"hashtags": ["#faro"]}, {"categoria": "viajes"},
        {"campanas_asociadas": [1, 2]},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_only_a_changed_image_is_embedded_again(
    images: Collection[dict[str, Any]], index: VectorIndex, redis: Redis, change: dict[str, Any]
) -> None:
    before = images.find_one({"categoria": "mascotas"})
    assert before is not None
    images.update_one({"_id": before["_id"]}, {"$set": change})
    assert again(images, index, redis).embedded == 1
    assert agree(images, index)
    images.replace_one({"_id": before["_id"]}, before)
    assert again(images, index, redis).embedded == 1


def test_drift_is_repaired_both_ways(images: Collection[dict[str, Any]], index: VectorIndex, redis: Redis) -> None:
    ids = [str(image["_id"]) for image in images.find({}, {"_id": 1}).limit(5)]
    index.delete(ids[:2])
    stranger = np.ones((1, DIMENSION), np.float32)
    index.upsert(["nobody"], stranger, [{"descripcion": "x", "huella": "y"}])
    images.update_one({"_id": images.find_one({})["_id"]}, {"$set": {"vector_id_pinecone": "another"}})  # type: ignore[index]
    deleted = images.find_one_and_delete({"categoria": "hogar"})
    assert deleted is not None
    report = again(images, index, redis)
    assert (report.embedded, report.removed, report.relabelled) == (2, 2, 1)
    assert agree(images, index)
    images.insert_one(deleted)


DYING = """
import os, sys
import numpy as np
from promptsales.content.images import indexing, library, vector_index

class Cheap:
    model = "otro-modelo"

    def embed(self, texts):
        return np.ones((len(texts), 1536), np.float32)

def die(point, times, when, index):
    os.environ["PROMPTSALES_PINECONE_INDEX"] = index
    if index == "muertes":
        library.embedder_of = lambda settings: Cheap()
    owner = vector_index.VectorIndex if point in ("upsert", "delete") else indexing
    real, calls = getattr(owner, point), 0

    def dying(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == times and when == "before":
            os.kill(os.getpid(), 9)
        answer = real(*args, **kwargs)
        if calls == times:
            os.kill(os.getpid(), 9)
        return answer

    setattr(owner, point, dying)
    library.index_library()

for line in sys.stdin:
    point, times, when, index = line.split()
    child = os.fork()
    if not child:
        try:
            die(point, int(times), when, index)
        finally:
            os._exit(1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""

Die = Callable[[str, int, str, str], None]


@pytest.fixture(scope="module")
def die(own_engines: Connections) -> Iterator[Die]:
    """Index in a process that is killed before or after it called a function for the n-th time.

    The processes are forked off one that has imported everything; index `muertes` has a model that costs nothing.
    """
    command = [sys.executable, "-c", DYING]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        requests, codes = parent.stdin, parent.stdout
        assert requests
        assert codes

        def kill(point: str, times: int, when: str, name: str) -> None:
            requests.write(f"{point} {times} {when} {name}\n")
            requests.flush()
            assert codes.readline().strip() == "-9"

        yield kill


@pytest.mark.parametrize(
    ("point", "times", "when"),
    [
        ("upsert", 1, "after"), ("upsert", 2, "before"), ("_label", 1, "before"), ("_label", 2, "after"),
        ("delete", 1, "before"), ("delete", 1, "after"), ("_suspend", 1, "after"), ("_renew", 1, "before"),
        ("_renew", 1, "after"),
    ],
)  # fmt: skip
def test_killed_anywhere_the_next_run_ends_right(
    images: Collection[dict[str, Any]], redis: Redis, die: Die, point: str, times: int, when: str
) -> None:
    index = connect_index(Settings().model_copy(update={"pinecone_index": "muertes"}), OtherModel.model)
    index.open(create=True)
    index.delete(list(vectors(index)))
    images.update_many({}, {"$set": {"vector_id_pinecone": None}})
    index.upsert(["left over"], np.ones((1, DIMENSION), np.float32), [{"huella": "x"}])
    die(point, times, when, "muertes")
    assert not agree(images, index) or point in ("delete", "_renew")
    index_images(images, index, OtherModel(), redis)
    assert agree(images, index)


@pytest.mark.parametrize(("point", "when"), [("upsert", "after"), ("_renew", "before")])
def test_a_killed_run_leaves_no_old_answer(
    images: Collection[dict[str, Any]],
    index: VectorIndex,
    search: ImageSearch,
    redis: Redis,
    die: Die,
    point: str,
    when: str,
) -> None:
    search.search("un faro de noche")
    assert search.search("un faro de noche").cached
    image = images.find_one({"categoria": "viajes"})
    assert image is not None
    images.update_one({"_id": image["_id"]}, {"$set": {"descripcion": "Un faro de noche", "hashtags": ["#faro"]}})
    die(point, 1, when, Settings().pinecone_index)
    assert not search.search("un faro de noche").cached
    assert not search.search("un faro de noche").cached, "nor is one kept"
    again(images, index, redis)
    found = search.search("un faro de noche")
    assert (found.cached, found.results[0].id) == (False, str(image["_id"]))
    assert search.search("un faro de noche").cached
    images.replace_one({"_id": image["_id"]}, image)


def test_without_redis_nothing_is_changed(images: Collection[dict[str, Any]], index: VectorIndex) -> None:
    image = images.find_one({"categoria": "viajes"})
    assert image is not None
    before = vectors(index)
    images.update_one({"_id": image["_id"]}, {"$set": {"descripcion": "Un faro de noche"}})
    with (
        closing(connect_redis("redis://127.0.0.1:1/0")) as nowhere,
        pytest.raises(UnreachableError, match="promptsales content index"),
    ):
        again(images, index, nowhere)
    assert vectors(index) == before
    images.replace_one({"_id": image["_id"]}, image)


def test_shoes_for_running_are_found(search: ImageSearch) -> None:
    found = search.search(SHOES, count=5).results
    assert label_of(found[0]) == "calzado/running"
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


def test_labelled_questions_find_their_images(index: VectorIndex) -> None:
    figures = ask(Settings(), labelled_questions(), rounds=1)
    recall = {name: found.recall_at_5 for name, found in figures.quality.items()}
    # Short of the goal, and known to be: the README says so.
    assert recall.pop("es, held out") >= 0.85
    assert len(recall) == 8
    assert min(recall.values()) >= 0.9, recall


def test_only_the_category_or_campaign_that_is_asked_for(
    images: Collection[dict[str, Any]], search: ImageSearch
) -> None:
    pets = search.search("perro", count=50, category="mascotas").results
    assert {each.category for each in pets} == {"mascotas"}
    assert len(pets) == images.count_documents({"categoria": "mascotas"})
    campaign = images.find_one({"categoria": "calzado"})["campanas_asociadas"][0]  # type: ignore[index]
    of_campaign = {each.id for each in search.search("perro", count=50, campaign=campaign).results}
    assert of_campaign == {str(each["_id"]) for each in images.find({"campanas_asociadas": campaign})}
    both = search.search("zapato", category="calzado", campaign=campaign).results
    assert both
    assert {each.category for each in both} == {"calzado"}
    assert search.search("perro", category="nada").results == []


def test_an_answer_is_kept_until_the_index_changes(
    images: Collection[dict[str, Any]], index: VectorIndex, search: ImageSearch, redis: Redis
) -> None:
    first = search.search("un faro de noche")
    assert not first.cached
    assert search.search("  Un FARO de   noche ") == replace(first, cached=True)
    image = images.find_one({"categoria": "viajes"})
    assert image is not None
    images.update_one({"_id": image["_id"]}, {"$set": {"descripcion": "Un faro de noche", "hashtags": ["#faro"]}})
    again(images, index, redis)
    found = search.search("un faro de noche")
    assert not found.cached
    assert found.results[0].id == str(image["_id"])
    images.replace_one({"_id": image["_id"]}, image)


def test_without_redis_a_search_is_answered(index: VectorIndex) -> None:
    with closing(connect_redis("redis://127.0.0.1:1/0")) as nowhere:
        answer = ImageSearch(index, SentenceEncoder(), nowhere).search(SHOES)
    assert (answer.cached, label_of(answer.results[0])) == (False, "calzado/running")


@pytest.mark.parametrize("wrong", ["", "   ", "x" * (MAX_QUESTION + 1)])
def test_a_question_has_some_words(search: ImageSearch, wrong: str) -> None:
    with pytest.raises(SearchError):
        search.search(wrong)
    with pytest.raises(SearchError):
        search.search("perro", count=0)


class OtherModel:
    """Another model's vectors: of the same length, and of another meaning. As OpenAI's, they have no zeros."""

    model = "otro-modelo"

    def load(self) -> None:
        """It is made anew for each embedding."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.random.default_rng(7).normal(size=(len(texts), DIMENSION))
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_models_are_not_mixed(images: Collection[dict[str, Any]], index: VectorIndex, redis: Redis) -> None:
    other = connect_index(Settings(), OtherModel.model)
    with pytest.raises(ModelMismatchError, match=r"of universal-.* embeds with otro-modelo.*--rebuild"):
        other.open(create=True)
    with pytest.raises(ModelMismatchError):
        ImageSearch(other, OtherModel(), redis).search(SHOES)
    assert agree(images, index), "nothing was written"
    other.open(create=True, rebuild=True)
    assert index_images(images, other, OtherModel(), redis).embedded == len(image_texts())
    with pytest.raises(ModelMismatchError):
        connect_index(Settings(), SentenceEncoder.model).open()
    with pytest.raises(ModelMismatchError):
        ImageSearch(index, SentenceEncoder(), redis).search("opened before it was made anew")
    again(images, index, redis)
    assert not agree(images, other), "what the other model left is none of this one's"
    index_images(images, other, OtherModel(), redis)
    assert agree(images, other)
    connect_index(Settings(), SentenceEncoder.model).open(rebuild=True)


def test_a_missing_index_and_a_wrong_key_are_told(index: VectorIndex) -> None:
    settings = Settings()
    missing = connect_index(settings.model_copy(update={"pinecone_index": "nada"}), SentenceEncoder.model)
    with pytest.raises(VectorIndexError, match="promptsales content index"):
        missing.open()
    secret = type(settings.pinecone_api_key)("a planted secret")
    wrong = connect_index(settings.model_copy(update={"pinecone_api_key": secret}), SentenceEncoder.model)
    with pytest.raises(VectorIndexError) as refused:
        wrong.open()
    assert "planted" not in repr(refused.value) + repr(wrong)
    for host in ("https://u:secreto@host", "localhost", "http://host:x"):
        with pytest.raises(SettingsError, match="PINECONE_HOST is not an address") as told:
            connect_index(settings.model_copy(update={"pinecone_host": host}), SentenceEncoder.model)
        assert "secreto" not in str(told.value)
    with pytest.raises(SettingsError, match="PINECONE_API_KEY"):
        connect_index(settings.model_copy(update={"pinecone_api_key": None}), SentenceEncoder.model)


def test_the_command_line(index: VectorIndex, tmp_path: Path) -> None:
    runner = CliRunner()
    result = runner.invoke(app, ["content", "index"], catch_exceptions=False)
    assert (result.exit_code, "unchanged 120" in result.stdout) == (0, True)
    result = runner.invoke(app, ["content", "search", SHOES, "-n", "1"], catch_exceptions=False)
    assert "Zapatillas de correr" in result.stdout
