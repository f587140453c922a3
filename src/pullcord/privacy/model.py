"""What is asked, what it costs, and the two answers: released, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from pullcord.base import InvalidInput, PartyId

from .grid import Grid

EPSILON_UNIT = 1_000_000
"""Epsilons are counted in millionths, so that what was spent adds up exactly."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which persons are counted in which cells, for whom, and at which price.

    `period` names a group of persons who belong to no other period, such as all who first came in one quarter: a
    person's data then cost budget in one period alone.
    """

    release_id: str  # chosen by who asks: the same name has the same answer
    partner: PartyId
    period: str
    counted: str  # who counts: a stage of the journey, such as paid
    grid: Grid
    epsilon_micro: int
    as_of: date  # local date of the counts


@dataclass(frozen=True, slots=True)
class Release:
    """Noisy counts left the house; `left_micro` is what the partner's budget for the period still holds."""

    release_id: str
    epsilon_micro: int
    left_micro: int
    scale: float  # of the discrete Laplace noise on each count
    half_width: int  # a count is off by at most so many, with 95 % confidence
    least_shown: int  # smaller counts are told as "fewer than"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was counted and nothing was spent."""

    release_id: str
    why: str
    left_micro: int


def epsilon_micro(written: str | float | Decimal) -> int:
    """An epsilon in millionths. Raises InvalidInput for what is no positive number with at most six decimals."""
    try:
        value = Decimal(str(written))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value <= 0 or value > 1000:
        raise InvalidInput(f"`{written}` cannot be an epsilon", "give a number above 0, such as 0.5")
    millionths = value * EPSILON_UNIT
    if millionths != millionths.to_integral_value():
        raise InvalidInput(f"the epsilon `{written}` is finer than a millionth", "give at most six decimals")
    return int(millionths)


def epsilon_text(micro: int) -> str:
    """0.25 from 250,000 millionths."""
    text = f"{Decimal(micro) / EPSILON_UNIT:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
