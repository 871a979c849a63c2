"""The platform's own use of AI as a table: what was asked, what came back, and which person answered for it.

Made of what is recorded at work: drafts and decisions in `logs_campanas`, calls of language models in
`bitacora_solicitudes`. It holds no personal data: people are numbered, and what looks like an address, a telephone or a
secret is blanked in prompts and results.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pymongo
from pymongo.database import Database

from promptsales.security.redaction import REDACTED, Redactor

COLUMNS = ("date", "author", "prompt", "result", "validation")
READ_SECONDS = 30.0
LONGEST = 160
"""Characters of a cell's text: a table is to be read, the whole is in MongoDB under the record's identifier."""

_PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # an e-mail address
    r"|\b(?:sk|pk|ghp|xox[abp])[-_][\w-]{12,}"  # a key by its usual beginning
    r"|(?!\d{4}-\d\d-\d\d\b)\+?\d(?:[ .()-]{0,2}\d){7,}"  # a telephone, document or card number, but no date
)
_REDACTOR = Redactor()


@dataclass(frozen=True)
class Use:
    """One use of a model.

    Attributes:
        moment: UTC.
        author: who asked, as a number that is that person's in this table.
        prompt: what was asked for.
        result: what came back, from which model, at what cost.
        validation: what a person decided, and when.
    """

    moment: datetime
    author: str
    prompt: str
    result: str
    validation: str


class People:
    """Numbers in place of names, by order of appearance."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def pseudonym(self, name: str | None) -> str:
        """The same for the same person; what no person asked for is the platform's own."""
        if name is None:
            return "platform"
        return f"person {self._numbers.setdefault(name, len(self._numbers) + 1)}"


def recorded_uses(database: Database[dict[str, Any]], since: date | None, until: date | None) -> list[Use]:
    """Every recorded use of a model, oldest first.

    Args:
        database: PromptContent.
        since: first day, UTC; from the beginning where there is none.
        until: last day, UTC; to the end where there is none.

    Raises:
        PyMongoError: it does not answer in time.
    """
    with pymongo.timeout(READ_SECONDS):
        drafts = list(database["logs_campanas"].find(_period("creado_en", since, until)))
        calls = list(
            database["bitacora_solicitudes"].find(
                {**_period("fecha", since, until), "tokens_consumidos": {"$gt": 0}},
                {"request.cuerpo": 0, "response.cuerpo": 0, "response.cabeceras": 0},
            )
        )
    people = People()
    moments = sorted([*((each["creado_en"], each) for each in drafts), *((each["fecha"], each) for each in calls)],
                     key=lambda pair: (pair[0], str(pair[1]["_id"])))  # fmt: skip
    return [_draft(each, people) if "creado_en" in each else _call(each, people) for _, each in moments]


def markdown(uses: Iterable[Use]) -> Iterator[str]:
    """The lines of a table in Markdown."""
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---|---|---|---|---|"
    for use in uses:
        cells = (f"{use.moment:%Y-%m-%d %H:%M}", use.author, use.prompt, use.result, use.validation)
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _period(field: str, since: date | None, until: date | None) -> dict[str, Any]:
    limits: dict[str, datetime] = {}
    if since is not None:
        limits["$gte"] = datetime.combine(since, time(), UTC)
    if until is not None:
        limits["$lt"] = datetime.combine(until + timedelta(days=1), time(), UTC)
    return {field: limits} if limits else {}


def _draft(document: Mapping[str, Any], people: People) -> Use:
    made = document["generacion_metadata"]
    campaign = f"campaign {document['id_campana']}: " if "id_campana" in document else ""
    populations = ", ".join(each["nombre"] for each in document["publico_meta"])
    messages = [text for each in document["mensajes_poblacion"] for text in each["mensajes"]]
    cost = "from the cache" if made.get("desde_cache") else f"{made['tokens']:,} tokens"
    return Use(
        moment=document["creado_en"],
        author=people.pseudonym(made.get("usuario")),
        prompt=f"{campaign}{_shown(document['descripcion_campana'])} (for {_shown(populations)})",
        result=f"{len(messages)} messages by {made['modelo']}, {cost}, {made['latencia_ms']:,.0f} ms; "
        f"the first: {_shown(messages[0])}; logs_campanas {document['_id']}",
        validation=_decision(document, people),
    )


def _decision(document: Mapping[str, Any], people: People) -> str:
    if document["estado"] == "rechazado":
        if "rechazado_por" not in document:
            return "rejected"
        return f"rejected by {people.pseudonym(document['rechazado_por'])} on {document['rechazado_en']:%Y-%m-%d}"
    if "aprobado_por" not in document:
        return "draft: nobody has decided yet"
    approved = f"approved by {people.pseudonym(document['aprobado_por'])} on {document['aprobado_en']:%Y-%m-%d}"
    if "publicado_en" in document:
        return f"{approved}, published on {document['publicado_en']:%Y-%m-%d}"
    return f"{approved}, published" if document["estado"] == "publicado" else approved


def _call(document: Mapping[str, Any], people: People) -> Use:
    status = document["response"]["codigo_http"]
    return Use(
        moment=document["fecha"],
        author=people.pseudonym(document.get("usuario")),
        prompt=f"{document['servicio_utilizado']}.{document['metodo']}",
        result=f"{document['resultado']}, HTTP {status}, {document['tokens_consumidos']:,} tokens, "
        f"{document['tiempo_respuesta_ms']:,.0f} ms; bitacora_solicitudes {document['_id']}",
        validation="none: the answer went to the caller alone",
    )


def _shown(text: str) -> str:
    """One line without what is personal or secret, cut to its first characters."""
    clean = _PERSONAL.sub(REDACTED, _REDACTOR.text(" ".join(text.split())))
    return clean if len(clean) <= LONGEST else f"{clean[: LONGEST - 1]}…"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
