"""Prompts that people choose in their client."""

from __future__ import annotations

from mcp.server.mcpserver.prompts import Prompt

_INFORME = """\
Eres analista de ventas. Escribe en espanol el informe semanal de ventas y mercadeo{ambito}, para la direccion.

1. Llama a getEtlStatus. Si `verdict` no es `fresh`, dilo en la primera linea, con su `summary`.
2. Con querySales{filtro} obten, del ultimo mes con ventas y del anterior (by ["month"]): revenue_usd, sales, cost_usd
   y roi.
3. Con querySales{filtro} obten revenue_usd y roi por ["channel"] del ultimo mes, y revenue_usd por ["country"].
4. Con querySales{filtro} obten profit_usd por ["campaign"] del ultimo mes, las 5 mayores (`largest`) y las 5 menores
   (`smallest`).
5. Con plotSales{filtro} dibuja revenue_usd por ["month", "channel"] de los ultimos 12 meses.

Estructura: titular de una frase; cuadro de las cuatro cifras con su variacion en porcentaje frente al mes anterior; que
canales y paises explican la variacion; campanas que conviene reforzar y revisar; el grafico; tres recomendaciones. El
mes en curso esta incompleto: dilo. No inventes cifras: cada una sale de una herramienta. No mas de 350 palabras.
"""


def weekly_report() -> Prompt:
    """The weekly report in Spanish, of one country or of all that the reader sees."""

    def informe_semanal(pais: str = "") -> str:
        """El informe semanal de ventas y mercadeo, en espanol.

        Args:
            pais: codigo ISO de un pais, por ejemplo CR; vacio: todos los que ve quien pregunta.
        """
        code = "".join(letter for letter in pais.upper() if "A" <= letter <= "Z")[:2]
        ambito = f" de {code}" if code else ""
        filtro = f' (filters {{"countries": ["{code}"]}})' if code else ""
        return _INFORME.format(ambito=ambito, filtro=filtro)

    return Prompt.from_function(
        informe_semanal,
        name="informe_semanal",
        title="Informe semanal de ventas",
        description="Guia al modelo para escribir en espanol el informe semanal, con cifras de las herramientas.",
    )
