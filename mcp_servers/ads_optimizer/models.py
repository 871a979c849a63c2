"""What the tools of PromptAds take and give. Amounts are in the campaign's own currency."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mcp_servers.kit.pages import Page
from mcp_servers.kit.texts import CountryCode, Phrase, Text

Amount = Annotated[Decimal, Field(ge=0, le=Decimal("999999999999"), decimal_places=2)]
"""Of money, with two decimals at most."""


class Objective(StrEnum):
    """What a campaign is for."""

    AWARENESS = "reconocimiento"
    TRAFFIC = "trafico"
    CONVERSION = "conversion"
    RETENTION = "retencion"


class Status(StrEnum):
    """Where a campaign stands."""

    PLANNED = "planificada"
    ACTIVE = "activa"
    FINISHED = "finalizada"
    PAUSED = "pausada"


class Breakdown(StrEnum):
    """By what a campaign's performance can be divided."""

    CHANNEL = "channel"
    DAY = "day"
    MONTH = "month"


class CampaignSummary(BaseModel):
    """One campaign of a list."""

    campaign_id: int = Field(description="key, for the other tools")
    name: str = Field(description="its name")
    brand: str = Field(description="the advertiser")
    sector: str = Field(description="the advertiser's trade")
    objective: Objective = Field(description="what it is for")
    status: Status = Field(description="where it stands")
    start: date = Field(description="first day")
    end: date = Field(description="last day")
    currency: str = Field(description="ISO 4217, of every amount of this campaign")
    budget: float = Field(description="for the whole campaign, 0 and up")
    spent: float = Field(description="so far, 0 and up")
    revenue: float = Field(description="of the sales it won so far, 0 and up")


class CampaignList(Page):
    """Campaigns, the newest first."""

    campaigns: list[CampaignSummary] = Field(description="one by one")
    countries: list[str] | None = Field(description="the only countries the caller sees; null: every one")


class Performance(BaseModel):
    """What was done and earned, of a campaign as a whole or of one part of it."""

    label: str | None = Field(description="the channel, day or month; null: all of it")
    impressions: int = Field(description="times shown, 0 and up")
    reach: int = Field(description="people reached, added up day by day, 0 and up")
    clicks: int = Field(description="0 and up")
    reactions: int = Field(description="likes, comments and shares, 0 and up")
    conversions: int = Field(description="as the channels count them, 0 and up")
    cost: float = Field(description="in the campaign's currency, 0 and up")
    revenue: float = Field(description="in the campaign's currency, 0 and up")
    click_rate: float | None = Field(description="clicks an impression, 0 to 1; null without impressions")
    cost_per_click: float | None = Field(description="in the campaign's currency; null without clicks")
    return_on_spend: float | None = Field(description="revenue a unit of cost, 1 is break-even; null without cost")


class CampaignPerformance(Page):
    """How one campaign does."""

    campaign_id: int = Field(description="its key")
    name: str = Field(description="its name")
    brand: str = Field(description="the advertiser")
    description: str = Field(description="what it is about")
    objective: Objective = Field(description="what it is for")
    status: Status = Field(description="where it stands")
    start: date = Field(description="first day")
    end: date = Field(description="last day")
    currency: str = Field(description="ISO 4217, of every amount here")
    budget: float = Field(description="for the whole campaign")
    since: date = Field(description="first day that counts here")
    until: date = Field(description="last day that counts here")
    total: Performance = Field(description="over all these days")
    rows: list[Performance] = Field(description="divided as asked; empty where nothing was asked")
    budget_used: float | None = Field(description="cost of these days over the budget, 1 is all of it; null: no budget")
    notes: list[str] = Field(description="what a reader should know of these figures; usually empty")


class NegativeAd(BaseModel):
    """An ad of which more bad than good was said."""

    campaign_id: int = Field(description="key of its campaign")
    campaign: str = Field(description="its campaign")
    brand: str = Field(description="the advertiser")
    ad_id: int = Field(description="its key")
    ad: str = Field(description="its title")
    channel: str = Field(description="where it is shown")
    influencer: str | None = Field(description="who publishes it; null: the brand itself")
    sentiment: float = Field(description="good less bad mentions over all mentions, -1 to 0")
    positive: int = Field(description="good mentions, 0 and up")
    negative: int = Field(description="bad mentions, 1 and up")
    reactions: int = Field(description="over these days, 0 and up")
    reactions_before: int = Field(description="over as many days just before, 0 and up")
    drop_percent: float | None = Field(
        description="reactions lost against the days before: 25 is a quarter fewer, negative a gain; null: none before"
    )


class NegativeSentiment(Page):
    """Ads that people turn against, the greatest loss of reactions first."""

    since: date | None = Field(description="first day that counts; null: nothing was ever said")
    until: date | None = Field(description="last day that counts; null: nothing was ever said")
    ads: list[NegativeAd] = Field(description="one by one")


class ChannelBudget(BaseModel):
    """What one channel should get."""

    channel: str = Field(description="its name")
    weeks: int = Field(description="weeks with spending that the estimate is made of, 1 and up")
    now: float = Field(description="a week on average, 0 and up")
    recommended: float = Field(description="a week, within half and one and a half times its present share")
    change_percent: float = Field(description="recommended against now: 20 is a fifth more")
    return_now: float = Field(description="revenue a unit of cost, on average")
    marginal_return_now: float = Field(description="revenue of one more unit of cost, as spending is now")
    marginal_return_then: float = Field(description="revenue of one more unit of cost, as recommended")
    elasticity: float = Field(description="per cent more revenue for one per cent more cost, 0.05 to 0.95")
    reason: str = Field(description="why, in a sentence")


class BudgetRecommendation(BaseModel):
    """How to divide a campaign's weekly budget among its channels."""

    campaign_id: int = Field(description="its key")
    name: str = Field(description="its name")
    currency: str = Field(description="ISO 4217, of every amount here")
    since: date = Field(description="first day of what the estimate is made of")
    until: date = Field(description="last day of it")
    weekly_budget: float = Field(description="what is divided: as asked, or as much as is spent now")
    channels: list[ChannelBudget] = Field(description="the one that gains most against its present part first")
    revenue_now: float = Field(description="a week, on average")
    revenue_expected: float = Field(description="a week, if the budget is divided as recommended; an estimate")
    explanation: str = Field(description="what to move, what is expected of it, and why")
    caveats: list[str] = Field(description="how far to trust it")


class NewMarket(BaseModel):
    """A city that the campaign is aimed at."""

    model_config = ConfigDict(extra="forbid")

    country: CountryCode = Field(description="ISO 3166-1 alpha-2, e.g. CR")
    region: Annotated[Phrase, StringConstraints(max_length=80)] = Field(
        description="province or state as PromptAds has it, 1 to 80 characters"
    )
    city: Annotated[Phrase, StringConstraints(max_length=80)] = Field(
        description="as PromptAds has it, 1 to 80 characters"
    )
    weight: float = Field(
        1, gt=0, le=1_000_000, description="its part of the budget beside the others' weights, above 0; equal parts: 1"
    )


class NewAd(BaseModel):
    """An ad of the campaign."""

    model_config = ConfigDict(extra="forbid")

    channel: Annotated[Phrase, StringConstraints(max_length=60)] = Field(
        description="name of a channel that is in use, e.g. Instagram"
    )
    title: Annotated[Phrase, StringConstraints(max_length=200)] = Field(description="1 to 200 characters")
    text: Text = Field(description="what it says, 1 to 4,000 characters; a person's words, or approved copy")
    format: Literal["imagen", "video", "carrusel", "historia"] = Field(description="what it is")
    influencer: Annotated[Phrase, StringConstraints(max_length=60)] | None = Field(
        None, description="user name of the influencer who publishes it; none: the brand itself"
    )


class CreatedAd(BaseModel):
    """An ad that was created."""

    ad_id: int = Field(description="its key")
    channel: str = Field(description="where it is shown")
    title: str = Field(description="its title")


class CreatedCampaign(BaseModel):
    """A campaign that was created, whole."""

    campaign_id: int = Field(description="its key")
    reference: UUID = Field(
        description="the campaign's own key: called with it again, creating is refused as a conflict"
    )
    ads: list[CreatedAd] = Field(description="with their keys, in the order they were given")
    copy_draft: dict[str, Any] | None = Field(
        description="what content_generator drafted, if it was asked: a draft until a person approves it; else null"
    )
    notes: list[str] = Field(description="what is missing from this answer and why; usually empty")
