"""What is listened for: who may signal what, and everything that is believed before the first signal."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import msgspec
import numpy as np

from pullcord.base import InvalidInput

from .drift import ChangePolicy
from .forecast import Level
from .rungs import Ages, Passage, Rung


@dataclass(frozen=True, slots=True)
class CustomerSignal:
    """One thing that one person did. `about` is a variant, or a part of one that the model names, such as a colour.

    `person_id` is a pseudonym; nothing else about the person is kept.
    """

    at: datetime
    person_id: str
    rung: Rung
    about: str
    city_id: str


@dataclass(frozen=True, slots=True)
class Listening:
    """What the model is told before the first signal. Frozen: the same listening and signals, the same state.

    variants, cities : ids. parts : names for sets of variants ("colour=blue"), for signals that say no more than that.
    arrivals : the belief about new persons a tick by the rung on which they first show themselves; a rung that is
        not named is expected to bring hardly anybody. A registration may come without any signal before it.
    passages, worth_persons : what is believed of moves, and how many persons that belief is worth.
    mix, mix_worth : the prior mix, [variant][city], adding up to 1, and how many registrations it is worth.
    profile : exposure of each tick from the first on, 1 in the long run; the last value holds for all later ticks.
    weekday : factors of the seven days, Monday first.
    half_life_* : after so many ticks evidence counts for half; infinity forgets nothing.
    """

    begins_on: date  # local; the first tick begins at its midnight
    variants: tuple[str, ...]
    cities: tuple[str, ...]
    arrivals: tuple[tuple[Rung, Level], ...]
    passages: tuple[Passage, ...]
    mix: tuple[tuple[float, ...], ...]
    parts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ticks_per_day: int = 1
    utc_offset_hours: float = 0.0
    worth_persons: float = 20.0
    mix_worth: float = 100.0
    profile: tuple[float, ...] = (1.0,)
    weekday: tuple[float, ...] = (1.0,) * 7
    ages: Ages = field(default_factory=lambda: Ages.doubling(90))
    half_life_arrivals: float = 60.0
    half_life_moves: float = 180.0
    half_life_mix: float = 60.0
    changes: ChangePolicy = field(default_factory=ChangePolicy)

    def __post_init__(self) -> None:
        problems = []
        if not self.variants or not self.cities or len(set(self.variants)) != len(self.variants):
            problems.append("name at least one variant and one city, each once")
        if len(set(self.cities)) != len(self.cities):
            problems.append("name each city once")
        mix = np.array(self.mix, dtype=np.float64)
        if mix.shape != (len(self.variants), len(self.cities)) or np.any(mix < 0) or abs(mix.sum() - 1) > 1e-9:
            problems.append(f"give a mix of {len(self.variants)} variants and {len(self.cities)} cities adding up to 1")
        for name, members in self.parts:
            if not members or not set(members) <= set(self.variants) or name in self.variants:
                problems.append(f"`{name}` must name some of the variants, and be none of them")
        if self.ticks_per_day < 1 or not self.profile or min(self.profile) < 0 or len(self.weekday) != 7:
            problems.append("give at least one tick a day, a profile >= 0 and seven factors for the days")
        if min(self.weekday) < 0 or min(self.half_life_arrivals, self.half_life_moves, self.half_life_mix) <= 0:
            problems.append("give factors >= 0 and half-lives above zero")
        if any(rung == Rung.CANCEL for rung, _ in self.arrivals):
            problems.append("nobody arrives with a cancellation")
        if problems:
            raise InvalidInput(f"this cannot be listened to: {'; '.join(problems)}", "see demand.Listening")

    @property
    def begins_at(self) -> datetime:
        """When the first tick begins."""
        midnight = datetime(self.begins_on.year, self.begins_on.month, self.begins_on.day, tzinfo=UTC)
        return midnight - timedelta(hours=self.utc_offset_hours)

    @property
    def tick_seconds(self) -> float:
        """How long a tick lasts."""
        return 86_400 / self.ticks_per_day

    def day_of(self, tick: int) -> date:
        """The local day of a tick."""
        return self.begins_on + timedelta(days=tick // self.ticks_per_day)

    def exposure(self, tick: int) -> float:
        """How many of the long run's ticks this one is worth."""
        return self.profile[min(tick, len(self.profile) - 1)] * self.weekday[self.day_of(tick).weekday()]

    def arrival_prior(self, rung: int) -> Level:
        """The belief about new persons a tick on a rung before any came."""
        return dict(self.arrivals).get(Rung(rung), Level(0.01, 1.0))

    def digest(self) -> str:
        """SHA-256 over everything said here, in hexadecimal: states of equal digests can be resumed and merged."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()
