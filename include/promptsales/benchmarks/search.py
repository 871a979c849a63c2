"""How well and how fast images are found: the labelled questions, asked of a freshly indexed library."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import yaml

from promptsales.benchmarks.etl import fresh_engines
from promptsales.connections import from_settings
from promptsales.content.images.embedder import embedder_of
from promptsales.content.images.indexing import index_images
from promptsales.content.images.search import MAX_RESULTS, ImageResult, ImageSearch, renew_results
from promptsales.content.images.vector_index import connect_index
from promptsales.database.initialise import initialise
from promptsales.seeding.parameters import MIN_SCALE
from promptsales.seeding.plan import SeedPlan, today
from promptsales.seeding.seed import seed_all
from promptsales.settings import Settings

ROUNDS = 3

QUESTION_FILES = {"data/consultas.yaml": False, "data/consultas_reservadas.yaml": True}
"""Labelled questions, and whether nothing of the search was chosen by them."""


@dataclass(frozen=True)
class LabelledQuestion:
    """A question and the images, as category/first hashtag, that whoever asks it wants to see.

    Attributes:
        held_out: nothing of the search was chosen by how it answers this one.
    """

    text: str
    language: str
    wanted: frozenset[str]
    held_out: bool


@dataclass(frozen=True)
class Quality:
    """How well a set of questions was answered.

    Attributes:
        recall_at_1: the mean part of the wanted images, of as many as fit, among the first one.
        recall_at_5: the same among the first five.
        reciprocal_rank: the mean of 1 / place of the first wanted image.
        missed: questions with a wanted image below the fifth place.
    """

    questions: int
    recall_at_1: float
    recall_at_5: float
    reciprocal_rank: float
    missed: list[str]


@dataclass(frozen=True)
class SearchFigures:
    """Quality by group of questions, and milliseconds of each answer, sorted."""

    model: str
    images: int
    quality: dict[str, Quality]
    uncached_ms: list[float]
    cached_ms: list[float]


def labelled_questions() -> list[LabelledQuestion]:
    """The questions of `QUESTION_FILES`."""
    return [
        LabelledQuestion(each["consulta"], language, frozenset(each["imagenes"]), held_out)
        for name, held_out in QUESTION_FILES.items()
        for language, questions in yaml.safe_load(
            files("promptsales.content").joinpath(name).read_text(encoding="utf-8")
        ).items()
        for each in questions
    ]


def measure(root: Path) -> SearchFigures:
    """Seed, index and search, on engines under `root` that are gone in the end.

    Raises:
        PromptSalesError: an engine, the seeding or a search failed.
    """
    with fresh_engines(root) as settings:
        owner = from_settings(settings, admin=True)
        initialise(settings)
        seed_all(owner, SeedPlan(as_of=today(), scale=MIN_SCALE))
        return ask(settings, labelled_questions())


def ask(settings: Settings, questions: list[LabelledQuestion], rounds: int = ROUNDS) -> SearchFigures:
    """Index what there is and ask the questions, `rounds` times without and as often with the cache."""
    embedder = embedder_of(settings)
    index = connect_index(settings, embedder.model)
    index.open(create=True)
    connections = from_settings(settings, admin=True)
    database = connections.mongo()
    with database.client, closing(connections.redis()) as redis:
        report = index_images(database["imagenes"], index, embedder, redis)
        search = ImageSearch(index, embedder, redis)
        uncached, cached = list[float](), list[float]()
        answers = {}
        for _ in range(rounds):
            renew_results(redis)
            for question in questions:
                answers[question.text], seconds = _timed(search, question.text)
                uncached.append(seconds)
            cached += [_timed(search, question.text)[1] for question in questions]
    images = report.embedded + report.unchanged
    return SearchFigures(embedder.model, images, _by_group(questions, answers), sorted(uncached), sorted(cached))


def _by_group(questions: list[LabelledQuestion], answers: dict[str, list[ImageResult]]) -> dict[str, Quality]:
    """Of all questions and of each language's: together, those that tuned the search, and those held out."""
    groups: dict[str, list[LabelledQuestion]] = {}
    for kind in ("", ", tuning", ", held out"):
        for question in questions:
            if kind in ("", ", held out" if question.held_out else ", tuning"):
                for name in ("all", question.language):
                    groups.setdefault(f"{name}{kind}", []).append(question)
    return {name: quality_of(group, answers) for name, group in groups.items()}


def quality_of(questions: list[LabelledQuestion], answers: dict[str, list[ImageResult]]) -> Quality:
    """How well the answers, best first, meet what was wanted."""
    at_1 = at_5 = rank = 0.0
    missed = []
    for question in questions:
        labels = [label_of(each) for each in answers[question.text]]
        at_1 += _recall(labels[:1], question.wanted, 1)
        found = _recall(labels[:5], question.wanted, 5)
        at_5 += found
        rank += next((1 / place for place, label in enumerate(labels, 1) if label in question.wanted), 0)
        if found < 1:
            missed.append(question.text)
    count = len(questions)
    return Quality(count, at_1 / count, at_5 / count, rank / count, missed)


def label_of(result: ImageResult) -> str:
    """What names an image in the labelled questions: identifiers change with the seed."""
    return f"{result.category}/{result.hashtags[0].lstrip('#')}"


def _recall(labels: list[str], wanted: frozenset[str], places: int) -> float:
    return len(wanted & set(labels)) / min(len(wanted), places)


def _timed(search: ImageSearch, text: str) -> tuple[list[ImageResult], float]:
    started = time.perf_counter()
    answer = search.search(text, count=MAX_RESULTS)
    return answer.results, (time.perf_counter() - started) * 1000
