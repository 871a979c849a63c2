"""PromptCRM as one of the four servers."""

from __future__ import annotations

from mcp_servers.crm_analyzer.analyzer import CrmAnalyzer
from mcp_servers.kit.server import Definition

CRM_ANALYZER = Definition(
    name="crm_analyzer",
    title="PromptSales: CRM analyzer",
    instructions="Customers, always masked unless a caller may read in clear: who buys most, who lives near a "
    "place, the sales funnel, one customer, and registering a sale. Amounts are by currency, never converted. "
    "Clientes, siempre enmascarados salvo permiso: quien compra mas, quien vive cerca, el embudo de ventas, un "
    "cliente, y registrar una venta.",
    make=CrmAnalyzer,
)
