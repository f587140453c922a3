"""The records of demand: what buyers weigh, what they can buy instead, and what was sold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import isfinite

from pullcord.base import InvalidInput, Money


@dataclass(frozen=True, slots=True)
class Taste:
    """What one unit of an attribute adds to the utility of a car, with its standard error.

    `unit` names the unit of the attribute ("10k CNY"); `mean` and `standard_error` are utility per that unit.
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
        """The value of an attribute, or None where no source gives it."""
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
