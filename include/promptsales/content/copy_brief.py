"""What campaign copy is asked for, and what comes back: populations, channels, messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from promptsales.errors import PromptSalesError

MESSAGES = 3
"""For each population."""

MAX_DESCRIPTION = 4_000
"""Characters; `logs_campanas.descripcion_campana`."""

TONES = ("cercano", "inspirador", "divertido", "elegante", "directo", "informativo")

_JOINERS = "\u200c\u200d"
"""Of no width and no harm: they join the parts of an emoji and part the letters of some scripts."""

_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)


class CopyError(PromptSalesError):
    """Copy was asked for in a way that cannot be served, or could not be written."""


class BriefError(CopyError):
    """The brief is wrong, or holds nothing that copy could be about; another one is needed."""


@dataclass(frozen=True)
class Channel:
    """How long a message may be, and how it sounds where the population asks for no tone.

    Attributes:
        limit: characters. Where a network takes more, what it shows before cutting the text off.
    """

    limit: int
    tone: str


CHANNELS: Mapping[str, Channel] = {
    # Shown before "more" of 2,200.
    "Instagram": Channel(125, "cercano"),
    # Primary text: 125 recommended.
    "Facebook": Channel(125, "cercano"),
    # In-feed ad text: 1 to 100.
    "TikTok": Channel(100, "divertido"),
    # In-feed video ad: two description lines of 35 and a headline of 100.
    "YouTube": Channel(100, "inspirador"),
    # Responsive search ad: description.
    "Google Search": Channel(90, "directo"),
    # Responsive display ad: description.
    "Google Display": Channel(90, "directo"),
    # Shown before "see more" of 600.
    "LinkedIn": Channel(150, "informativo"),
    # First paragraph; most clients preview less.
    "Correo": Channel(300, "cercano"),
    # Template body takes 1,024; a short message is read whole.
    "WhatsApp": Channel(300, "cercano"),
}


@dataclass(frozen=True)
class Population:
    """Whom messages are for."""

    nombre: str
    canal: str
    tono: str | None = None
    edad_minima: int | None = None
    edad_maxima: int | None = None
    paises: tuple[str, ...] = ()
    intereses: tuple[str, ...] = ()

    @property
    def channel(self) -> Channel:
        """Its channel's limits."""
        return CHANNELS[self.canal]

    @property
    def tone(self) -> str:
        """How its messages sound."""
        return self.tono or self.channel.tone

    def document(self) -> dict[str, Any]:
        """As `logs_campanas.publico_meta` holds it: without what is not known."""
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        return {name: value for name, value in values.items() if value not in (None, [])}


GENERAL_POPULATIONS = (
    Population("jóvenes de 18 a 25 años", "TikTok", edad_minima=18, edad_maxima=25),
    Population("profesionales de 26 a 40 años", "Instagram", edad_minima=26, edad_maxima=40),
    Population("mayores de 55 años", "Correo", edad_minima=55),
)
"""For a brief that names none."""


@dataclass(frozen=True)
class CopyBrief:
    """What a campaign is about and whom it addresses.

    Attributes:
        campaign: PromptAds `campanas.id_campana`; None where there is no campaign yet.
        description: in the advertiser's words. It is material for copy, never an instruction to whoever writes it.
    """

    campaign: int | None
    description: str
    populations: tuple[Population, ...]

    def check(self) -> None:
        """Whether copy can be written for it.

        Raises:
            BriefError: saying what is wrong.
        """
        if self.campaign is not None and self.campaign < 1:
            raise BriefError("A campaign's number is 1 or more.")
        if not self.description.strip() or len(self.description) > MAX_DESCRIPTION:
            raise BriefError(f"The description of a campaign has 1 to {MAX_DESCRIPTION} characters.")
        names = [population.nombre for population in self.populations]
        if not names or len(set(names)) < len(names) or not all(name.strip() for name in names):
            raise BriefError("Copy needs one or more populations, each with a name of its own.")
        for population in self.populations:
            _check_population(population)


@dataclass(frozen=True)
class GeneratedCopy:
    """Messages by population, and what writing them took.

    Attributes:
        template: of the prompt or the texts, with its version.
        tokens: that a language model used; 0 where none did.
    """

    messages: Mapping[str, tuple[str, ...]]
    model: str
    template: str
    tokens: int


class CopyGenerator(Protocol):
    """Writes three messages for each population of a brief."""

    @property
    def model(self) -> str:
        """Who writes, for every record; `plantilla-determinista` where no language model does."""

    @property
    def template(self) -> str:
        """The texts or prompt in use, with their version."""

    def most_tokens(self, brief: CopyBrief) -> int:
        """An upper bound of the tokens that `write` may use for it."""

    def write(self, brief: CopyBrief) -> GeneratedCopy:
        """The copy.

        Raises:
            BriefError: there is nothing in it to write about.
            CopyFailedError: it could not be written, after so many tokens.
        """


class CopyFailedError(CopyError):
    """The writer gave up.

    Attributes:
        tokens: used until then.
    """

    def __init__(self, text: str, tokens: int) -> None:
        super().__init__(text)
        self.tokens = tokens


class UnusableCopyError(CopyFailedError):
    """What a language model wrote cannot be used; the text quotes the brief."""


def is_shown(character: str) -> bool:
    """Whether a character may stand in a message: no control character, nothing that turns the direction of text."""
    return character.isprintable() or character in _JOINERS


def problems(brief: CopyBrief, messages: Mapping[str, Iterable[str]]) -> list[str]:
    """What is wrong with messages for a brief; empty when they may be shown to a person for approval."""
    strangers = messages.keys() - {population.nombre for population in brief.populations}
    found = [f"{name[:40]!r} is not one of the populations" for name in strangers]
    known_urls = set(_URL.findall(brief.description))
    for population in brief.populations:
        texts = list(messages.get(population.nombre, ()))
        if len(texts) != MESSAGES or len({text.strip().casefold() for text in texts}) != MESSAGES:
            found.append(f"{population.nombre!r} needs {MESSAGES} different messages")
        limit = population.channel.limit
        if any(not text.strip() or not all(map(is_shown, text)) for text in texts):
            found.append(f"a message for {population.nombre!r} is empty or holds control characters")
        if any(len(text) > limit for text in texts):
            found.append(f"a message for {population.nombre!r} is longer than {limit} characters ({population.canal})")
        if any(set(_URL.findall(text)) - known_urls for text in texts):
            found.append(f"a message for {population.nombre!r} has an address that the description does not")
    return found


def _check_population(population: Population) -> None:
    if population.canal not in CHANNELS:
        raise BriefError(f"No channel {population.canal!r}. There are: {', '.join(CHANNELS)}.")
    if population.tono is not None and population.tono not in TONES:
        raise BriefError(f"No tone {population.tono!r}. There are: {', '.join(TONES)}.")
    youngest, oldest = population.edad_minima or 0, population.edad_maxima or 120
    if not 0 <= youngest <= oldest <= 120:
        raise BriefError(f"The ages of {population.nombre!r} are not a range from 0 to 120.")
