"""Numbers as people read them: thousands separated, units said, money in major units."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, TypeGuard

from pullcord.base import Money

MINUS = "\u2212"
SPACE = "\u00a0"  # no line break between a number and its unit
NOTHING = "–"

_CURRENCY_WORDS = {"CNY": "yuan", "EUR": "euro", "JPY": "yen"}


def currency_word(currency: str) -> str:
    """The currency's name in running text; its ISO code where the name alone would be ambiguous."""
    return _CURRENCY_WORDS.get(currency, currency)


def is_number(value: Any) -> TypeGuard[float]:
    """Whether this is a finite number; None, NaN and text are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def number(value: Any, decimals: int | None = None) -> str:
    """12,345 or 1.23: with `decimals` None as many digits as three significant figures need."""
    if not is_number(value):
        return NOTHING
    if decimals is None:
        size = abs(value)
        decimals = 0 if size >= 100 or float(value).is_integer() else 1 if size >= 10 else 2 if size >= 1 else 3
    text = f"{value:,.{decimals}f}"
    if text.lstrip("-").strip("0.,") == "":
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def exact(value: Any) -> str:
    """A number as it was given, with thousands separated: 0.35, 1,100."""
    return f"{value:,.10g}".replace("-", MINUS) if is_number(value) else NOTHING if value is None else str(value)


def percent(share: Any, decimals: int | None = None) -> str:
    """A share as a percentage: 0.4007 is 40.1 %, 0.0034 is 0.34 %."""
    if not is_number(share):
        return NOTHING
    size = abs(share) * 100
    if decimals is None:
        decimals = 0 if size >= 100 or size == 0 else 1 if size >= 1 else 2
    return f"{number(share * 100, decimals)}{SPACE}%"


def major(minor: float, currency: str) -> float:
    """An amount of minor units (fen, cents; may be a mean) in major units."""
    return minor / 10.0 ** minor_digits(currency)


def minor_digits(currency: str) -> int:
    """Decimal places of the currency's minor unit."""
    scale = Money(1, currency).major.as_tuple().exponent
    return -scale if isinstance(scale, int) else 0


def money(minor: Any, currency: str, decimals: int | None = None) -> str:
    """49,900 yuan from 4,990,000 fen; cents are shown only where an exact amount has some."""
    if not is_number(minor):
        return NOTHING
    value = major(minor, currency)
    if decimals is None:
        decimals = 0 if float(value).is_integer() or abs(value) >= 1000 else minor_digits(currency)
    return f"{number(value, decimals)}{SPACE}{currency_word(currency)}"


def large_money(minor: Any, currency: str) -> str:
    """1.24 billion yuan: for sums that nobody reads to the last digit."""
    if not is_number(minor):
        return NOTHING
    value = major(minor, currency)
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if abs(value) >= size:
            return f"{number(value / size, 2)}{SPACE}{word} {currency_word(currency)}"
    return money(minor, currency)


def money_scale(values_minor: Sequence[float], currency: str) -> tuple[float, str]:
    """What to divide minor units by for an axis, and the unit to write beside it."""
    unit = currency_word(currency)
    one = 10.0 ** minor_digits(currency)
    largest = max((abs(value) for value in values_minor), default=0.0) / one
    for size, word in ((2e9, "billion "), (2e6, "million "), (2e4, "thousand ")):
        if largest >= size:
            return one * {"billion ": 1e9, "million ": 1e6, "thousand ": 1e3}[word], word + unit
    return one, unit


def delay_words(days: Any) -> str:
    """A delay of news in words: 0 is none, 7 a week, 30 a month, 91 three months."""
    known = {0: "no delay", 1: "1 day", 7: "1 week", 14: "2 weeks", 182: "6 months", 365: "1 year"}
    known |= dict.fromkeys((28, 30, 31), "1 month") | dict.fromkeys((60, 61), "2 months")
    known |= dict.fromkeys((90, 91, 92), "3 months")
    return known.get(days, f"{number(days)} days")


def plural(unit: str) -> str:
    """The plural of a unit's name by the regular rules: car, cars; box, boxes; battery, batteries."""
    if unit.endswith(("s", "x", "z", "ch", "sh")):
        return unit + "es"
    if unit.endswith("y") and unit[-2:-1] not in "aeiou":
        return unit[:-1] + "ies"
    return unit + "s"


def shorten(text: str, letters: int) -> str:
    """The text on one line with at most so many letters, cut with an ellipsis; nothing that XML refuses."""
    clean = " ".join("".join(c if c.isprintable() or c.isspace() else " " for c in str(text)).split())
    return clean if len(clean) <= letters else clean[: letters - 1].rstrip() + "…"
