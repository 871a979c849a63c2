"""What is to be seeded: scale, seed, as-of date and season, and every random stream that follows from them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from promptsales.errors import PromptSalesError
from promptsales.seeding.parameters import DEFAULT_PEAK_MONTH, DEFAULT_SEED, MAX_SCALE, MIN_SCALE

EPOCH = date(1970, 1, 1)

MIN_CAMPAIGNS = 10
MIN_REQUESTS = 200


class PlanError(PromptSalesError):
    """The parameters of a seeding make no sense, or differ from those of the data already there."""


@dataclass(frozen=True)
class SeedPlan:
    """The parameters of one seeding: equal plans give equal rows, byte for byte.

    Attributes:
        as_of: the day the data ends on (UTC); statuses, sales and performance are as of its end.
        scale: 1.0 is 1,000 campaigns and 500,000 customers.
        seed: root of every random stream.
        peak_month: the third month (2 to 11) in which campaigns start more often, beside December and January.

    Raises:
        PlanError: a parameter is out of range.
    """

    as_of: date
    scale: float = 1.0
    seed: int = DEFAULT_SEED
    peak_month: int = DEFAULT_PEAK_MONTH

    def __post_init__(self) -> None:
        if not MIN_SCALE <= self.scale <= MAX_SCALE:
            raise PlanError(f"--scale must be between {MIN_SCALE} and {MAX_SCALE}, got {self.scale}")
        if not 2 <= self.peak_month <= 11:
            raise PlanError(f"--peak-month must be 2 to 11 (December and January peak anyway), got {self.peak_month}")
        if not 2000 <= self.as_of.year <= 2100:
            raise PlanError(f"--as-of must be between 2000 and 2100, got {self.as_of}")

    @property
    def campaigns(self) -> int:
        """How many campaigns there are."""
        return max(MIN_CAMPAIGNS, round(1_000 * self.scale))

    @property
    def customers(self) -> int:
        """How many customers there are."""
        return round(500_000 * self.scale)

    @property
    def leads(self) -> int:
        """How many leads there are."""
        return round(250_000 * self.scale)

    @property
    def consents(self) -> int:
        """How many consents there are."""
        return round(200_000 * self.scale)

    @property
    def requests(self) -> int:
        """How many requests to outside services were logged."""
        return max(MIN_REQUESTS, round(2_000 * self.scale))

    @property
    def as_of_day(self) -> int:
        """The as-of date in days since 1970-01-01."""
        return (self.as_of - EPOCH).days

    def generator(self, *stream: str | int) -> np.random.Generator:
        """The random stream of that name: its own, so that no table's rows depend on another's draws."""
        return np.random.Generator(np.random.PCG64DXSM(int.from_bytes(self._digest("/".join(map(str, stream))))))

    def hash_key(self) -> bytes:
        """The key (32 bytes) of the HMAC-SHA256 hashes of personal data."""
        return self._digest("clave-hmac")

    def _digest(self, name: str) -> bytes:
        return hashlib.sha256(f"{self.seed}/{name}".encode()).digest()


def today() -> date:
    """Today's date in UTC, the default as-of date."""
    return datetime.now(UTC).date()
