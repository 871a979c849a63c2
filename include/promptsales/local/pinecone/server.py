"""The HTTP face of the stand-in: Pinecone's control plane, and each index's data plane under a path of its own."""

from __future__ import annotations

import json
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from promptsales.local.pinecone.errors import ApiError, invalid
from promptsales.local.pinecone.filters import Metadata, compile_filter
from promptsales.local.pinecone.store import Store, Vector

logger = logging.getLogger(__name__)

Handler = Callable[[Request, Any], Any]

MAX_UPSERT = 1000
MAX_UPSERT_BYTES = 2 * 1024 * 1024
MAX_TOP_K = 10_000
MAX_LIST = 100
MAX_METADATA_BYTES = 40 * 1024
"""Pinecone's own limits: https://docs.pinecone.io/reference/api/database-limits"""

VALUES_FIELD = "_values"
"""How the API calls the vector of an index that was created by dimension and metric."""


class PineconeApi:
    """Routes over a store.

    Args:
        store: what is kept.
        api_key: what every request must carry.
        origin: `http://host:port` of this server, under which indexes say that they are reached.
    """

    def __init__(self, store: Store, api_key: str, origin: str) -> None:
        self._store = store
        self._api_key = api_key
        self._origin = origin

    def app(self) -> Starlette:
        """The ASGI application."""
        data = "/data/{index}"
        return Starlette(
            routes=[
                self._route("/indexes", "GET", self._list_indexes),
                self._route("/indexes", "POST", self._create_index),
                self._route("/indexes/{index}", "GET", lambda request, body: self._described(request)),
                self._route("/indexes/{index}", "PATCH", self._configure_index),
                self._route("/indexes/{index}", "DELETE", self._delete_index),
                self._route(f"{data}/vectors/upsert", "POST", self._upsert),
                self._route(f"{data}/vectors/update", "POST", self._update),
                self._route(f"{data}/vectors/delete", "POST", self._delete),
                self._route(f"{data}/vectors/fetch", "GET", self._fetch),
                self._route(f"{data}/vectors/list", "GET", self._list_ids),
                self._route(f"{data}/query", "POST", self._query),
                self._route(f"{data}/describe_index_stats", "POST", self._stats),
            ]
        )

    def _route(self, path: str, method: str, handler: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                self._authenticate(request)
                body = await _body(request)
                answer = await run_in_threadpool(handler, request, body)
            except ApiError as error:
                return JSONResponse(error.body, error.status)
            except Exception:
                logger.exception("%s %s", method, path)
                # In the form that the client reads, over a connection that stays open.
                return JSONResponse(ApiError(500, "INTERNAL", "The stand-in failed: see its log").body, 500)
            return JSONResponse(answer, 201 if (path, method) == ("/indexes", "POST") else 200)

        called: Callable[[Request], Awaitable[Response]] = endpoint
        return Route(path, called, methods=[method])

    def _authenticate(self, request: Request) -> None:
        if not secrets.compare_digest(request.headers.get("api-key", "").encode(), self._api_key.encode()):
            raise ApiError(401, "UNAUTHENTICATED", "Invalid API Key")

    def _list_indexes(self, request: Request, body: Any) -> dict[str, Any]:
        return {"indexes": [self._public(each) for each in self._store.indexes()]}

    def _create_index(self, request: Request, body: Any) -> dict[str, Any]:
        name = str(body.get("name", ""))
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,43}[a-z0-9]|[a-z0-9]", name):
            raise invalid("Name must consist of lower case alphanumeric characters or '-', 45 at most")
        fields = _object(_object(body.get("schema"), "A schema").get("fields"), "A schema's fields")
        vector = _object(fields.get(VALUES_FIELD), "A field")
        dimension, metric = vector.get("dimension"), vector.get("metric", "cosine")
        if not isinstance(dimension, int) or not 1 <= dimension <= 20_000:
            raise invalid("The dimension is a whole number from 1 to 20000")
        if metric != "cosine" or set(fields) != {VALUES_FIELD}:
            raise invalid("This stand-in has indexes of one dense vector with the metric cosine only")
        deployment = _object(body.get("deployment"), "A deployment") | {"environment": "local"}
        tags = _object(body.get("tags"), "Tags")
        self._store.create_index({"name": name, "dimension": dimension, "tags": tags, "deployment": deployment})
        return self._public(self._store.index(name))

    def _described(self, request: Request) -> dict[str, Any]:
        return self._public(self._store.index(request.path_params["index"]))

    def _configure_index(self, request: Request, body: Any) -> dict[str, Any]:
        name = request.path_params["index"]
        if set(body) - {"tags"}:
            raise invalid("This stand-in configures tags only")
        tags = {**self._store.index(name)["tags"], **_object(body.get("tags"), "Tags")}
        return self._public(self._store.change_index(name, {"tags": {key: tags[key] for key in tags if tags[key]}}))

    def _delete_index(self, request: Request, body: Any) -> dict[str, Any]:
        self._store.delete_index(request.path_params["index"])
        return {}

    def _upsert(self, request: Request, body: Any) -> dict[str, Any]:
        index = _index(request, self._store)
        given = body.get("vectors")
        if not isinstance(given, list) or not 1 <= len(given) <= MAX_UPSERT:
            raise invalid(f"An upsert has 1 to {MAX_UPSERT} vectors")
        if int(request.headers.get("content-length", 0)) > MAX_UPSERT_BYTES:
            raise invalid(f"An upsert has {MAX_UPSERT_BYTES} bytes at most")
        vectors = [
            Vector(
                _identifier(each.get("id")),
                self._store.numbers(index, each.get("values")),
                _metadata(each.get("metadata")),
            )
            for each in (_object(one, "A vector") for one in given)
        ]
        self._store.upsert(index, _namespace(body), vectors)
        return {"upsertedCount": len(vectors)}

    def _update(self, request: Request, body: Any) -> dict[str, Any]:
        index, namespace = _index(request, self._store), _namespace(body)
        numbers = self._store.numbers(index, body["values"]) if body.get("values") else None
        self._store.update(index, namespace, _identifier(body.get("id")), numbers, _metadata(body.get("setMetadata")))
        return {}

    def _delete(self, request: Request, body: Any) -> dict[str, Any]:
        index, namespace = _index(request, self._store), _namespace(body)
        if sum(bool(body.get(how)) for how in ("ids", "deleteAll", "filter")) != 1:
            raise invalid("A deletion has ids, or a filter, or deleteAll")
        if ids := body.get("ids"):
            if not isinstance(ids, list):
                raise invalid("ids is a list")
            self._store.delete(index, namespace, [_identifier(each) for each in ids])
        else:
            self._store.delete_where(index, namespace, compile_filter(body.get("filter")))
        return {}

    def _fetch(self, request: Request, body: Any) -> dict[str, Any]:
        index = _index(request, self._store)
        namespace = request.query_params.get("namespace", "")
        found = [self._store.get(index, namespace, each) for each in request.query_params.getlist("ids")]
        return {"vectors": {each.id: _vector(each) for each in found if each}, "namespace": namespace}

    def _list_ids(self, request: Request, body: Any) -> dict[str, Any]:
        index, asked = _index(request, self._store), request.query_params
        given = asked.get("limit", str(MAX_LIST))
        if not given.isdecimal() or not 1 <= (limit := int(given)) <= MAX_LIST:
            raise invalid(f"The limit is 1 to {MAX_LIST}")
        namespace, after = asked.get("namespace", ""), asked.get("paginationToken", "")
        ids = [
            each.id
            for each in self._store.select(index, namespace, compile_filter(None))
            if each.id.startswith(asked.get("prefix", "")) and each.id > after
        ]
        page = ids[:limit]
        pagination = {"pagination": {"next": page[-1]}} if len(ids) > limit else {}
        return {"vectors": [{"id": each} for each in page], "namespace": namespace, **pagination}

    def _query(self, request: Request, body: Any) -> dict[str, Any]:
        index, namespace = _index(request, self._store), _namespace(body)
        count = body.get("topK")
        if not isinstance(count, int) or not 1 <= count <= MAX_TOP_K:
            raise invalid(f"topK is 1 to {MAX_TOP_K}")
        if body.get("id"):
            held = self._store.get(index, namespace, str(body["id"]))
            numbers = held.numbers if held else None
        else:
            numbers = self._store.numbers(index, body.get("vector"))
        test = compile_filter(body.get("filter"))
        found = [] if numbers is None else self._store.search(index, namespace, numbers, test, count)
        matches = [
            {
                "id": vector.id,
                "score": score,
                "values": vector.numbers.tolist() if body.get("includeValues") else [],
                **({"metadata": vector.metadata} if body.get("includeMetadata") else {}),
            }
            for vector, score in found
        ]
        return {"matches": matches, "namespace": namespace, "usage": {"readUnits": 1}}

    def _stats(self, request: Request, body: Any) -> dict[str, Any]:
        index = _index(request, self._store)
        counts = self._store.counts(index)
        return {
            "namespaces": {namespace: {"vectorCount": count} for namespace, count in counts.items()},
            "dimension": self._store.index(index)["dimension"],
            "indexFullness": 0,
            "totalVectorCount": sum(counts.values()),
        }

    def _public(self, description: dict[str, Any]) -> dict[str, Any]:
        vector = {"type": "dense_vector", "dimension": description["dimension"], "metric": "cosine"}
        return {
            "name": description["name"],
            "host": f"{self._origin}/data/{description['name']}",
            "deployment": description["deployment"],
            "schema": {"fields": {VALUES_FIELD: vector}},
            "tags": description["tags"],
            "status": {"ready": True, "state": "Ready"},
            "deletion_protection": "disabled",
            "dimension": description["dimension"],
            "metric": "cosine",
            "vector_type": "dense",
        }


async def _body(request: Request) -> Any:
    raw = await request.body()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        raise invalid("The body is not JSON") from None
    return _object(body, "The body")


def _object(value: Any, what: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(f"{what} is an object")
    return value


def _index(request: Request, store: Store) -> str:
    name: str = request.path_params["index"]
    store.index(name)
    return name


def _namespace(body: Any) -> str:
    namespace = body.get("namespace") or ""
    if not isinstance(namespace, str):
        raise invalid("A namespace is a string")
    return namespace


def _identifier(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 512 or not value.isascii():
        raise invalid("A vector's id has 1 to 512 ASCII characters")
    return value


def _metadata(value: Any) -> Metadata:
    metadata = _object(value, "Metadata")
    for name, each in metadata.items():
        listed = isinstance(each, list) and all(isinstance(one, str) for one in each)
        if not (listed or isinstance(each, str | bool | int | float)):
            raise invalid(f"Metadata value must be a string, number, boolean or list of strings, for field {name!r}")
    if len(json.dumps(metadata, ensure_ascii=False).encode()) > MAX_METADATA_BYTES:
        raise invalid(f"Metadata size exceeds {MAX_METADATA_BYTES} bytes per vector")
    return metadata


def _vector(vector: Vector) -> dict[str, Any]:
    return {"id": vector.id, "values": vector.numbers.tolist(), "metadata": vector.metadata}
