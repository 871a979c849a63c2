"""What the dashboard's tools take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mcp_servers.kit.pages import Page
from mcp_servers.kit.texts import CountryCode, Identifier, Phrase
from mcp_servers.sales_dashboard.catalogue import Dimension, Metric, MetricDefinition
from promptsales.etl.freshness import Verdict


def _first_of_month(day: date) -> date:
    return day.replace(day=1)


Month = Annotated[
    date,
    Field(ge=date(2000, 1, 1), le=date(2100, 12, 31)),
    AfterValidator(_first_of_month),
]
"""Any day of a month, ISO 8601; the whole month counts."""


class Filters(BaseModel):
    """Which activity counts. Each list allows any of its values; lists together must all hold."""

    model_config = ConfigDict(extra="forbid")

    countries: list[CountryCode] | None = Field(
        None, min_length=1, max_length=50, description="ISO 3166-1 codes of the market, e.g. CR, MX, ES"
    )
    channels: list[Phrase] | None = Field(
        None,
        min_length=1,
        max_length=20,
        description="names of channels as querySales by channel gives them, e.g. Instagram",
    )
    campaigns: list[Identifier] | None = Field(
        None, min_length=1, max_length=100, description="ids of campaigns, 1 and up"
    )
    brands: list[Phrase] | None = Field(None, min_length=1, max_length=50, description="names of brands")
    objectives: list[Literal["reconocimiento", "trafico", "conversion", "retencion"]] | None = Field(
        None, min_length=1, max_length=4, description="what campaigns are for"
    )


class Group(BaseModel):
    """One value of the metric."""

    labels: list[str | None] = Field(description="one for each dimension of `by`, in its order; null where unknown")
    value: float | None = Field(
        description="of the metric, in `unit`; null where it is not defined (nothing to divide by)"
    )


class SalesAnswer(Page):
    """A metric by dimensions over a period."""

    metric: Metric = Field(description="what was measured; explainMetric says what it means")
    unit: str = Field(description="of every value")
    by: list[Dimension] = Field(description="by what it was divided; empty: not at all")
    since: date = Field(description="first day of the first month that counts")
    until: date = Field(description="first day of the last month that counts")
    rows: list[Group] = Field(description="the groups, in the order that was asked for")
    total: float | None = Field(description="the metric over all groups, not the sum of ratios; null where not defined")
    countries: list[str] | None = Field(description="the only countries the caller sees; null: every one")
    data_until: date | None = Field(description="last day with a sale in the warehouse")
    refreshed_at: datetime | None = Field(description="when the warehouse's marts last changed")
    notes: list[str] = Field(description="what a reader should know of these figures; usually empty")


class TableFreshness(BaseModel):
    """One table of the warehouse."""

    source: str = Field(description="promptads, promptcrm, promptcontent; promptsales for what is derived")
    table: str = Field(description="its name")
    age_seconds: int = Field(description="since its last committed load")
    last_rows: int | None = Field(description="rows that this load changed")
    rejected_rows: int = Field(description="rows in quarantine, 0 is good")
    failed_at: datetime | None = Field(description="a failure since the last good load; null: none")
    stalled_seconds: int | None = Field(
        description="since committed work has waited for a transaction left open at the source; null: none"
    )


class EtlStatus(BaseModel):
    """Whether the figures can be trusted now."""

    verdict: Verdict = Field(
        description="fresh: every table was loaded within two cycles; late: some were not; stalled: a transaction "
        "left open at a source holds work back; failing: loads failed since; empty: nothing was loaded yet"
    )
    summary: str = Field(description="one sentence for a person")
    cycle_seconds: int = Field(description="how often loads run")
    oldest_seconds: int | None = Field(description="age of the oldest table")
    tables: list[TableFreshness] = Field(description="table by table")


class MetricExplanation(BaseModel):
    """What a metric means, and by what it can be asked."""

    definition: MetricDefinition = Field(description="meaning, unit and formula")
    dimensions: list[Dimension] = Field(description="what `by` takes with it")
    caveats: list[str] = Field(description="what to keep in mind")
