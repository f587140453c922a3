"""Looking things up in the results, where any part may be missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from .amounts import NOTHING, SPACE, currency_word, is_number, minor_digits, number, shorten

Results = Mapping[str, Any]

M7_PARTS = ("holding", "markdown", "lost_margin", "expedite", "financing")


def part(results: Results, *path: str) -> Mapping[str, Any]:
    """The mapping at a path of keys; empty where a step is missing or null."""
    here: Any = results
    for key in path:
        here = here.get(key) if isinstance(here, Mapping) else None
    return here if isinstance(here, Mapping) else {}


def rows(results: Results, *path: str) -> list[Mapping[str, Any]]:
    """The list of records at a path of keys; empty where a step is missing or null."""
    *way, last = path
    found = part(results, *way).get(last)
    if not isinstance(found, Sequence) or isinstance(found, str):
        return []
    return [row for row in found if isinstance(row, Mapping)]


def currency_of(results: Results) -> str:
    """ISO code of the program's currency."""
    return str(part(results, "program").get("currency") or "CNY")


def unit_of(results: Results) -> str:
    """What one piece of the product is called: car, projector."""
    return shorten(str(part(results, "program").get("unit_name") or "unit"), 24)


def day(text: Any) -> date:
    """The date of an ISO text (an instant gives its date)."""
    return date.fromisoformat(str(text)[:10])


@dataclass(frozen=True, slots=True)
class Scale:
    """How values of one measure are shown."""

    kind: str  # share, money, days or number
    factor: float  # multiplies the stored value
    unit: str  # written beside an axis

    @property
    def short_unit(self) -> str:
        """The unit behind a number in a sentence: yuan, where the axis says yuan per car."""
        return self.unit.split(" per ")[0]

    def numbers(self, *values: Any) -> list[str]:
        """The stored values in the shown unit, all with the decimals that the largest needs."""
        scaled = [value * self.factor if is_number(value) else None for value in values]
        largest = max((abs(value) for value in scaled if value is not None), default=0.0)
        limits = {"money": (100, 100, 1), "share": (100, 1, 0.01), "days": (100, 10, 0.01)}
        whole, one, two = limits.get(self.kind, (100, 10, 0.1))
        decimals = 0 if largest >= whole or largest == 0 else 1 if largest >= one else 2 if largest >= two else 4
        return [number(value, decimals) for value in scaled]

    def show(self, value: Any) -> str:
        """The stored value with its unit."""
        return f"{self.numbers(value)[0]}{SPACE}{self.short_unit}".rstrip(SPACE) if is_number(value) else NOTHING

    def interval(self, low: Any, high: Any) -> str:
        """Two ends with one unit: 2,298 to 2,451 yuan."""
        return f"{' to '.join(self.numbers(low, high))}{SPACE}{self.short_unit}".rstrip(SPACE)


def scale_of(measure: str, unit: Any, results: Results) -> Scale:
    """How to show a measure, from its name and the unit the results give.

    Money comes in minor units, unless its unit names the currency and does not say minor.
    """
    currency, text = currency_of(results), str(unit or "").lower()
    word = currency_word(currency)
    named = currency.lower() in text or word.lower() in text or "currency" in text
    if measure == "M7" or bare_part(measure) in M7_PARTS or named:
        factor = 1.0 if named and "minor" not in text else 10.0 ** -minor_digits(currency)
        return Scale("money", factor, f"{word} per {money_basis(text, results)}")
    if measure in ("M1", "M2") or "share" in text:
        return Scale("share", 100.0, "%")
    if measure == "M3" or "day" in text:
        return Scale("days", 1.0, "days")
    return Scale("number", 1.0, str(unit or ""))


def money_basis(unit: str, results: Results) -> str:
    """What an amount is counted per: the words behind `per`, or one piece of the product."""
    _, _, basis = unit.partition(" per ")
    return unit_of(results) if basis in ("", "unit") else basis


def bare_part(measure: str) -> str:
    """The component of M7 that a measure's name means: `M7.holding`, `M7_holding` and `holding` are one."""
    return measure.removeprefix("M7").lstrip("._: -")


def delays(results: Results) -> list[int]:
    """Delays of the twin's dial in days, shortest first."""
    twin = part(results, "twin")
    listed = twin.get("delays_days") or [row.get("delay_days") for row in rows(results, "twin", "rows")]
    return sorted({int(value) for value in listed if is_number(value)})


def twin_row(results: Results, world: str, delay_days: int, measure: str) -> Mapping[str, Any]:
    """The twin's row for a world, a delay and a measure; empty where there is none."""
    for row in rows(results, "twin", "rows"):
        if row.get("world") == world and row.get("delay_days") == delay_days and row.get("measure") == measure:
            return row if is_number(row.get("mean")) else {}
    return {}


def paired_row(results: Results, delay_days: int, measure: str) -> Mapping[str, Any]:
    """Push minus pull at a delay, paired by seed; empty where there is none."""
    for row in rows(results, "twin", "paired"):
        if row.get("delay_days") == delay_days and row.get("measure") == measure:
            return row if is_number(row.get("mean")) else {}
    return {}


def twin_unit(results: Results, measure: str) -> Any:
    """The unit the twin's rows give for a measure; None where no row has it."""
    return next((row.get("unit") for row in rows(results, "twin", "rows") if row.get("measure") == measure), None)


def promise_errors(results: Results) -> dict[int, int]:
    """Count of hand-overs by whole days late (negative: early), in order."""
    given = part(results, "launch", "promise_error_days")
    return dict(sorted((int(float(days)), int(count)) for days, count in given.items() if is_number(count)))


def bounds(row: Mapping[str, Any]) -> tuple[float, float]:
    """The interval of a row with mean, lo and hi; the mean itself where an end is missing."""
    mean = float(row["mean"])
    low, high = row.get("lo"), row.get("hi")
    return (float(low) if is_number(low) else mean), (float(high) if is_number(high) else mean)
