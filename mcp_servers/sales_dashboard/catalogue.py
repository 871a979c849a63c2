"""The semantic layer's words: which metrics there are, and by what they can be asked."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, Field


class Metric(StrEnum):
    """What can be measured."""

    IMPRESSIONS = "impressions"
    REACH = "reach"
    CLICKS = "clicks"
    CONVERSIONS = "conversions"
    COST_USD = "cost_usd"
    SALES = "sales"
    UNITS = "units"
    REVENUE_USD = "revenue_usd"
    PROFIT_USD = "profit_usd"
    ROI = "roi"
    CLICK_RATE = "click_rate"
    CONVERSION_RATE = "conversion_rate"
    COST_PER_CLICK_USD = "cost_per_click_usd"
    AVERAGE_SALE_USD = "average_sale_usd"


class Dimension(StrEnum):
    """By what it can be divided."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    CAMPAIGN = "campaign"
    BRAND = "brand"
    SECTOR = "sector"
    OBJECTIVE = "objective"
    STATUS = "status"
    CHANNEL = "channel"
    CHANNEL_TYPE = "channel_type"
    COUNTRY = "country"
    REGION = "region"
    CITY = "city"


TIMES = frozenset({Dimension.MONTH, Dimension.QUARTER, Dimension.YEAR})
"""Dimensions that have an order of their own."""


class MetricDefinition(BaseModel):
    """One metric, explained."""

    metric: Metric = Field(description="its name in querySales and plotSales")
    unit: str = Field(description="of its values")
    en: str = Field(description="what it means, in English")
    es: str = Field(description="what it means, in Spanish")
    formula: str = Field(description="how it is computed, over columns of mart.actividad_mes")


@cache
def definitions() -> dict[Metric, MetricDefinition]:
    """Every metric with its definition, in the catalogue's order."""
    declared = yaml.safe_load(files(__package__).joinpath("metrics.yaml").read_text(encoding="utf-8"))
    return {Metric(name): MetricDefinition(metric=name, **fields) for name, fields in declared.items()}
