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
    whole = sum(weights)
    exact = [weight / whole * PARTS for weight in weights]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(weights)), key=lambda place: parts[place] - exact[place])
    for place in by_remainder[: PARTS - sum(parts)]:
        parts[place] += 1
    # A market that is named gets something, of those that can spare it most easily.
    while 0 in parts:
        parts[parts.index(0)] = 1
        parts[parts.index(max(parts))] -= 1
    return [Decimal(part) / PARTS for part in parts]
