"""What a redesign answers: the line, what it comes to, how sure that is, and what must be said beside it."""

from __future__ import annotations

from dataclasses import dataclass

from pullcord.base import Money
from pullcord.demand import Interval
from pullcord.offers import Objective


@dataclass(frozen=True, slots=True)
class Offer:
    """One variant of a line, at its price.

    `price` is the one price that the cheapest plan amounts to over five years, as buyers weigh it; `card` what each
    plan asks at once. `margin` is left of a unit after parts, commission and the rest; `break_even` the price, as
    buyers weigh it, at which nothing is left. `share` is of the whole market.
    """

    variant_id: str
    name: str
    multiple: float  # of today's price
    price: Money
    card: tuple[tuple[str, Money], ...]
    margin: Money
    break_even: Money
    share: float
    share_95: Interval


@dataclass(frozen=True, slots=True)
class Totals:
    """What a line comes to in a month; profit and surplus in major units."""

    profit: float
    surplus: float
    volume: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The same with its 95 % intervals over draws of the tastes and of the new product's own constant."""

    at_the_middle: Totals
    profit_95: Interval
    surplus_95: Interval
    volume_95: Interval


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The best line if buyers minded the price `factor` times as much.

    `elasticity` is that of today's whole line; `prices` the best multiples of today's price by variant, in the order
    of the program; a variant left out has None.
    """

    why: str
    factor: float
    elasticity: float
    value: float
    prices: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True, slots=True)
class Regret:
    """How the chosen line fares where the tastes are not what they are taken for.

    Of `draws` in which the best line was sought, the chosen one was best, to a thousandth of its value, in
    `stays_best`. `regret_mean` and `regret_95` are what the best line of each draw earns beyond it; `mean` is its mean
    over these draws, and `mean_bound` that of the best lines, which for profit no single line exceeds. `criterion` says
    what the line was chosen for.
    """

    criterion: str
    draws: int
    value: float
    mean: float
    mean_bound: float
    stays_best: float
    regret_mean: float
    regret_95: float


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """One line of the front of profit against consumer surplus: none has more of both."""

    profit: float
    surplus: float
    bound: float  # no line with at least this profit has more surplus
    prices: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True, slots=True)
class Redesign:
    """The best line of a program, with its proof and with what must be said beside it.

    `value` is the objective's, a month; `bound` exceeds what any line of the candidates comes to, under the model at
    the middle of what is believed; `gap` = (bound - value) / |bound|. `nearest` is the best line one change away, and
    `nearest_value` its objective. `break_even_volume` is how many units a month the line must sell to earn what
    today's does, at the same mix.
    """

    program_id: str
    objective: Objective
    currency: str
    seed: int
    profit_floor: float | None
    line: tuple[Offer, ...]
    value: float
    bound: float
    gap: float
    proved: bool
    method: str
    found: Reading
    today: Reading
    nearest: str | None
    nearest_value: float | None
    break_even_volume: float | None
    elasticity: float
    sensitivity: tuple[Sensitivity, ...]
    front: tuple[FrontPoint, ...]
    regret: Regret | None
    rivals: tuple[tuple[str, Money, Money], ...]  # product, today's price, its answer; empty unless rivals react
    warnings: tuple[str, ...]
