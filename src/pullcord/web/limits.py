"""How often somebody may ask: a token bucket for each, in memory."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

KNOWN_MAX = 100_000  # buckets in memory; beyond, the full ones are forgotten, for they say nothing


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: so many requests a second on average, so many at once."""

    per_s: float
    burst: float


class Limiter:
    """One bucket for each key, filled evenly."""

    def __init__(self, rate: Rate, monotonic: Callable[[], float]) -> None:
        self._rate = rate
        self._monotonic = monotonic
        self._buckets: dict[Hashable, tuple[float, float]] = {}  # what is left, and when that was true

    def take(self, key: Hashable) -> float:
        """0 where the key may go on; else the seconds until it may."""
        now = self._monotonic()
        per_s, burst = self._rate.per_s, self._rate.burst
        left, at = self._buckets.get(key, (burst, now))
        left = min(burst, left + (now - at) * per_s)
        if left < 1:
            self._buckets[key] = (left, now)
            return (1 - left) / per_s
        if len(self._buckets) >= KNOWN_MAX and key not in self._buckets:
            self._forget(now)
        self._buckets[key] = (left - 1, now)
        return 0.0

    def _forget(self, now: float) -> None:
        per_s, burst = self._rate.per_s, self._rate.burst
        spent = {key: kept for key, kept in self._buckets.items() if kept[0] + (now - kept[1]) * per_s < burst}
        if len(spent) >= KNOWN_MAX:  # all are in use: the oldest half goes
            spent = dict(sorted(spent.items(), key=lambda item: item[1][1])[KNOWN_MAX // 2 :])
        self._buckets = spent
