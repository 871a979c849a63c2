"""Campaign copy from brief to publication: written or taken from the cache, kept as a draft, approved by a person."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pymongo
from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.database import Database
from redis import Redis
from redis.exceptions import RedisError

from promptsales.cache.keys import AI_GENERATION
from promptsales.content.copy_brief import CopyBrief, CopyError, CopyFailedError, CopyGenerator, GeneratedCopy, problems
from promptsales.content.copy_budget import Reservation, TokenBudget

logger = logging.getLogger(__name__)

COLLECTION = "logs_campanas"

MAX_USER = 120
"""Characters; `logs_campanas.generacion_metadata.usuario`."""

STORE_SECONDS = 2.0
"""For writing a draft, or a decision on one."""

FindImages = Callable[[str], Sequence[ObjectId]]
"""Images for a description: keys of `imagenes`, best first."""


class NoSuchDraftError(CopyError):
    """Nothing of this identifier was ever written."""


class DecidedError(CopyError):
    """Somebody has decided on the draft already."""


@dataclass(frozen=True)
class Draft:
    """Copy as it was stored, not approved by anyone yet."""

    id: ObjectId
    copy: GeneratedCopy
    from_cache: bool
    images: tuple[ObjectId, ...]


class CampaignCopy:
    """Writes drafts into `logs_campanas`, and takes people's decisions on them."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        redis: Redis,
        generator: CopyGenerator,
        budget: TokenBudget,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._logs = database[COLLECTION]
        self._redis = redis
        self._generator = generator
        self._budget = budget
        self._now = now

    def draft(self, brief: CopyBrief, user: str, find_images: FindImages = lambda description: ()) -> Draft:
        """Copy for a brief, stored as a draft.

        Args:
            brief: the campaign and whom it addresses.
            user: whose budget it is written on; `MAX_USER` characters at most.
            find_images: what looks for fitting images.

        Raises:
            BudgetError: the user's tokens of the month do not suffice; no model was asked.
            CopyError: the brief or the user is wrong, or no usable copy was written; nothing is stored.
            RedisError: it does not answer, and tokens may not be spent without it.
            PyMongoError: the draft cannot be stored; asked for again, the same brief comes from the cache.
        """
        brief.check()
        if not 1 <= len(user.strip()) <= len(user) <= MAX_USER:
            raise CopyError(f"The name of a user has 1 to {MAX_USER} characters.")
        start = time.monotonic()
        key = self._cache_key(brief)
        copy = self._cached(key, brief)
        from_cache = copy is not None
        if copy is None:
            copy = self._written(brief, user)
            self._keep(key, copy)
        images = tuple(dict.fromkeys(find_images(brief.description)))
        document = _document(brief, copy, images)
        document["generacion_metadata"] |= {
            "latencia_ms": round((time.monotonic() - start) * 1000, 1),
            "usuario": user,
            "desde_cache": from_cache,
            # What the cache gave cost nothing now.
            "tokens": 0 if from_cache else copy.tokens,
        }
        with pymongo.timeout(STORE_SECONDS):
            inserted = self._logs.insert_one({**document, "estado": "borrador", "creado_en": self._now()})
        return Draft(inserted.inserted_id, copy, from_cache, images)

    def approve(self, identifier: ObjectId, person: str) -> None:
        """Record that a person takes responsibility for a draft.

        Raises:
            NoSuchDraftError: there is no such draft.
            DecidedError: it has been decided on already; the text says by whom.
        """
        _require_person(person)
        self._decide(identifier, "borrador", {"estado": "aprobado", "aprobado_por": person, "aprobado_en": self._now()})

    def reject(self, identifier: ObjectId, person: str) -> None:
        """Set a draft aside for good, in the name of a person.

        Raises:
            NoSuchDraftError: there is no such draft.
            DecidedError: it has been decided on already.
        """
        _require_person(person)
        changes = {"estado": "rechazado", "rechazado_por": person, "rechazado_en": self._now()}
        self._decide(identifier, "borrador", changes)

    def publish(self, identifier: ObjectId) -> None:
        """Count approved copy as published.

        Raises:
            CopyError: nobody has approved it.
        """
        self._decide(identifier, "aprobado", {"estado": "publicado", "publicado_en": self._now()})

    def _decide(self, identifier: ObjectId, state: str, changes: Mapping[str, Any]) -> None:
        with pymongo.timeout(STORE_SECONDS):
            self._decide_in_time(identifier, state, changes)

    def _decide_in_time(self, identifier: ObjectId, state: str, changes: Mapping[str, Any]) -> None:
        # The state is part of the query: of two decisions at once, the first one holds.
        decided = self._logs.find_one_and_update(
            {"_id": identifier, "estado": state}, {"$set": changes}, return_document=ReturnDocument.AFTER
        )
        if decided is not None:
            return
        found = self._logs.find_one({"_id": identifier}, {"estado": 1, "aprobado_por": 1})
        if found is None:
            raise NoSuchDraftError(f"logs_campanas has no copy {identifier}.")
        person = f", approved by {found['aprobado_por']}" if "aprobado_por" in found else ""
        raise DecidedError(
            f"Copy {identifier} is {found['estado']}{person}: only what is {state} can become {changes['estado']}."
        )

    def _written(self, brief: CopyBrief, user: str) -> GeneratedCopy:
        most_tokens = self._generator.most_tokens(brief)
        try:
            reservation = self._budget.reserve(user, most_tokens, self._now())
        except RedisError:
            if most_tokens:
                raise
            # Nothing will be spent: no budget has to allow it.
            return self._generator.write(brief)
        spent = reservation.tokens
        try:
            copy = self._generator.write(brief)
            spent = copy.tokens
        except CopyFailedError as error:
            spent = error.tokens
            raise
        finally:
            # What failed in an unforeseen way counts whole: nobody knows what it used.
            self._settle(reservation, spent)
        return copy

    def _settle(self, reservation: Reservation, spent: int) -> None:
        try:
            self._budget.settle(reservation, spent)
        except RedisError as error:
            # Copy that was paid for is not thrown away for it; the reservation stays, so too much is counted.
            logger.warning("a reservation of tokens stays, Redis does not answer (%s)", type(error).__name__)

    def _keep(self, key: str, copy: GeneratedCopy) -> None:
        try:
            self._redis.set(key, _as_json(copy), ex=AI_GENERATION.ttl)
        except RedisError as error:
            logger.warning("copy is not kept, Redis does not answer (%s)", type(error).__name__)

    def _cache_key(self, brief: CopyBrief) -> str:
        populations = [population.document() for population in brief.populations]
        text = json.dumps([self._generator.template, brief.campaign, brief.description, populations], sort_keys=True)
        return AI_GENERATION.key(model=self._generator.model, hash=hashlib.sha256(text.encode()).hexdigest())

    def _cached(self, key: str, brief: CopyBrief) -> GeneratedCopy | None:
        try:
            found = self._redis.get(key)
        except RedisError:
            found = None
        if found is None:
            return None
        value = json.loads(str(found))
        copy = GeneratedCopy(
            {name: tuple(texts) for name, texts in value["messages"].items()},
            value["model"],
            value["template"],
            value["tokens"],
        )
        return None if problems(brief, copy.messages) else copy


def _require_person(person: str) -> None:
    if not 1 <= len(person.strip()) <= len(person) <= MAX_USER:
        raise CopyError(f"A decision needs the name of a person, of {MAX_USER} characters at most.")


def _document(brief: CopyBrief, copy: GeneratedCopy, images: Sequence[ObjectId]) -> dict[str, Any]:
    return {
        **({} if brief.campaign is None else {"id_campana": brief.campaign}),
        "descripcion_campana": brief.description,
        "publico_meta": [population.document() for population in brief.populations],
        "mensajes_poblacion": [
            {
                "poblacion": population.nombre,
                "canal": population.canal,
                "mensajes": list(copy.messages[population.nombre]),
            }
            for population in brief.populations
        ],
        "imagenes": list(images),
        "generacion_metadata": {"modelo": copy.model, "plantilla": copy.template},
    }


def _as_json(copy: GeneratedCopy) -> str:
    messages = {name: list(texts) for name, texts in copy.messages.items()}
    value = {"messages": messages, "model": copy.model, "template": copy.template, "tokens": copy.tokens}
    return json.dumps(value, ensure_ascii=False)
