"""The published Redis design: every key, its type and its time to live."""

from __future__ import annotations

from promptsales.cache import keys
from promptsales.cache.keys import KeySpec

PUBLISHED = {
    ("api:resultados:{service}:{method}:{hash}", "string", 3600),
    ("api:stats:{service}", "hash", 86400),
    ("ai:generacion:{model}:{hash}", "string", 86400),
    ("ai:tokens:{user}:{month}", "hash", 30 * 86400),
    ("contenido:busqueda:{hash}", "string", 7200),
    ("etl:delta:{db}:{table}", "string", 22 * 60),
    ("estadisticas:campana:{id}", "hash", 11 * 60),
    ("sesion:{user_id}", "hash", 7200),
    ("ratelimit:{service}:{user}", "counter", None),
    ("mcp:servidor:{name}", "hash", 300),
    ("queue:jobs:{type}", "list", None),
    ("job:{id}", "hash", 86400),
    ("lock:{resource}:{id}", "string", 30),
}


def test_the_keys_are_the_published_ones() -> None:
    declared = [value for value in vars(keys).values() if isinstance(value, KeySpec)]
    assert {(spec.pattern, spec.type, spec.ttl and spec.ttl.total_seconds()) for spec in declared} == PUBLISHED


def test_a_key_is_filled_in() -> None:
    assert keys.ETL_WATERMARK.key(db="promptads", table="campanas") == "etl:delta:promptads:campanas"
