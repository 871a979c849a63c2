"""Campaign copy without a language model: fixed texts, filled in by rule. The same brief gives the same copy."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from promptsales.content.copy_brief import BriefError, CopyBrief, GeneratedCopy, Population, is_shown, problems

MODEL = "plantilla-determinista"
"""What every record of this writer is labelled with."""

OLDER = 55
"""Years. From here on a population is addressed as usted."""

_TEXTS = Path(__file__).resolve().parent / "data" / "plantillas.yaml"
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_FIRST_SENTENCE = re.compile(r"(?<=[.;!?…])\s+")


class TemplateCopyGenerator:
    """Writes from templates."""

    model = MODEL

    @property
    def template(self) -> str:
        """The version of the texts."""
        return str(_texts()["version"])

    def most_tokens(self, brief: CopyBrief) -> int:
        """None: no model is asked."""
        return 0

    def write(self, brief: CopyBrief) -> GeneratedCopy:
        """Three messages for each population: what it is, why them, what to do.

        Raises:
            BriefError: the description holds nothing that copy could be about.
        """
        subject, detail = _subject_and_detail(brief.description)
        if not any(map(str.isalnum, subject)):
            raise BriefError("The description has no words that copy could be about. Describe the campaign in words.")
        messages = {
            population.nombre: _messages(brief, population, subject, detail) for population in brief.populations
        }
        if wrong := problems(brief, messages):
            raise BriefError(f"The templates do not fit this brief: {wrong[0]}. Describe the campaign in words.")
        return GeneratedCopy(messages, self.model, self.template, tokens=0)


def _messages(brief: CopyBrief, population: Population, subject: str, detail: str) -> tuple[str, ...]:
    texts, limit = _texts(), population.channel.limit
    form = "usted" if (population.edad_minima or 0) >= OLDER else "tu"

    def variant(options: list[str], message: str) -> str:
        key = f"{brief.campaign}/{population.nombre}/{population.canal}/{message}"
        return options[hashlib.sha256(key.encode()).digest()[0] % len(options)]

    age = next((text for youngest, text in texts["edades"] if (population.edad_minima or 0) >= youngest), "")
    known_age = population.edad_minima is not None or population.edad_maxima is not None
    first = _filled([variant(texts["anuncios"][population.tone][form], "1")], subject, limit)
    why = [
        *(variant(texts["intereses"][form], "2").replace("{interes}", interest) for interest in population.intereses),
        variant(texts["poblaciones"], "2").replace("{poblacion}", population.nombre),
        *texts["sin_poblacion"],
    ]
    third = _filled([variant(texts["llamados"][population.tone][form], "3")], subject, limit)
    country = (
        texts["pais"].format(pais=population.paises[0], pronombre={"tu": "ti"}.get(form, form))
        if population.paises
        else ""
    )
    return (
        _joined(limit, first, after=age if known_age else ""),
        _filled(why, subject, limit),
        _joined(limit, _joined(limit, third, after=detail), before=country),
    )


def _filled(templates: list[str], subject: str, limit: int) -> str:
    """The first template that the subject fits into whole; failing that, the last one with the subject shortened."""
    for template in templates:
        if len(text := _with_subject(template, subject)) <= limit:
            return text
    room = limit - len(_with_subject(templates[-1], ""))
    return _with_subject(templates[-1], _shortened(subject, room))


def _with_subject(template: str, subject: str) -> str:
    return template.replace("{s}", subject).replace("{S}", subject[:1].upper() + subject[1:])


def _joined(limit: int, text: str, before: str = "", after: str = "") -> str:
    """The texts around it added where there is room."""
    longer = " ".join(part for part in (before, text, after) if part)
    return longer if len(longer) <= limit else text


def _shortened(subject: str, room: int) -> str:
    """Whole words from the start that fit, not ending in a word that leads to a missing one."""
    words = subject[: room + 1].rsplit(" ", 1)[0].split() if len(subject) > room else subject.split()
    while len(words) > 1 and words[-1].lower() in _texts()["palabras_sueltas"]:
        words.pop()
    return " ".join(words)[:room].rstrip(" ,:")


def _subject_and_detail(description: str) -> tuple[str, str]:
    """What is offered, as it stands in running text, and the sentences that follow."""
    clean = " ".join(
        "".join(c if is_shown(c) else " " for c in _URL.sub("", description)).replace("{", "").replace("}", "").split()
    )
    sentences = [each for each in _FIRST_SENTENCE.split(clean) if any(map(str.isalnum, each))] or [""]
    opening = re.match(rf"(?:{_texts()['preambulos']})\s+", sentences[0], re.IGNORECASE)
    subject = sentences[0][opening.end() :] if opening else sentences[0]
    subject = re.sub(_texts()["destinatarios"], "", subject, flags=re.IGNORECASE).strip(" .,;:!?¡¿…\"'")
    if not opening:
        subject = _in_running_text(subject)
    return subject, " ".join(sentences[1:])


def _in_running_text(subject: str) -> str:
    """A sentence's first letter made small, unless the words look like a name."""
    first, _, rest = subject.partition(" ")
    is_name = not first[1:].islower() or rest[:1].isupper()
    return subject if is_name else first.lower() + subject[len(first) :]


@cache
def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = yaml.safe_load(_TEXTS.read_text(encoding="utf-8"))
    return texts
