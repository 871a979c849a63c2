"""What the content generator's tools take and give."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from mcp_servers.kit.pages import Page
from mcp_servers.kit.texts import Phrase
from promptsales.content.copy_brief import CHANNELS, MESSAGES, TONES


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("one line of printable characters")
    return text


Words = Annotated[Phrase, StringConstraints(max_length=80), AfterValidator(_one_line)]
"""A name or a few words on one line: 1 to 80 characters."""

DraftId = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[0-9a-fA-F]{24}$")]
"""The key of a draft in MongoDB."""

ChannelName = Literal[
    "Instagram", "Facebook", "TikTok", "YouTube", "Google Search", "Google Display", "LinkedIn", "Correo", "WhatsApp"
]
Tone = Literal["cercano", "inspirador", "divertido", "elegante", "directo", "informativo"]

assert set(ChannelName.__args__) == set(CHANNELS)  # type: ignore[attr-defined]
assert set(Tone.__args__) == set(TONES)  # type: ignore[attr-defined]


class ImageFound(BaseModel):
    """An image of the library."""

    id: str = Field(description="its key in the library, 24 hexadecimal digits")
    description: str = Field(description="what it shows, in Spanish")
    hashtags: list[str] = Field(description="with their #")
    category: str = Field(description="of the library, e.g. calzado, comida, viajes")
    url: str = Field(description="where the file is")
    score: float = Field(description="how well it fits, about 0.2 to 0.7 (cosine similarity plus shared words)")


class ContentAnswer(Page):
    """Images that show what was asked for, best first."""

    images: list[ImageFound] = Field(description="best first; the 50 best can be reached by the cursor")
    cached: bool = Field(description="whether the same search was answered before, of the same state of the library")


class PopulationIn(BaseModel):
    """Whom messages are for."""

    model_config = ConfigDict(extra="forbid")

    name: Words = Field(
        description="as messages may call them, in Spanish, e.g. 'jovenes que corren'; 1 to 80 characters"
    )
    channel: ChannelName = Field(description="where the messages appear; it limits their length")
    tone: Tone | None = Field(None, description="how they sound; the channel's usual tone if left out")
    min_age: int | None = Field(None, ge=0, le=120, description="youngest, in years, 0 to 120; from 55 on: usted")
    max_age: int | None = Field(None, ge=0, le=120, description="oldest, in years, 0 to 120")
    countries: list[Words] = Field([], max_length=20, description="names of countries, in Spanish; up to 20")
    interests: list[Words] = Field([], max_length=20, description="what they like, in Spanish; up to 20")

    @model_validator(mode="after")
    def _ages_in_order(self) -> PopulationIn:
        if self.min_age is not None and self.max_age is not None and self.min_age > self.max_age:
            raise ValueError("min_age is above max_age")
        return self


class PopulationCopy(BaseModel):
    """The messages for one population."""

    population: str = Field(description="its name")
    channel: str = Field(description="where the messages appear")
    tone: str = Field(description="how they sound")
    max_characters: int = Field(description="of one message in this channel")
    messages: list[str] = Field(description=f"{MESSAGES} different ones, in Spanish")


class GeneratedContent(BaseModel):
    """Copy that was written and stored as a draft."""

    draft_id: str = Field(description="for approveContent")
    status: Literal["draft"] = Field("draft", description="it counts only once a person has approved it")
    campaign: int | None = Field(description="id of the campaign; null: written before there is one")
    populations: list[PopulationCopy] = Field(description="messages, population by population")
    populations_from: Literal["caller", "crm_analyzer", "general"] = Field(
        description="who named the populations: the caller; who bought in the campaign; nobody, so the general public"
    )
    images: list[ImageFound] = Field(description="that fit the description, the campaign's own first; may be empty")
    generator: Literal["model", "template"] = Field(
        description="a language model, or fixed templates filled in by rule"
    )
    model: str = Field(description="the model's name; plantilla-determinista for the templates")
    template: str = Field(description="version of the prompt or of the templates")
    from_cache: bool = Field(description="whether the same brief was written within the last 24 hours")
    tokens: int = Field(description="that writing it took now; 0 by templates or out of the cache")
    tokens_left: int | None = Field(description="of the caller's budget of this month; null: not known now")
    notes: list[str] = Field(description="what is missing and why; usually empty")


class Decision(BaseModel):
    """A person's decision on a draft."""

    draft_id: str = Field(description="the draft")
    status: Literal["approved", "rejected"] = Field(description="what it is now, for good")
    decided_by: int = Field(description="id of the signed-on user who decided")


class MonthUsage(BaseModel):
    """What one model wrote in one month."""

    month: str = Field(description="YYYY-MM, UTC")
    model: str = Field(description="a language model, or plantilla-determinista for the templates")
    pieces: int = Field(description="drafts written")
    approved: int = Field(description="of them, approved or published by now")
    tokens: int = Field(description="used to write them")
    cost_usd: float | None = Field(description="of the tokens, US dollars; null where the model has no tariff")
    latency_ms: float = Field(description="mean time to write one, milliseconds")


class ServiceUsage(BaseModel):
    """Calls to one outside service in the last 30 days."""

    service: str = Field(description="its name")
    calls: int = Field(description="made, or refused by our own limit")
    failures: int = Field(description="of them, without a good answer")
    tokens: int = Field(description="that language models behind it used")
    latency_ms: float = Field(description="mean time of a call, milliseconds")


class Tokens(BaseModel):
    """The caller's own budget of this month for generated copy."""

    month: str = Field(description="YYYY-MM, UTC")
    spent: int = Field(description="tokens used")
    reserved: int = Field(description="tokens set aside for copy that is being written")
    limit: int = Field(description="tokens in a month")
    left: int = Field(description="tokens that may still be used")


class UsageAnswer(Page):
    """What was generated and called, and what it took."""

    campaign: int | None = Field(description="only this campaign; null: all")
    since: date = Field(description="first day that counts, UTC")
    rows: list[MonthUsage] = Field(description="by month and model, newest first")
    services: list[ServiceUsage] = Field(
        description="calls to outside services of the last 30 days; empty for one campaign, which calls do not name"
    )
    budget: Tokens | None = Field(description="the caller's own; null: not known now")
    notes: list[str] = Field(description="what a reader should know; usually empty")
