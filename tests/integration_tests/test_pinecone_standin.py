"""The Pinecone stand-in, as Pinecone's official client meets it."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from pinecone import ConflictError, NotFoundError, Pinecone, PineconeError, ServerlessSpec, UnauthorizedError
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from promptsales.local.pinecone import KEY_VARIABLE
from promptsales.settings import Settings

SPEC = ServerlessSpec(cloud="aws", region="us-east-1")
KEY = "a key of this test"


@pytest.fixture
def client(engines: Settings) -> Pinecone:
    """The official client of the running stand-in."""
    assert engines.pinecone_api_key is not None
    return Pinecone(api_key=engines.pinecone_api_key.get_secret_value(), host=engines.pinecone_host)


@pytest.fixture
def index(client: Pinecone) -> Iterator[Any]:
    """An index of its own, of dimension 4."""
    client.indexes.create(name="prueba", dimension=4, metric="cosine", spec=SPEC, tags={"modelo": "m"})
    yield client.index("prueba")
    client.indexes.delete("prueba", timeout=-1)


def vectors(count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"v{at:03}", "values": [1.0, at, 0, 0], "metadata": {"n": at, "par": at % 2 == 0, "l": [f"t{at % 3}"]}}
        for at in range(count)
    ]


def test_an_index_is_made_described_tagged_listed_and_deleted(client: Pinecone, index: Any) -> None:
    assert client.indexes.describe("prueba").tags == {"modelo": "m"}
    assert client.indexes.exists("prueba")
    assert "prueba" in [each.name for each in client.indexes.list()]
    client.indexes.configure("prueba", tags={"modelo": "otro", "x": "y"})
    assert client.indexes.describe("prueba").tags == {"modelo": "otro", "x": "y"}
    with pytest.raises(ConflictError):
        client.indexes.create(name="prueba", dimension=4, metric="cosine", spec=SPEC)


def test_what_is_not_there_is_not_found(client: Pinecone) -> None:
    assert not client.indexes.exists("nada")
    with pytest.raises(NotFoundError):
        client.indexes.describe("nada")


def test_another_key_opens_nothing(engines: Settings) -> None:
    with pytest.raises(UnauthorizedError):
        Pinecone(api_key="another", host=engines.pinecone_host).indexes.describe("prueba")


def test_vectors_are_written_read_listed_changed_and_deleted(index: Any) -> None:
    assert index.upsert(vectors=vectors(250), namespace="n").upserted_count == 250
    pages = list(index.list(namespace="n", limit=100))
    assert [len(page.vectors) for page in pages] == [100, 100, 50]
    assert [each.id for page in pages for each in page.vectors] == [each["id"] for each in vectors(250)]
    assert next(each.id for page in index.list(namespace="n", prefix="v24") for each in page.vectors) == "v240"
    index.update(id="v001", set_metadata={"n": -1}, namespace="n")
    found = index.fetch(ids=["v001", "nobody"], namespace="n").vectors
    assert list(found) == ["v001"]
    assert (found["v001"].metadata["n"], found["v001"].metadata["par"]) == (-1, False)
    assert list(found["v001"].values) == [1, 1, 0, 0]
    index.delete(ids=["v001", "nobody"], namespace="n")
    index.delete(filter={"par": {"$eq": True}}, namespace="n")
    assert index.describe_index_stats().namespaces["n"].vector_count == 124
    index.delete(delete_all=True, namespace="n")
    assert index.describe_index_stats().total_vector_count == 0
    with pytest.raises(NotFoundError):
        index.delete(ids=["v001"], namespace="n")


def test_the_nearest_are_those_with_the_highest_cosine(index: Any) -> None:
    given = np.random.default_rng(7).normal(size=(200, 4)).astype(np.float32)
    index.upsert(vectors=[{"id": f"v{at:03}", "values": row.tolist()} for at, row in enumerate(given)])
    question = np.array([0.3, -1, 2, 0.1], np.float32)
    cosines = given @ question / np.linalg.norm(given, axis=1) / np.linalg.norm(question)
    matches = index.query(vector=question.tolist(), top_k=10).matches
    assert [each.id for each in matches] == [f"v{at:03}" for at in np.argsort(-cosines)[:10]]
    assert [each.score for each in matches] == pytest.approx(sorted(cosines, reverse=True)[:10], abs=1e-6)
    assert index.query(id=matches[3].id, top_k=1).matches[0].id == matches[3].id


def test_filters_choose_before_the_nearest_are_taken(index: Any) -> None:
    index.upsert(vectors=vectors(90), namespace="n")
    condition = {"$and": [{"l": {"$in": ["t1"]}}, {"n": {"$gte": 10}}]}
    found = index.query(vector=[1, 0, 0, 0], top_k=3, namespace="n", filter=condition, include_metadata=True).matches
    assert [each.metadata["n"] for each in found] == [10, 13, 16]
    assert index.query(vector=[1, 0, 0, 0], top_k=3, namespace="elsewhere").matches == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"id": "a", "values": [1, 2, 3]}, "dimension 3 does not match"),
        ({"id": "a", "values": [0, 0, 0, 0]}, "non-zero"),
        ({"id": "ñ", "values": [1, 0, 0, 0]}, "ASCII"),
        ({"id": "", "values": [1, 0, 0, 0]}, "1 to 512"),
        ({"id": "a", "values": [1, 0, 0, 0], "metadata": {"x": {"y": 1}}}, "Metadata value"),
        ({"id": "a", "values": [1, 0, 0, 0], "metadata": {"x": [1, 2]}}, "Metadata value"),
        ({"id": "a", "values": [1, 0, 0, 0], "metadata": {"x": "y" * 41_000}}, "40960 bytes"),
    ],
)
def test_a_wrong_vector_is_refused_and_nothing_of_its_request_is_kept(
    index: Any, wrong: dict[str, Any], told: str
) -> None:
    with pytest.raises(PineconeError, match=told):
        index.upsert(vectors=[*vectors(2), wrong])
    assert index.describe_index_stats().total_vector_count == 0


def test_wrong_requests_are_errors_of_the_client(index: Any) -> None:
    index.upsert(vectors=vectors(2))
    with pytest.raises(PineconeError, match=r"\$regex"):
        index.query(vector=[1, 0, 0, 0], top_k=1, filter={"n": {"$regex": "x"}})
    with pytest.raises(PineconeError, match="dimension 2"):
        index.query(vector=[1, 0], top_k=1)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "vectors/upsert", {"vectors": ["x"]}),
        ("POST", "vectors/upsert", {"vectors": [{"id": "a", "values": "abc"}]}),
        ("POST", "vectors/upsert", ["x"]),
        ("POST", "vectors/delete", {"ids": "abc"}),
        ("POST", "vectors/delete", {}),
        ("POST", "query", {"topK": "many", "vector": [1, 0, 0, 0]}),
        ("POST", "query", {"topK": 1}),
        ("GET", "vectors/list?limit=many", None),
    ],
)
def test_what_no_client_sends_is_refused_in_the_same_form(
    engines: Settings, index: Any, method: str, path: str, body: Any
) -> None:
    assert engines.pinecone_api_key is not None
    headers = {"Api-Key": engines.pinecone_api_key.get_secret_value()}
    url = f"{engines.pinecone_host}/data/prueba/{path}"
    answer = httpx.request(method, url, json=body, headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INVALID_ARGUMENT")


@contextmanager
def stand_in(file: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A stand-in of its own, and where it is."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "promptsales.local.pinecone", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen([*command, "--file", str(file)], env={**os.environ, KEY_VARIABLE: KEY})
    try:
        _answering(f"http://127.0.0.1:{port}")
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@retry(retry=retry_if_exception_type(httpx.TransportError), stop=stop_after_delay(20), wait=wait_fixed(0.1))
def _answering(url: str) -> None:
    httpx.get(f"{url}/indexes", trust_env=False)


def test_what_was_confirmed_survives_kill_9(tmp_path: Path) -> None:
    with stand_in(tmp_path / "v.sqlite") as (process, url):
        client = Pinecone(api_key=KEY, host=url)
        client.indexes.create(name="prueba", dimension=4, metric="cosine", spec=SPEC, tags={"modelo": "m"})
        client.index("prueba").upsert(vectors=vectors(200), namespace="n")
        client.index("prueba").delete(ids=["v007"], namespace="n")
        process.send_signal(signal.SIGKILL)
        process.wait()
    with stand_in(tmp_path / "v.sqlite") as (_, url):
        client = Pinecone(api_key=KEY, host=url)
        assert client.indexes.describe("prueba").tags == {"modelo": "m"}
        assert client.index("prueba").describe_index_stats().namespaces["n"].vector_count == 199
        assert list(client.index("prueba").fetch(ids=["v008"], namespace="n").vectors["v008"].values) == [1, 8, 0, 0]


def test_killed_while_it_is_written_to_it_keeps_whole_requests(tmp_path: Path) -> None:
    confirmed: list[int] = []
    enough = threading.Event()

    def write(url: str) -> None:
        with httpx.Client(headers={"Api-Key": KEY}, trust_env=False) as client, suppress(httpx.TransportError):
            for request in itertools.count():
                rows = [{"id": f"r{request}-{at}", "values": [1, request, at, 0]} for at in range(20)]
                client.post(f"{url}/data/prueba/vectors/upsert", json={"vectors": rows}).raise_for_status()
                confirmed.append(request)
                if request == 30:
                    enough.set()

    with stand_in(tmp_path / "v.sqlite") as (process, url):
        Pinecone(api_key=KEY, host=url).indexes.create(name="prueba", dimension=4, metric="cosine", spec=SPEC)
        writer = threading.Thread(target=write, args=[url])
        writer.start()
        assert enough.wait(60)
        process.kill()
        writer.join()
    with stand_in(tmp_path / "v.sqlite") as (_, url):
        index = Pinecone(api_key=KEY, host=url).index("prueba")
        held = Counter(each.id.split("-")[0] for page in index.list() for each in page.vectors)
    assert set(held.values()) == {20}, "half a request"
    assert {f"r{request}" for request in confirmed} <= held.keys()
