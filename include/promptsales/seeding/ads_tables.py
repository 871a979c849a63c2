"""The tables of PromptAds, written out of a world."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from promptsales.seeding.identity import plain
from promptsales.seeding.plan import EPOCH, SeedPlan
from promptsales.seeding.reference import Ints, offsets
from promptsales.seeding.sales import DAY_SECONDS
from promptsales.seeding.schedule import ACTIVE, FINISHED, STATUS_NAMES, WINDOW_DAYS
from promptsales.seeding.table import (
    UUID,
    Columns,
    DateTexts,
    Table,
    literal,
    small_table,
    uuids,
    whole_and_cents,
)
from promptsales.seeding.world import World


def ads_tables(world: World) -> list[Table]:
    """Every table of PromptAds, in the order that foreign keys need."""
    schedule = world.campaigns.schedule
    texts = DateTexts(world.plan.as_of_day - 2 * WINDOW_DAYS, max(int(schedule.end.max()), world.plan.as_of_day))
    return [
        _marcas(world, texts),
        _canales(world),
        _mercados(world),
        _influencers(world),
        _campanas(world, texts),
        _anuncios(world),
        _campanas_mercados(world),
        _rendimiento_diario(world, texts),
        _sentimientos(world, texts),
    ]


def _marcas(world: World, texts: DateTexts) -> Table:
    ref, plan = world.reference, world.plan
    first_start = int(world.campaigns.schedule.start[0])
    rng = plan.generator("marcas")
    created = first_start * DAY_SECONDS - rng.integers(30 * DAY_SECONDS, 500 * DAY_SECONDS, len(ref.brands))
    rows = [
        (key, literal(brand.name), ref.sectors[brand.sector], ref.countries[brand.country].code, date, time)
        for key, (brand, date, time) in enumerate(zip(ref.brands, *texts.moments(created), strict=True), start=1)
    ]
    return small_table(
        "marcas",
        "id_marca, nombre, sector, codigo_pais, activa, creado_en",
        "(%d, N'%s', N'%s', '%s', '1', '%sT%s')",
        rows,
    )


def _canales(world: World) -> Table:
    return small_table(
        "canales",
        "id_canal, nombre, tipo, costo_por_mil, activo",
        "(%d, N'%s', N'%s', %.4f, '1')",
        [
            (key, channel.name, channel.kind, channel.cost_per_mille)
            for key, channel in enumerate(world.reference.channels, start=1)
        ],
    )


def _mercados(world: World) -> Table:
    ref = world.reference
    rows: list[tuple[Any, ...]] = []
    for key, market in enumerate(ref.markets, start=1):
        country = ref.countries[market.country]
        place = (literal(country.name), country.code, literal(market.region), literal(market.city))
        degrees = (market.latitude / 1e6, market.longitude / 1e6)
        rows.append((key, *place, *degrees, market.population, country.currency))
    return small_table(
        "mercados",
        "id_mercado, pais, codigo_pais, region, ciudad, latitud, longitud, poblacion, moneda",
        "(%d, N'%s', '%s', N'%s', N'%s', %.6f, %.6f, %d, '%s')",
        rows,
    )


def _influencers(world: World) -> Table:
    people, ref = world.influencers, world.reference
    names = ref.names["hispano"]
    rows: list[tuple[Any, ...]] = []
    for index in range(len(people.channel)):
        given = names.given["F" if people.is_woman[index] else "M"][people.given_name[index]]
        surname = names.surnames[people.surname[index]]
        rows.append(
            (
                index + 1,
                f"{given} {surname}",
                f"{plain(given)}.{plain(surname)}.{index + 1}",
                people.channel[index] + 1,
                ref.countries[people.country[index]].code,
                people.followers[index],
                people.fee[index] / 100,
            )
        )
    return small_table(
        "influencers",
        "id_influencer, nombre, usuario, id_canal, codigo_pais, seguidores, tarifa",
        "(%d, N'%s', N'%s', %d, '%s', %d, %.4f)",
        rows,
    )


def campaign_names(world: World) -> list[tuple[str, str, str]]:
    """Name, description and goal of every campaign."""
    ref, schedule = world.reference, world.campaigns.schedule
    rng = world.plan.generator("campanas", "textos")
    themes, promises = ref.words["temas_por_mes"], ref.words["promesas"]
    goals, audiences, tones = ref.words["objetivos"], ref.words["publicos"], ref.words["tonos"]
    found: list[tuple[str, str, str]] = []
    for index, start in enumerate(schedule.start.tolist()):
        date = EPOCH + timedelta(days=start)
        brand = ref.brands[world.campaigns.brand[index]]
        theme = themes[date.month][rng.integers(len(themes[date.month]))]
        promise = promises[rng.integers(len(promises))]
        goal = list(goals)[rng.choice(len(goals), p=(0.2, 0.2, 0.45, 0.15))]
        audience = audiences[rng.integers(len(audiences))]
        tone = tones[rng.integers(len(tones))]
        country = ref.countries[world.campaigns.country[index]].name
        found.append(
            (
                f"{theme} {date.year} · {promise} de {brand.name}",
                f"{goals[goal]} {brand.name} en {country} entre {audience}, con un tono {tone}. "
                f"{promise} de la temporada {theme}.",
                goal,
            )
        )
    return found


def _campanas(world: World, texts: DateTexts) -> Table:
    camps, ref = world.campaigns, world.reference
    schedule = camps.schedule
    names = campaign_names(world)
    created, updated = _created_and_updated(world.plan, schedule.start, schedule.end, schedule.status)
    created_date, created_time = texts.moments(created)
    updated_date, updated_time = texts.moments(updated)

    def chunk(start: int, stop: int, rng: np.random.Generator) -> Columns:
        name, description, goal = zip(*names[start:stop], strict=True)
        return [
            range(start + 1, stop + 1),
            (camps.brand[start:stop] + 1).tolist(),
            *uuids(rng, stop - start),
            [literal(text) for text in name],
            [literal(text) for text in description],
            goal,
            [STATUS_NAMES[status] for status in schedule.status[start:stop].tolist()],
            texts.dates(schedule.start[start:stop]),
            texts.dates(schedule.end[start:stop]),
            *whole_and_cents(camps.budget[start:stop]),
            [ref.countries[country].currency for country in camps.country[start:stop].tolist()],
            created_date[start:stop],
            created_time[start:stop],
            updated_date[start:stop],
            updated_time[start:stop],
        ]

    return Table(
        name="campanas",
        key=("id_campana",),
        columns="id_campana, id_marca, referencia, nombre, descripcion, objetivo, estado, fecha_inicio, fecha_fin, "
        "presupuesto, moneda, creado_en, actualizado_en",
        template=f"(%d, %d, '{UUID}', N'%s', N'%s', N'%s', N'%s', '%s', '%s', %d.%02d, '%s', '%sT%s', '%sT%s')",
        rows=world.plan.campaigns,
        chunk=chunk,
    )


def _created_and_updated(plan: SeedPlan, start: Ints, end: Ints, status: Ints) -> tuple[Ints, Ints]:
    """Seconds: made days before the start, changed last when it ended or, running, in the last days it ran."""
    rng = plan.generator("campanas", "momentos")
    latest = np.minimum(start, plan.as_of_day) * DAY_SECONDS
    created = latest - rng.integers(5 * DAY_SECONDS, 40 * DAY_SECONDS, len(start))
    ran_until = (np.minimum(end, plan.as_of_day) + 1) * DAY_SECONDS - 1
    running = np.maximum(ran_until - rng.integers(0, 10 * DAY_SECONDS, len(start)), start * DAY_SECONDS)
    return created, np.where(status == FINISHED, ran_until, np.where(status == ACTIVE, running, created))


def _anuncios(world: World) -> Table:
    camps, ref = world.campaigns, world.reference
    rng = world.plan.generator("anuncios", "textos")
    campaign = np.repeat(np.arange(world.plan.campaigns), camps.ad_count).tolist()
    titles, bodies = ref.words["titulares"], ref.words["textos"]
    rows: list[tuple[Any, ...]] = []
    for index, owner in enumerate(campaign):
        brand = ref.brands[camps.brand[owner]]
        products, formats = ref.products[brand.sector], ref.channels[camps.ad_channel[index]].formats
        product = products[rng.integers(len(products))].name
        influencer = int(camps.ad_influencer[index])
        words = {"producto": product, "marca": brand.name}
        rows.append(
            (
                index + 1,
                owner + 1,
                camps.ad_channel[index] + 1,
                "NULL" if influencer < 0 else influencer + 1,
                literal(titles[rng.integers(len(titles))].format_map(words)),
                literal(bodies[rng.integers(len(bodies))].format_map(words)),
                formats[rng.integers(len(formats))],
                int(camps.schedule.status[owner] != FINISHED),
            )
        )
    return small_table(
        "anuncios",
        "id_anuncio, id_campana, id_canal, id_influencer, titulo, texto, formato, activo",
        "(%d, %d, %d, %s, N'%s', N'%s', N'%s', '%d')",
        rows,
    )


def _campanas_mercados(world: World) -> Table:
    camps = world.campaigns
    campaign = np.repeat(np.arange(world.plan.campaigns), camps.market_count)
    starts = offsets(camps.market_count)

    def chunk(start: int, stop: int, rng: np.random.Generator) -> Columns:
        return [
            (campaign[start:stop] + 1).tolist(),
            (camps.market[start:stop] + 1).tolist(),
            (camps.market_weight[start:stop] / 10_000).tolist(),
        ]

    def position(key: tuple[int, ...]) -> int:
        first, last = starts[key[0] - 1], starts[key[0]]
        return int(first + np.searchsorted(camps.market[first:last] + 1, key[1], side="right"))

    return Table(
        name="campanas_mercados",
        key=("id_campana", "id_mercado"),
        columns="id_campana, id_mercado, peso",
        template="(%d, %d, %.4f)",
        rows=len(camps.market),
        chunk=chunk,
        position=position,
        sequence=False,
    )


def _rendimiento_diario(world: World, texts: DateTexts) -> Table:
    daily = world.performance

    def chunk(start: int, stop: int, rng: np.random.Generator) -> Columns:
        return [
            range(start + 1, stop + 1),
            (daily.campaign[start:stop] + 1).tolist(),
            (daily.channel[start:stop] + 1).tolist(),
            texts.dates(daily.day[start:stop]),
            daily.impressions[start:stop].tolist(),
            daily.reach[start:stop].tolist(),
            daily.clicks[start:stop].tolist(),
            daily.reactions[start:stop].tolist(),
            daily.conversions[start:stop].tolist(),
            *whole_and_cents(daily.cost[start:stop]),
            *whole_and_cents(daily.revenue[start:stop]),
        ]

    return Table(
        name="rendimiento_diario",
        key=("id_rendimiento",),
        columns="id_rendimiento, id_campana, id_canal, fecha, impresiones, alcance, clics, reacciones, conversiones, "
        "costo, ingresos",
        template="(%d, %d, %d, '%s', %d, %d, %d, %d, %d, %d.%02d, %d.%02d)",
        rows=len(daily.day),
        chunk=chunk,
    )


def _sentimientos(world: World, texts: DateTexts) -> Table:
    heard = world.sentiment

    def chunk(start: int, stop: int, rng: np.random.Generator) -> Columns:
        positive, neutral = heard.positive[start:stop], heard.neutral[start:stop]
        negative = heard.negative[start:stop]
        score = (positive - negative) / np.maximum(positive + neutral + negative, 1)
        return [
            range(start + 1, stop + 1),
            (heard.ad[start:stop] + 1).tolist(),
            texts.dates(heard.day[start:stop]),
            positive.tolist(),
            neutral.tolist(),
            negative.tolist(),
            score.tolist(),
            heard.reactions[start:stop].tolist(),
        ]

    return Table(
        name="sentimientos",
        key=("id_sentimiento",),
        columns="id_sentimiento, id_anuncio, fecha, positivos, neutros, negativos, puntaje, reacciones",
        template="(%d, %d, '%s', %d, %d, %d, %.4f, %d)",
        rows=len(heard.day),
        chunk=chunk,
    )
