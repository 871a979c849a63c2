"""The vocabularies: complete, consistent, and true where the world can be asked."""

from __future__ import annotations

import pytest

from promptsales.seeding.reference import Market, reference

REF = reference()

BOXES = {
    "MX": (14.5, 32.8, -117.2, -86.7), "CO": (-4.3, 12.6, -79.1, -66.8), "AR": (-55.1, -21.7, -73.6, -53.6),
    "CL": (-55.9, -17.4, -75.7, -66.4), "PE": (-18.4, 0.0, -81.4, -68.6), "EC": (-5.1, 1.5, -81.1, -75.2),
    "BO": (-22.9, -9.6, -69.7, -57.4), "PY": (-27.7, -19.2, -62.7, -54.2), "UY": (-35.0, -30.0, -58.5, -53.0),
    "VE": (0.6, 12.3, -73.4, -59.7), "CR": (8.0, 11.3, -86.0, -82.5), "PA": (7.1, 9.7, -83.1, -77.1),
    "GT": (13.7, 17.9, -92.3, -88.2), "HN": (12.9, 16.6, -89.4, -83.1), "NI": (10.7, 15.1, -87.7, -82.6),
    "SV": (13.1, 14.5, -90.2, -87.6), "DO": (17.5, 20.0, -72.1, -68.3), "PR": (17.8, 18.6, -67.4, -65.2),
    "BR": (-33.8, 5.3, -74.1, -34.7), "ES": (27.6, 43.9, -18.2, 4.4), "US": (24.5, 49.4, -124.9, -66.9),
}  # fmt: skip
"""Southern, northern, western and eastern edge of each country, in degrees."""


@pytest.mark.parametrize("market", REF.markets, ids=lambda market: market.city)
def test_cities_lie_in_their_country(market: Market) -> None:
    south, north, west, east = BOXES[REF.countries[market.country].code]
    assert south <= market.latitude / 1e6 <= north
    assert west <= market.longitude / 1e6 <= east
    assert market.population > 40_000


def test_there_are_enough_of_everything() -> None:
    assert len(REF.markets) >= 135
    assert len({(market.country, market.region, market.city) for market in REF.markets}) == len(REF.markets)
    assert {market.country for market in REF.markets} == set(range(len(REF.countries)))
    assert len(REF.brands) == 40
    assert len({brand.name for brand in REF.brands}) == 40
    assert 6 <= len(REF.channels) <= 8
    assert set(REF.words["temas_por_mes"]) == set(range(1, 13))


def test_no_two_cities_are_in_the_same_place() -> None:
    assert len({(market.latitude // 20_000, market.longitude // 20_000) for market in REF.markets}) == len(REF.markets)


def test_names_follow_the_country() -> None:
    assert {country.names for country in REF.countries} <= set(REF.names)
    for names in REF.names.values():
        for vocabulary in (*names.given.values(), names.surnames):
            assert len(set(vocabulary)) == len(vocabulary)
