"""Money as integer minor units: sums are exact, and a split never loses a fen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from .currencies import CURRENCIES
from .errors import InvalidInput


def exponent(currency: str) -> int:
    """Decimal places of a currency's minor unit (ISO 4217); refuses what is no currency."""
    decimals = CURRENCIES.get(currency)
    if decimals is None:
        raise InvalidInput(f"`{currency}` is no currency of ISO 4217", "write its three capitals, such as CNY")
    return decimals


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (fen, cents) of one currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise InvalidInput(f"money must be whole minor units, not {self.minor!r}", "use Money.of for major units")
        exponent(self.currency)

    @classmethod
    def of(cls, major: str | int | Decimal, currency: str) -> Money:
        """The amount written in major units; refuses more decimals than the currency has.

        A float is not taken: 0.1 is not a number of fen.
        """
        if isinstance(major, float):
            raise InvalidInput(f"money cannot be built from the float {major!r}", "give a string or a Decimal")
        decimals = exponent(currency)
        try:
            scaled = Decimal(major).scaleb(decimals)
        except InvalidOperation:
            raise InvalidInput(f"`{major}` is no amount of money", "write it as 49900 or 0.20") from None
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            raise InvalidInput(
                f"`{major}` has more decimals than {currency} has minor units",
                f"{currency} has {decimals} decimal places",
            )
        return cls(int(scaled), currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise InvalidInput(f"{self.currency} and {other.currency} cannot be added", "convert one of them first")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __mul__(self, count: int) -> Money:
        return Money(self.minor * count, self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def split(self, shares: Sequence[Fraction]) -> tuple[Money, ...]:
        """Parts in proportion to `shares` that add up to the whole, to the minor unit.

        Largest remainder: what rounding down leaves over goes to the largest fractions, earlier ones first.
        """
        total = sum(shares, Fraction(0))
        if total <= 0 or any(share < 0 for share in shares):
            raise InvalidInput(
                f"shares {[str(s) for s in shares]} cannot be split by", "give shares >= 0, not all zero"
            )
        exact = [self.minor * share / total for share in shares]
        floors = [value.__floor__() for value in exact]
        left_over = self.minor - sum(floors)
        by_remainder = sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))
        for i in by_remainder[:left_over]:
            floors[i] += 1
        return tuple(Money(minor, self.currency) for minor in floors)

    @property
    def major(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __str__(self) -> str:
        return f"{self.major:,} {self.currency}"
