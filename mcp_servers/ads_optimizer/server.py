"""PromptAds as one of the four servers."""

from __future__ import annotations

from mcp_servers.ads_optimizer.optimizer import AdsOptimizer
from mcp_servers.kit.server import Definition

ADS_OPTIMIZER = Definition(
    name="ads_optimizer",
    title="PromptSales: ads optimizer",
    instructions="Advertising campaigns: which there are, how one performs, which ads people turn against, how to "
    "divide a budget among channels, and creating a campaign. Amounts are in each campaign's own currency. "
    "Campanas publicitarias: cuales hay, como rinde una, que anuncios caen mal, como repartir el presupuesto entre "
    "canales, y crear una campana.",
    make=AdsOptimizer,
)
