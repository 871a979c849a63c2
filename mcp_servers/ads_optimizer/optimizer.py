"""The tools of PromptAds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import groupby
from typing import Annotated, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import Field

from mcp_servers.ads_optimizer.budget import ChannelHistory, Response, divide, responses
from mcp_servers.ads_optimizer.markets import shares
from mcp_servers.ads_optimizer.models import (
    Amount,
    Breakdown,
    BudgetRecommendation,
    CampaignList,
    CampaignPerformance,
    CampaignSummary,
    ChannelBudget,
    CreatedAd,
    CreatedCampaign,
    NegativeAd,
    NegativeSentiment,
    NewAd,
    NewMarket,
    Objective,
    Performance,
    Status,
)
from mcp_servers.kit.caller import Caller
from mcp_servers.kit.errors import Code, ToolError, refused
from mcp_servers.kit.health import Check
from mcp_servers.kit.pages import Cursor, offset_of, page
from mcp_servers.kit.queries import query
from mcp_servers.kit.server import Part, Surroundings
from mcp_servers.kit.sqlserver import REPEATED, SqlServer, seen_by
from mcp_servers.kit.texts import CountryCode, CurrencyCode, Day, Identifier, Phrase, Text
from mcp_servers.kit.tool import tool

FRESH = timedelta(minutes=1)
"""PromptAds has no version that its readers may ask for: figures are up to a minute old."""

PEER_SECONDS = 17.0
"""For content_generator to draft copy; what it drafts with a language model takes up to 15 s."""

DEFAULT_DAYS = 30
LEAST_WEEKS = 4
"""Fewer say nothing of how revenue answers to cost."""

ERRORS: Mapping[int, Code] = {
    **dict.fromkeys((50102, 50103, 50105, 50108, 50110, 50111), Code.INVALID_ARGUMENTS),
    **dict.fromkeys((50101, 50104, 50106, 50107), Code.NOT_FOUND),
    **dict.fromkeys((50109, *REPEATED), Code.CONFLICT),
}
"""What `usp_crear_campana` refuses (see sqlserver_ads/procedures/README.md)."""

statement = partial(query, __package__)

CampaignId = Annotated[Identifier, Field(description="key of the campaign, as listCampaigns gives it, 1 and up")]
Since = Annotated[Day | None, Field(description="first day, ISO 8601; if left out as far back as the tool says")]
Until = Annotated[Day | None, Field(description="last day, ISO 8601; the last day with figures if left out")]
Limit = Annotated[int, Field(ge=1, le=200, description="rows of one answer, 1 to 200")]


class AdsOptimizer(Part):
    """Reads PromptAds through the views that its login is given, and writes through its procedures alone.

    Args:
        surroundings: settings, and the other servers.

    Raises:
        SettingsError: `PROMPTSALES_ADS_MCP_URL` is not set.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        settings = surroundings.settings
        self._ads = SqlServer(settings.url("ads_mcp"), settings.variable("ads_mcp"), ERRORS)
        self._content = surroundings.peer("content_generator", PEER_SECONDS)
        self._forget = surroundings.forget

    async def close(self) -> None:
        """Close the pool."""
        await self._ads.close()

    @property
    def checks(self) -> Mapping[str, Check]:
        """PromptAds."""
        return {"promptads": self._ads.check}

    @tool(
        "listCampaigns",
        title="List campaigns / Listar campanas",
        description="Advertising campaigns with brand, status, dates, budget, spend and revenue, the newest first; "
        "filter by status, brand, objective, country, day or a part of the name. Start here to find a campaign's id.\n"
        "Campanas publicitarias con marca, estado, fechas, presupuesto, gasto e ingresos, primero las mas recientes. "
        "Empieza aqui para hallar el id de una campana.",
        scope="ads:read",
        seconds=15,
        fresh_for=FRESH,
    )
    async def list_campaigns(
        self,
        *,
        status: Annotated[Status | None, Field(description="only campaigns that stand so")] = None,
        brand: Annotated[Phrase | None, Field(description="only of this advertiser, by its whole name")] = None,
        objective: Annotated[Objective | None, Field(description="only for this purpose")] = None,
        country: Annotated[
            CountryCode | None, Field(description="only with a market in this country, ISO 3166-1, e.g. CR")
        ] = None,
        running_on: Annotated[Day | None, Field(description="only campaigns whose dates include this day")] = None,
        name_contains: Annotated[Phrase | None, Field(description="only with these words in the name")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        caller: Caller,
    ) -> CampaignList:
        """Campaigns within filters."""
        offset = offset_of(cursor)
        rows = await self._ads.rows(
            statement("campanas"),
            {
                "estado": status,
                "marca": brand,
                "objetivo": objective,
                "pais": country,
                "activa_el": running_on,
                "texto": name_contains,
                "omitidas": offset,
                "filas": limit + 1,
                **seen_by(caller),
            },
        )
        kept, rest = page([_summary(row) for row in rows], limit, offset)
        countries = None if caller.countries is None else sorted(caller.countries)
        return CampaignList(**rest.model_dump(), campaigns=kept, countries=countries)

    @tool(
        "getCampaignPerformance",
        title="Performance of a campaign / Rendimiento de una campana",
        description="Impressions, reach, clicks, reactions, conversions, cost and revenue of ONE campaign, in total "
        "and by channel, day or month. For comparisons across campaigns use sales_dashboard's querySales.\n"
        "Impresiones, alcance, clics, reacciones, conversiones, costo e ingresos de UNA campana, en total y por canal, "
        "dia o mes.",
        scope="ads:read",
        seconds=15,
        fresh_for=FRESH,
    )
    async def get_campaign_performance(
        self,
        campaign_id: CampaignId,
        *,
        by: Annotated[Breakdown | None, Field(description="divided by; the total alone if left out")] = None,
        since: Annotated[Day | None, Field(description="first day, ISO 8601; the campaign's first if left out")] = None,
        until: Annotated[Day | None, Field(description="last day, ISO 8601; the campaign's last if left out")] = None,
        limit: Limit = 200,
        cursor: Cursor = None,
        caller: Caller,
    ) -> CampaignPerformance:
        """One campaign."""
        campaign = await self._campaign(campaign_id, caller)
        first, last = since or campaign["fecha_inicio"], until or campaign["fecha_fin"]
        if first > last:
            raise refused("since", f"after `until` ({last})")
        offset = offset_of(cursor)
        days = {"id_campana": campaign_id, "desde": first, "hasta": last}
        share = float(campaign["cuota"])
        whole = await self._ads.rows(statement("rendimiento"), {**days, "por": ""})
        total = _performance(whole[0], share) if whole else _NOTHING
        parts = await self._ads.rows(statement("rendimiento"), {**days, "por": by}) if by else []
        kept, rest = page([_performance(row, share) for row in parts[offset : offset + limit + 1]], limit, offset)
        budget = float(campaign["presupuesto"]) * share
        return CampaignPerformance(
            **rest.model_dump(),
            campaign_id=campaign_id,
            name=campaign["nombre"],
            brand=campaign["marca"],
            description=campaign["descripcion"],
            objective=campaign["objetivo"],
            status=campaign["estado"],
            start=campaign["fecha_inicio"],
            end=campaign["fecha_fin"],
            currency=campaign["moneda"],
            budget=round(budget, 2),
            since=first,
            until=last,
            total=total,
            rows=kept,
            budget_used=round(total.cost / budget, 4) if budget else None,
            notes=_share_notes(share) + ([] if whole else ["Nothing was recorded for it on these days."]),
        )

    @tool(
        "findNegativeSentiment",
        title="Ads people turn against / Sentimiento negativo",
        description="Ads of which more bad than good was said in a range of days: campaign, brand, ad, channel, "
        "influencer, sentiment and the percentage of reactions lost against the days before; the worst first.\n"
        "Anuncios de los que se hablo mas mal que bien: campana, marca, anuncio, canal, influencer, sentimiento y "
        "porcentaje de caida de reacciones; primero los peores.",
        scope="ads:read",
        seconds=15,
        fresh_for=FRESH,
    )
    async def find_negative_sentiment(
        self,
        *,
        since: Annotated[
            Day | None, Field(description="first day, ISO 8601; 30 days up to `until` if left out")
        ] = None,
        until: Until = None,
        brand: Annotated[Phrase | None, Field(description="only of this advertiser, by its whole name")] = None,
        campaign_id: Annotated[Identifier | None, Field(description="only of this campaign, 1 and up")] = None,
        min_drop_percent: Annotated[
            float | None,
            Field(ge=-1_000, le=100, description="only ads that lost so much of their reactions, -1000 to 100"),
        ] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        caller: Caller,
    ) -> NegativeSentiment:
        """Ads that people turn against."""
        offset = offset_of(cursor)
        if until is None:
            [row] = await self._ads.rows(statement("ultimo_sentimiento"), {})
            until = row["ultimo"]
        if until is None:
            return NegativeSentiment(truncated=False, cursor=None, since=None, until=None, ads=[])
        since = since or until - timedelta(days=DEFAULT_DAYS - 1)
        if since > until:
            raise refused("since", f"after `until` ({until})")
        rows = await self._ads.rows(
            statement("sentimiento_negativo"),
            {
                "desde": since,
                "hasta": until,
                "desde_anterior": since - (until - since) - timedelta(days=1),
                "marca": brand,
                "id_campana": campaign_id,
                "caida_minima": min_drop_percent,
                "omitidas": offset,
                "filas": limit + 1,
                **seen_by(caller),
            },
        )
        kept, rest = page([_negative(row) for row in rows], limit, offset)
        return NegativeSentiment(**rest.model_dump(), since=since, until=until, ads=kept)

    @tool(
        "recommendBudget",
        title="Recommend a budget / Recomendar presupuesto",
        description="How to divide a campaign's weekly budget among its channels so that it earns most: estimates each "
        "channel's diminishing returns from its weeks and moves money to where the next unit earns more. Explains "
        "itself; changes nothing.\n"
        "Como repartir el presupuesto semanal de una campana entre sus canales segun el retorno marginal. Se explica; "
        "no cambia nada.",
        scope="ads:read",
        seconds=15,
        fresh_for=FRESH,
    )
    async def recommend_budget(
        self,
        campaign_id: CampaignId,
        *,
        weekly_budget: Annotated[
            float | None,
            Field(
                ge=1,
                le=1e12,
                description="to divide, in the campaign's currency, 1 and up; what is spent now if left out",
            ),
        ] = None,
        weeks: Annotated[
            int, Field(ge=LEAST_WEEKS, le=104, description="weeks of history to learn from, 4 to 104")
        ] = 26,
        caller: Caller,
    ) -> BudgetRecommendation:
        """A campaign's weekly budget, divided."""
        campaign = await self._campaign(campaign_id, caller)
        [row] = await self._ads.rows(statement("ultimo_dia"), {"id_campana": campaign_id})
        until: date | None = row["ultimo"]
        if until is None:
            raise ToolError(
                Code.NOT_FOUND, f"Campaign {campaign_id} has no figures yet: there is nothing to learn from."
            )
        since = until - timedelta(weeks=weeks) + timedelta(days=1)
        days = await self._ads.rows(
            statement("historia_canales"), {"id_campana": campaign_id, "desde": since, "hasta": until}
        )
        histories = _histories(days, since, float(campaign["cuota"]))
        if not histories:
            raise ToolError(
                Code.NOT_FOUND,
                f"No channel of campaign {campaign_id} has {LEAST_WEEKS} weeks with spending by {until}.",
            )
        found = responses(histories)
        budget = weekly_budget or sum(channel.cost for channel in found)
        return _recommendation(campaign, found, divide(found, budget), budget, since, until)

    @tool(
        "createCampaign",
        title="Create a campaign / Crear campana",
        description="Create a whole campaign in one transaction, with its ads, channels and markets, or nothing of it. "
        "Called again, it is refused and creates nothing more. Texts of ads are what people wrote or approved; "
        "`draft_copy` also asks content_generator for a draft.\n"
        "Crea una campana completa en una sola transaccion, con anuncios, canales y mercados, o nada. `draft_copy` "
        "ademas pide a content_generator un borrador de mensajes.",
        scope="ads:write",
        # All that it may wait for: a campaign that was created must not end as a time-out.
        seconds=60,
        read_only=False,
        # It commits a budget: clients should ask a person first, as they do before what destroys.
        destructive=True,
    )
    async def create_campaign(
        self,
        brand: Annotated[Phrase, Field(description="name of an active advertiser")],
        name: Annotated[Phrase, Field(max_length=160, description="1 to 160 characters")],
        description: Annotated[Text, Field(description="what it is about, 1 to 4,000 characters")],
        objective: Annotated[Objective, Field(description="what it is for")],
        start: Annotated[Day, Field(description="first day, ISO 8601")],
        end: Annotated[Day, Field(description="last day, ISO 8601, not before the first")],
        budget: Annotated[Amount, Field(description="for the whole campaign, in `currency`, 0 and up")],
        currency: Annotated[CurrencyCode, Field(description="ISO 4217, e.g. USD; of every amount of this campaign")],
        markets: Annotated[list[NewMarket], Field(min_length=1, max_length=50, description="1 to 50 cities")],
        ads: Annotated[list[NewAd], Field(min_length=1, max_length=100, description="1 to 100 ads")],
        *,
        reference: Annotated[
            UUID | None,
            Field(description="your own key of it; if left out, one that follows from the other arguments"),
        ] = None,
        draft_copy: Annotated[bool, Field(description="also ask content_generator to draft messages for it")] = False,
        caller: Caller,
    ) -> CreatedCampaign:
        """A campaign, whole or not at all."""
        _check_countries(markets, caller)
        _check_markets(markets)
        # As the database compares names: without regard to case.
        channels = {name: key for key, name in enumerate(dict.fromkeys(ad.channel.casefold() for ad in ads), start=1)}
        reference = reference or _reference(
            brand, name, description, objective, start, end, budget.normalize(), currency, ads, markets
        )
        found = await self._ads.rows(statement("marca"), {"marca": brand})
        if not found:
            raise ToolError(Code.NOT_FOUND, f"There is no active brand named {brand!r}.")
        created, [campaign] = await self._ads.results(
            statement("crear_campana"),
            {
                "id_marca": found[0]["id_marca"],
                "referencia": reference,
                "nombre": name,
                "descripcion": description,
                "objetivo": objective.value,
                "fecha_inicio": start,
                "fecha_fin": end,
                "presupuesto": budget,
                "moneda": currency,
                "canales": _json([{"clave": key, "nombre": channel} for channel, key in channels.items()]),
                "anuncios": _json(
                    [_new_ad(key, ad, channels[ad.channel.casefold()]) for key, ad in enumerate(ads, start=1)]
                ),
                "mercados": _json(_new_markets(markets)),
            },
        )
        await self._forget("listCampaigns")
        keys = {row["clave_anuncio"]: row["id_anuncio"] for row in created}
        draft, notes = None, []
        if draft_copy:
            answer = await self._content.call(
                "generateCampaignContent", {"description": description, "campaign_id": campaign["id_campana"]}, caller
            )
            draft = answer.content
            notes = (
                [answer.note] if answer.note else ["The draft counts only after a person's approval: approveContent."]
            )
        return CreatedCampaign(
            campaign_id=campaign["id_campana"],
            reference=reference,
            ads=[CreatedAd(ad_id=keys[key], channel=ad.channel, title=ad.title) for key, ad in enumerate(ads, start=1)],
            copy_draft=draft,
            notes=notes,
        )

    async def _campaign(self, campaign_id: int, caller: Caller) -> dict[str, Any]:
        rows = await self._ads.rows(statement("campana"), {"id_campana": campaign_id, **seen_by(caller)})
        if not rows:
            raise ToolError(Code.NOT_FOUND, f"There is no campaign {campaign_id} in your countries.")
        return rows[0]


def _summary(row: Mapping[str, Any]) -> CampaignSummary:
    def part(name: str) -> float:
        return round(float(row[name] or 0) * float(row["cuota"]), 2)

    return CampaignSummary(
        campaign_id=row["id_campana"],
        name=row["nombre"],
        brand=row["marca"],
        sector=row["sector"],
        objective=row["objetivo"],
        status=row["estado"],
        start=row["fecha_inicio"],
        end=row["fecha_fin"],
        currency=row["moneda"],
        budget=part("presupuesto"),
        spent=part("costo"),
        revenue=part("ingresos"),
    )


def _performance(row: Mapping[str, Any], share: float) -> Performance:
    def part(name: str) -> float:
        return float(row[name] or 0) * share

    impressions, clicks, cost, revenue = part("impresiones"), part("clics"), part("costo"), part("ingresos")
    return Performance(
        label=row["grupo"],
        impressions=round(impressions),
        reach=round(part("alcance")),
        clicks=round(clicks),
        reactions=round(part("reacciones")),
        conversions=round(part("conversiones")),
        cost=round(cost, 2),
        revenue=round(revenue, 2),
        click_rate=round(clicks / impressions, 6) if impressions else None,
        cost_per_click=round(cost / clicks, 4) if clicks else None,
        return_on_spend=round(revenue / cost, 4) if cost else None,
    )


_NOTHING = _performance(
    dict.fromkeys(("grupo", "impresiones", "alcance", "clics", "reacciones", "conversiones", "costo", "ingresos")), 1
)


def _share_notes(share: float) -> list[str]:
    if share >= 1:
        return []
    return [f"Figures are the {share:.0%} of the campaign that its markets in your countries stand for."]


def _negative(row: Mapping[str, Any]) -> NegativeAd:
    return NegativeAd(
        campaign_id=row["id_campana"],
        campaign=row["campana"],
        brand=row["marca"],
        ad_id=row["id_anuncio"],
        ad=row["anuncio"],
        channel=row["canal"],
        influencer=row["influencer"],
        sentiment=round(float(row["sentimiento"]), 4),
        positive=row["positivos"],
        negative=row["negativos"],
        reactions=row["reacciones"],
        reactions_before=row["reacciones_antes"],
        drop_percent=None if row["caida"] is None else round(float(row["caida"]), 1),
    )


def _histories(days: Sequence[Mapping[str, Any]], since: date, share: float) -> list[ChannelHistory]:
    """Days, ordered by channel, as weeks that begin with `since`; channels with too few weeks are left out."""
    histories = []
    for channel, of_channel in groupby(days, key=lambda day: str(day["canal"])):
        weeks: dict[int, tuple[float, float]] = {}
        for day in of_channel:
            week = (day["fecha"] - since).days // 7
            cost, revenue = weeks.get(week, (0.0, 0.0))
            weeks[week] = cost + float(day["costo"]) * share, revenue + float(day["ingresos"]) * share
        spent = [(cost, revenue) for cost, revenue in weeks.values() if cost > 0]
        if len(spent) >= LEAST_WEEKS:
            costs, revenues = zip(*spent, strict=True)
            histories.append(ChannelHistory(channel, costs, revenues))
    return histories


def _recommendation(
    campaign: Mapping[str, Any],
    channels: Sequence[Response],
    costs: Sequence[float],
    budget: float,
    since: date,
    until: date,
) -> BudgetRecommendation:
    rows = sorted(
        (_channel(channel, cost) for channel, cost in zip(channels, costs, strict=True)),
        key=lambda row: -row.change_percent,
    )
    now = sum(channel.revenue for channel in channels)
    scale = budget / sum(channel.cost for channel in channels)
    unmoved = sum(channel.revenue_at(channel.cost * scale) for channel in channels)
    expected = sum(channel.revenue_at(cost) for channel, cost in zip(channels, costs, strict=True))
    return BudgetRecommendation(
        campaign_id=campaign["id_campana"],
        name=campaign["nombre"],
        currency=campaign["moneda"],
        since=since,
        until=until,
        weekly_budget=round(budget, 2),
        channels=rows,
        revenue_now=round(now, 2),
        revenue_expected=round(expected, 2),
        explanation=_explanation(rows, unmoved, expected, campaign["moneda"]),
        caveats=[
            *_share_notes(float(campaign["cuota"])),
            "Estimated from the campaign's own weeks; seasons and what other campaigns did are not told apart.",
            "No channel is moved below half or above one and a half times its present share: try, then ask again.",
            *(
                f"{row.channel} has only {row.weeks} weeks: its estimate leans on the other channels'."
                for row in rows
                if row.weeks < 2 * LEAST_WEEKS
            ),
        ],
    )


def _channel(channel: Response, cost: float) -> ChannelBudget:
    before, after = channel.marginal_at(channel.cost), channel.marginal_at(cost)
    change = 100 * (cost / channel.cost - 1)
    direction = "More" if change > 0.5 else "Less" if change < -0.5 else "As much"
    return ChannelBudget(
        channel=channel.channel,
        weeks=channel.weeks,
        now=round(channel.cost, 2),
        recommended=round(cost, 2),
        change_percent=round(change, 1),
        return_now=round(channel.revenue / channel.cost, 4),
        marginal_return_now=round(before, 4),
        marginal_return_then=round(after, 4),
        elasticity=round(channel.elasticity, 3),
        reason=f"{direction}: one more unit of cost earns {before:.2f} now, and {after:.2f} then.",
    )


def _explanation(rows: Sequence[ChannelBudget], unmoved: float, expected: float, currency: str) -> str:
    """What moves, against this budget divided as money is divided now.

    Args:
        rows: the one that gains most first.
        unmoved: expected revenue a week without moving anything.
        expected: as recommended.
        currency: of both.
    """
    most, least = rows[0], rows[-1]
    if len(rows) == 1:
        return f"{most.channel} is the only channel with enough weeks to learn from: there is nothing to move."
    if most.change_percent - least.change_percent < 1:
        return f"The next unit earns much the same on every channel: leave it so, {expected:,.2f} {currency} a week."
    gain = 100 * (expected / unmoved - 1) if unmoved else 0.0
    return (
        f"A larger part goes to {most.channel}, a smaller one to {least.channel}: as recommended the next unit earns "
        f"{most.marginal_return_then:.2f} and {least.marginal_return_then:.2f} there. Expected revenue a week: "
        f"{expected:,.2f} {currency}, against {unmoved:,.2f} if this budget were divided as now ({gain:+.1f} %)."
    )


def _check_countries(markets: Sequence[NewMarket], caller: Caller) -> None:
    unseen = sorted({market.country for market in markets if not caller.sees(market.country)})
    if unseen:
        raise ToolError(Code.FORBIDDEN, f"Markets outside your countries: {', '.join(unseen)}.")


def _check_markets(markets: Sequence[NewMarket]) -> None:
    places = {(market.country, market.region.casefold(), market.city.casefold()) for market in markets}
    if len(places) < len(markets):
        raise refused("markets", "the same city twice")


def _reference(*said: object) -> UUID:
    """The same for the same campaign, so that a call that is repeated is refused and not a second campaign."""
    return uuid5(NAMESPACE_URL, f"promptsales:campaign:{said!r}")


def _new_ad(key: int, ad: NewAd, channel: int) -> dict[str, Any]:
    return {
        "clave": key,
        "canal": channel,
        "influencer": ad.influencer,
        "titulo": ad.title,
        "texto": ad.text,
        "formato": ad.format,
    }


def _new_markets(markets: Sequence[NewMarket]) -> list[dict[str, Any]]:
    parts = shares([market.weight for market in markets])
    return [
        {"pais": market.country, "region": market.region, "ciudad": market.city, "peso": str(part)}
        for market, part in zip(markets, parts, strict=True)
    ]


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(rows, ensure_ascii=False)
