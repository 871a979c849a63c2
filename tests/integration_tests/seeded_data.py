"""What must hold in seeded databases, asked of the servers."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pymssql

from promptsales.connections import Connections

Rows = list[tuple[Any, ...]]

REVENUE = "SELECT id_campana, SUM(ingresos) FROM dbo.rendimiento_diario GROUP BY id_campana HAVING SUM(ingresos) <> 0"
SALES = "SELECT id_campana, SUM(total) FROM dbo.ventas GROUP BY id_campana"

# Which campaigns have a status that their dates contradict?
WRONG_STATUS = """
    SELECT id_campana FROM dbo.campanas
    WHERE (estado = N'activa' AND NOT %s BETWEEN fecha_inicio AND fecha_fin)
       OR (estado <> N'activa' AND %s BETWEEN fecha_inicio AND fecha_fin)
       OR (estado = N'planificada' AND fecha_inicio <= %s)
       OR (estado = N'finalizada' AND fecha_fin >= %s)
"""

# Which days of performance are outside of their campaign's window, or after the last day?
OUTSIDE_WINDOW = """
    SELECT r.id_rendimiento FROM dbo.rendimiento_diario AS r
    JOIN dbo.campanas AS c ON c.id_campana = r.id_campana
    WHERE r.fecha < c.fecha_inicio OR r.fecha > c.fecha_fin OR r.fecha > %s
"""

# Which sales differ from the sum of their lines?
WRONG_TOTALS = """
    SELECT v.id_venta FROM dbo.ventas AS v
    LEFT JOIN dbo.lineas_venta AS l ON l.id_venta = v.id_venta
    GROUP BY v.id_venta, v.total HAVING COALESCE(SUM(l.importe), -1) <> v.total
"""

# Which customers did not buy first in the campaign that won them, or before they registered?
WRONG_ORIGIN = """
    SELECT k.id_cliente FROM dbo.clientes AS k
    LEFT JOIN dbo.ventas AS v ON v.id_venta =
        (SELECT MIN(f.id_venta) FROM dbo.ventas AS f WHERE f.id_cliente = k.id_cliente)
    WHERE v.id_venta IS NULL OR v.id_campana <> k.id_campana_origen OR k.fecha_registro > v.fecha
"""


def query(connection: pymssql.Connection, sql: str, *parameters: object) -> Rows:
    """The result of one query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def broken_promises(connections: Connections, as_of: str) -> dict[str, Any]:
    """Everything that contradicts what seeding and simulation promise; empty values when nothing does."""
    with closing(connections.ads()) as ads, closing(connections.crm()) as crm:
        revenue, sales = dict(query(ads, REVENUE)), dict(query(crm, SALES))
        return {
            "revenue": {
                key: (revenue.get(key), sales.get(key)) for key in revenue | sales if revenue.get(key) != sales.get(key)
            },
            "status": query(ads, WRONG_STATUS, as_of, as_of, as_of, as_of),
            "window": query(ads, OUTSIDE_WINDOW, as_of),
            "totals": query(crm, WRONG_TOTALS),
            "origin": query(crm, WRONG_ORIGIN),
        }
