"""A service's limits a minute and a day, counted in Redis for all processes together."""

from __future__ import annotations

from redis import Redis

from promptsales.cache.keys import RATE_LIMIT
from promptsales.content.third_party.errors import RateLimitError
from promptsales.content.third_party.services import Service

MINUTE, DAY = 60, 86_400

# Both windows or neither: a call that one of them refuses must not use up the other.
_TAKE = """
for i = 1, #KEYS do
  local used = tonumber(redis.call('GET', KEYS[i]) or '0')
  if used >= tonumber(ARGV[2 * i - 1]) then
    return math.max(redis.call('TTL', KEYS[i]), 1)
  end
end
for i = 1, #KEYS do
  if redis.call('INCR', KEYS[i]) == 1 then
    redis.call('EXPIRE', KEYS[i], ARGV[2 * i])
  end
end
return 0
"""


def take(redis: Redis, service: Service, user: str) -> None:
    """Count one call of a user against the service's windows, which begin at its first call.

    Raises:
        RateLimitError: a window is full; the text says when it ends. Nothing is counted then.
    """
    keys = [RATE_LIMIT.key(service=service.slug, user=f"{user}:{window}") for window in ("minuto", "dia")]
    seconds = int(redis.eval(_TAKE, len(keys), *keys, service.per_minute, MINUTE, service.per_day, DAY))
    if seconds:
        raise RateLimitError(
            f"{service.name}: {user} has used up its {service.per_minute} calls a minute or {service.per_day} a day. "
            f"Try again in {seconds} s."
        )
