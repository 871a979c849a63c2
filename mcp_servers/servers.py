"""The four servers by name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_servers.kit.server import Definition

_DEFINITIONS: Mapping[str, str] = {
    "content_generator": "CONTENT_GENERATOR",
    "ads_optimizer": "ADS_OPTIMIZER",
    "crm_analyzer": "CRM_ANALYZER",
    "sales_dashboard": "SALES_DASHBOARD",
}
"""Each server's folder and the name of its definition there, imported only when it is asked for."""

NAMES = tuple(_DEFINITIONS)


def definition(name: str) -> Definition:
    """A server's definition.

    Raises:
        KeyError: there is no such server.
    """
    found: Definition = getattr(import_module(f"mcp_servers.{name}.server"), _DEFINITIONS[name])
    return found
