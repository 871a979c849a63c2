"""What the tools of PromptCRM take and give."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mcp_servers.kit.pages import Page
from mcp_servers.kit.texts import Phrase


class Segment(StrEnum):
    """How well a customer buys."""

    NEW = "nuevo"
    OCCASIONAL = "ocasional"
    FREQUENT = "frecuente"
    PREMIUM = "premium"
    INACTIVE = "inactivo"


class RankBy(StrEnum):
    """What customers are ranked by."""

    AMOUNT = "amount"
    PURCHASES = "purchases"


class LookUp(StrEnum):
    """What a customer is found by besides the key."""

    DOCUMENT = "documento"
    EMAIL = "correo"
    PHONE = "telefono"


class RankedCustomer(BaseModel):
    """A customer and their place."""

    rank: int = Field(description="1 is the first; equals share a place")
    customer_id: int = Field(description="key, for getCustomer")
    name: str = Field(description="masked: initials alone")
    segment: Segment = Field(description="how well they buy")
    country: str = Field(description="ISO 3166-1 alpha-2")
    city: str = Field(description="where they live")
    purchases: int = Field(description="in this period and currency, 1 and up")
    amount: float = Field(description="of these purchases, in `currency`, 0 and up")
    last_purchase: datetime = Field(description="of these, UTC")


class CustomerRanking(Page):
    """Customers, the best first."""

    by: RankBy = Field(description="what they are ranked by")
    currency: str = Field(description="ISO 4217; purchases in others do not count")
    since: date = Field(description="first day that counts")
    until: date = Field(description="last day that counts")
    customers: list[RankedCustomer] = Field(description="one by one")


class NearbyCustomer(BaseModel):
    """A customer near the point."""

    customer_id: int = Field(description="key, for getCustomer")
    name: str = Field(description="masked: initials alone")
    segment: Segment = Field(description="how well they buy")
    country: str = Field(description="ISO 3166-1 alpha-2")
    city: str = Field(description="where they live")
    kilometres: float = Field(description="from the point, whole kilometres, rounded up")


class NearbyCustomers(BaseModel):
    """Active customers around a point, the nearest first."""

    customers: list[NearbyCustomer] = Field(description="one by one")
    truncated: bool = Field(description="whether there may be more within the distance: ask for fewer kilometres")


class Stage(BaseModel):
    """Contacts that stand at one stage now."""

    stage: str = Field(description="nuevo, contactado, calificado, convertido or perdido")
    contacts: int = Field(description="how many, 0 and up")
    mean_score: float | None = Field(description="0 to 100; null without contacts")


class CurrencySales(BaseModel):
    """What was sold in one currency."""

    currency: str = Field(description="ISO 4217")
    sales: int = Field(description="how many, 1 and up")
    amount: float = Field(description="in this currency, 0 and up")


class BuyerGroup(BaseModel):
    """Buyers who were born in one decade."""

    born: int = Field(description="first year of the decade, e.g. 1990")
    min_age: int = Field(description="of its people in the year of `until`, 0 and up")
    max_age: int = Field(description="of its people in the year of `until`, 0 and up")
    buyers: int = Field(description="different people, 1 and up")
    countries: list[str] = Field(description="where most of them live, up to 3, ISO 3166-1 alpha-2")


class SalesFunnel(BaseModel):
    """From contact to sale."""

    campaign_id: int | None = Field(description="of this campaign alone; null: of all")
    since: date = Field(description="first day that counts")
    until: date = Field(description="last day that counts")
    contacts: int = Field(description="made on these days, 0 and up")
    stages: list[Stage] = Field(description="where these contacts stand now, in the funnel's order")
    conversion_rate: float | None = Field(description="converted of all contacts, 0 to 1; null where not known")
    win_rate: float | None = Field(description="converted of converted and lost, 0 to 1; null where not known")
    mean_days_to_convert: float | None = Field(description="from contact to conversion; null: none converted")
    sales: list[CurrencySales] = Field(description="made on these days, by currency, most sales first")
    buyers: list[BuyerGroup] = Field(description="who bought on these days, if asked for, the largest group first")
    campaign: dict[str, Any] | None = Field(
        description="its performance, as ads_optimizer's getCampaignPerformance gives it, where asked for; else null"
    )
    notes: list[str] = Field(description="what is missing from this answer and why; usually empty")


class CurrencyPurchases(BaseModel):
    """What a customer bought in one currency."""

    currency: str = Field(description="ISO 4217")
    purchases: int = Field(description="how many, 1 and up")
    amount: float = Field(description="in this currency, 0 and up")
    last_purchase: datetime = Field(description="UTC")


class Customer(BaseModel):
    """One customer, masked unless clear text was asked for and allowed."""

    customer_id: int = Field(description="the key")
    masked: bool = Field(description="whether names and contact data are masked")
    first_name: str = Field(description="masked: the initial alone")
    last_names: str = Field(description="masked: the initial alone")
    born: str = Field(description="masked: the decade, e.g. 1990s; in clear: the day, ISO 8601")
    document: str | None = Field(description="in clear alone; null where masked or not known")
    email: str | None = Field(description="in clear alone; null where masked or not known")
    phone: str | None = Field(description="in clear alone; null where masked or not known")
    segment: Segment = Field(description="how well they buy")
    country: str = Field(description="ISO 3166-1 alpha-2")
    region: str = Field(description="province or state")
    city: str = Field(description="where they live")
    registered_at: datetime = Field(description="UTC")
    active: bool = Field(description="whether they still buy")
    purchases: list[CurrencyPurchases] = Field(description="all they ever bought, by currency; empty: nothing")


class FoundCustomers(BaseModel):
    """The customers that were looked for."""

    customers: list[Customer] = Field(
        description="one where asked by key or document; an e-mail may be several people's"
    )


class SaleLine(BaseModel):
    """A line of a sale."""

    model_config = ConfigDict(extra="forbid")

    product: Annotated[Phrase, StringConstraints(max_length=120)] = Field(
        description="what was sold, 1 to 120 characters"
    )
    quantity: int = Field(ge=1, le=1_000_000, description="how many, 1 to 1,000,000")
    unit_price: Decimal = Field(
        ge=0, le=Decimal("999999999"), decimal_places=2, description="in the sale's currency, two decimals at most"
    )


class RegisteredSale(BaseModel):
    """A sale that was registered."""

    sale_id: int = Field(description="its key")
    reference: UUID = Field(description="the caller's own key of it: called with it again, it is refused")
    customer_id: int = Field(description="who bought")
    total: float = Field(description="in `currency`, 0 and up")
    currency: str = Field(description="ISO 4217")
