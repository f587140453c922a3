"""Willingness to pay: what one step of an attribute is worth to buyers, in money, with an interval.

The attributes of the program's tastes; and, where the survey behind them is at hand and fitted, every term of its
utility.
"""

from __future__ import annotations

from math import sqrt

from pullcord.base import Money
from pullcord.choice import DATASETS, willingness_to_pay
from pullcord.demand import Taste
from pullcord.program import Program
from pullcord.survey import SurveyFit

from .model import Willingness

NORMAL_95 = 1.959963984540054


def from_tastes(program: Program) -> tuple[Willingness, ...]:
    """The attributes of tastes.csv, largest first; their errors are taken for independent."""
    price = price_taste(program)
    if price is None:
        return ()
    made = []
    for taste in program.tastes:
        if taste is not price:
            ratio = fieller(taste.mean, -price.mean, taste.standard_error, price.standard_error)
            made.append(_priced((taste.attribute, taste.unit, False), ratio, price.step, program.currency))
    return _largest_first(made)


def from_survey(program: Program, found: SurveyFit) -> tuple[Willingness, ...]:
    """Every term of the survey's utility but price, per unit of its column; errors are clustered by person.

    The survey's unit of money becomes the program's by the factor that survey.csv states for the price.
    """
    price = price_taste(program)
    survey = program.survey
    if price is None or survey is None:
        return ()
    rows = [term for term in survey.terms if term.attribute == price.attribute]
    if len(rows) != 1:
        return ()
    # factor x coefficient is utility per step of the taste: one unit of the survey's money is step / factor of ours.
    units = DATASETS[survey.data_set].units if survey.data_set in DATASETS else {}
    table = willingness_to_pay(
        found.fit, rows[0].term, unit=price.step / rows[0].factor, intervals="fieller", covariance="clustered"
    )
    return _largest_first(
        [
            _priced(
                (row.name, f"1 of {units.get(row.name, row.name)}", True),
                (row.estimate, row.lower, row.upper),
                1.0,
                program.currency,
            )
            for row in table.rows
            if row.estimate is not None
        ]
    )


def price_taste(program: Program) -> Taste | None:
    """The taste for the program's money."""
    name = f"price_{program.currency.lower()}"
    return next((taste for taste in program.tastes if taste.attribute == name and taste.mean < 0), None)


def fieller(
    above: float, below: float, above_error: float, below_error: float, *, normal: float = NORMAL_95
) -> tuple[float, float | None, float | None]:
    """above / below with the ends of its interval, both None where `below` may as well be zero.

    All ratios r for which above - r x below is not told from zero, the two errors being independent. Unlike the delta
    method it says so when the data set no bound. Source: Fieller (1954), Journal of the Royal Statistical Society B
    16(2), sec. 3.
    """
    a = below**2 - (normal * below_error) ** 2
    b = above * below
    c = above**2 - (normal * above_error) ** 2
    if a <= 0:
        return above / below, None, None
    root = sqrt(max(b**2 - a * c, 0.0))
    return above / below, (b - root) / a, (b + root) / a


def _priced(
    named: tuple[str, str, bool], ratio: tuple[float, float | None, float | None], step: float, currency: str
) -> Willingness:
    value, low, high = ratio
    return Willingness(
        *named,
        _money(value * step, currency),
        None if low is None else _money(low * step, currency),
        None if high is None else _money(high * step, currency),
    )


def _money(major: float, currency: str) -> Money:
    digits = -int(Money(1, currency).major.as_tuple().exponent)
    return Money(round(major * 10**digits), currency)


def _largest_first(made: list[Willingness]) -> tuple[Willingness, ...]:
    return tuple(sorted(made, key=lambda row: (-row.value.minor, row.attribute)))
