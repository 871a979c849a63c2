"""Every Redis key of the platform: its pattern, its type and how long it lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True)
class KeySpec:
    """One family of keys.

    Attributes:
        pattern: the key, with `{fields}` to fill.
        type: the Redis type of its value.
        ttl: how long a value lives after its last write; None where its writer sets a window of its own.
    """

    pattern: str
    type: Literal["string", "hash", "counter", "list"]
    ttl: timedelta | None

    def key(self, **fields: str | int) -> str:
        """The key for these fields, e.g. `key(db="promptads", table="campanas")`."""
        return self.pattern.format(**fields)


API_RESULT = KeySpec("api:resultados:{service}:{method}:{hash}", "string", timedelta(hours=1))
API_STATS = KeySpec("api:stats:{service}", "hash", timedelta(hours=24))
AI_GENERATION = KeySpec("ai:generacion:{model}:{hash}", "string", timedelta(hours=24))
AI_TOKENS = KeySpec("ai:tokens:{user}:{month}", "hash", timedelta(days=30))
CONTENT_SEARCH = KeySpec("contenido:busqueda:{hash}", "string", timedelta(hours=2))
ETL_WATERMARK = KeySpec("etl:delta:{db}:{table}", "string", timedelta(minutes=22))
CAMPAIGN_STATS = KeySpec("estadisticas:campana:{id}", "hash", timedelta(minutes=11))
SESSION = KeySpec("sesion:{user_id}", "hash", timedelta(hours=2))
RATE_LIMIT = KeySpec("ratelimit:{service}:{user}", "counter", None)
MCP_SERVER = KeySpec("mcp:servidor:{name}", "hash", timedelta(minutes=5))
JOB_QUEUE = KeySpec("queue:jobs:{type}", "list", None)
JOB = KeySpec("job:{id}", "hash", timedelta(hours=24))
LOCK = KeySpec("lock:{resource}:{id}", "string", timedelta(seconds=30))
