"""The tables of PromptCRM, written out of a world."""

from __future__ import annotations

from typing import Any

import numpy as np

from promptsales.seeding import identity
from promptsales.seeding.customers import SEGMENTS
from promptsales.seeding.leads import LEAD_STATES
from promptsales.seeding.reference import Floats, Ints, Reference, common_first
from promptsales.seeding.sales import DAY_SECONDS
from promptsales.seeding.table import (
    UUID,
    Columns,
    DateTexts,
    Table,
    literal,
    uuids,
    whole_and_cents,
    words,
)
from promptsales.seeding.world import World

GENDERS = ("F", "M", "X")
GENDER_SHARES = (0.51, 0.47, 0.02)
ADULT_DAYS = 6_575
"""18 years, leap days included."""

OLDEST_ABOVE_ADULT_DAYS = 64 * 365
COORDINATE_SPREAD_DEGREES = 0.025
"""Standard deviation around the centre of the city: about 2.8 km."""

MEDIA = ("correo", "telefono", "mensaje")
GRANTED_SHARE = 0.86
SALE_STATES = ("confirmada", "enviada", "entregada")
SHIPPED_AFTER_DAYS, DELIVERED_AFTER_DAYS = 2, 7

CUSTOMER_COLUMNS = (
    "id_cliente, nombre, apellidos, documento_hash, correo_hash, telefono_hash, fecha_nacimiento, "
    "genero, segmento, pais, codigo_pais, region, ciudad, latitud, longitud, id_campana_origen, "
    "fecha_registro, activo"
)
CUSTOMER_ROW = "(%d, N'%s', N'%s%s', 0x%s, 0x%s, 0x%s, '%s', '%s', N'%s', %s, %.6f, %.6f, %d, '%sT%s.%03d', '%d')"

SALE_COLUMNS = "id_venta, id_cliente, id_campana, id_canal, fecha, total, moneda, estado, referencia"
SALE_ROW = f"(%d, %d, %d, %d, '%sT%s', %d.%02d, '%s', N'%s', '{UUID}')"

LINE_COLUMNS = "id_venta, numero_linea, producto, cantidad, precio_unitario, importe"
LINE_ROW = "(%d, %d, N'%s', %d, %d.%02d, %d.%02d)"

LEAD_COLUMNS = "id_lead, id_campana, id_canal, id_cliente, estado, puntaje, creado_en, convertido_en"
LEAD_ROW = "(%d, %d, %d, %s, N'%s', %d.%02d, '%sT%s.%03d', %s)"

CONSENT_COLUMNS = "id_consentimiento, id_cliente, medio, otorgado, fecha, fuente"
CONSENT_ROW = "(%d, %d, N'%s', '%d', '%sT%s', N'%s')"


def crm_tables(world: World) -> list[Table]:
    """Every table of PromptCRM, in the order that foreign keys need."""
    first_birth = int(world.campaigns.schedule.start[0]) - ADULT_DAYS - OLDEST_ABOVE_ADULT_DAYS
    texts = DateTexts(first_birth, world.plan.as_of_day)
    return [
        _clientes(world, texts),
        _ventas(world, texts),
        _lineas_venta(world),
        _leads(world, texts),
        _consentimientos(world, texts),
    ]


def _clientes(world: World, texts: DateTexts) -> Table:
    people, ref = world.customers, world.reference
    key = world.plan.hash_key()
    names = NameMaker(ref)
    country_of_market = np.array([market.country for market in ref.markets])
    latitude = np.array([market.latitude for market in ref.markets]) / 1e6
    longitude = np.array([market.longitude for market in ref.markets]) / 1e6
    place = words(
        [
            f"N'{literal(ref.countries[market.country].name)}', '{ref.countries[market.country].code}', "
            f"N'{literal(market.region)}', N'{literal(market.city)}'"
            for market in ref.markets
        ]
    )
    domains = ref.words["dominios_correo"]
    genders, segments = words(GENDERS), words(SEGMENTS)

    def chunk(start: int, stop: int, rng: np.random.Generator) -> Columns:
        count = stop - start
        market = people.market[start:stop]
        country = country_of_market[market]
        gender = rng.choice(len(GENDERS), count, p=GENDER_SHARES)
        given, surname, second_surname, mailbox = names.draw(rng, country, gender)
        keys = range(start + 1, stop + 1)
        nation = [ref.countries[index] for index in country.tolist()]
        domain = rng.integers(0, len(domains), count).tolist()
        registered = world.sales.registered[start:stop]
        age_days = ADULT_DAYS + (rng.beta(1.5, 2.6, count) * OLDEST_ABOVE_ADULT_DAYS).astype(np.int64)
        segment = people.segment[start:stop]
        is_active = (segment != SEGMENTS.index("inactivo")) | (rng.random(count) < 0.3)
        date, time = texts.moments(registered // 1_000)
        return [
            keys,
            given,
            surname,
            second_surname,
            identity.keyed_hashes(key, map(identity.document, nation, keys)),
            identity.keyed_hashes(
                key,
                [
                    identity.email(first, last, domains[which], who)
                    for (first, last), which, who in zip(mailbox, domain, keys, strict=True)
                ],
            ),
            identity.keyed_hashes(key, map(identity.telephone, nation, keys)),
            texts.dates(registered // (DAY_SECONDS * 1_000) - age_days),
            list(genders[gender]),
            list(segments[segment]),
            list(place[market]),
            (latitude[market] + rng.normal(0.0, COORDINATE_SPREAD_DEGREES, count)).tolist(),
            (longitude[market] + rng.normal(0.0, COORDINATE_SPREAD_DEGREES, count)).tolist(),
            (people.campaign[start:stop] + 1).tolist(),
            date,
            time,
            (registered % 1_000).tolist(),
            is_active.astype(np.int64).tolist(),
        ]

    return Table(
        name="clientes",
        key=("id_cliente",),
        columns=CUSTOMER_COLUMNS,
        template=CUSTOMER_ROW,
        rows=len(people.campaign),
        chunk=chunk,
    )


class NameMaker:
    """Draws names by the country's naming custom: Spanish, Portuguese or English."""

    def __init__(self, ref: Reference) -> None:
        self._groups = list(ref.names)
        self._group_of_country = np.array([self._groups.index(country.names) for country in ref.countries])
        self._hispanic_share = np.array([country.hispanic_share for country in ref.countries])
        self._hispanic = self._groups.index("hispano")
        self._one_surname = self._groups.index("ingles")
        self._given: dict[tuple[int, str], tuple[Any, Any, Floats]] = {}
        self._surnames: dict[int, tuple[Any, Any, Floats]] = {}
        for index, group in enumerate(self._groups):
            for gender, names in ref.names[group].given.items():
                self._given[index, gender] = _vocabulary(names)
            self._surnames[index] = _vocabulary(ref.names[group].surnames)

    def draw(
        self, rng: np.random.Generator, country: Ints, gender: Ints
    ) -> tuple[list[str], list[str], list[str], list[tuple[str, str]]]:
        """Given name, surname, second surname with a space before it or nothing, and both names for an address."""
        count = len(country)
        hispanic = rng.random(count) < self._hispanic_share[country]
        group = np.where(hispanic, self._hispanic, self._group_of_country[country])
        feminine = np.where(gender == GENDERS.index("X"), rng.random(count) < 0.5, gender == GENDERS.index("F"))
        columns = [np.empty(count, dtype=object) for _ in range(5)]
        given, surname, second, given_plain, surname_plain = columns
        for index in range(len(self._groups)):
            for letter in ("F", "M"):
                rows = np.flatnonzero((group == index) & (feminine == (letter == "F")))
                shown, address, weights = self._given[index, letter]
                pick = rng.choice(len(shown), len(rows), p=weights)
                given[rows], given_plain[rows] = shown[pick], address[pick]
            rows = np.flatnonzero(group == index)
            shown, address, weights = self._surnames[index]
            pick = rng.choice(len(shown), len(rows), p=weights)
            surname[rows], surname_plain[rows] = shown[pick], address[pick]
            other = rng.choice(len(shown), len(rows), p=weights)
            second[rows] = "" if index == self._one_surname else words([" " + name for name in shown])[other]
        return list(given), list(surname), list(second), list(zip(given_plain, surname_plain, strict=True))


def _vocabulary(names: tuple[str, ...]) -> tuple[Any, Any, Floats]:
    return (
        words([literal(name) for name in names]),
        words([identity.plain(name) for name in names]),
        common_first(len(names)),
    )


def _ventas(world: World, texts: DateTexts) -> Table:
    sold, camps = world.sales, world.campaigns
    currency = words([country.currency for country in world.reference.countries])[camps.country]
    states = words(SALE_STATES)
    end_of_data = (world.plan.as_of_day + 1) * DAY_SECONDS

    def chunk(start: int, stop: int, rng: np.random.Generator) -> Columns:
        campaign, second = sold.campaign[start:stop], sold.second[start:stop]
        age_days = (end_of_data - second) / DAY_SECONDS * rng.uniform(0.6, 1.6, stop - start)
        date, time = texts.moments(second)
        return [
            range(start + 1, stop + 1),
            (sold.customer[start:stop] + 1).tolist(),
            (campaign + 1).tolist(),
            (sold.channel[start:stop] + 1).tolist(),
            date,
            time,
            *whole_and_cents(sold.total[start:stop]),
            list(currency[campaign]),
            list(states[np.digitize(age_days, (SHIPPED_AFTER_DAYS, DELIVERED_AFTER_DAYS))]),
            *uuids(rng, stop - start),
        ]

    return Table(
        name="ventas",
        key=("id_venta",),
        columns=SALE_COLUMNS,
        template=SALE_ROW,
        rows=len(sold.second),
        chunk=chunk,
    )


def _lineas_venta(world: World) -> Table:
    sold, ref = world.sales, world.reference
    lines = sold.lines
    sector_of_campaign = np.array([brand.sector for brand in ref.brands])[world.campaigns.brand]
    product_start = np.cumsum([0, *(len(group) for group in ref.products)])
    product_names = words([literal(product.name) for group in ref.products for product in group])

    def chunk(start: int, stop: int, rng: np.random.Generator) -> Columns:
        sale = np.searchsorted(lines.start, np.arange(start, stop), side="right") - 1
        quantity, price = lines.quantity[start:stop], lines.price[start:stop]
        sector = sector_of_campaign[sold.campaign[sale]]
        return [
            (sale + 1).tolist(),
            (np.arange(start, stop) - lines.start[sale] + 1).tolist(),
            list(product_names[product_start[sector] + lines.product[start:stop]]),
            quantity.tolist(),
            *whole_and_cents(price),
            *whole_and_cents(quantity * price),
        ]

    return Table(
        name="lineas_venta",
        key=("id_venta", "numero_linea"),
        columns=LINE_COLUMNS,
        template=LINE_ROW,
        rows=len(lines.product),
        chunk=chunk,
        position=lambda key: int(lines.start[key[0] - 1]) + key[1],
        sequence=False,
    )


def _leads(world: World, texts: DateTexts) -> Table:
    leads = world.leads
    states = words(LEAD_STATES)

    def chunk(start: int, stop: int, rng: np.random.Generator) -> Columns:
        created, converted = leads.created[start:stop], leads.converted[start:stop]
        date, time = texts.moments(created // 1_000)
        return [
            range(start + 1, stop + 1),
            (leads.campaign[start:stop] + 1).tolist(),
            (leads.channel[start:stop] + 1).tolist(),
            ["NULL" if customer < 0 else customer + 1 for customer in leads.customer[start:stop].tolist()],
            list(states[leads.state[start:stop]]),
            *whole_and_cents(leads.score[start:stop]),
            date,
            time,
            (created % 1_000).tolist(),
            _moments_or_null(texts, converted, created),
        ]

    return Table(
        name="leads",
        key=("id_lead",),
        columns=LEAD_COLUMNS,
        template=LEAD_ROW,
        rows=len(leads.state),
        chunk=chunk,
    )


def _moments_or_null(texts: DateTexts, milliseconds: Ints, stead: Ints) -> list[str]:
    """`datetime2(3)` literals; NULL for negative ones, which `stead` takes the place of in the look-up."""
    date, time = texts.moments(np.where(milliseconds < 0, stead, milliseconds) // 1_000)
    return [
        "NULL" if moment < 0 else f"'{day}T{clock}.{moment % 1_000:03d}'"
        for day, clock, moment in zip(date, time, milliseconds.tolist(), strict=True)
    ]


def _consentimientos(world: World, texts: DateTexts) -> Table:
    plan = world.plan
    rng = plan.generator("consentimientos")
    pairs = np.sort(rng.choice(plan.customers * len(MEDIA), plan.consents, replace=False))
    media, sources = words(MEDIA), words(world.reference.words["fuentes_consentimiento"])

    def chunk(start: int, stop: int, rng: np.random.Generator) -> Columns:
        customer, medium = np.divmod(pairs[start:stop], len(MEDIA))
        date, time = texts.moments(world.sales.registered[customer] // 1_000)
        return [
            range(start + 1, stop + 1),
            (customer + 1).tolist(),
            list(media[medium]),
            (rng.random(stop - start) < GRANTED_SHARE).astype(np.int64).tolist(),
            date,
            time,
            list(sources[rng.integers(0, len(sources), stop - start)]),
        ]

    return Table(
        name="consentimientos",
        key=("id_consentimiento",),
        columns=CONSENT_COLUMNS,
        template=CONSENT_ROW,
        rows=plan.consents,
        chunk=chunk,
    )
