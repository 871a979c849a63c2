"""The sales dashboard as one of the four servers."""

from __future__ import annotations

from mcp_servers.kit.server import Definition
from mcp_servers.sales_dashboard.dashboard import SalesDashboard

SALES_DASHBOARD = Definition(
    name="sales_dashboard",
    title="PromptSales: sales dashboard",
    instructions="Figures out of the warehouse: sales, revenue, cost, ROI and reach by month, campaign, channel and "
    "place, each caller's own countries. Money is in US dollars. Months are the smallest period. "
    "Cifras del almacen central: ventas, ingresos, costo, ROI y alcance por mes, campana, canal y lugar.",
    make=SalesDashboard,
)
