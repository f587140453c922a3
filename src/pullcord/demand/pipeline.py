"""From a stream of signals to units by variant, city and week: those who stand on a rung, and those still to come.

Expected registrations of a week are, first, the persons who stand on some rung now, each with the chance to register
in that week, in the cell where they are known to stand; second, the persons who will yet arrive, times what their rung
is worth, spread over cells by the mix. Both beliefs, that about hazards and that about arrivals, go into intervals.

Source: Smith and Miller (1986), Journal of the Royal Statistical Society B 48(1), sec. 2 (how a gamma rate that forgets
moves on: the beta innovation that leaves its mean and widens it).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput, monday_of, stream

from .forecast import Forecast, Level, draw_share, scattered
from .listening import Listening
from .rungs import RUNGS, Hazards, Rung, registered_within
from .streaming import SignalStream

Floats = NDArray[np.float64]
BELIEF_DRAWS = 250
"""Hazards and arrival rates are drawn so often; of each such world many outcomes are drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class _Reach:
    """Chance to register in each week, by where a person stands.

    old : float64[..., rung, age, week], who stood there when the open tick began, for `age` whole ticks before it.
    new : float64[..., rung, week], who reached the rung in the open tick. come : float64[..., rung, week], what is
    expected of one arrival a tick at exposure 1, from the next tick on. walk_in : float64[week], exposure.
    """

    old: Floats
    new: Floats
    come: Floats
    walk_in: Floats


class StreamForecaster:
    """Forecasts from a stream, as often as one likes; what only a new tick can change is worked out once a tick."""

    def __init__(self, signals: SignalStream) -> None:
        self.signals = signals
        self._reach: tuple[tuple[int, int], _Reach] | None = None
        listening = signals.listening
        cities, variants = len(listening.cities), len(listening.variants)
        member = np.zeros((len(listening.parts), variants), dtype=bool)
        for i, (_, names) in enumerate(listening.parts):
            member[i] = [v in names for v in listening.variants]
        self._member = member
        self._shape = (variants + len(listening.parts), cities)
        self._prior_mix = np.array(listening.mix, dtype=np.float64) * listening.mix_worth

    def forecast(self, now: datetime, weeks: int) -> Forecast:
        """Registrations to come from `now` on, in the rest of its week and the `weeks` - 1 weeks after it.

        Every signal heard so far is in it. Variants and cities stand in the listening's order.
        """
        signals, listening = self.signals, self.signals.listening
        tick = (now - listening.begins_at).total_seconds() / listening.tick_seconds
        if tick < signals.tick:
            raise InvalidInput(f"{now} lies before the last signal's tick", "ask for a time after it")
        if weeks < 1:
            raise InvalidInput(f"a forecast over {weeks} weeks", "ask for at least one")
        signals.advance_to(int(tick))
        passed = tick - signals.tick
        first = monday_of(listening.day_of(signals.tick))
        reach = self._reached(first, weeks)
        waiting = signals.waiting()
        standing = signals.standing().astype(np.float64).reshape(RUNGS, *self._shape)
        mix, by_cell = self._placed(standing, signals.registered().reshape(self._shape))
        pipeline = np.einsum("ra,raw->rw", waiting[:, 1:], reach.old) + waiting[:, 0, None] * reach.new
        arrivals = tuple(signals.arrivals(Rung(r), passed) for r in (*range(RUNGS), Rung.REGISTRATION))
        rest = listening.exposure(signals.tick) * (1 - passed)
        come, walk_in = reach.come + rest * reach.new, reach.walk_in.copy()
        walk_in[0] += rest
        future = np.array([level.mean for level in arrivals]) @ np.vstack([come, walk_in])
        persons = waiting.sum(axis=1)
        a_week = np.divide(pipeline, persons[:, None], out=np.zeros_like(pipeline), where=persons[:, None] > 0)
        # One product for all cells: the mix times what is to come, and the persons of each rung times their chances.
        sources = np.concatenate([(mix / mix.sum())[None], by_cell]).reshape(1 + RUNGS, -1)
        # Not `@`: so small a product is not worth waking the threads of BLAS; on a busy machine they wait for 20 ms.
        units = np.einsum("kw,kc->cw", np.vstack([future, a_week]), sources).reshape(*mix.shape, weeks)
        belief = StreamBelief(
            listening,
            signals.hazards,
            signals.tick,
            first,
            weeks,
            waiting,
            by_cell,
            mix,
            arrivals,
            rest,
            signals.dispersion,
        )
        return Forecast(
            variants=listening.variants,
            cities=listening.cities,
            weeks=tuple(first + timedelta(weeks=w) for w in range(weeks)),
            units=units,
            total=float(units.sum()),
            belief=belief,
        )

    def _reached(self, first: date, weeks: int) -> _Reach:
        key = (self.signals.tick, weeks)
        if self._reach is None or self._reach[0] != key:
            mean = self.signals.hazards.mean()
            self._reach = (key, _reach(self.signals.listening, mean, self.signals.tick, first, weeks))
        return self._reach[1]

    def _placed(self, standing: Floats, registered: Floats) -> tuple[Floats, Floats]:
        """(float64[variant, city]: weights of the mix; float64[rung, variant, city]: persons, those on a part of a
        variant shared out over the variants that have it)."""
        variants = self._prior_mix.shape[0]
        worth = (self.signals.worth[:RUNGS] @ standing.reshape(RUNGS, -1)).reshape(self._shape) + registered
        mix = self._prior_mix + worth[:variants]
        by_cell = standing[:, :variants]
        if self._member.size:
            open_mix = np.where(self._member[:, :, None], mix, 0.0)  # [part, variant, city]
            split = open_mix / open_mix.sum(axis=1, keepdims=True)
            by_cell = by_cell + np.einsum("rpc,pvc->rvc", standing[:, variants:], split)
            mix = mix + np.einsum("pc,pvc->vc", worth[variants:], split)
        return mix, by_cell


@dataclass(frozen=True, slots=True, eq=False)
class StreamBelief:
    """All that is uncertain about a forecast from a stream; see `demand.forecast.Predictive`.

    waiting : int64[rung, age]; by_cell : float64[rung, variant, city], persons; mix : float64[variant, city], weights
    of a Dirichlet; arrivals : a tick's new persons by rung, and walk-in registrations last; rest : what is left of the
    open tick, in ticks. What one seed draws of the hazards is kept for the next question.
    """

    listening: Listening
    hazards: Hazards
    tick: int
    first: date
    weeks: int
    waiting: NDArray[np.int64]
    by_cell: Floats
    mix: Floats
    arrivals: tuple[Level, ...]
    rest: float
    dispersion: float
    _drawn: dict[tuple[int, int], _Reach] = field(default_factory=dict, repr=False)

    def draw(self, cells: Floats, weeks: Floats, draws: int, seed: int) -> Floats:
        """float64[draw]: registrations that may come in these cells and weeks."""
        worlds = min(draws, BELIEF_DRAWS)
        reach = self._worlds(worlds, seed)
        rng = stream(seed, "demand.stream_belief")
        each = np.arange(draws) % worlds
        # Those who stand on a rung: each registers in these weeks or not.
        persons = self.waiting.sum(axis=1)
        chance = np.einsum("ra,kraw->krw", self.waiting[:, 1:], reach.old) + self.waiting[:, 0, None] * reach.new
        chance = np.divide(chance, persons[:, None], out=np.zeros_like(chance), where=persons[:, None] > 0)
        within = np.clip(chance @ weeks, 0.0, 1.0)  # [world, rung]
        here = (self.by_cell * cells).sum(axis=(1, 2))
        drawn = rng.binomial(np.round(here).astype(np.int64), within[each]).sum(axis=1).astype(np.float64)
        # Those who have yet to arrive.
        come = reach.come + self.rest * reach.new
        walk_in = np.tile(reach.walk_in, (worlds, 1))
        walk_in[:, 0] += self.rest
        keep = 0.5 ** (7 * self.listening.ticks_per_day / self.listening.half_life_arrivals)
        rate = np.zeros((draws, self.weeks))
        for r, level in enumerate(self.arrivals):
            path = _paths(level, self.weeks, keep, draws, rng)
            rate += path * (come[each, r] if r < RUNGS else walk_in[each])
        rate = scattered(np.maximum(rate, 1e-12), self.dispersion, rng)
        share = draw_share(self.mix, cells, draws, rng)
        return np.asarray(drawn + rng.poisson((rate @ weeks) * share), dtype=np.float64)

    def _worlds(self, count: int, seed: int) -> _Reach:
        if (count, seed) not in self._drawn:
            hazards = self.hazards.draw(count, stream(seed, "demand.stream_belief.hazards"))
            self._drawn[count, seed] = _reach(self.listening, hazards, self.tick, self.first, self.weeks)
        return self._drawn[count, seed]


def _paths(level: Level, weeks: int, keep: float, draws: int, rng: np.random.Generator) -> Floats:
    """float64[draw, week]: rates that wander as a belief says which keeps a share `keep` of itself each week."""
    rate = rng.gamma(level.shape, 1 / level.rate, draws)
    shape = level.shape
    path = np.empty((draws, weeks))
    for week in range(weeks):
        path[:, week] = rate
        if keep < 1:
            rate = rate * rng.beta(shape * keep, shape * (1 - keep), draws) / keep
            shape *= keep
    return path


def _reach(listening: Listening, hazards: Floats, tick: int, first: date, weeks: int) -> _Reach:
    ends = [
        (first + timedelta(weeks=w + 1) - listening.begins_on).days * listening.ticks_per_day - tick
        for w in range(weeks)
    ]  # how many ticks from the open one on lie before the end of each week
    ticks = ends[-1]
    within = registered_within(hazards, listening.ages, ticks)  # [..., rung, age, ticks]
    old = np.diff(within[..., :-1, [0, *ends]], axis=-1)
    # Who reaches a rung in a tick can move on in the next: one tick fewer to go.
    fresh = within[..., 0, :]
    new = np.diff(fresh[..., [0, *(max(0, end - 1) for end in ends)]], axis=-1)
    exposure = np.array([listening.exposure(tick + u) for u in range(1, ticks)])
    steps = np.diff(fresh, axis=-1)  # [..., rung, tick]: registers so many ticks after arriving
    come = np.zeros((*fresh.shape[:-1], weeks))
    for w, end in enumerate(ends):
        begin = ends[w - 1] if w else 0
        # An arrival in tick u (from the open one) registers in ticks u + 1, u + 2, …: those within this week count.
        for u in range(1, end):
            reached = steps[..., max(0, begin - u - 1) : end - u - 1].sum(axis=-1)
            come[..., w] += exposure[u - 1] * reached
    bounds = [0, *ends]
    walk_in = np.array([exposure[max(0, a - 1) : b - 1].sum() for a, b in pairwise(bounds)])
    return _Reach(old, new, come, walk_in)
