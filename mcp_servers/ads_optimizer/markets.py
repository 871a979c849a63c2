"""Shares of a campaign's markets: decimals of four places that add up to exactly 1, as `tipo_mercados` takes them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

PARTS = 10_000
"""Of the whole: what four places can tell apart."""


def shares(weights: Sequence[float]) -> list[Decimal]:
    """Each market's share, by largest remainders: as near to its weight as four places allow, and never 0.

    Args:
        weights: above 0, fewer than 10,000 of them.
    """
    # One part is everyone's, so that a small weight is not nothing; the others go by weight.
    left = PARTS - len(weights)
    exact = [weight / sum(weights) * left for weight in weights]
    parts = [int(part) for part in exact]
    largest = sorted(range(len(weights)), key=lambda place: parts[place] - exact[place])
    for place in largest[: left - sum(parts)]:
        parts[place] += 1
    return [Decimal(part + 1) / PARTS for part in parts]
