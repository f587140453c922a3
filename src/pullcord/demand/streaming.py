"""The model that learns with every signal: who stands on which rung, how they move on, how many come.

Whatever a signal says is counted at once, in whole numbers: order within a tick does not matter, the same signals give
the same state to the last bit, and shards that share out the persons add up to the whole. At the end of a tick the
counts become evidence, and what is older counts for less. What happened in one tick never hides in a float that depends
on the order of its signals.

Source: West and Harrison (1997), Bayesian Forecasting and Dynamic Models, 2nd ed., sec. 6.3 (discounting); Smith and
Miller (1986), Journal of the Royal Statistical Society B 48(1) (the gamma-Poisson that forgets).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from pullcord.base import Conflict, InvalidInput, NotFound

from .drift import Change, ChangeDetector
from .forecast import Level
from .listening import CustomerSignal, Listening
from .rungs import OUTCOMES, RUNGS, Hazards, Rung, conversion

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

_CANCEL, _REGISTRATION = int(Rung.CANCEL), int(Rung.REGISTRATION)
_NOT_BEFORE = -1  # the rung of a person who did not stand anywhere when the tick began


@dataclass(frozen=True, slots=True)
class PersonAt:
    """Where a person stands: the rung, the tick in which it was reached, the latest signal on it, and its cell.

    `was`, `was_since`: where the person stood when the tick `heard_tick` began; -1 for nowhere.
    """

    rung: int
    since: int
    at_seconds: float
    cell: int
    was: int
    was_since: int
    heard_tick: int


@dataclass(frozen=True, slots=True)
class StreamState:
    """Everything a stream has learned, to be kept as JSON, compared, resumed and merged.

    tick : the one that is open. persons : sorted by their pseudonym. arrivals : [tick][rung], whole, of all ticks so
    far. trials, moves : evidence of closed ticks, discounted to `tick`. registered : by cell, likewise.
    """

    listening_digest: str
    tick: int
    persons: tuple[tuple[str, PersonAt], ...]
    arrivals: tuple[tuple[int, ...], ...]
    trials: tuple[float, ...]  # rung by rung, span by span
    moves: tuple[float, ...]  # rung by rung, outcome by outcome, span by span
    registered: tuple[float, ...]  # [cell]
    signals: int
    late: int  # came in after their own tick was closed, and were counted in the open one
    ignored: int  # from persons who had registered before

    def to_json(self) -> bytes:
        """The state as JSON: the same state, the same bytes."""
        return msgspec.json.encode(self, order="deterministic")

    @classmethod
    def from_json(cls, kept: bytes) -> StreamState:
        """The state that was kept."""
        try:
            return msgspec.json.decode(kept, type=cls)
        except msgspec.MsgspecError as failure:
            raise InvalidInput(f"this is no state of a stream: {failure}", "give what `to_json` wrote") from failure


@dataclass(frozen=True, slots=True)
class Noticed:
    """A change in one rung's arrivals."""

    rung: Rung
    change: Change

    def __str__(self) -> str:
        change = self.change
        return (
            f"{self.rung.name.lower()}: {change.rate_before:.4g} new persons a tick became {change.rate_after:.4g}"
            f" in tick {change.began_tick}, noticed in tick {change.noticed_tick} ({change.probability:.0%} sure)"
        )


# A person in memory: rung, since, at, cell, was, was_since, heard_tick, as in PersonAt. A plain tuple, for speed.
_Person = tuple[int, int, float, int, int, int, int]


class SignalStream:
    """Hears signals one by one; what it says is up to date after each."""

    def __init__(self, listening: Listening) -> None:
        self.listening = listening
        self.digest = listening.digest()
        self._about = {name: i for i, name in enumerate(listening.variants)}
        self._about |= {name: len(listening.variants) + i for i, (name, _) in enumerate(listening.parts)}
        self._city = {name: i for i, name in enumerate(listening.cities)}
        self.cells = len(self._about) * len(self._city)
        self._begins_s = listening.begins_at.timestamp()
        self._ring = listening.ages.last + 1
        self._prior = Hazards.prior(listening.passages, listening.worth_persons, listening.ages)
        self._span_of = listening.ages.span_of()
        self.tick = 0
        self.signals = self.late = self.ignored = 0
        self._persons: dict[str, _Person] = {}
        self._cohorts: dict[int, list[str]] = {}  # who reached a rung in a tick, to be let go when the tick is too old
        self._standing = [array("q", bytes(8 * self.cells)) for _ in range(RUNGS)]  # [rung][cell]
        self._alive = [array("q", bytes(8 * self._ring)) for _ in range(RUNGS)]  # [rung][tick reached, modulo ring]
        self._opened = [array("q", ring) for ring in self._alive]  # the same when the tick began
        self._arrived = array("q", bytes(8 * OUTCOMES))  # in the open tick
        self._moved: dict[tuple[int, int, int], int] = {}  # (rung, tick reached, outcome) in the open tick
        self._registered_now = array("q", bytes(8 * self.cells))
        self._arrivals: list[tuple[int, ...]] = []  # of closed ticks
        self._evidence = Hazards.nothing(listening.ages)
        self._registered = np.zeros(self.cells)
        self._follow_anew()
        self._learn()

    # Hearing

    def cell(self, about: str, city_id: str) -> int:
        """The number of a variant (or part) and city; raises NotFound."""
        try:
            return self._about[about] * len(self._city) + self._city[city_id]
        except KeyError:
            what = f"variant or part `{about}`" if about not in self._about else f"city `{city_id}`"
            raise NotFound(f"there is no {what} to listen for", "name it in the listening") from None

    def hear(self, signal: CustomerSignal) -> None:
        """Count one signal. Its tick is closed first if its time says that a new one has begun."""
        self.hear_at(signal.at.timestamp(), signal.person_id, int(signal.rung), self.cell(signal.about, signal.city_id))

    def hear_all(self, signals: Iterable[CustomerSignal]) -> None:
        """Count signals in the order given; order within a tick makes no difference."""
        for signal in signals:
            self.hear(signal)

    def hear_at(self, at_seconds: float, person: str, rung: int, cell: int) -> None:
        """Count one signal that is already in numbers: seconds since 1970 in UTC, `Rung`, and `cell`'s answer.

        This is the fast way in: a few dictionary and array accesses, whatever the number of cells.
        """
        tick = int((at_seconds - self._begins_s) // self.listening.tick_seconds)
        now = self.tick
        if tick != now:
            if tick > now:
                self.advance_to(tick)
                now = tick
            else:
                self.late += 1
        self.signals += 1
        persons = self._persons
        known = persons.get(person)
        if known is None:
            was = was_since = _NOT_BEFORE
            here = False
        else:
            old_rung, old_since, old_at, old_cell, was, was_since, heard = known
            here = heard == now
            if not here:
                if old_rung == _REGISTRATION:
                    self.ignored += 1
                    return
                if old_rung == _CANCEL:
                    was = was_since = _NOT_BEFORE  # the wish is over: this is a new one
                else:
                    was, was_since = old_rung, old_since
                    here = True
            # Of what is known of a person the dearest holds, then the latest: no order of hearing can change that.
            if here and (old_rung, old_at, old_cell) >= (rung, at_seconds, cell):
                if heard != now:
                    persons[person] = (old_rung, old_since, old_at, old_cell, was, was_since, now)
                return
            if here:
                self._count(old_rung, old_since, old_cell, was, was_since, -1)
        since = was_since if rung == was else now
        persons[person] = (rung, since, at_seconds, cell, was, was_since, now)
        self._count(rung, since, cell, was, was_since, 1)
        if since == now and rung != _REGISTRATION:
            cohort = self._cohorts.get(now)
            if cohort is None:
                cohort = self._cohorts[now] = []
            cohort.append(person)

    def _count(self, rung: int, since: int, cell: int, was: int, was_since: int, by: int) -> None:
        """Put a person into the counts of the open tick, or take them out."""
        if rung < RUNGS:
            self._standing[rung][cell] += by
            self._alive[rung][since % self._ring] += by
        elif rung == _REGISTRATION:
            self._registered_now[cell] += by
        if was == _NOT_BEFORE:
            self._arrived[rung] += by
        elif rung != was:
            key = (was, was_since, rung)
            self._moved[key] = self._moved.get(key, 0) + by

    # The passing of time

    def advance_to(self, tick: int) -> None:
        """Close every tick before this one."""
        while self.tick < tick:
            self._close()
        self._learn()

    def _close(self) -> None:
        listening, tick = self.listening, self.tick
        arrived = tuple(self._arrived)
        self._arrivals.append(arrived)
        trials = np.zeros_like(self._evidence.trials)
        moves = np.zeros_like(self._evidence.moves)
        ages = (tick - np.arange(self._ring)) % self._ring  # of each place in the ring
        spans = self._span_of[ages - 1]
        seen = ages > 0
        for rung in range(RUNGS):
            stood = np.frombuffer(self._opened[rung], dtype=np.int64)
            trials[rung] = np.bincount(spans[seen], weights=stood[seen], minlength=trials.shape[1])
        for (rung, since, outcome), count in sorted(self._moved.items()):
            moves[rung, outcome, self._span_of[tick - since - 1]] += count
        old = self._evidence.times(_discount(listening.half_life_moves))
        self._evidence = old.plus(Hazards(listening.ages, trials, moves))
        self._registered = self._registered * _discount(listening.half_life_mix) + np.frombuffer(
            self._registered_now, dtype=np.int64
        )
        self._follow(arrived, listening.exposure(tick))
        self._arrived = array("q", bytes(8 * OUTCOMES))
        self._registered_now = array("q", bytes(8 * self.cells))
        self._moved = {}
        self.tick = tick + 1
        self._let_go(tick + 1 - self._ring)
        self._opened = [array("q", ring) for ring in self._alive]

    def _let_go(self, reached: int) -> None:
        """Forget persons who stood still for as long as anybody is followed: they are not expected to move any more."""
        for person in self._cohorts.pop(reached, ()):
            known = self._persons.get(person)
            if known is None or known[1] != reached or known[0] == _REGISTRATION:
                continue  # gone already, or moved on since
            if known[0] < RUNGS:
                self._standing[known[0]][known[3]] -= 1
                self._alive[known[0]][reached % self._ring] -= 1
            del self._persons[person]

    # Learning

    def _follow_anew(self) -> None:
        rungs = [*range(RUNGS), _REGISTRATION]
        self.noticed: list[Noticed] = []
        self._detectors = {
            rung: ChangeDetector(self.listening.arrival_prior(rung), self.listening.changes) for rung in rungs
        }
        self._came = dict.fromkeys(rungs, (0.0, 0.0))  # evidence: persons, and exposure in ticks
        self._scatter = (10.0, 10.0)  # squared Pearson residuals and their number, begun with ten Poisson ones

    def _follow(self, arrived: Sequence[int], exposure: float) -> None:
        """Learn from a closed tick's arrivals. A function of the arrivals so far and nothing else."""
        keep = _discount(self.listening.half_life_arrivals)
        dispersion = self.dispersion
        for rung, detector in self._detectors.items():
            persons, ticks = self._came[rung]
            prior = self.listening.arrival_prior(rung)
            if exposure > 0:
                rate = (prior.shape + persons) / (prior.rate + ticks)
                expected = rate * exposure
                if expected >= 1:  # below, Pearson's residual says little
                    # The rate's own uncertainty is no scatter of the counts.
                    variance = expected + expected**2 / (prior.shape + persons)
                    residual = min((arrived[rung] - expected) ** 2 / variance, 9.0)  # one surprise is no scatter
                    self._scatter = (keep * self._scatter[0] + residual, keep * self._scatter[1] + 1)
            change = detector.add(arrived[rung], exposure, dispersion)
            if change is None:
                self._came[rung] = (keep * persons + arrived[rung], keep * ticks + exposure)
                continue
            self.noticed.append(Noticed(Rung(rung), change))
            since = range(change.began_tick, len(self._arrivals))
            persons = ticks = 0.0  # what came before the change speaks of another rate
            for t in since:
                persons = keep * persons + self._arrivals[t][rung]
                ticks = keep * ticks + self.listening.exposure(t)
            self._came[rung] = (persons, ticks)

    def _learn(self) -> None:
        """What follows from closed ticks alone, worked out once for the open one."""
        self.hazards = self._prior.plus(self._evidence)
        self.worth = np.append(conversion(self.hazards.mean(), self.listening.ages), [0.0, 1.0])  # float64[Rung]

    # What is known

    @property
    def dispersion(self) -> float:
        """Variance of a tick's arrivals over their mean, at least 1."""
        return max(1.0, self._scatter[0] / self._scatter[1])

    def arrivals(self, rung: Rung, passed: float = 1.0) -> Level:
        """The belief about new persons a tick on a rung, those of the open tick among them.

        passed : the share of the open tick that is over. Evidence is divided by the dispersion.
        """
        prior, (persons, ticks) = self.listening.arrival_prior(rung), self._came[int(rung)]
        exposure = self.listening.exposure(self.tick) * passed
        spread = self.dispersion
        return Level(prior.shape + (persons + self._arrived[rung]) / spread, prior.rate + (ticks + exposure) / spread)

    def standing(self) -> Counts:
        """int64[rung, cell]: who stands where, at this moment."""
        return np.array([np.frombuffer(row, dtype=np.int64) for row in self._standing])

    def waiting(self) -> Counts:
        """int64[rung, age]: how many stand on each rung for how many ticks; age 0 reached it in the open tick."""
        ages = (self.tick - np.arange(self._ring)) % self._ring
        by_age = np.empty((RUNGS, self._ring), dtype=np.int64)
        for rung in range(RUNGS):
            by_age[rung, ages] = np.frombuffer(self._alive[rung], dtype=np.int64)
        return by_age

    def registered(self) -> Floats:
        """float64[cell]: registrations so far, the older ones counting for less."""
        return self._registered + np.frombuffer(self._registered_now, dtype=np.int64)

    # Keeping

    def state(self) -> StreamState:
        """Everything learned so far. Frozen: the stream goes on without changing it."""
        return StreamState(
            listening_digest=self.digest,
            tick=self.tick,
            persons=tuple((name, PersonAt(*self._persons[name])) for name in sorted(self._persons)),
            arrivals=(*self._arrivals, tuple(self._arrived)),
            trials=tuple(self._evidence.trials.ravel().tolist()),
            moves=tuple(self._evidence.moves.ravel().tolist()),
            registered=tuple(self._registered.tolist()),
            signals=self.signals,
            late=self.late,
            ignored=self.ignored,
        )

    @classmethod
    def resume(cls, listening: Listening, state: StreamState) -> SignalStream:
        """A stream that goes on where the state was taken. Raises Conflict where the listening is another."""
        made = cls(listening)
        if made.digest != state.listening_digest:
            raise Conflict("the state was learned by another listening", "resume it with the one that it came from")
        made.tick = state.tick
        made.signals, made.late, made.ignored = state.signals, state.late, state.ignored
        empty = made._evidence
        made._evidence = Hazards(
            listening.ages,
            np.reshape(state.trials, empty.trials.shape),
            np.reshape(state.moves, empty.moves.shape),
        )
        made._registered = np.array(state.registered)
        for tick, arrived in enumerate(state.arrivals[:-1]):
            made._arrivals.append(arrived)
            made._follow(arrived, listening.exposure(tick))
        opened = [array("q", bytes(8 * made._ring)) for _ in range(RUNGS)]
        for name, at in state.persons:
            made._persons[name] = (at.rung, at.since, at.at_seconds, at.cell, at.was, at.was_since, at.heard_tick)
            heard = at.heard_tick == state.tick
            was, was_since = (at.was, at.was_since) if heard else (at.rung, at.since)
            if 0 <= was < RUNGS:
                opened[was][was_since % made._ring] += 1
            if heard:
                made._count(at.rung, at.since, at.cell, at.was, at.was_since, 1)
            elif at.rung < RUNGS:
                made._standing[at.rung][at.cell] += 1
                made._alive[at.rung][at.since % made._ring] += 1
            if at.rung != _REGISTRATION:
                made._cohorts.setdefault(at.since, []).append(name)
        made._opened = opened
        made._learn()
        return made


def merge(states: Sequence[StreamState]) -> StreamState:
    """One state of several shards that listened alike, side by side, to different persons.

    Whole numbers add up exactly; discounted evidence adds up to rounding. Raises Conflict where shards stand at
    different ticks, listened differently, or share a person.
    """
    if not states:
        raise InvalidInput("no state was given", "give at least one")
    first = states[0]
    if any((s.listening_digest, s.tick) != (first.listening_digest, first.tick) for s in states):
        raise Conflict("the shards listened differently, or stand at different ticks", "advance them to one tick")
    persons: dict[str, PersonAt] = {}
    for state in states:
        for name, at in state.persons:
            if name in persons:
                raise Conflict(f"person `{name}` stands in two shards", "share out persons so that each has one shard")
            persons[name] = at
    return StreamState(
        listening_digest=first.listening_digest,
        tick=first.tick,
        persons=tuple((name, persons[name]) for name in sorted(persons)),
        arrivals=tuple(
            tuple(map(sum, zip(*rows, strict=True))) for rows in zip(*(s.arrivals for s in states), strict=True)
        ),
        trials=_sums([state.trials for state in states]),
        moves=_sums([state.moves for state in states]),
        registered=_sums([state.registered for state in states]),
        signals=sum(s.signals for s in states),
        late=sum(s.late for s in states),
        ignored=sum(s.ignored for s in states),
    )


def _discount(half_life: float) -> float:
    return float(0.5 ** (1 / half_life))


def _sums(rows: Sequence[Sequence[float]]) -> tuple[float, ...]:
    return tuple(map(sum, zip(*rows, strict=True)))
