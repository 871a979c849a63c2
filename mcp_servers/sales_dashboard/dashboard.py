"""The tools of the sales dashboard."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Annotated, Any, Literal

import anyio.to_thread
from dateutil.relativedelta import relativedelta
from mcp.server.mcpserver.prompts import Prompt
from mcp.server.mcpserver.resources import Resource, TextResource
from mcp_types import CallToolResult, ImageContent, TextContent
from pydantic import Field

from mcp_servers.kit.caller import Caller
from mcp_servers.kit.calls import Epoch
from mcp_servers.kit.errors import refused
from mcp_servers.kit.health import Check
from mcp_servers.kit.pages import Cursor, offset_of, page
from mcp_servers.kit.queries import query
from mcp_servers.kit.server import Surroundings
from mcp_servers.kit.tool import tool
from mcp_servers.kit.warehouse import Warehouse
from mcp_servers.sales_dashboard import prompts
from mcp_servers.sales_dashboard.catalogue import TIMES, Dimension, Metric, definitions
from mcp_servers.sales_dashboard.chart import draw
from mcp_servers.sales_dashboard.models import (
    EtlStatus,
    Filters,
    Group,
    MetricExplanation,
    Month,
    SalesAnswer,
    TableFreshness,
)
from promptsales.etl.freshness import CYCLE_SECONDS, Freshness, judge

FRESH = timedelta(hours=1)
"""A kept answer is right however old: its key holds the version of the marts."""

DEFAULT_MONTHS = 12

statement = partial(query, __package__)

MetricArgument = Annotated[
    Metric,
    Field(description="what to measure, e.g. revenue_usd, sales, roi, cost_usd, reach; explainMetric tells of each"),
]
By = Annotated[
    list[Dimension],
    Field(
        max_length=2,
        description="by what to divide it: none, one or two dimensions, e.g. ['month'] or ['channel', 'country']",
    ),
]
Since = Annotated[Month | None, Field(description="any day of the first month; 12 months before `until` if left out")]
Until = Annotated[Month | None, Field(description="any day of the last month; the last month with sales if left out")]
FiltersArgument = Annotated[Filters | None, Field(description="only this activity; all of it if left out")]
Order = Annotated[
    Literal["largest", "smallest", "label"] | None,
    Field(
        description="rows by value, largest or smallest first, or by label; if left out by label where the first "
        "dimension is a time, else largest first"
    ),
]


class SalesDashboard:
    """Reads the marts, each caller's own countries. Never runs SQL from a caller.

    Args:
        surroundings: settings.

    Raises:
        SettingsError: `PROMPTSALES_POSTGRES_MCP_URL` is not set.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._warehouse = Warehouse(surroundings.settings.url("postgres_mcp"))

    async def open(self) -> None:
        """Begin to connect."""
        await self._warehouse.open()

    async def close(self) -> None:
        """Close the pool."""
        await self._warehouse.close()

    @property
    def checks(self) -> Mapping[str, Check]:
        """The warehouse."""
        return {"warehouse": self._warehouse.check}

    @property
    def epoch(self) -> Epoch:
        """The version of the marts, and the caller's countries."""
        return self._warehouse.epoch

    @property
    def resources(self) -> Sequence[Resource]:
        """The metric catalogue."""
        return [
            TextResource(
                uri="promptsales://metrics",
                name="metrics",
                title="Metric catalogue / Catalogo de metricas",
                description="Every metric of querySales with unit, meaning (English, Spanish) and formula, as JSON.",
                mime_type="application/json",
                text=_json(list(definitions().values())),
            ),
            *(
                TextResource(
                    uri=f"promptsales://metrics/{metric.value}",
                    name=metric.value,
                    title=metric.value,
                    description=definition.en,
                    mime_type="application/json",
                    text=definition.model_dump_json(),
                )
                for metric, definition in definitions().items()
            ),
        ]

    @property
    def prompts(self) -> Sequence[Prompt]:
        """The weekly report."""
        return [prompts.weekly_report()]

    @tool(
        "querySales",
        title="Query sales / Consultar ventas",
        description="Sales, revenue, cost, ROI, reach, clicks and conversions by month, campaign, brand, channel, "
        "country, region or city, over a period. For figures and rankings; plotSales draws the same.\n"
        "Ventas, ingresos, costo, ROI, alcance, clics y conversiones por mes, campana, marca, canal, pais, region o "
        "ciudad, en un periodo. Para cifras y rankings; plotSales dibuja lo mismo.",
        scope="sales:read",
        seconds=8,
        fresh_for=FRESH,
    )
    async def query_sales(
        self,
        metric: MetricArgument,
        *,
        by: By = [],  # noqa: B006  # read, never changed; the SDK copies defaults
        since: Since = None,
        until: Until = None,
        filters: FiltersArgument = None,
        order: Order = None,
        limit: Annotated[int, Field(ge=1, le=200, description="rows of one answer, 1 to 200")] = 50,
        cursor: Cursor = None,
        caller: Caller,
    ) -> SalesAnswer:
        """A metric by dimensions over a period."""
        return await self._answer(metric, by, since, until, filters, order, limit, offset_of(cursor), caller)

    @tool(
        "plotSales",
        title="Plot sales / Graficar ventas",
        description="A PNG chart of what querySales would answer: lines over time, bars otherwise, with its figures. "
        "For a picture to show; querySales for figures alone.\n"
        "Un grafico PNG de lo que responderia querySales: lineas en el tiempo, barras en lo demas, con sus cifras. "
        "Para mostrar una imagen; querySales para solo cifras.",
        scope="sales:read",
        seconds=12,
        fresh_for=FRESH,
    )
    async def plot_sales(
        self,
        metric: MetricArgument,
        *,
        by: By = [Dimension.MONTH],  # noqa: B006
        since: Since = None,
        until: Until = None,
        filters: FiltersArgument = None,
        order: Order = None,
        limit: Annotated[int, Field(ge=1, le=200, description="groups in the chart, 1 to 200")] = 60,
        caller: Caller,
    ) -> Annotated[CallToolResult, SalesAnswer]:
        """The chart, and its figures."""
        answer = await self._answer(metric, by, since, until, filters, order, limit, 0, caller)
        picture = await anyio.to_thread.run_sync(draw, answer)
        return CallToolResult(
            content=[
                ImageContent(type="image", data=base64.b64encode(picture).decode(), mime_type="image/png"),
                TextContent(type="text", text=answer.model_dump_json()),
            ],
            structured_content=answer.model_dump(mode="json"),
        )

    @tool(
        "getEtlStatus",
        title="Is the warehouse fresh? / Estado del ETL",
        description="Whether the figures are up to date: age of each table's last load, rows in quarantine, failures. "
        "Ask it before trusting figures of today.\n"
        "Si las cifras estan al dia: edad de la ultima carga de cada tabla, filas en cuarentena, fallos.",
        scope="sales:read",
        seconds=5,
    )
    async def get_etl_status(self, *, caller: Caller) -> EtlStatus:
        """Freshness of every table."""
        async with self._warehouse.reading(caller) as rows_of:
            rows = await rows_of(statement("frescura"), {})
        return _status(rows)

    @tool(
        "explainMetric",
        title="Explain a metric / Explicar una metrica",
        description="What a metric of querySales means, its unit, formula and caveats, in English and Spanish.\n"
        "Que significa una metrica de querySales, su unidad, formula y salvedades.",
        scope="sales:read",
        seconds=2,
    )
    async def explain_metric(self, metric: MetricArgument, *, caller: Caller) -> MetricExplanation:
        """One metric."""
        return MetricExplanation(definition=definitions()[metric], dimensions=list(Dimension), caveats=_caveats(metric))

    async def _answer(
        self,
        metric: Metric,
        by: Sequence[Dimension],
        since: date | None,
        until: date | None,
        filters: Filters | None,
        order: str | None,
        limit: int,
        offset: int,
        caller: Caller,
    ) -> SalesAnswer:
        if len(set(by)) < len(by):
            raise refused("by", "the same dimension twice")
        async with self._warehouse.reading(caller) as rows_of:
            [state] = await rows_of(statement("ultimo_mes"), {})
            last = until or (state["ultima_venta"] or date.today()).replace(day=1)
            first = since or last - relativedelta(months=DEFAULT_MONTHS - 1)
            if first > last:
                raise refused("since", f"after `until` ({last:%Y-%m})")
            values = _values(metric, first, last, filters or Filters())
            groups = {"primera": by[0] if by else None, "segunda": by[1] if len(by) > 1 else None}
            order = order or ("label" if by and by[0] in TIMES else "largest")
            window = {"orden": order, "filas": limit + 1, "omitidas": offset}
            total, *rows = await rows_of(statement("ventas"), {**values, **groups, **window})
        kept, rest = page([_group(row, len(by)) for row in rows], limit, offset)
        return SalesAnswer(
            **rest.model_dump(),
            metric=metric,
            unit=definitions()[metric].unit,
            by=list(by),
            since=first,
            until=last,
            rows=kept,
            total=_number(total["valor"]),
            countries=None if caller.countries is None else sorted(caller.countries),
            data_until=state["ultima_venta"],
            refreshed_at=state["actualizado_en"],
            notes=_notes(metric, total),
        )


def _values(metric: Metric, first: date, last: date, filters: Filters) -> dict[str, Any]:
    return {
        "metrica": metric.value,
        "desde": first,
        "hasta": last,
        "paises": filters.countries,
        "canales": filters.channels,
        "campanas": filters.campaigns,
        "marcas": filters.brands,
        "objetivos": filters.objectives,
    }


def _group(row: Mapping[str, Any], dimensions: int) -> Group:
    return Group(labels=[row["primera"], row["segunda"]][:dimensions], value=_number(row["valor"]))


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _notes(metric: Metric, total: Mapping[str, Any]) -> list[str]:
    missing = total["ventas_sin_cambio"] or 0
    if missing and ("usd" in metric.value or metric is Metric.ROI):
        return [f"{missing:,} sales have no exchange rate for their day and are missing from amounts in US dollars."]
    return []


def _caveats(metric: Metric) -> list[str]:
    caveats = {
        Metric.REACH: "Added up day by day: not the number of different people.",
        Metric.PROFIT_USD: "Only the campaigns' cost is taken off, not the goods' nor anything else.",
        Metric.CONVERSIONS: "Counted by the channels; compare `sales` for what was registered.",
    }
    shared = "What campaigns did is known by channel and day; it is shared among their markets by weight."
    return [*([caveats[metric]] if metric in caveats else []), shared]


def _status(rows: Sequence[Mapping[str, Any]]) -> EtlStatus:
    known = [
        Freshness(row["fuente"], row["tabla"], row["segundos"], bool(row["ultimo_fallo"]), row["segundos_retenida"])
        for row in rows
    ]
    report = judge(known)
    return EtlStatus(
        verdict=report.verdict,
        summary=report.summary,
        cycle_seconds=CYCLE_SECONDS,
        oldest_seconds=max((row["segundos"] for row in rows), default=None),
        tables=[
            TableFreshness(
                source=row["fuente"],
                table=row["tabla"],
                age_seconds=row["segundos"],
                last_rows=row["filas"],
                rejected_rows=row["rechazadas"],
                failed_at=row["ultimo_fallo"],
                stalled_seconds=freshness.stalled_seconds,
            )
            for row, freshness in zip(rows, known, strict=True)
        ],
    )


def _json(models: Sequence[Any]) -> str:
    return "[" + ",".join(model.model_dump_json() for model in models) + "]"
