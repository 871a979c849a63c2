"""Source beside warehouse: how many rows each side holds, and whether the money agrees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from promptsales.connections import Connections
from promptsales.etl.mirrors import mirror_name
from promptsales.etl.spec import PipelineSpec, load_pipelines


@dataclass(frozen=True)
class TableCount:
    """Rows of one table at its source and in its mirror."""

    source: str
    table: str
    source_rows: int
    mirror_rows: int

    @property
    def agrees(self) -> bool:
        """Both sides hold the same number of rows."""
        return self.source_rows == self.mirror_rows


@dataclass(frozen=True)
class RevenueCheck:
    """The same money in three places: its sum, and how many campaigns differ from PromptAds by a cent or more."""

    promptads: Decimal
    promptcrm: Decimal
    warehouse: Decimal
    campaigns_apart: int

    @property
    def agrees(self) -> bool:
        """All three sums are equal, campaign by campaign."""
        return self.campaigns_apart == 0 and self.promptads == self.promptcrm == self.warehouse


def count_tables(connections: Connections) -> list[TableCount]:
    """Rows per exported table, source beside mirror; nothing is changed on either side."""
    counts = []
    with closing(connections.postgres()) as warehouse:
        for pipeline in load_pipelines().values():
            with _source_counts(pipeline, connections) as source_rows:
                for table in pipeline.tables:
                    query = sql.SQL("SELECT count(*) FROM {}").format(mirror_name(pipeline, table))
                    mirror_rows = _scalar(warehouse, query)
                    counts.append(TableCount(pipeline.source, table.name, source_rows(table.source), mirror_rows))
    return counts


@contextmanager
def _source_counts(pipeline: PipelineSpec, connections: Connections) -> Iterator[Any]:
    if pipeline.engine == "mongodb":
        database = connections.mongo()
        with database.client:
            yield lambda collection: database[collection].count_documents({})
        return
    connection = connections.ads() if pipeline.source == "promptads" else connections.crm()
    with closing(connection), connection.cursor() as cursor:

        def count(view: str) -> int:
            cursor.execute(f"SELECT COUNT_BIG(*) FROM {view}")  # noqa: S608 - the spec allows only view names
            [(rows,)] = cursor.fetchall()
            return int(rows)  # type: ignore[arg-type]  # COUNT_BIG is an int

        yield count


def check_revenue(connections: Connections) -> RevenueCheck:
    """A campaign's revenue in PromptAds, its sales in PromptCRM, and its sales in the warehouse, to the cent."""
    with (
        closing(connections.ads()) as ads,
        closing(connections.crm()) as crm,
        closing(connections.postgres()) as warehouse,
    ):
        revenue = _by_campaign(ads, "SELECT id_campana, SUM(ingresos) FROM etl.rendimiento_diario GROUP BY id_campana")
        sales = _by_campaign(crm, "SELECT id_campana, SUM(total) FROM etl.ventas GROUP BY id_campana")
        mirrored = dict(
            warehouse.execute("SELECT id_campana, sum(total) FROM ods_promptcrm.ventas GROUP BY id_campana").fetchall()
        )
    zero = Decimal(0)
    apart = sum(
        not (revenue.get(campaign, zero) == sales.get(campaign, zero) == mirrored.get(campaign, zero))
        for campaign in revenue.keys() | sales.keys() | mirrored.keys()
    )
    ads_total, crm_total, mirrored_total = (sum(side.values(), zero) for side in (revenue, sales, mirrored))
    return RevenueCheck(ads_total, crm_total, mirrored_total, apart)


def _by_campaign(connection: Any, query: str) -> dict[int, Decimal]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return dict(cursor.fetchall())


def _scalar(connection: psycopg.Connection[Any], query: sql.Composed) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0])  # type: ignore[index]  # an aggregate has one row
