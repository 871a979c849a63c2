"""Whom copy is for: whom the caller names, else those who buy, else everyone by age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from mcp_servers.content_generator.models import Population as NamedPopulation
from mcp_servers.kit.caller import Caller
from mcp_servers.kit.errors import refused
from mcp_servers.kit.peers import Peer
from promptsales.content.copy_brief import CHANNELS, GENERAL_POPULATIONS, Population

MOST = 6
"""Populations of one brief: eighteen messages are what a person can still read before approving."""

OUT_OF_SALES = 3
"""Channels that copy is written for where the sales name them."""


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


class _Group(BaseModel):
    """What getSalesFunnel says of one channel, as far as it matters here."""

    label: str | None
    buyers: int


class _Funnel(BaseModel):
    groups: list[_Group]


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
    """Those whose channels bring buyers, as crm_analyzer knows; everyone by age where it knows of none.

    Args:
        crm: asked in the caller's name.
        campaign: only its buyers; None: all.
        caller: who asks.
    """
    arguments: dict[str, Any] = {"by": "channel"}
    if campaign is not None:
        arguments["campaign_id"] = campaign
    answer = await crm.call("getSalesFunnel", arguments, caller)
    if answer.content is None:
        return _general(answer.note)
    try:
        groups = _Funnel.model_validate(answer.content).groups
    except ValidationError:
        return _general("crm_analyzer answered in a form that is not known here.")
    found = sorted((group for group in groups if group.buyers and group.label in CHANNELS), key=lambda g: -g.buyers)
    if not found:
        return _general("crm_analyzer knows of no buyers by channel.")
    channels = [str(group.label) for group in found[:OUT_OF_SALES]]
    return Audience(tuple(Population(f"público de {channel}", channel) for channel in channels), "crm_analyzer")


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
