"""Tokens that each user may spend on copy in a month, reserved before a model is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from redis import Redis

from promptsales.cache.keys import AI_TOKENS
from promptsales.content.copy_brief import CopyError

# Spent, reserved by others, and this: together within the limit, or nothing changes. Two at once cannot both pass.
_RESERVE = """
local spent = tonumber(redis.call('HGET', KEYS[1], 'tokens') or '0')
local reserved = tonumber(redis.call('HGET', KEYS[1], 'reservados') or '0')
if spent + reserved + tonumber(ARGV[1]) > tonumber(ARGV[2]) then
  return {0, spent, reserved}
end
redis.call('HINCRBY', KEYS[1], 'reservados', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return {1, spent, reserved}
"""


class BudgetError(CopyError):
    """A user's tokens of the month do not suffice; no model was asked."""


@dataclass(frozen=True)
class Spending:
    """A user's tokens of a month.

    Attributes:
        spent: on copy that was written.
        reserved: for copy that is being written.
        limit: of both together.
    """

    spent: int
    reserved: int
    limit: int

    @property
    def left(self) -> int:
        """What may still be reserved."""
        return max(self.limit - self.spent - self.reserved, 0)


@dataclass(frozen=True)
class Reservation:
    """Tokens set aside for one piece of copy; in the month in which it was asked for."""

    key: str
    tokens: int


class TokenBudget:
    """The tokens of a user and month, `ai:tokens:{user}:{YYYY-MM}`: `tokens`, `reservados`, `generaciones`.

    A process that dies keeps its reservation, so the budget errs towards spending less.
    """

    def __init__(self, redis: Redis, limit: int) -> None:
        self._redis = redis
        self._limit = limit

    def reserve(self, user: str, tokens: int, now: datetime) -> Reservation:
        """Set tokens aside before they are spent.

        Raises:
            BudgetError: the month's budget does not hold them; the text says how much is left.
        """
        key = AI_TOKENS.key(user=user, month=f"{now:%Y-%m}")
        answer: list[int] = self._redis.eval(_RESERVE, 1, key, tokens, self._limit, _seconds())
        granted, spent, reserved = answer
        if not granted:
            left = max(self._limit - spent - reserved, 0)
            raise BudgetError(
                f"{user} has {left:,} of {self._limit:,} tokens left for {now:%Y-%m}; "
                f"this copy may need {tokens:,}. Raise PROMPTSALES_TOKEN_BUDGET, or wait for the next month."
            )
        return Reservation(key, tokens)

    def spending(self, user: str, now: datetime) -> Spending:
        """What a user has spent in the month.

        Raises:
            RedisError: it does not answer.
        """
        key = AI_TOKENS.key(user=user, month=f"{now:%Y-%m}")
        spent, reserved = cast("list[str | None]", self._redis.hmget(key, ["tokens", "reservados"]))
        return Spending(int(spent or 0), int(reserved or 0), self._limit)

    def settle(self, reservation: Reservation, spent: int) -> None:
        """Give the reservation back and count what was really spent."""
        with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hincrby(reservation.key, "reservados", -reservation.tokens)
            pipeline.hincrby(reservation.key, "tokens", spent)
            pipeline.hincrby(reservation.key, "generaciones", 1)
            pipeline.expire(reservation.key, _seconds())
            pipeline.execute()


def _seconds() -> int:
    return int(AI_TOKENS.ttl.total_seconds()) if AI_TOKENS.ttl else 0
