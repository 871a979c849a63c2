"""Whom copy is for: whom the caller names, else those who buy, else everyone by age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from mcp_servers.content_generator.models import Population as NamedPopulation
from mcp_servers.kit.caller import Caller
from mcp_servers.kit.errors import refused
from mcp_servers.kit.peers import Peer
from promptsales.content.copy_brief import GENERAL_POPULATIONS, Population
from promptsales.content.copy_template import OLDER

MOST = 6
"""Populations of one brief: eighteen messages are what a person can still read before approving."""

BUYING = 3
"""Groups of buyers that copy is written for: those with most people."""

BUYING_DAYS = 730
"""Up to today: long enough that those who buy once a year count."""

ADULT = 18
"""Years. Nobody younger is addressed."""

CHANNELS_BY_AGE = ((26, "TikTok"), (OLDER, "Instagram"))
"""Under which age which channel; from there on by mail."""


@dataclass(frozen=True)
class Audience:
    """The populations of a brief.

    Attributes:
        source: who named them.
        notes: why it was nobody better.
    """

    populations: tuple[Population, ...]
    source: Literal["caller", "crm_analyzer", "general"]
    notes: tuple[str, ...] = ()


class _Buyers(BaseModel):
    """What getSalesFunnel says of those who were born in one decade, as far as it matters here."""

    min_age: int
    max_age: int = Field(ge=0, le=120)
    buyers: int


class _Funnel(BaseModel):
    buyers: list[_Buyers]


def named(populations: Sequence[NamedPopulation]) -> Audience:
    """Those whom the caller names.

    Raises:
        ToolError: two have the same name.
    """
    names = {population.name.casefold() for population in populations}
    if len(names) < len(populations):
        raise refused("populations", "two have the same name")
    return Audience(tuple(map(_population, populations)), "caller")


async def out_of_sales(crm: Peer, campaign: int | None, caller: Caller) -> Audience:
    """Those who buy, by age, as crm_analyzer knows them; the general public where it knows of nobody.

    Args:
        crm: asked in the caller's name.
        campaign: only its buyers; None: all.
        caller: who asks.
    """
    since = datetime.now(UTC).date() - timedelta(days=BUYING_DAYS)
    of_campaign = {} if campaign is None else {"campaign_id": campaign}
    arguments = {"since": since.isoformat(), "with_buyers": True, **of_campaign}
    answer = await crm.call("getSalesFunnel", arguments, caller)
    if answer.content is None:
        return _general(answer.note)
    try:
        groups = _Funnel.model_validate(answer.content).buyers
    except ValidationError:
        return _general("crm_analyzer answered in a form that is not known here.")
    grown = sorted((group for group in groups if group.max_age >= ADULT), key=lambda group: -group.buyers)
    if not grown:
        return _general("crm_analyzer knows of no buyers.")
    return Audience(tuple(map(_of_age, grown[:BUYING])), "crm_analyzer")


def _of_age(group: _Buyers) -> Population:
    youngest = max(group.min_age, ADULT)
    channel = next((channel for age, channel in CHANNELS_BY_AGE if youngest < age), "Correo")
    return Population(
        f"personas de {youngest} a {group.max_age} años", channel, edad_minima=youngest, edad_maxima=group.max_age
    )


def _general(why: str | None) -> Audience:
    general = "The populations are three ages of the general public: name others in `populations`."
    return Audience(GENERAL_POPULATIONS, "general", (*([why] if why else []), general))


def _population(named: NamedPopulation) -> Population:
    return Population(
        named.name,
        named.channel.value,
        None if named.tone is None else named.tone.value,
        named.min_age,
        named.max_age,
        tuple(named.countries),
        tuple(named.interests),
    )
