"""The records of demand: what buyers weigh, what they can buy instead, and what was sold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from math import isfinite

from pullcord.base import InvalidInput, Money

_STEP = re.compile(r"(?P<number>[1-9]\d*(?:\.\d+)?)(?P<thousand>k?) \S.*")


@dataclass(frozen=True, slots=True)
class Taste:
    """What one step of an attribute adds to the utility of a car, with its standard error.

    `attribute` is `price_<currency>` for the list price, or a name among a rival's attributes, such as `range_km`.
    `unit` is the step that the coefficient is for ("10k CNY", "100 km"); `mean` and `standard_error` are utility per
    step, in the scale of a plain logit.
    """

    attribute: str
    unit: str
    mean: float
    standard_error: float
    source: str
    mark: str

    def __post_init__(self) -> None:
        if not (isfinite(self.mean) and isfinite(self.standard_error)):
            raise InvalidInput(
                f"the taste for `{self.attribute}` is not a finite number", "give the fitted coefficient"
            )
        if self.standard_error < 0:
            raise InvalidInput(
                f"the taste for `{self.attribute}` has standard error {self.standard_error}", "give a value >= 0"
            )
        if not _STEP.fullmatch(self.unit):
            raise InvalidInput(
                f"the taste for `{self.attribute}` is per `{self.unit}`, which is no step",
                "write a number and a unit, such as `10k CNY` or `100 km`",
            )

    @property
    def step(self) -> float:
        """How many units of the attribute one step has: 10,000 for "10k CNY", 100 for "100 km"."""
        matched = _STEP.fullmatch(self.unit)
        assert matched is not None, "checked when the record was made"
        return float(matched["number"]) * (1000.0 if matched["thousand"] else 1.0)


@dataclass(frozen=True, slots=True)
class Rival:
    """A car on sale beside ours: list price and attributes in the units of the tastes' data dictionary."""

    product_id: str
    name: str
    price: Money
    attributes: tuple[tuple[str, float], ...]
    source: str
    mark: str

    def __post_init__(self) -> None:
        if self.price.minor <= 0:
            raise InvalidInput(f"`{self.product_id}` costs {self.price}", "give its list price, above zero")
        names = [name for name, _ in self.attributes]
        if len(names) != len(set(names)):
            raise InvalidInput(f"`{self.product_id}` states an attribute twice: {names}", "state each once")

    def attribute(self, name: str) -> float | None:
        """The value of an attribute, or None where no source gives it; the price counts as `price_<currency>`."""
        if name == f"price_{self.price.currency.lower()}":
            return float(self.price.major)
        return dict(self.attributes).get(name)


@dataclass(frozen=True, slots=True)
class MonthlySales:
    """Units of one product sold at retail in one calendar month; `month` is the month's first day.

    A month that is missing is unknown, not zero: the public lists name only the best sellers.
    """

    product_id: str
    month: date
    units: int
    source: str
    mark: str

    def __post_init__(self) -> None:
        if self.month.day != 1:
            raise InvalidInput(f"`{self.product_id}` names its month by {self.month}", "name it by its first day")
        if self.units < 0:
            raise InvalidInput(f"`{self.product_id}` sold {self.units} in {self.month:%Y-%m}", "give units >= 0")


@dataclass(frozen=True, slots=True)
class ForecastCell:
    """Expected units of one variant in one city in the week that begins on `week_start` (a Monday)."""

    variant_id: str
    city_id: str
    week_start: date
    units: float
