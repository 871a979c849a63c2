"""A day's activity in PromptAds: campaigns launched and paid more, ads made and dropped, the day's performance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta

import numpy as np

from promptsales.seeding.changes import Session, numbers
from promptsales.seeding.performance import SENTIMENT_EVERY_DAYS
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.reference import Reference
from promptsales.seeding.simulate_crm import RunningCampaign
from promptsales.seeding.table import literal

# Which campaigns can sell today?
RUNNING = """
    SELECT c.id_campana, c.id_marca
    FROM dbo.campanas AS c
    WHERE c.estado = N'activa' AND %s BETWEEN c.fecha_inicio AND c.fecha_fin
    ORDER BY c.id_campana
"""

CHANNELS_OF_RUNNING = """
    SELECT DISTINCT c.id_campana, a.id_canal
    FROM dbo.campanas AS c
    JOIN dbo.anuncios AS a ON a.id_campana = c.id_campana
    WHERE c.estado = N'activa' AND %s BETWEEN c.fecha_inicio AND c.fecha_fin
    ORDER BY c.id_campana, a.id_canal
"""

MARKETS_OF_RUNNING = """
    SELECT c.id_campana, m.id_mercado
    FROM dbo.campanas AS c
    JOIN dbo.campanas_mercados AS m ON m.id_campana = c.id_campana
    WHERE c.estado = N'activa' AND %s BETWEEN c.fecha_inicio AND c.fecha_fin
    ORDER BY c.id_campana, m.id_mercado
"""

# Which ads can go? Nothing depends on them, and their campaign keeps two ads and one on the same channel.
DROPPABLE = """
    SELECT a.id_campana, a.id_anuncio
    FROM dbo.anuncios AS a
    WHERE NOT EXISTS (SELECT 1 FROM dbo.sentimientos AS s WHERE s.id_anuncio = a.id_anuncio)
      AND (SELECT COUNT(*) FROM dbo.anuncios AS o WHERE o.id_campana = a.id_campana) > 2
      AND (SELECT COUNT(*) FROM dbo.anuncios AS o
           WHERE o.id_campana = a.id_campana AND o.id_canal = a.id_canal) > 1
    ORDER BY a.id_anuncio
"""

# Which ads of running campaigns has nobody listened to for a week?
UNHEARD = """
    SELECT a.id_anuncio
    FROM dbo.anuncios AS a
    JOIN dbo.campanas AS c ON c.id_campana = a.id_campana
    WHERE c.estado = N'activa' AND %s BETWEEN c.fecha_inicio AND c.fecha_fin
      AND NOT EXISTS (SELECT 1 FROM dbo.sentimientos AS s WHERE s.id_anuncio = a.id_anuncio AND s.fecha >= %s)
    ORDER BY a.id_anuncio
"""


def running_campaigns(ads: Session, plan: SeedPlan, ref: Reference) -> list[RunningCampaign]:
    """The campaigns whose window holds the plan's last day, with the channels of their ads and their markets."""
    channels: dict[int, list[int]] = defaultdict(list)
    for key, channel in ads.rows(CHANNELS_OF_RUNNING, plan.as_of):
        channels[key].append(channel - 1)
    markets: dict[int, list[int]] = defaultdict(list)
    for key, market in ads.rows(MARKETS_OF_RUNNING, plan.as_of):
        markets[key].append(market - 1)
    return [
        RunningCampaign(
            key=key,
            sector=ref.brands[brand - 1].sector,
            country=ref.markets[markets[key][0]].country,
            channels=tuple(channels[key]),
            markets=tuple(markets[key]),
        )
        for key, brand in ads.rows(RUNNING, plan.as_of)
        if key in channels and key in markets
    ]


def launch(ads: Session, plan: SeedPlan, count: int) -> None:
    """Start planned campaigns today."""
    planned = ads.rows("SELECT id_campana FROM dbo.campanas WHERE estado = N'planificada' ORDER BY id_campana")
    chosen = ads.choose([key for (key,) in planned], count)
    ads.update(
        "campanas",
        f"estado = N'activa', fecha_inicio = '{plan.as_of}', actualizado_en = '{plan.as_of}T08:00:00'",
        f"id_campana IN ({numbers(chosen)})",
        len(chosen),
    )


def raise_budgets(ads: Session, plan: SeedPlan, rng: np.random.Generator, count: int) -> None:
    """More money for campaigns that ran before today; today's launches are left alone."""
    running = ads.rows(
        "SELECT id_campana FROM dbo.campanas WHERE estado = N'activa' AND fecha_inicio < %s ORDER BY id_campana",
        plan.as_of,
    )
    for (key,) in ads.choose(running, count):
        percent = 5 * int(rng.integers(1, 7))
        assignments = (
            f"presupuesto = presupuesto + presupuesto * {percent} / 100, actualizado_en = '{plan.as_of}T09:00:00'"
        )
        ads.update("campanas", assignments, f"id_campana = {key}", 1)


def earn(ads: Session, plan: SeedPlan, rng: np.random.Generator, earned: Mapping[tuple[int, int], list[int]]) -> None:
    """Add the day's sales to the day's performance, so that both databases agree to the cent.

    `earned` holds the totals of the sales, in cents, by campaign key and channel index.
    """
    today = {
        (campaign, channel): key
        for key, campaign, channel in ads.rows(
            "SELECT id_rendimiento, id_campana, id_canal FROM dbo.rendimiento_diario WHERE fecha = %s", plan.as_of
        )
    }
    first_of_day: list[str] = []
    for (campaign, channel), totals in sorted(earned.items()):
        count, clicks = len(totals), int(rng.integers(8, 30)) * len(totals)
        revenue = "{}.{:02d}".format(*divmod(sum(totals), 100))
        if key := today.get((campaign, channel + 1)):
            ads.update(
                "rendimiento_diario",
                f"ingresos = ingresos + {revenue}, conversiones = conversiones + {count}, clics = clics + {clicks}, "
                f"impresiones = impresiones + {clicks * 40}, alcance = alcance + {clicks * 25}",
                f"id_rendimiento = {key}",
                1,
            )
        else:
            first_of_day.append(
                f"{campaign}, {channel + 1}, '{plan.as_of}', {clicks * 40}, {clicks * 25}, {clicks}, {clicks}, "
                f"{count}, {clicks // 4}.00, {revenue}"
            )
    keys = ads.keys("rendimiento_diario", len(first_of_day))
    ads.insert(
        "rendimiento_diario",
        "id_rendimiento, id_campana, id_canal, fecha, impresiones, alcance, clics, reacciones, conversiones, costo, "
        "ingresos",
        [f"({key}, {row})" for key, row in zip(keys, first_of_day, strict=True)],
    )


def work_ads(ads: Session, ref: Reference, rng: np.random.Generator, made: int, changed: int, dropped: int) -> None:
    """Drop ads that nothing depends on, rewrite some, and add some on channels their campaigns already use."""
    one_a_campaign = dict(ads.rows(DROPPABLE))
    gone = ads.choose(sorted(one_a_campaign.values()), dropped)
    ads.delete("anuncios", f"id_anuncio IN ({numbers(gone)})", len(gone))
    found = ads.sample("anuncios", "id_anuncio", "id_campana, id_canal, texto", "1 = 1", made + changed)
    for key, _, _, text in found[:changed]:
        season = ref.words["promesas"][rng.integers(len(ref.words["promesas"]))]
        rewritten = literal(f"{str(text).split(' · ')[0]} · {season} {rng.integers(1_000)}")
        ads.update("anuncios", f"texto = N'{rewritten}'", f"id_anuncio = {key}", 1)
    models = found[changed:]
    rows: list[str] = []
    for key, (_, campaign, channel, text) in zip(ads.keys("anuncios", len(models)), models, strict=True):
        formats = ref.channels[channel - 1].formats
        title = literal(ref.words["promesas"][rng.integers(len(ref.words["promesas"]))])
        form = formats[rng.integers(len(formats))]
        rows.append(f"({key}, {campaign}, {channel}, NULL, N'{title}', N'{literal(str(text))}', N'{form}', 1)")
    ads.insert("anuncios", "id_anuncio, id_campana, id_canal, id_influencer, titulo, texto, formato, activo", rows)


def move_markets(ads: Session, ref: Reference, rng: np.random.Generator, count: int) -> None:
    """Aim campaigns at another city of the same country instead of one they have: the row's key changes."""
    taken: dict[int, set[int]] = defaultdict(set)
    for campaign, market in ads.rows("SELECT id_campana, id_mercado FROM dbo.campanas_mercados"):
        taken[campaign].add(market)
    for campaign in ads.choose(sorted(taken), count):
        mine = sorted(taken[campaign])
        country = ref.markets[mine[0] - 1].country
        free = [
            key
            for key, market in enumerate(ref.markets, start=1)
            if market.country == country and key not in taken[campaign]
        ]
        if free:
            old, new = mine[rng.integers(len(mine))], free[rng.integers(len(free))]
            ads.move("campanas_mercados", f"id_mercado = {new}", f"id_campana = {campaign} AND id_mercado = {old}")


def hear(ads: Session, plan: SeedPlan, rng: np.random.Generator, made: int, changed: int) -> None:
    """Correct counts of sentiment, and record today's for ads that have none of this week."""
    for key, positive, neutral, negative in ads.sample(
        "sentimientos", "id_sentimiento", "positivos, neutros, negativos", "1 = 1", changed
    ):
        more = positive + 1 + int(rng.integers(9))
        score = (more - negative) / (more + neutral + negative)
        ads.update("sentimientos", f"positivos = {more}, puntaje = {score:.4f}", f"id_sentimiento = {key}", 1)
    week_ago = plan.as_of - timedelta(days=SENTIMENT_EVERY_DAYS)
    quiet = ads.rows(UNHEARD, plan.as_of, week_ago)
    chosen = ads.choose(quiet, made)
    rows: list[str] = []
    for key, (ad,) in zip(ads.keys("sentimientos", len(chosen)), chosen, strict=True):
        positive, neutral, negative = (int(rng.integers(5, high)) for high in (90, 60, 40))
        score = (positive - negative) / (positive + neutral + negative)
        rows.append(f"({key}, {ad}, '{plan.as_of}', {positive}, {neutral}, {negative}, {score:.4f}, {positive * 4})")
    ads.insert(
        "sentimientos", "id_sentimiento, id_anuncio, fecha, positivos, neutros, negativos, puntaje, reacciones", rows
    )


def follow_influencers(ads: Session, rng: np.random.Generator, count: int) -> None:
    """Influencers gain followers."""
    for key, _ in ads.sample("influencers", "id_influencer", "seguidores", "1 = 1", count):
        ads.update("influencers", f"seguidores = seguidores + {rng.integers(10, 5_000)}", f"id_influencer = {key}", 1)
