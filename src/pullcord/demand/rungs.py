"""What a signal is worth: how many of those who stand on a rung end in a registration, and how soon.

Signals cost their sender more and more: view < compare < configure < reserve < deposit < lock < registration. A person
counts once, on the dearest rung reached so far. From there the person moves on to a dearer rung, cancels, or stays;
in each tick of time with a chance that depends on the rung and on how long the person has stood there. These hazards
are learned by counting trials and moves, so that persons who may still move (right censoring) enter with what has been
seen of them. Who stays for as long as the last age that is followed counts as cured of the wish.

Source: Kalbfleisch and Prentice (2002), The Statistical Analysis of Failure Time Data, 2nd ed., sec. 2.4 (discrete
hazards) and ch. 8 (several kinds of failure); Hjort (1990), Annals of Statistics 18(3) (beta beliefs about hazards).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput, stream

from .predict import Interval

Floats = NDArray[np.float64]


class Rung(IntEnum):
    """A signal by what it costs its sender. Of all signals of one tick the largest number counts."""

    VIEW = 0
    COMPARE = 1
    CONFIGURE = 2
    RESERVE = 3
    DEPOSIT = 4
    LOCK = 5
    CANCEL = 6  # ends the wish; above the lock, for it undoes one
    REGISTRATION = 7  # the end that counts


STANDING = tuple(Rung(r) for r in range(Rung.CANCEL))
"""The rungs on which a person can stand and still move."""

RUNGS = len(STANDING)
OUTCOMES = len(Rung)


@dataclass(frozen=True, slots=True)
class Passage:
    """What is believed of a move before any was seen: the share of those on `origin` that makes it in the end, and
    after how many ticks on average."""

    origin: Rung
    target: Rung
    share: float
    mean_delay_ticks: float

    def __post_init__(self) -> None:
        if self.origin not in STANDING or self.target <= self.origin:
            raise InvalidInput(
                f"nobody passes from {self.origin.name.lower()} to {self.target.name.lower()}",
                "name a rung to stand on and a dearer one, the cancellation or the registration",
            )
        if not 0 <= self.share <= 1 or not (isfinite(self.mean_delay_ticks) and self.mean_delay_ticks > 0):
            raise InvalidInput(
                f"a share of {self.share} after {self.mean_delay_ticks} ticks is no passage",
                "give a share from 0 to 1 and a delay above zero",
            )


@dataclass(frozen=True, slots=True)
class Ages:
    """How long persons are followed on a rung, in ticks, and in which spans of age the hazard is taken for constant.

    `first` holds the first age of each span, rising from 1; `last` is the last age that is followed.
    """

    first: tuple[int, ...]
    last: int

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.first, self.first[1:], strict=False))
        if not self.first or self.first[0] != 1 or not rising or self.last < self.first[-1]:
            raise InvalidInput(
                f"spans of age that begin at {list(self.first)} and end at {self.last}",
                "begin at 1, rise, and end at the last age that is followed",
            )

    @classmethod
    def doubling(cls, last: int) -> Ages:
        """Spans 1, 2, 3, 4-5, 6-8, 9-13, …: each about half as long as all before it."""
        first, age = [], 1
        while age <= last:
            first.append(age)
            age += max(1, age // 2)
        return cls(tuple(first), last)

    @property
    def spans(self) -> int:
        """How many there are."""
        return len(self.first)

    def span_of(self) -> NDArray[np.int64]:
        """int64[age - 1]: the span of each age from 1 to the last."""
        return np.searchsorted(np.array(self.first), np.arange(1, self.last + 1), side="right") - 1


@dataclass(frozen=True, slots=True, eq=False)
class Hazards:
    """The belief about every hazard: a Dirichlet for each rung and span of age, as counts of trials and moves.

    trials : float64[rung, span], person-ticks spent there. moves : float64[rung, outcome, span], how many of them ended
    in a move. Both hold the prior's imagined persons too. Beliefs of shards add up, as long as only one holds a prior.
    """

    ages: Ages
    trials: Floats
    moves: Floats

    def __post_init__(self) -> None:
        expected = (RUNGS, self.ages.spans), (RUNGS, OUTCOMES, self.ages.spans)
        if (self.trials.shape, self.moves.shape) != expected:
            raise InvalidInput(
                f"trials {self.trials.shape} and moves {self.moves.shape} do not fit {self.ages.spans} spans of age",
                f"give them as {expected[0]} and {expected[1]}",
            )
        if np.any(self.moves < 0) or np.any(self.moves.sum(axis=1) > self.trials * (1 + 1e-9) + 1e-9):
            raise InvalidInput("more moves than trials, or fewer than none", "count every person-tick as a trial")

    @classmethod
    def nothing(cls, ages: Ages) -> Hazards:
        """No trial and no move."""
        return cls(ages, np.zeros((RUNGS, ages.spans)), np.zeros((RUNGS, OUTCOMES, ages.spans)))

    @classmethod
    def prior(cls, passages: Sequence[Passage], persons: float, ages: Ages) -> Hazards:
        """What `persons` imagined ones on each rung do, if each passage has its share and a geometric delay.

        `persons` says how much that weighs: as many real ones weigh as much. A rung without a passage is a dead end
        until somebody is seen to leave it.
        """
        if not (isfinite(persons) and persons > 0):
            raise InvalidInput(f"a prior worth {persons} persons", "give a number above zero")
        span = ages.span_of()
        leaving = np.zeros((RUNGS, OUTCOMES, ages.last))  # share of the persons that makes a move at each age
        age = np.arange(1, ages.last + 1)
        for passage in passages:
            chance = 1 / max(1.0, passage.mean_delay_ticks)
            leaving[passage.origin, passage.target] += passage.share * chance * (1 - chance) ** (age - 1)
        gone = np.cumsum(leaving.sum(axis=1), axis=1)
        if np.any(gone > 1 + 1e-9):
            rung = Rung(int(np.argmax(gone[:, -1])))
            raise InvalidInput(
                f"the shares that leave {rung.name.lower()} add up to more than 1", "lower them, or leave some out"
            )
        standing = np.concatenate([np.ones((RUNGS, 1)), 1 - gone[:, :-1]], axis=1)
        trials, moves = np.zeros((RUNGS, ages.spans)), np.zeros((RUNGS, OUTCOMES, ages.spans))
        for s in range(ages.spans):
            trials[:, s] = persons * standing[:, span == s].sum(axis=1)
            moves[:, :, s] = persons * leaving[:, :, span == s].sum(axis=2)
        return cls(ages, np.maximum(trials, moves.sum(axis=1)), moves)

    def plus(self, other: Hazards) -> Hazards:
        """Both beliefs' counts together."""
        if self.ages != other.ages:
            raise InvalidInput("beliefs over different spans of age do not add up", "use the same ages everywhere")
        return Hazards(self.ages, self.trials + other.trials, self.moves + other.moves)

    def times(self, factor: float) -> Hazards:
        """The same belief, worth `factor` as much: power discounting (West and Harrison 1997, sec. 6.3)."""
        return Hazards(self.ages, self.trials * factor, self.moves * factor)

    def mean(self) -> Floats:
        """float64[rung, outcome, span]: the expected chance of each move in one tick."""
        trials = self.trials[:, None, :]
        return np.divide(self.moves, trials, out=np.zeros_like(self.moves), where=trials > 0)

    def draw(self, draws: int, rng: np.random.Generator) -> Floats:
        """float64[draw, rung, outcome, span]: hazards from the Dirichlet beliefs."""
        stayed = np.maximum(self.trials - self.moves.sum(axis=1), 0)
        weights = np.concatenate([self.moves, stayed[:, None, :]], axis=1)
        gammas = rng.standard_gamma(np.broadcast_to(weights, (draws, *weights.shape)))
        total = gammas.sum(axis=2, keepdims=True)
        shares = np.divide(gammas, total, out=np.zeros_like(gammas), where=total > 0)
        return np.asarray(shares[:, :, :OUTCOMES, :], dtype=np.float64)

    def conversions(self, *, level: float = 0.95, draws: int = 2000, seed: int = 0) -> tuple[RungConversion, ...]:
        """What each rung is worth, with a credible interval at `level`."""
        if not 0 < level < 1 or draws < 100:
            raise InvalidInput(f"no interval at level {level} from {draws} draws", "give 0 < level < 1, 100 draws")
        expected = conversion(self.mean(), self.ages)
        sampled = conversion(self.draw(draws, stream(seed, "demand.conversions")), self.ages)
        delay = mean_delay(self.mean(), self.ages)
        ends = np.quantile(sampled, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
        return tuple(
            RungConversion(
                rung=rung,
                share=float(expected[rung]),
                interval=Interval(*(float(x) for x in ends[:, rung])),
                mean_delay_ticks=float(delay[rung]),
                persons=float(self.trials[rung, 0]),
            )
            for rung in STANDING
        )


@dataclass(frozen=True, slots=True)
class RungConversion:
    """How many of those who reach a rung end in a registration: expected share, interval, and delay of those who do.

    `persons` is how many stood there for at least a tick, the prior's imagined ones among them.
    """

    rung: Rung
    share: float
    interval: Interval
    mean_delay_ticks: float
    persons: float


def _by_age(hazards: Floats, ages: Ages) -> tuple[Floats, Floats]:
    """(float64[..., rung, outcome, age]: chance to make a move at that age, seen from age 0; float64[..., rung, age]:
    still standing after it)."""
    at_age = hazards[..., ages.span_of()]
    still = np.cumprod(1 - np.minimum(at_age.sum(axis=-2), 1), axis=-1)
    before = np.concatenate([np.ones((*still.shape[:-1], 1)), still[..., :-1]], axis=-1)
    return at_age * before[..., None, :], still


def conversion(hazards: Floats, ages: Ages) -> Floats:
    """float64[..., rung]: chance that who has just reached a rung ends in a registration.

    hazards : float64[..., rung, outcome, span], from `Hazards.mean` or `Hazards.draw`.
    """
    shares = _by_age(hazards, ages)[0].sum(axis=-1)
    worth = np.zeros(shares.shape[:-1])
    for rung in reversed(STANDING):  # the dearest first: what a rung is worth builds on those above it
        worth[..., rung] = shares[..., rung, Rung.REGISTRATION] + sum(
            shares[..., rung, dearer] * worth[..., dearer] for dearer in range(rung + 1, RUNGS)
        )
    return worth


def mean_delay(hazards: Floats, ages: Ages) -> Floats:
    """float64[rung]: ticks from reaching a rung to the registration, among those who come to it; NaN where none."""
    moving = _by_age(hazards, ages)[0]
    shares = moving.sum(axis=-1)
    ticks = (moving * np.arange(1, ages.last + 1)).sum(axis=-1)
    worth = conversion(hazards, ages)
    waited = np.zeros(RUNGS)  # ticks to the registration, times the chance that it comes
    for rung in reversed(STANDING):
        waited[rung] = ticks[rung, Rung.REGISTRATION] + sum(
            ticks[rung, dearer] * worth[dearer] + shares[rung, dearer] * waited[dearer]
            for dearer in range(rung + 1, RUNGS)
        )
    return np.asarray(np.divide(waited, worth, out=np.full(RUNGS, np.nan), where=worth > 0), dtype=np.float64)


def registered_within(hazards: Floats, ages: Ages, ticks: int) -> Floats:
    """float64[..., rung, age, tick]: chance that who stands on a rung for `age` ticks registers within so many ticks.

    hazards : float64[..., rung, outcome, span]. Ages run from 0 to the last one followed, ticks from 0 to `ticks`.
    """
    at_age = np.moveaxis(hazards[..., ages.span_of()], -2, 0)  # [outcome, ..., rung, age]: hazard of the tick to come
    stays = 1 - np.minimum(at_age.sum(axis=0), 1)
    within = np.zeros((*stays.shape[:-1], ages.last + 1, ticks + 1))
    for tick in range(1, ticks + 1):
        before = within[..., tick - 1]
        for rung in reversed(STANDING):
            now = at_age[Rung.REGISTRATION][..., rung, :] + stays[..., rung, :] * before[..., rung, 1:]
            for dearer in range(rung + 1, RUNGS):
                now = now + at_age[dearer][..., rung, :] * before[..., dearer, :1]
            within[..., rung, :-1, tick] = now
    return within
