"""Embedding texts: lengths, the cosine that padding keeps, and OpenAI's API as its client speaks with it."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import SecretStr

from promptsales.benchmarks.search import Quality, label_of, labelled_questions, quality_of
from promptsales.content.images.embedder import DIMENSION, EmbeddingError, SentenceEncoder, embedder_of
from promptsales.content.images.embedder_openai import BATCH_TEXTS, connect_openai
from promptsales.content.images.image_text import DIGEST, metadata_of, text_of
from promptsales.content.images.search import ImageResult, roots
from promptsales.seeding.content import image_texts
from promptsales.settings import Settings

SECRET = "sk-planted-secret"


def test_the_first_hashtag_counts_twice_and_is_part_of_the_digest() -> None:
    image = {"descripcion": "Un faro.", "hashtags": ["#faro", "#mar"], "categoria": "viajes", "url_imagen": "u"}
    assert text_of(image) == "Un faro. faro, faro, mar"
    assert text_of(image | {"hashtags": ["#faro"]}) == "Un faro. faro, faro"
    assert text_of(image | {"hashtags": []}) == "Un faro."
    digest = metadata_of(image)[DIGEST]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("promptsales.content.images.image_text.text_of", lambda image: "written otherwise")
        assert metadata_of(image)[DIGEST] != digest


def test_vectors_are_padded_without_changing_their_cosine() -> None:
    texts = ["un perro", "a dog", "una factura"]
    vectors = SentenceEncoder().embed(texts)
    assert vectors.shape == (3, DIMENSION)
    assert not vectors[:, 512:].any()
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert units[0] @ units[1] > units[0] @ units[2]
    assert SentenceEncoder().embed([]).shape == (0, DIMENSION)


def test_a_key_chooses_the_model() -> None:
    assert embedder_of(Settings(openai_api_key=None)).model == SentenceEncoder.model
    assert embedder_of(Settings(openai_api_key=SecretStr(SECRET))).model == "text-embedding-3-small"


class _Embeddings(BaseHTTPRequestHandler):
    """Answers as OpenAI does: the first number of a vector is its text's length, the rows in the wrong order."""

    status: ClassVar[int] = 200
    instead: ClassVar[tuple[str, bytes] | None] = None
    asked: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append(body)
        rows = [
            {"object": "embedding", "index": at, "embedding": [float(len(text)), *[0.0] * (DIMENSION - 1)]}
            for at, text in enumerate(body["input"])
        ]
        answer: dict[str, Any] = {"object": "list", "data": rows[::-1], "model": body["model"], "usage": {}}
        if self.status != 200:
            answer = {"error": {"message": f"wrong key {SECRET}"}}
        kind, data = self.instead or ("application/json", json.dumps(answer).encode())
        self.send_response(self.status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def openai_url() -> Iterator[str]:
    _Embeddings.status, _Embeddings.asked, _Embeddings.instead = 200, [], None
    server = HTTPServer(("127.0.0.1", 0), _Embeddings)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_openai_is_asked_in_batches_and_its_rows_are_put_in_order(openai_url: str) -> None:
    texts = ["x" * (1 + at % 50) for at in range(BATCH_TEXTS + 10)]
    vectors = connect_openai(SECRET, openai_url).embed(texts)
    assert vectors.shape == (len(texts), DIMENSION)
    assert vectors[:, 0].tolist() == [len(text) for text in texts]
    assert [len(asked["input"]) for asked in _Embeddings.asked] == [BATCH_TEXTS, 10]
    assert {(asked["model"], asked["dimensions"]) for asked in _Embeddings.asked} == {("text-embedding-3-small", 1536)}


def test_a_refusal_says_what_to_check_and_no_secret(openai_url: str) -> None:
    _Embeddings.status = 401
    with pytest.raises(EmbeddingError, match=r"HTTP status 401.*OPENAI_API_KEY") as refused:
        connect_openai(SECRET, openai_url).embed(["texto privado"])
    told = repr(refused.value) + str(refused.value.__cause__) + str(refused.value.__context__)
    assert SECRET not in told
    assert "privado" not in told


def rows(*vectors: Any) -> tuple[str, bytes]:
    data = [{"index": at, "embedding": vector} for at, vector in enumerate(vectors)]
    return "application/json", json.dumps({"data": data}).encode()


@pytest.mark.parametrize(
    "answer",
    [
        ("text/html", b"<h1>maintenance</h1>"),
        ("application/json", b'{"data": [{"embedding": [0.1'),
        ("application/json", b""),
        ("application/json", b"null"),
        ("application/json", b"[]"),
        ("application/json", b'{"data": null}'),
        rows(),
        rows([1.0, 2.0]),
        rows([1.0] * DIMENSION, [1.0] * DIMENSION),
        rows("not base64"),
        rows([0.0] * DIMENSION),
        rows([float("nan")] * DIMENSION),
    ],
    ids=["html", "truncated", "empty", "null", "list", "no data", "no rows", "short", "more", "text", "zeros", "NaN"],
)
def test_an_answer_that_is_no_vector_is_one_clear_error(openai_url: str, answer: tuple[str, bytes]) -> None:
    _Embeddings.instead = answer
    with pytest.raises(EmbeddingError, match=r"its answer .*OPENAI_BASE_URL") as refused:
        connect_openai(SECRET, openai_url).embed(["texto privado"])
    assert refused.value.__cause__ is refused.value.__context__ is None


def test_the_labelled_questions_are_about_images_that_exist() -> None:
    questions = labelled_questions()
    labels = {f"{category}/{tags[0].lstrip('#')}" for category, _, tags in image_texts()}
    assert len(labels) == len(image_texts())
    assert {label for question in questions for label in question.wanted} <= labels
    assert len({question.text for question in questions}) == len(questions)
    asked = Counter((question.language, question.held_out) for question in questions)
    assert asked["es", False] >= 60
    assert min(asked["en", False], asked["en", True]) >= 20
    assert asked["es", True] >= 40


def test_quality_is_counted_as_it_is_defined() -> None:
    one, two, *_ = labelled_questions()

    def result(label: str) -> ImageResult:
        category, tag = label.split("/")
        return ImageResult("1", "x", [f"#{tag}"], category, "url", 0.5)

    [wanted], [other] = one.wanted, two.wanted
    first = [result(wanted), *[result("no/no")] * 5]
    late = [*[result("no/no")] * 6, result(other)]
    assert label_of(result(wanted)) == wanted
    assert quality_of([one, two], {one.text: first, two.text: late}) == Quality(
        2, 0.5, 0.5, pytest.approx((1 + 1 / 7) / 2), [two.text]
    )


def test_words_are_compared_by_their_beginnings() -> None:
    assert roots("Zapatos PARA correr") == roots("¡zapato, corre!".replace("corre!", "correr")) == {"zapat", "corre"}
    assert roots("café con leche") == {"cafe", "leche"}
    assert roots("de la y") == frozenset()
