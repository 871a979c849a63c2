"""A day's activity in PromptCRM: new customers, sales, leads on their way, consents given and taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from promptsales.seeding import identity
from promptsales.seeding.changes import Session, numbers
from promptsales.seeding.crm_tables import (
    ADULT_DAYS,
    CONSENT_COLUMNS,
    CONSENT_ROW,
    COORDINATE_SPREAD_DEGREES,
    CUSTOMER_COLUMNS,
    CUSTOMER_ROW,
    GENDER_SHARES,
    GENDERS,
    GRANTED_SHARE,
    LEAD_COLUMNS,
    LEAD_ROW,
    LINE_COLUMNS,
    LINE_ROW,
    MEDIA,
    OLDEST_ABOVE_ADULT_DAYS,
    SALE_COLUMNS,
    SALE_ROW,
    NameMaker,
)
from promptsales.seeding.customers import SEGMENTS
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.reference import Reference
from promptsales.seeding.sales import LINES_SHARES, QUANTITY_SHARES
from promptsales.seeding.table import literal, uuids

NEW_CUSTOMERS_SHARE = 0.35
"""Of the sales of the day; the others are to customers who come back."""

NEXT_LEAD_STATE = {"nuevo": "contactado", "contactado": "calificado", "calificado": "perdido"}
NEXT_SALE_STATE = {"confirmada": "enviada", "enviada": "entregada"}

# Which leads are still on their way?
OPEN_LEADS = """
    SELECT id_lead, estado FROM dbo.leads WHERE estado IN (N'nuevo', N'contactado', N'calificado') ORDER BY id_lead
"""

# Which sales of the days before are not delivered yet?
OPEN_SALES = """
    SELECT id_venta, estado FROM dbo.ventas
    WHERE estado IN (N'confirmada', N'enviada') AND fecha < %s
    ORDER BY id_venta
"""


@dataclass(frozen=True)
class RunningCampaign:
    """A campaign that can sell today. Indices into the reference."""

    key: int
    sector: int
    country: int
    channels: tuple[int, ...]
    markets: tuple[int, ...]


@dataclass
class Sale:
    """A sale to be made. `customer` is the key of an existing customer, None for a new one."""

    campaign: RunningCampaign
    channel: int
    customer: int | None
    lines: list[tuple[str, int, int]]
    """Product, quantity, unit price in cents."""

    @property
    def total(self) -> int:
        """In cents."""
        return sum(quantity * price for _, quantity, price in self.lines)


@dataclass
class DaySales:
    """The sales of the day and what they earn, in cents, by (campaign key, channel index)."""

    sales: list[Sale] = field(default_factory=list)
    earned: dict[tuple[int, int], list[int]] = field(default_factory=lambda: defaultdict(list))


def plan_sales(
    crm: Session, ref: Reference, rng: np.random.Generator, campaigns: list[RunningCampaign], changes: int
) -> DaySales:
    """Sales that change no more than `changes` rows: theirs, their lines', new customers' and daily performance."""
    day = DaySales()
    by_country: dict[str, list[RunningCampaign]] = defaultdict(list)
    for campaign in campaigns:
        by_country[ref.countries[campaign.country].code].append(campaign)
    returning = [
        (int(key), str(country))
        for key, country in crm.sample("clientes", "id_cliente", "codigo_pais", "activo = 1", changes // 2)
        if country in by_country
    ]
    while changes > 0 and campaigns:
        customer: int | None = None
        if returning and rng.random() >= NEW_CUSTOMERS_SHARE:
            customer, country = returning.pop()
            campaign = by_country[country][rng.integers(len(by_country[country]))]
        else:
            campaign = campaigns[rng.integers(len(campaigns))]
        sale = Sale(
            campaign, campaign.channels[rng.integers(len(campaign.channels))], customer, _lines(ref, rng, campaign)
        )
        day_row = (campaign.key, sale.channel)
        changes -= 1 + len(sale.lines) + (customer is None) + (day_row not in day.earned)
        if changes < 0:
            break
        day.sales.append(sale)
        day.earned[day_row].append(sale.total)
    return day


def _lines(ref: Reference, rng: np.random.Generator, campaign: RunningCampaign) -> list[tuple[str, int, int]]:
    country, products = ref.countries[campaign.country], ref.products[campaign.sector]
    lines: list[tuple[str, int, int]] = []
    for _ in range(1 + int(rng.choice(len(LINES_SHARES), p=LINES_SHARES))):
        product = products[rng.integers(len(products))]
        steps = round(product.price * country.per_dollar * 100 * rng.uniform(0.85, 1.20) / country.price_step)
        quantity = 1 + int(rng.choice(len(QUANTITY_SHARES), p=QUANTITY_SHARES))
        lines.append((product.name, quantity, max(steps, 1) * country.price_step))
    return lines


def make_sales(crm: Session, plan: SeedPlan, ref: Reference, rng: np.random.Generator, sales: Sequence[Sale]) -> None:
    """Insert the sales, their lines and the new customers."""
    ((newest,),) = crm.rows("SELECT MAX(fecha) FROM dbo.ventas")
    end_of_day = datetime(plan.as_of.year, plan.as_of.month, plan.as_of.day, 23, 59, 59)
    midnight = end_of_day.replace(hour=0, minute=0, second=0)
    # Later than every sale before it, so that a customer's first sale stays the first.
    moment = min(max(newest or midnight, midnight) + timedelta(seconds=1), end_of_day)

    newcomers = [sale for sale in sales if sale.customer is None]
    new_keys = crm.keys("clientes", len(newcomers))
    crm.insert(
        "clientes",
        CUSTOMER_COLUMNS,
        [_customer(plan, ref, rng, key, sale.campaign, moment) for key, sale in zip(new_keys, newcomers, strict=True)],
    )
    for key, sale in zip(new_keys, newcomers, strict=True):
        sale.customer = key

    sale_keys = crm.keys("ventas", len(sales))
    references = list(zip(*uuids(rng, len(sales)), strict=True))
    sale_rows: list[str] = []
    line_rows: list[str] = []
    for key, sale, reference in zip(sale_keys, sales, references, strict=True):
        currency = ref.countries[sale.campaign.country].currency
        sale_rows.append(
            SALE_ROW
            % (
                *(key, sale.customer, sale.campaign.key, sale.channel + 1, moment.date(), moment.time()),
                *(*divmod(sale.total, 100), currency, "confirmada", *reference),
            )
        )
        for number, (product, quantity, price) in enumerate(sale.lines, start=1):
            amounts = (*divmod(price, 100), *divmod(quantity * price, 100))
            line_rows.append(LINE_ROW % (key, number, literal(product), quantity, *amounts))
    crm.insert("ventas", SALE_COLUMNS, sale_rows)
    crm.insert("lineas_venta", LINE_COLUMNS, line_rows)


def _customer(
    plan: SeedPlan, ref: Reference, rng: np.random.Generator, key: int, campaign: RunningCampaign, moment: datetime
) -> str:
    market = ref.markets[campaign.markets[rng.integers(len(campaign.markets))]]
    country = ref.countries[market.country]
    gender = rng.choice(len(GENDERS), 1, p=GENDER_SHARES)
    given, surname, second_surname, mailbox = NameMaker(ref).draw(rng, np.array([market.country]), gender)
    domains = ref.words["dominios_correo"]
    personal = (
        identity.document(country, key),
        identity.email(*mailbox[0], domains[rng.integers(len(domains))], key),
        identity.telephone(country, key),
    )
    age_days = ADULT_DAYS + int(rng.beta(1.5, 2.6) * OLDEST_ABOVE_ADULT_DAYS)
    place = f"N'{literal(country.name)}', '{country.code}', N'{literal(market.region)}', N'{literal(market.city)}'"
    return CUSTOMER_ROW % (
        *(key, given[0], surname[0], second_surname[0]),
        *identity.keyed_hashes(plan.hash_key(), personal),
        *(plan.as_of - timedelta(days=age_days), GENDERS[gender[0]], "nuevo", place),
        market.latitude / 1e6 + rng.normal(0.0, COORDINATE_SPREAD_DEGREES),
        market.longitude / 1e6 + rng.normal(0.0, COORDINATE_SPREAD_DEGREES),
        *(campaign.key, moment.date(), moment.time(), 0, 1),
    )


def deliver(crm: Session, plan: SeedPlan, count: int) -> None:
    """Move sales of the days before on: confirmed ones are sent, sent ones delivered."""
    open_sales = crm.rows(OPEN_SALES, plan.as_of)
    _advance(crm, "ventas", "id_venta", "estado", NEXT_SALE_STATE, crm.choose(open_sales, count))


def work_leads(
    crm: Session,
    plan: SeedPlan,
    rng: np.random.Generator,
    campaigns: list[RunningCampaign],
    made: int,
    moved: int,
    lost: int,
) -> None:
    """Bring new leads, move open ones on, and delete lost ones."""
    open_leads = crm.rows(OPEN_LEADS)
    _advance(crm, "leads", "id_lead", "estado", NEXT_LEAD_STATE, crm.choose(open_leads, moved))
    gone = [
        key
        for key, _ in crm.sample("leads", "id_lead", "estado", "estado = N'perdido'", lost)
        if key not in dict(open_leads)
    ]
    crm.delete("leads", f"id_lead IN ({numbers(gone)})", len(gone))
    rows: list[str] = []
    for key in crm.keys("leads", made if campaigns else 0):
        campaign = campaigns[rng.integers(len(campaigns))]
        channel = campaign.channels[rng.integers(len(campaign.channels))]
        score = min(max(round(float(rng.normal(3_500, 1_100))), 0), 10_000)
        rows.append(
            LEAD_ROW
            % (key, campaign.key, channel + 1, "NULL", "nuevo", *divmod(score, 100), plan.as_of, "12:00:00", 0, "NULL")
        )
    crm.insert("leads", LEAD_COLUMNS, rows)


def work_consents(
    crm: Session, plan: SeedPlan, ref: Reference, rng: np.random.Generator, made: int, turned: int, gone: int
) -> None:
    """Delete some consents, turn some around, and record some anew."""
    found = crm.sample(
        "consentimientos", "id_consentimiento", "id_cliente, medio, otorgado", "1 = 1", made + turned + gone
    )
    deleted, changed, again = found[:gone], found[gone : gone + turned], found[gone + turned :]
    crm.delete("consentimientos", f"id_consentimiento IN ({numbers(row[0] for row in deleted)})", len(deleted))
    for granted in (True, False):
        keys = [row[0] for row in changed if bool(row[3]) is not granted]
        assignments = f"otorgado = {int(granted)}, fecha = '{plan.as_of}T12:00:00'"
        crm.update("consentimientos", assignments, f"id_consentimiento IN ({numbers(keys)})", len(keys))
    sources = ref.words["fuentes_consentimiento"]
    crm.insert(
        "consentimientos",
        CONSENT_COLUMNS,
        [
            CONSENT_ROW
            % (
                *(key, row[1], MEDIA[rng.integers(len(MEDIA))], rng.random() < GRANTED_SHARE, plan.as_of, "12:00:00"),
                sources[rng.integers(len(sources))],
            )
            for key, row in zip(crm.keys("consentimientos", len(again)), again, strict=True)
        ],
    )


def change_segments(crm: Session, rng: np.random.Generator, newest: int, count: int) -> None:
    """Give customers another segment; none of those whose key is above `newest`, who only came today."""
    moved: dict[str, list[int]] = defaultdict(list)
    for key, segment in crm.sample("clientes", "id_cliente", "segmento", f"id_cliente <= {newest}", count):
        others = [name for name in SEGMENTS if name != segment]
        moved[others[rng.integers(len(others))]].append(key)
    for segment, keys in moved.items():
        crm.update("clientes", f"segmento = N'{segment}'", f"id_cliente IN ({numbers(keys)})", len(keys))


def _advance(
    crm: Session, table: str, key: str, column: str, following: dict[str, str], rows: Sequence[tuple[int, str]]
) -> None:
    """Each row to the state that follows its own."""
    # From the last state to the first, or a row just moved would be moved again.
    for state, then in reversed(following.items()):
        keys = [row[0] for row in rows if row[1] == state]
        crm.update(table, f"{column} = N'{then}'", f"{key} IN ({numbers(keys)}) AND {column} = N'{state}'", len(keys))
