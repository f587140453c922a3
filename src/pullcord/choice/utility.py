"""What enters utility, written as a demand modeller writes it: `price + range_km/100 + asc + time@CAR`.

Terms are joined by `+`; a term is a product of factors joined by `:`.

| written | enters utility as |
|---|---|
| `price` | the column, with one coefficient for all alternatives (generic) |
| `range_km/100` | the column divided by 100 |
| `log(price)` | the column's natural logarithm |
| `fuel=electric` | 1 where the text column says so, or a number equals it |
| `price:income` | the product of two columns |
| `time@CAR` | the column in the utility of CAR alone (alternative-specific coefficient) |
| `time@each` | the same for every alternative, one coefficient each |
| `asc` | a constant for every alternative but the first |
| `asc(CAR)` | a constant for every alternative but CAR |
| `1@TRAIN` | a constant for TRAIN |
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from pullcord.base import InvalidInput, NotFound

from .data import ChoiceData, Floats

_FACTOR = re.compile(r"(?P<log>log\()?(?P<column>[^()/:@+]+?)(?(log)\))(?:/(?P<divisor>\d+(?:\.\d+)?))?")
_ASC = re.compile(r"asc(?:\((?P<base>[^()]+)\))?")


@dataclass(frozen=True, slots=True)
class Term:
    """One coefficient's share in utility; `alternative` is None for a generic term."""

    name: str
    factors: tuple[str, ...]  # empty for a constant
    alternative: str | None = None

    def values(self, data: ChoiceData) -> Floats:
        """float64[row]: what the coefficient is multiplied with. Raises NotFound, InvalidInput."""
        product: Floats | None = None
        for factor in self.factors:
            matched = _FACTOR.fullmatch(factor)
            if matched is None:
                raise InvalidInput(f"`{factor}` is no factor of utility", "write a column, log(column) or column/100")
            values = data.column(matched["column"].strip())
            if matched["log"]:
                if np.any(values <= 0):
                    raise InvalidInput(f"`{factor}`: a value is not above zero", "take the logarithm of what is")
                values = np.log(values)
            if matched["divisor"]:
                values = values / float(matched["divisor"])
            product = values if product is None else product * values
        if product is None:
            product = np.ones(data.rows)
        if self.alternative is not None:
            product = np.where(data.alternative == data.alternatives.index(self.alternative), product, 0.0)
        return product

    def slope(self, column: str, data: ChoiceData) -> Floats:
        """float64[row]: the derivative of `values` with respect to a column; 0 where the term does not hold it.

        Raises InvalidInput where the column enters as an indicator of its value (`size=3`), which has no derivative.
        """
        total = np.zeros(data.rows)
        for i, factor in enumerate(self.factors):
            matched = _FACTOR.fullmatch(factor)
            if matched is None:
                raise InvalidInput(f"`{factor}` is no factor of utility", "write a column, log(column) or column/100")
            held = matched["column"].strip()
            if held != column and held.partition("=")[0] == column:
                raise InvalidInput(f"`{column}` enters utility as the indicator `{held}`", "ask for that indicator")
            if held == column:
                rest = Term(self.name, self.factors[:i] + self.factors[i + 1 :], self.alternative).values(data)
                inner = 1 / data.column(column) if matched["log"] else 1.0
                total = total + rest * inner / float(matched["divisor"] or 1)
        return total


def columns_in(*formulas: str) -> tuple[str, ...]:
    """The columns that formulas name, each once, in the order written; of `fuel=electric` the column `fuel`."""
    named: dict[str, None] = {}
    for written in (part.strip() for formula in formulas for part in formula.split("+")):
        if _ASC.fullmatch(written):
            continue
        for factor in written.partition("@")[0].split(":"):
            matched = _FACTOR.fullmatch(factor.strip())
            column = matched["column"].strip().partition("=")[0] if matched else ""
            if column and column != "1":
                named[column] = None
    return tuple(named)


def parse_utility(formula: str, data: ChoiceData) -> tuple[Term, ...]:
    """The terms of a formula, in the order written. Raises InvalidInput, NotFound for what the data do not have."""
    terms: list[Term] = []
    for written in (part.strip() for part in formula.split("+")):
        if not written:
            raise InvalidInput(f"a term is missing in `{formula}`", "write terms joined by +")
        if constants := _ASC.fullmatch(written):
            base = constants["base"] or data.alternatives[0]
            _known(base, data)
            terms += [Term(f"1@{other}", (), other) for other in data.alternatives if other != base]
            continue
        product, _, alternative = written.partition("@")
        factors = tuple(factor.strip() for factor in product.split(":"))
        factors = () if factors == ("1",) else factors
        if nothing := [f for f in factors if (m := _FACTOR.fullmatch(f)) and m["divisor"] and not float(m["divisor"])]:
            raise InvalidInput(f"`{nothing[0]}` divides by 0", "divide by a unit above 0, such as 100")
        name = ":".join(factors) or "1"
        if not alternative:
            terms.append(Term(name, factors))
        elif alternative == "each":
            terms += [Term(f"{name}@{each}", factors, each) for each in data.alternatives]
        else:
            _known(alternative, data)
            terms.append(Term(f"{name}@{alternative}", factors, alternative))
    names = [term.name for term in terms]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidInput(f"`{formula}` names {', '.join(twice)} twice", "write each term once")
    return tuple(terms)


def design_matrix(terms: tuple[Term, ...], data: ChoiceData) -> Floats:
    """float64[row, term], C-contiguous; the data's own columns where they are asked for as they stand. Not writable."""
    plain = {i: found for i, term in enumerate(terms) if (found := _plain_column(term, data)) is not None}
    if len(plain) == len(terms):  # at once, or not at all: it matters with millions of rows
        if list(plain.values()) == [(i, 1.0) for i in range(len(data.column_names))]:
            return np.ascontiguousarray(data.columns)
        matrix = np.take(data.columns, [column for column, _ in plain.values()], axis=1)
        divisors = np.array([divisor for _, divisor in plain.values()])
        if np.any(divisors != 1):
            matrix /= divisors
    else:
        matrix = np.empty((data.rows, len(terms)))
        for i, term in enumerate(terms):
            matrix[:, i] = data.columns[:, plain[i][0]] / plain[i][1] if i in plain else term.values(data)
    matrix.flags.writeable = False
    return matrix


def _plain_column(term: Term, data: ChoiceData) -> tuple[int, float] | None:
    """Which column a term is, and divided by what, where it is no more than that."""
    if term.alternative is not None or len(term.factors) != 1:
        return None
    matched = _FACTOR.fullmatch(term.factors[0])
    if matched is None or matched["log"] or matched["column"].strip() not in data.column_names:
        return None
    return data.column_names.index(matched["column"].strip()), float(matched["divisor"] or 1)


def _known(alternative: str, data: ChoiceData) -> None:
    if alternative not in data.alternatives:
        raise NotFound(
            f"`{data.name}` has no alternative `{alternative}`", f"it has {', '.join(data.alternatives[:20])}"
        )
