"""What copy a user had written, month by month: how much, by which model, for how many tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pymongo
from pymongo.database import Database

from promptsales.content.campaign_copy import COLLECTION

READ_SECONDS = 3.0


@dataclass(frozen=True)
class CopyUsage:
    """What one model wrote for a user in one month.

    Attributes:
        month: `YYYY-MM`, UTC.
        model: as `logs_campanas.generacion_metadata.modelo` has it.
        generations: drafts, those out of the cache among them.
        from_cache: drafts that cost nothing because the same brief had been written before.
        approved: drafts that a person has approved by now.
        tokens: that were used for the drafts; writing that failed is not among them.
        latency_ms: mean time to a draft.
    """

    month: str
    model: str
    generations: int
    from_cache: int
    approved: int
    tokens: int
    latency_ms: float


def copy_usage(database: Database[dict[str, Any]], user: str, since: date, until: date) -> list[CopyUsage]:
    """A user's copy, newest month first.

    Args:
        database: PromptContent.
        user: as drafts name them.
        since: first day, UTC.
        until: last day, UTC.

    Raises:
        PyMongoError: it does not answer in time.
    """
    first, after = (datetime.combine(day, time(), UTC) for day in (since, until + timedelta(days=1)))
    metadata = "generacion_metadata"
    stages: list[dict[str, Any]] = [
        {"$match": {f"{metadata}.usuario": user, "creado_en": {"$gte": first, "$lt": after}}},
        {
            "$group": {
                "_id": {
                    "mes": {"$dateToString": {"format": "%Y-%m", "date": "$creado_en"}},
                    "modelo": f"${metadata}.modelo",
                },
                "generaciones": {"$sum": 1},
                "desde_cache": {"$sum": {"$cond": [f"${metadata}.desde_cache", 1, 0]}},
                "aprobadas": {"$sum": {"$cond": [{"$in": ["$estado", ["aprobado", "publicado"]]}, 1, 0]}},
                "tokens": {"$sum": f"${metadata}.tokens"},
                "latencia_ms": {"$avg": f"${metadata}.latencia_ms"},
            }
        },
        {"$sort": {"_id.mes": -1, "_id.modelo": 1}},
    ]
    with pymongo.timeout(READ_SECONDS):
        return [_usage(row) for row in database[COLLECTION].aggregate(stages)]


def _usage(row: dict[str, Any]) -> CopyUsage:
    return CopyUsage(
        month=row["_id"]["mes"],
        model=row["_id"]["modelo"],
        generations=row["generaciones"],
        from_cache=row["desde_cache"],
        approved=row["aprobadas"],
        tokens=row["tokens"],
        latency_ms=round(float(row["latencia_ms"]), 1),
    )
