"""Time comes in by the front door: a system clock in production, a simulated one in the twin, a fixed one in tests."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from .errors import InvalidInput


class Clock(Protocol):
    """Anything that can say what time it is, in UTC."""

    def now(self) -> datetime:
        """The present instant, timezone-aware, in UTC."""
        ...


def require_utc(at: datetime) -> datetime:
    """The same instant in UTC; a naive time is refused, for nobody knows what it means."""
    if at.tzinfo is None:
        raise InvalidInput(f"the time {at.isoformat()} names no time zone", "append Z or an offset such as +08:00")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise InvalidInput(f"the time {at.isoformat()} has no date in UTC", "give a year from 2 to 9998") from None


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that has stopped."""

    def __init__(self, at: datetime) -> None:
        self._at = require_utc(at)

    def now(self) -> datetime:
        return self._at


class SimulatedClock:
    """A clock that moves only when it is told to, and never backwards."""

    def __init__(self, start: datetime) -> None:
        self._at = require_utc(start)

    def now(self) -> datetime:
        return self._at

    def advance_to(self, at: datetime) -> None:
        at = require_utc(at)
        if at < self._at:
            raise InvalidInput(f"a clock at {self._at.isoformat()} cannot go back to {at.isoformat()}")
        self._at = at

    def advance(self, by: timedelta) -> None:
        self.advance_to(self._at + by)


class RunningClock:
    """A clock that was set to some moment and runs on from there, perhaps faster than others. Never backwards."""

    def __init__(self, start: datetime, speed: float = 1.0) -> None:
        if not speed > 0:
            raise InvalidInput(f"a clock cannot run at {speed:g} times real time", "give a speed above 0")
        self._start = require_utc(start)
        self._speed = speed
        self._began_s = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.monotonic() - self._began_s) * self._speed)


def monday_of(day: date) -> date:
    """The Monday that begins the ISO week of `day`: planning weeks are named by it."""
    return day - timedelta(days=day.weekday())
