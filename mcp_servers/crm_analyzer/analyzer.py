"""The tools of PromptCRM."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from mcp_servers.crm_analyzer.models import (
    BuyerGroup,
    CurrencyPurchases,
    CurrencySales,
    Customer,
    CustomerRanking,
    FoundCustomers,
    LookUp,
    NearbyCustomer,
    NearbyCustomers,
    RankBy,
    RankedCustomer,
    RegisteredSale,
    SaleLine,
    SalesFunnel,
    Segment,
    Stage,
)
from mcp_servers.kit.caller import Caller
from mcp_servers.kit.errors import Code, ToolError, refused
from mcp_servers.kit.health import Check
from mcp_servers.kit.pages import Cursor, offset_of, page
from mcp_servers.kit.queries import query
from mcp_servers.kit.server import Part, Surroundings
from mcp_servers.kit.sqlserver import SqlServer, seen_by
from mcp_servers.kit.texts import CountryCode, CurrencyCode, Day, Identifier, Phrase
from mcp_servers.kit.tool import tool

FRESH = timedelta(minutes=1)
"""PromptCRM has no version that its readers may ask for: figures are up to a minute old."""

PEER_SECONDS = 3.0
"""For ads_optimizer to tell of a campaign."""

DEFAULT_DAYS = 90
MOST_MONEY = Decimal("9999999999999999.99")
"""Of a sale: what `ventas.total` takes."""

MOST_NEARBY = 1_000
"""Of one call of `usp_clientes_cercanos`."""

PERSONAL = "crm:personal"
STAGES = ("nuevo", "contactado", "calificado", "convertido", "perdido")

ERRORS: Mapping[int, Code] = {
    **dict.fromkeys((50200, 50201, 50202, 50222, 50240, 50241), Code.INVALID_ARGUMENTS),
    50220: Code.NOT_FOUND,
    50221: Code.CONFLICT,
    **dict.fromkeys((50210, 50211), Code.UNAVAILABLE),
}
"""What the procedures refuse (see sqlserver_crm/procedures/README.md)."""

statement = partial(query, __package__)

Since = Annotated[Day | None, Field(description="first day, ISO 8601; 90 days up to `until` if left out")]
Until = Annotated[Day | None, Field(description="last day, ISO 8601; today (UTC) if left out")]
Campaign = Annotated[Identifier | None, Field(description="only what this campaign brought, its key, 1 and up")]


class CrmAnalyzer(Part):
    """Reads PromptCRM masked, writes through its procedures, and reads in clear with a login of its own for that.

    Args:
        surroundings: settings, and the other servers.

    Raises:
        SettingsError: `PROMPTSALES_CRM_MCP_URL` or `PROMPTSALES_CRM_APP_URL` is not set.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        settings = surroundings.settings

        def database(engine: str) -> SqlServer:
            return SqlServer(settings.url(engine), settings.variable(engine), ERRORS)

        self._masked = database("crm_mcp")
        self._procedures = database("crm_app")
        self._personal = database("crm_personal") if settings.crm_personal_url else None
        self._ads = surroundings.peer("ads_optimizer", PEER_SECONDS)
        self._forget = surroundings.forget

    async def close(self) -> None:
        """Close the pools."""
        for pool in (self._masked, self._procedures, self._personal):
            if pool is not None:
                await pool.close()

    @property
    def checks(self) -> Mapping[str, Check]:
        """PromptCRM."""
        return {"promptcrm": self._masked.check}

    @tool(
        "rankCustomers",
        title="Best customers / Mejores clientes",
        description="Customers ranked by what they spent, in one currency, or by how often they bought, in a period; "
        "names masked. Amounts are not converted: ask once a currency.\n"
        "Clientes por lo que gastaron, en una moneda, o por cuantas veces compraron, en un periodo; nombres "
        "enmascarados.",
        scope="crm:read",
        seconds=15,
        fresh_for=FRESH,
    )
    async def rank_customers(
        self,
        *,
        by: Annotated[RankBy, Field(description="amount: what they spent; purchases: how often")] = RankBy.AMOUNT,
        currency: Annotated[CurrencyCode, Field(description="ISO 4217; only purchases in it count")] = "USD",
        since: Since = None,
        until: Until = None,
        country: Annotated[CountryCode | None, Field(description="only who lives there, ISO 3166-1")] = None,
        segment: Annotated[Segment | None, Field(description="only of this segment")] = None,
        campaign_id: Campaign = None,
        limit: Annotated[int, Field(ge=1, le=200, description="customers of one answer, 1 to 200")] = 20,
        cursor: Cursor = None,
        caller: Caller,
    ) -> CustomerRanking:
        """Customers, the best first."""
        first, last = _period(since, until)
        offset = offset_of(cursor)
        rows = await self._masked.rows(
            statement("ranking"),
            {
                "por": by.value,
                "moneda": currency,
                **_days(first, last),
                "pais": country,
                "segmento": segment,
                "id_campana": campaign_id,
                "omitidas": offset,
                "filas": limit + 1,
                **seen_by(caller),
            },
        )
        kept, rest = page([_ranked(row) for row in rows], limit, offset)
        return CustomerRanking(**rest.model_dump(), by=by, currency=currency, since=first, until=last, customers=kept)

    @tool(
        "findNearbyCustomers",
        title="Customers near a place / Clientes cercanos",
        description="Active customers within some kilometres of a point, the nearest first, names masked: whom to "
        "invite to a shop or an event. Needs a real SQL Server.\n"
        "Clientes activos a pocos kilometros de un punto, primero los mas cercanos, nombres enmascarados.",
        scope="crm:read",
        seconds=15,
        fresh_for=FRESH,
    )
    async def find_nearby_customers(
        self,
        latitude: Annotated[float, Field(ge=-90, le=90, description="of the point, degrees, WGS 84, -90 to 90")],
        longitude: Annotated[float, Field(ge=-180, le=180, description="of the point, degrees, WGS 84, -180 to 180")],
        *,
        kilometres: Annotated[float, Field(ge=1, le=500, description="how far, 1 to 500")] = 10,
        limit: Annotated[int, Field(ge=1, le=200, description="customers of one answer, 1 to 200")] = 50,
        caller: Caller,
    ) -> NearbyCustomers:
        """Customers around a point."""
        # The procedure knows nothing of who sees which country: more is asked for, and what is not theirs left out.
        asked = limit + 1 if caller.countries is None else MOST_NEARBY
        near = await self._procedures.rows(
            statement("clientes_cercanos"),
            {
                "latitud": round(latitude, 6),
                "longitud": round(longitude, 6),
                "kilometros": round(kilometres, 3),
                "cuantos": asked,
            },
        )
        known = await self._visible([row["id_cliente"] for row in near], caller)
        found = [_nearby(known[row["id_cliente"]], row["kilometros"]) for row in near if row["id_cliente"] in known]
        return NearbyCustomers(customers=found[:limit], truncated=len(found) > limit or len(near) == MOST_NEARBY)

    @tool(
        "getSalesFunnel",
        title="Sales funnel / Embudo de ventas",
        description="From contact to sale in a period, of one campaign or all: contacts by stage, conversion and win "
        "rates, days to convert, sales by currency. `with_buyers` adds who buys by age and country, `with_campaign` "
        "the campaign's performance from ads_optimizer.\n"
        "De contacto a venta en un periodo, de una campana o de todas: contactos por etapa, tasas de conversion, dias, "
        "ventas por moneda; si se pide, quien compra por edad y pais.",
        scope="crm:read",
        seconds=15,
        fresh_for=FRESH,
    )
    async def get_sales_funnel(
        self,
        *,
        campaign_id: Campaign = None,
        since: Since = None,
        until: Until = None,
        with_campaign: Annotated[
            bool, Field(description="also ask ads_optimizer how the campaign does; takes `campaign_id`")
        ] = False,
        with_buyers: Annotated[bool, Field(description="also who bought, by age and country")] = False,
        caller: Caller,
    ) -> SalesFunnel:
        """From contact to sale."""
        if with_campaign and campaign_id is None:
            raise refused("with_campaign", "takes `campaign_id`: which campaign?")
        first, last = _period(since, until)
        values = {**_days(first, last), "id_campana": campaign_id, **seen_by(caller)}
        names = ["embudo_contactos", "embudo_ventas", *(["embudo_compradores"] if with_buyers else [])]
        contacts, sales, *rest = await asyncio.gather(*(self._masked.rows(statement(name), values) for name in names))
        campaign, notes = None, _country_notes(caller)
        if with_campaign:
            answer = await self._ads.call(
                "getCampaignPerformance",
                {"campaign_id": campaign_id, "since": first.isoformat(), "until": last.isoformat()},
                caller,
            )
            campaign = answer.content
            notes += [answer.note] if answer.note else []
        return SalesFunnel(
            campaign_id=campaign_id,
            since=first,
            until=last,
            **_funnel(contacts, whole=caller.countries is None),
            sales=[
                CurrencySales(currency=row["moneda"], sales=row["ventas"], amount=round(float(row["importe"]), 2))
                for row in sales
            ],
            buyers=_buyers(rest[0] if rest else [], last.year),
            campaign=campaign,
            notes=notes,
        )

    @tool(
        "getCustomer",
        title="One customer / Un cliente",
        description="One customer with their purchases, by key, or found by document, e-mail or telephone. Masked; in "
        "clear only with `in_clear`, the scope crm:personal and a look-up, and then on the record. Look-ups need a "
        "real SQL Server.\n"
        "Un cliente con sus compras, por clave o por documento, correo o telefono. Enmascarado; en claro solo con "
        "`in_clear` y permiso, y queda registrado.",
        scope="crm:read",
        seconds=15,
    )
    async def get_customer(
        self,
        *,
        customer_id: Annotated[Identifier | None, Field(description="the key, 1 and up; or else a look-up")] = None,
        look_up: Annotated[LookUp | None, Field(description="what `value` is")] = None,
        value: Annotated[Phrase | None, Field(description="the whole document number, e-mail or telephone")] = None,
        in_clear: Annotated[
            bool, Field(description="personal data in clear; takes crm:personal and a look-up")
        ] = False,
        caller: Caller,
    ) -> FoundCustomers:
        """One customer."""
        if (customer_id is None) == (look_up is None) or (look_up is None) != (value is None):
            raise refused("customer_id", "give either `customer_id`, or `look_up` with `value`")
        if in_clear and look_up is None:
            raise refused("in_clear", "personal data is read by document, e-mail or telephone: give `look_up`")
        if in_clear and PERSONAL not in caller.scopes:
            raise ToolError(Code.FORBIDDEN, f"Personal data in clear takes the scope {PERSONAL}.")
        asked = {"tipo": look_up, "valor": value}
        keys = [customer_id] if customer_id else await self._look_up(self._procedures, asked)
        known = await self._visible(keys, caller)
        if not known:
            raise ToolError(Code.NOT_FOUND, "There is no such customer in your countries.")
        clear = await self._in_clear(asked, known) if in_clear else {}
        return FoundCustomers(
            customers=[_customer(row, clear.get(key), await self._purchases(key)) for key, row in sorted(known.items())]
        )

    @tool(
        "registerSale",
        title="Register a sale / Registrar una venta",
        description="Register a sale with its lines for a customer, in one transaction; moves the customer's segment "
        "up where the purchase says so. Needs a real SQL Server.\n"
        "Registra una venta con sus lineas para un cliente, en una transaccion; `reference` evita duplicados.",
        scope="crm:write",
        # All that it may wait for: a second call is refused, but who hears of a time-out has to make it.
        seconds=45,
        read_only=False,
    )
    async def register_sale(
        self,
        customer_id: Annotated[Identifier, Field(description="who bought, 1 and up")],
        campaign_id: Annotated[Identifier, Field(description="the campaign that won the sale, 1 and up")],
        channel_id: Annotated[Identifier, Field(description="the channel that won it, 1 and up")],
        currency: Annotated[CurrencyCode, Field(description="ISO 4217: the campaign's")],
        lines: Annotated[list[SaleLine], Field(min_length=1, max_length=200, description="1 to 200 lines")],
        reference: Annotated[
            UUID, Field(description="your own key of the sale, a new UUID each: called with it again, it is refused")
        ],
        *,
        sold_at: Annotated[
            datetime | None,
            Field(description="when, ISO 8601, UTC if no offset is given, 2000 to today; now if left out"),
        ] = None,
        caller: Caller,
    ) -> RegisteredSale:
        """A sale, whole or not at all."""
        if not await self._visible([customer_id], caller):
            raise ToolError(Code.NOT_FOUND, f"There is no customer {customer_id} in your countries.")
        total = sum((line.quantity * line.unit_price for line in lines), Decimal(0))
        if total > MOST_MONEY:
            raise refused("lines", f"more than {MOST_MONEY:,} in all")
        sold = _utc(sold_at)
        [[sale]] = await self._procedures.results(
            statement("registrar_venta"),
            {
                "id_cliente": customer_id,
                "id_campana": campaign_id,
                "id_canal": channel_id,
                "moneda": currency,
                "referencia": reference,
                "lineas": json.dumps([_line(number, line) for number, line in enumerate(lines, start=1)]),
                "fecha": sold,
            },
        )
        for reader in ("rankCustomers", "getSalesFunnel"):
            await self._forget(reader)
        return RegisteredSale(
            sale_id=sale["id_venta"],
            reference=reference,
            customer_id=customer_id,
            total=float(total),
            currency=currency,
        )

    async def _visible(self, keys: Sequence[int], caller: Caller) -> dict[int, dict[str, Any]]:
        """The masked rows of those customers who live in the caller's countries."""
        if not keys:
            return {}
        rows = await self._masked.rows(statement("cliente"), {"claves": tuple(keys)})
        return {row["id_cliente"]: row for row in rows if caller.sees(row["codigo_pais"])}

    async def _look_up(self, database: SqlServer, asked: Mapping[str, Any]) -> list[int]:
        return [row["id_cliente"] for row in await database.rows(statement("buscar_cliente"), asked)]

    async def _in_clear(self, asked: Mapping[str, Any], known: Mapping[int, Any]) -> dict[int, dict[str, Any]]:
        """The personal data of those customers whom the caller may see."""
        if self._personal is None:
            raise ToolError(Code.UNAVAILABLE, "Personal data is not read in clear here: no login is set up for it.")
        rows = await self._personal.rows(statement("buscar_cliente"), asked)
        return {row["id_cliente"]: row for row in rows if row["id_cliente"] in known and row["descifrado"]}

    async def _purchases(self, customer_id: int) -> list[CurrencyPurchases]:
        rows = await self._masked.rows(statement("compras_cliente"), {"id_cliente": customer_id})
        return [
            CurrencyPurchases(
                currency=row["moneda"],
                purchases=row["compras"],
                amount=round(float(row["importe"]), 2),
                last_purchase=row["ultima"],
            )
            for row in rows
        ]


def _period(since: date | None, until: date | None) -> tuple[date, date]:
    last = until or datetime.now(UTC).date()
    first = since or last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last:
        raise refused("since", f"after `until` ({last})")
    return first, last


def _days(first: date, last: date) -> dict[str, date]:
    return {"desde": first, "despues": last + timedelta(days=1)}


def _utc(moment: datetime | None) -> datetime | None:
    """As SQL Server takes it, without an offset.

    Raises:
        ToolError: it is before 2000, or not yet.
    """
    if moment is None:
        return None
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    # Before it is converted: a moment at the edge of the calendar has no other offset.
    if not date(2000, 1, 2) <= moment.date() <= tomorrow:
        raise refused("sold_at", f"from 2000-01-02 to {tomorrow}")
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['nombre']} {row['apellidos']}"


def _ranked(row: Mapping[str, Any]) -> RankedCustomer:
    return RankedCustomer(
        rank=row["puesto"],
        customer_id=row["id_cliente"],
        name=_name(row),
        segment=row["segmento"],
        country=row["codigo_pais"],
        city=row["ciudad"],
        purchases=row["compras"],
        amount=round(float(row["importe"]), 2),
        last_purchase=row["ultima"],
    )


def _nearby(row: Mapping[str, Any], kilometres: float) -> NearbyCustomer:
    return NearbyCustomer(
        customer_id=row["id_cliente"],
        name=_name(row),
        segment=row["segmento"],
        country=row["codigo_pais"],
        city=row["ciudad"],
        # Finer distances from a few points would tell where somebody lives.
        kilometres=float(math.ceil(kilometres)),
    )


def _country_notes(caller: Caller) -> list[str]:
    if caller.countries is None:
        return []
    return [
        "A contact has no country before it is a customer: only those who became customers in your countries count."
    ]


def _funnel(rows: Sequence[Mapping[str, Any]], *, whole: bool) -> dict[str, Any]:
    """Stages and rates; no rates where only those who converted can be seen."""
    found = {row["estado"]: row for row in rows}
    counts = {stage: int(found[stage]["contactos"]) if stage in found else 0 for stage in STAGES}
    contacts, won, lost = sum(counts.values()), counts["convertido"], counts["perdido"]
    days = found["convertido"]["dias"] if won else None
    return {
        "contacts": contacts,
        "stages": [
            Stage(
                stage=stage,
                contacts=count,
                mean_score=round(float(found[stage]["puntaje"]), 2) if count else None,
            )
            for stage, count in counts.items()
        ],
        "conversion_rate": round(won / contacts, 4) if whole and contacts else None,
        "win_rate": round(won / (won + lost), 4) if whole and won + lost else None,
        "mean_days_to_convert": None if days is None else round(float(days), 1),
    }


def _buyers(rows: Iterable[Mapping[str, Any]], year: int) -> list[BuyerGroup]:
    decades: dict[int, Counter[str]] = {}
    for row in rows:
        decades.setdefault(row["decada_nacimiento"], Counter())[row["codigo_pais"]] += row["compradores"]
    groups = [
        BuyerGroup(
            born=born,
            min_age=max(year - born - 9, 0),
            max_age=max(year - born, 0),
            buyers=countries.total(),
            countries=[country for country, _ in countries.most_common(3)],
        )
        for born, countries in decades.items()
    ]
    return sorted(groups, key=lambda group: -group.buyers)


def _customer(row: Mapping[str, Any], clear: Mapping[str, Any] | None, purchases: list[CurrencyPurchases]) -> Customer:
    shown = clear or row
    return Customer(
        customer_id=row["id_cliente"],
        masked=clear is None,
        first_name=shown["nombre"],
        last_names=shown["apellidos"],
        born=clear["fecha_nacimiento"].isoformat() if clear else f"{row['decada_nacimiento']}s",
        document=clear["documento"] if clear else None,
        email=clear["correo"] if clear else None,
        phone=clear["telefono"] if clear else None,
        segment=row["segmento"],
        country=row["codigo_pais"],
        region=row["region"],
        city=row["ciudad"],
        registered_at=row["fecha_registro"],
        active=row["activo"],
        purchases=purchases,
    )


def _line(number: int, line: SaleLine) -> dict[str, Any]:
    return {
        "numero": number,
        "producto": line.product,
        "cantidad": line.quantity,
        "precio": f"{line.unit_price:f}",
    }
