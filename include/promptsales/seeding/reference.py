"""The vocabularies that rows are made of, read once from `data/`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

DATA_DIR = Path(__file__).resolve().parent / "data"

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Country:
    """A country: its currency, what a US dollar is worth in it, and how its prices are rounded.

    Attributes:
        price_step: cents of its currency that prices are multiples of.
        hispanic_share: share of people with Spanish names; the others take theirs from `names`.
    """

    code: str
    name: str
    currency: str
    per_dollar: float
    price_step: int
    dialling_prefix: str
    names: str
    hispanic_share: float


@dataclass(frozen=True)
class Market:
    """A city. `latitude` and `longitude` are millionths of a degree."""

    city: str
    region: str
    country: int
    latitude: int
    longitude: int
    population: int


@dataclass(frozen=True)
class Channel:
    """Where ads run. `cost_per_mille` is in US dollars, `click_rate` in clicks an impression."""

    name: str
    kind: str
    cost_per_mille: float
    click_rate: float
    weight: float
    formats: tuple[str, ...]


@dataclass(frozen=True)
class Brand:
    """An advertiser; `sector` and `country` index the reference's lists."""

    name: str
    sector: int
    country: int


@dataclass(frozen=True)
class Product:
    """Something a sector sells, with its price in US dollars."""

    name: str
    price: float


@dataclass(frozen=True)
class Names:
    """Given names by gender, and surnames; the first ones are the most common."""

    given: dict[str, tuple[str, ...]]
    surnames: tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """Every vocabulary, in the order of its file."""

    countries: tuple[Country, ...]
    markets: tuple[Market, ...]
    channels: tuple[Channel, ...]
    sectors: tuple[str, ...]
    products: tuple[tuple[Product, ...], ...]
    brands: tuple[Brand, ...]
    names: dict[str, Names]
    words: dict[str, Any]


@cache
def reference() -> Reference:
    """The vocabularies in `data/`."""
    countries = tuple(
        Country(
            row["codigo_pais"],
            row["pais"],
            row["moneda"],
            float(row["unidades_por_dolar"]),
            int(row["paso_centavos"]),
            row["prefijo"],
            row["nombres"],
            float(row["parte_hispana"]),
        )
        for row in _rows("paises.csv")
    )
    country_of = {country.code: index for index, country in enumerate(countries)}
    sectors: dict[str, Any] = read_yaml("sectores.yaml")
    return Reference(
        countries=countries,
        markets=tuple(
            Market(
                row["ciudad"],
                row["region"],
                country_of[row["codigo_pais"]],
                round(float(row["latitud"]) * 1_000_000),
                round(float(row["longitud"]) * 1_000_000),
                int(row["poblacion"]),
            )
            for row in _rows("mercados.csv")
        ),
        channels=tuple(
            Channel(
                row["nombre"],
                row["tipo"],
                float(row["costo_por_mil"]),
                float(row["tasa_clics"]),
                float(row["peso"]),
                tuple(row["formatos"].split()),
            )
            for row in _rows("canales.csv")
        ),
        sectors=tuple(sectors),
        products=tuple(
            tuple(Product(name, float(price)) for name, price in sector["productos"].items())
            for sector in sectors.values()
        ),
        brands=tuple(
            Brand(name, index, country_of[code])
            for index, sector in enumerate(sectors.values())
            for name, code in sector["marcas"]
        ),
        names={
            group: Names({"F": tuple(names["F"]), "M": tuple(names["M"])}, tuple(names["apellidos"]))
            for group, names in read_yaml("nombres.yaml").items()
        },
        words=read_yaml("campanas.yaml"),
    )


@cache
def read_yaml(name: str) -> Any:
    """The content of one file of `data/`."""
    return yaml.safe_load((DATA_DIR / name).read_text(encoding="utf-8"))


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA_DIR / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shares(weights: Any) -> Floats:
    """`weights` as probabilities that add up to 1."""
    array: Floats = np.asarray(weights, dtype=np.float64)
    normalised: Floats = array / array.sum()
    return normalised


def common_first(count: int) -> Floats:
    """Probabilities of `count` names listed from the most to the least common."""
    return shares(1.0 / (np.arange(count) + 6.0))


def offsets(counts: Ints) -> Ints:
    """Where each group starts when groups of `counts` rows follow one another; the last entry is the total."""
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)))


def position_in_group(counts: Ints) -> Ints:
    """0, 1, 2, ... within each group of `counts` rows, all groups after one another."""
    starts = offsets(counts)
    return np.arange(starts[-1], dtype=np.int64) - np.repeat(starts[:-1], counts)
