"""What enters utility, cost or a taste, written as a demand modeller writes it: `1 + log(hpwt) + air + prices`.

Terms are joined by `+`; a term is a product of factors joined by `:`.

| written | means |
|---|---|
| `1` | a constant |
| `hpwt` | the column |
| `hpwt/100` | the column divided by 100 |
| `1/income` | one divided by the column |
| `log(mpg)` | its natural logarithm |
| `region=EU` | 1 where the text column says so, or a number equals it |
| `air:space` | the product of two columns |
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput, NotFound

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_FACTOR = re.compile(
    r"1/(?P<inverse>[^()/:+]+)|log\((?P<log>[^()/:+]+)\)|(?P<plain>[^()/:+]+?)(?:/(?P<divisor>\d+(?:\.\d+)?))?"
)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Numbers by row and column with the columns' names; `of` says what a row is, for messages."""

    of: str
    names: tuple[str, ...]
    values: Floats  # float64[row, column]

    def column(self, name: str) -> Floats:
        """float64[row]; `brand=3` also reads as an indicator where `brand` is a number. Raises NotFound."""
        if name in self.names:
            return self.values[:, self.names.index(name)]
        base, _, level = name.partition("=")
        if level and base in self.names:
            try:
                return np.asarray(self.values[:, self.names.index(base)] == float(level), dtype=np.float64)
            except ValueError:
                pass
        raise NotFound(f"the {self.of} have no column `{name}`", f"they have {', '.join(self.names)}")


@dataclass(frozen=True, slots=True)
class Term:
    """A product of columns; a constant has no factors."""

    name: str
    factors: tuple[str, ...]

    def values(self, table: Table) -> Floats:
        """float64[row]. Raises NotFound, InvalidInput."""
        product = np.ones(len(table.values))
        for factor in self.factors:
            product = product * _factor(factor, table)
        return product

    def columns(self) -> tuple[str, ...]:
        """The names of the columns that the term reads, `region=EU` as written."""
        return tuple(_parts(factor)[1] for factor in self.factors)

    def slope(self, column: str) -> float | None:
        """What one unit more of a column adds to the term: a constant, 0 where it is not in it.

        None where that depends on the row, as it does for `log(prices)` and `prices:space`.
        """
        if column not in self.columns():
            return 0.0
        kind, _, divisor = _parts(self.factors[0])
        return 1.0 / divisor if len(self.factors) == 1 and kind == "plain" else None


def parse_terms(formula: str) -> tuple[Term, ...]:
    """The terms of a formula in the order written; an empty formula has none. Raises InvalidInput."""
    terms: list[Term] = []
    if not formula.strip():
        return ()
    for written in (part.strip() for part in formula.split("+")):
        if not written:
            raise InvalidInput(f"a term is missing in `{formula}`", "write terms joined by +")
        factors = tuple(factor.strip() for factor in written.split(":"))
        if factors == ("1",):
            factors = ()
        for factor in factors:
            _parts(factor)
        terms.append(Term(":".join(factors) or "1", factors))
    names = [term.name for term in terms]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidInput(f"`{formula}` names {', '.join(twice)} twice", "write each term once")
    return tuple(terms)


def design(terms: tuple[Term, ...], table: Table) -> Floats:
    """float64[row, term], C-contiguous."""
    if not terms:
        return np.empty((len(table.values), 0))
    return np.ascontiguousarray(np.column_stack([term.values(table) for term in terms]), dtype=np.float64)


def _parts(factor: str) -> tuple[str, str, float]:
    """Kind of a factor (inverse, log, plain), its column and its divisor."""
    matched = _FACTOR.fullmatch(factor)
    if matched is None:
        raise InvalidInput(f"`{factor}` is no factor", "write a column, log(column), 1/column or column/100")
    for kind in ("inverse", "log", "plain"):
        if matched[kind]:
            return kind, matched[kind].strip(), float(matched["divisor"] or 1)
    raise InvalidInput(f"`{factor}` is no factor", "write a column, log(column), 1/column or column/100")


def _factor(factor: str, table: Table) -> Floats:
    kind, name, divisor = _parts(factor)
    values = table.column(name)
    if kind == "log":
        if np.any(values <= 0):
            raise InvalidInput(f"`{factor}`: a value is not above zero", "take the logarithm of what is")
        return np.asarray(np.log(values))
    if kind == "inverse":
        if np.any(values == 0):
            raise InvalidInput(f"`{factor}`: a value is zero", "divide by what is not")
        return 1.0 / values
    return values / divisor
