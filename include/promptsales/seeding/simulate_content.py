"""A day's activity in PromptContent: images come, change and go; requests are logged; copy is approved."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from pymongo import DeleteOne, InsertOne, UpdateOne
from pymongo.database import Database

from promptsales.seeding.changes import SimulationError, Tally
from promptsales.seeding.content import Document, at, document_id, image_file, request_documents
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.reference import read_yaml
from promptsales.seeding.sales import DAY_SECONDS
from promptsales.seeding.seed import CONTENT

Operation = InsertOne[Document] | UpdateOne | DeleteOne


@dataclass
class ContentChanges:
    """Operations by collection, each on a document of its own, and how many of each kind."""

    tally: Tally
    operations: dict[str, list[Operation]] = field(default_factory=dict)

    def insert(self, collection: str, document: Document) -> None:
        """A new document."""
        self._add(collection, InsertOne(document))
        self.tally.add(CONTENT, collection, "inserted", 1)

    def update(self, collection: str, key: Any, changes: Document) -> None:
        """Fields of one document, at least one of them to another value."""
        self._add(collection, UpdateOne({"_id": key}, {"$set": changes}))
        self.tally.add(CONTENT, collection, "updated", 1)

    def delete(self, collection: str, key: Any) -> None:
        """A document that nothing points at."""
        self._add(collection, DeleteOne({"_id": key}))
        self.tally.add(CONTENT, collection, "deleted", 1)

    def _add(self, collection: str, operation: Operation) -> None:
        self.operations.setdefault(collection, []).append(operation)

    def run(self, database: Database[dict[str, Any]]) -> None:
        """Do it all.

        Raises:
            SimulationError: something else changed the same documents meanwhile.
        """
        for collection, operations in self.operations.items():
            result = database[collection].bulk_write(operations)
            done = result.inserted_count + result.modified_count + result.deleted_count
            if done != len(operations):
                raise SimulationError(
                    f"MongoDB {database.name}.{collection}: {done} documents changed where {len(operations)} "
                    "were meant to: something else is writing to it. PromptAds and PromptCRM are committed."
                )


def plan_content(
    database: Database[dict[str, Any]],
    plan: SeedPlan,
    rng: np.random.Generator,
    number: int,
    tally: Tally,
    quotas: dict[str, int],
) -> ContentChanges:
    """What will change.

    Args:
        database: read only.
        plan: gives the day and the ids.
        rng: of this simulation.
        number: how many simulations came before; makes ids and times differ from theirs.
        tally: counts what is planned.
        quotas: how many `requests`, `images_made`, `images_changed`, `images_gone`, `approved`.
    """
    changes = ContentChanges(tally)
    now = at(plan.as_of_day * DAY_SECONDS) + timedelta(hours=12, seconds=number)
    _images(database, plan, rng, number, now, changes, quotas)
    seconds = np.sort(plan.as_of_day * DAY_SECONDS + rng.integers(0, DAY_SECONDS, quotas["requests"])).tolist()
    for counter, document in enumerate(request_documents(plan, f"simulation {number}", seconds)):
        created = document["fecha"]
        document["_id"] = document_id(plan, f"bitacora_solicitudes {number}", created, counter)
        changes.insert("bitacora_solicitudes", document)
    drafts = list(database["logs_campanas"].find({"estado": "borrador"}, {"_id": 1}).sort("_id", 1))
    for draft in _choose(rng, drafts, quotas["approved"]):
        approval = {"estado": "aprobado", "aprobado_por": "revision.contenido", "aprobado_en": now}
        changes.update("logs_campanas", draft["_id"], approval)
    return changes


def _images(
    database: Database[dict[str, Any]],
    plan: SeedPlan,
    rng: np.random.Generator,
    number: int,
    now: datetime,
    changes: ContentChanges,
    quotas: dict[str, int],
) -> None:
    shown = {image for log in database["logs_campanas"].find({}, {"imagenes": 1}) for image in log["imagenes"]}
    library = list(database["imagenes"].find({}, {"descripcion": 1, "categoria": 1}).sort("_id", 1))
    free = [image for image in library if image["_id"] not in shown]
    gone = {image["_id"] for image in _choose(rng, free, min(quotas["images_gone"], len(library) // 10))}
    for key in gone:
        changes.delete("imagenes", key)
    for image in _choose(rng, [image for image in library if image["_id"] not in gone], quotas["images_changed"]):
        changed = {"metadata.peso_kb": round(float(rng.uniform(90, 900)), 1), "actualizado_en": now}
        changes.update("imagenes", image["_id"], changed)
    descriptions = _new_descriptions({image["descripcion"] for image in library})
    for counter, (category, description, tags) in enumerate(_choose(rng, descriptions, quotas["images_made"])):
        key = document_id(plan, f"imagenes {number}", now, counter)
        changes.insert(
            "imagenes",
            {
                "_id": key,
                **image_file(rng, read_yaml("contenido.yaml"), category, str(key)),
                "descripcion": description,
                "hashtags": tags,
                "categoria": category,
                "vector_id_pinecone": None,
                "campanas_asociadas": [],
                "creado_en": now,
                "actualizado_en": now,
            },
        )


def _new_descriptions(known: set[str]) -> list[tuple[str, str, list[str]]]:
    """Category, description and hashtags of images that the library does not have."""
    return [
        (category, description, [f"#{tag}", f"#{words['etiquetas'][0]}"])
        for category, words in read_yaml("imagenes.yaml").items()
        for subject, tag in words["sujetos"]
        for place in words["escenarios"]
        for light in words["luces"]
        if (description := f"{subject} {place}, {light}.") not in known
    ]


def _choose(rng: np.random.Generator, items: list[Any], count: int) -> list[Any]:
    return [items[index] for index in np.sort(rng.permutation(len(items))[:count]).tolist()]
