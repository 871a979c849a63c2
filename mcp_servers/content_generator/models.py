"""What the content generator's tools take and give."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from mcp_servers.kit.pages import Page
from mcp_servers.kit.texts import Phrase
from promptsales.content.copy_brief import CHANNELS, MESSAGES, TONES

Channel = StrEnum("Channel", {name: name for name in CHANNELS})  # type: ignore[misc]  # of a mapping
Tone = StrEnum("Tone", {name: name for name in TONES})  # type: ignore[misc]  # of a tuple


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("one line of printable characters")
    return text


Words = Annotated[Phrase, StringConstraints(max_length=80), AfterValidator(_one_line)]
"""A name or a few words on one line: 1 to 80 characters."""

DraftId = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[0-9a-fA-F]{24}$")]
"""The key of a draft in MongoDB."""

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]
"""ISO 8601."""


class ImageFound(BaseModel):
    """An image of the library."""

    id: str = Field(description="its key in the library, 24 hexadecimal digits")
    description: str = Field(description="what it shows, in Spanish")
    hashtags: list[str] = Field(description="with their #")
    category: str = Field(description="of the library, e.g. calzado, comida, viajes")
    url: str = Field(description="where the file is")
    score: float = Field(description="how well it fits, about 0.2 to 0.7: cosine similarity plus shared words")


class ContentAnswer(Page):
    """Images that show what was asked for."""

    images: list[ImageFound] = Field(description="best first; the cursor reaches the 50 best")
    cached: bool = Field(description="whether the same search was answered before, of the same state of the library")


class Population(BaseModel):
    """Whom messages are for."""

    model_config = ConfigDict(extra="forbid")

    name: Words = Field(
        description="as messages may call them, in Spanish, e.g. 'jóvenes que corren'; 1 to 80 characters"
    )
    channel: Channel = Field(description="where the messages appear; it limits their length")
    tone: Tone | None = Field(None, description="how they sound; the channel's usual tone if left out")
    min_age: int | None = Field(None, ge=0, le=120, description="youngest, in years, 0 to 120; from 55 on: usted")
    max_age: int | None = Field(None, ge=0, le=120, description="oldest, in years, 0 to 120")
    countries: list[Words] = Field([], max_length=20, description="names of countries, in Spanish; up to 20")
    interests: list[Words] = Field([], max_length=20, description="what they like, in Spanish; up to 20")

    @model_validator(mode="after")
    def _ages_in_order(self) -> Population:
        if self.min_age is not None and self.max_age is not None and self.min_age > self.max_age:
            raise ValueError("min_age is above max_age")
        return self


class PopulationCopy(BaseModel):
    """The messages for one population, and images for them."""

    population: str = Field(description="its name")
    channel: str = Field(description="where the messages appear")
    tone: str = Field(description="how they sound")
    max_characters: int = Field(description="the most that one message has in this channel, characters")
    messages: list[str] = Field(description=f"{MESSAGES} different ones, in Spanish")
    images: list[ImageFound] = Field(description="up to 3 that fit, best first, the campaign's own before others")


class GeneratedContent(BaseModel):
    """Copy that was written and stored as a draft."""

    draft_id: str = Field(description="for approveContent, 24 hexadecimal digits")
    status: Literal["draft"] = Field("draft", description="it counts only once a person has approved it")
    campaign_id: int | None = Field(description="of the campaign; null: written before there is one")
    populations: list[PopulationCopy] = Field(description="messages and images, population by population")
    populations_from: Literal["caller", "crm_analyzer", "general"] = Field(
        description="who named the populations: the caller; crm_analyzer, out of who bought; nobody, so three ages"
    )
    generator: Literal["model", "template"] = Field(
        description="a language model, or fixed templates filled in by rule"
    )
    model: str = Field(description="the model's name; plantilla-determinista for the templates")
    template: str = Field(description="version of the prompt or of the templates")
    from_cache: bool = Field(description="whether the same brief was written within the last 24 hours")
    tokens: int = Field(description="that writing it took now, 0 and up; 0 by templates or out of the cache")
    tokens_left: int | None = Field(description="of the caller's budget of this month, 0 and up; null: not known now")
    notes: list[str] = Field(description="what is missing and why; usually empty")


class Decision(BaseModel):
    """A person's decision on a draft."""

    draft_id: str = Field(description="the draft, 24 hexadecimal digits")
    status: Literal["approved", "rejected"] = Field(description="what it is now, for good")
    decided_by: int = Field(description="id of the signed-on user who decided, 1 and up")


class MonthUsage(BaseModel):
    """What one model wrote for the caller in one month."""

    month: str = Field(description="YYYY-MM, UTC")
    model: str = Field(description="a language model, or plantilla-determinista for the templates")
    generations: int = Field(description="drafts written, 1 and up")
    from_cache: int = Field(description="of them, written before and given again at no cost")
    approved: int = Field(description="of them, approved or published by now")
    tokens: int = Field(description="used to write them, 0 and up")
    latency_ms: float = Field(description="mean time to write one, milliseconds")


class Budget(BaseModel):
    """The caller's tokens of this month for generated copy."""

    month: str = Field(description="YYYY-MM, UTC: the present month, whatever the period")
    spent: int = Field(description="tokens used, those of copy that failed among them; 0 and up")
    reserved: int = Field(description="tokens set aside for copy that is being written, 0 and up")
    limit: int = Field(description="tokens in a month")
    left: int = Field(description="tokens that may still be used, 0 and up")


class UsageAnswer(BaseModel):
    """What the caller had written, and what is left of their budget."""

    since: date = Field(description="first day that counts, UTC")
    until: date = Field(description="last day that counts, UTC")
    generations: int = Field(description="drafts in the period, 0 and up")
    tokens: int = Field(description="used in the period, 0 and up")
    months: list[MonthUsage] = Field(description="by month and model, newest first")
    budget: Budget | None = Field(description="of the present month; null: not known now")
    notes: list[str] = Field(description="what is missing and why; usually empty")
