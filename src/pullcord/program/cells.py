"""One cell: its text becomes a checked value, or a reason why it cannot."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from fractions import Fraction
from math import isfinite
from typing import Any

from pullcord.base import InvalidInput, Money, check_id

from .column import ANY, Column, Kind
from .faults import suggest

LARGEST = 1e15  # beyond it a float no longer holds every whole number
YEARS = range(1900, 2200)

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,16}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,16}(\.\d{1,9})?", re.ASCII)
_RATIO = re.compile(r"\d{1,18}/\d{1,18}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", re.ASCII)
_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
_MARK = re.compile(r"S|S1|C|A|M[0-9]{2}")
_GROUPED = re.compile(r"[+-]?\d{1,3}([,'\u2019\u00a0\u202f _]\d{3})+(\.\d+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_NUMERIC = frozenset({Kind.NUMBER, Kind.WHOLE, Kind.MONEY, Kind.SHARE})


class Refused(Exception):
    """A cell that cannot be read: what is wrong with it, and what would be right."""

    def __init__(self, wrong: str, right: str) -> None:
        super().__init__(wrong)
        self.wrong = wrong
        self.right = right


def is_numeric(column: Column) -> bool:
    """Whether the column's cells are figures, and may thus be taken from an assumption."""
    return column.kind in _NUMERIC


def read_cell(text: str, column: Column, currency: str) -> Any:
    """The value of a cell that is not empty, of the type that its kind asks for.

    str, float, int, Money, Fraction, date (a month is its first day), datetime without a zone, or bool. Raises Refused.
    """
    title = column.title(currency)
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise Refused(f"`{title}` holds a line break or a control character", "close the quote, or take it out")
    value = _parse(text, column, title, currency)
    if column.kind in _NUMERIC:
        _check_range(value, text, column, title)
    return value


def _parse(text: str, column: Column, title: str, currency: str) -> Any:
    match column.kind:
        case Kind.TEXT | Kind.CONDITION:
            return text
        case Kind.ID | Kind.REFERENCE:
            if column.or_any and text == ANY:
                return text
            try:
                return check_id(text, title, longest=column.longest)
            except InvalidInput as failure:
                raise Refused(f"`{title}` cannot be `{text}`", failure.hint or "") from None
        case Kind.CHOICE:
            if text not in column.choices:
                raise Refused(f"`{title}` cannot be `{text}`", suggest(text, column.choices))
            return text
        case Kind.NUMBER:
            if not _NUMBER.fullmatch(text) or not isfinite(float(text)) or abs(float(text)) > LARGEST:
                right = "write it with digits and a point, such as 1234.5"
                raise Refused(f"`{title}` is no number: `{text}`", _plainly(text, right))
            return float(text)
        case Kind.WHOLE:
            if not _WHOLE.fullmatch(text) or abs(int(text)) > LARGEST:
                right = "write it with digits only, such as 1234"
                raise Refused(f"`{title}` is no whole number: `{text}`", _plainly(text, right))
            return int(text)
        case Kind.MONEY:
            return _money(text, title, currency)
        case Kind.SHARE:
            if not (_RATIO.fullmatch(text) or _DECIMAL.fullmatch(text)) or re.search(r"/0+$", text):
                raise Refused(
                    f"`{title}` is no share: `{text}`", _plainly(text, "write it exactly, as 0.03 or 400/899")
                )
            return Fraction(text)
        case Kind.TIME:
            return _time(text, title)
        case Kind.DATE:
            return _day(text, text, _DAY, title, "2025-11-09")
        case Kind.MONTH:
            return _day(text, f"{text}-01", _MONTH, title, "2025-11")
        case Kind.YES_NO:
            if text not in ("yes", "no"):
                raise Refused(f"`{title}` is `{text}`", "write yes or no")
            return text == "yes"
        case Kind.MARK:
            if text == "U":
                raise Refused("mark U: an uncertain figure is not to be built on", "find a source, or leave it out")
            if not _MARK.fullmatch(text):
                raise Refused(f"`{text}` is no mark", "write S, S1, M with two digits, C or A")
            return text


def _plainly(text: str, right: str) -> str:
    """The way out of a number that is written for people: the same without separators, or with a point."""
    if _GROUPED.fullmatch(text):
        return f"write it without separators: {re.sub('[^0-9.+-]', '', text)}"
    if _DECIMAL_COMMA.fullmatch(text):
        return f"write it with a point: {text.replace(',', '.')}"
    return right


def _money(text: str, title: str, currency: str) -> Money:
    if not _DECIMAL.fullmatch(text) or abs(float(text)) > LARGEST:
        right = "write it in major units with a point, such as 49900 or 0.20"
        raise Refused(f"`{title}` is no amount: `{text}`", _plainly(text, right))
    try:
        return Money.of(text, currency)
    except InvalidInput as failure:
        raise Refused(f"`{title}`: {failure.message}", failure.hint or "") from None


def _day(text: str, whole: str, shape: re.Pattern[str], title: str, example: str) -> date:
    try:
        if not shape.fullmatch(text):
            raise ValueError
        day = date.fromisoformat(whole)
    except ValueError:
        raise Refused(f"`{title}` is no date: `{text}`", f"give one that exists, written as {example}") from None
    if day.year not in YEARS:
        raise Refused(f"`{title}` lies in the year {day.year}", f"give a year from {YEARS[0]} to {YEARS[-1]}")
    return day


def _time(text: str, title: str) -> datetime:
    if not _TIME.fullmatch(text):
        raise Refused(f"`{title}` is no local time: `{text}`", "write it as 2025-11-09T20:00, without an offset")
    day = _day(text[:10], text[:10], _DAY, title, "2025-11-09T20:00")
    hour, minute = int(text[11:13]), int(text[14:16])
    if hour > 23 or minute > 59:
        raise Refused(f"`{title}` is no local time: `{text}`", "give an hour up to 23 and a minute up to 59")
    return datetime.combine(day, time(hour, minute))


def _check_range(value: Any, text: str, column: Column, title: str) -> None:
    number = value.major if isinstance(value, Money) else value
    if column.above is not None and number <= column.above:
        raise Refused(f"`{title}` cannot be {text}", f"give more than {column.above:g}")
    if column.least is not None and number < column.least:
        raise Refused(f"`{title}` cannot be {text}", f"give {column.least:g} or more")
    if column.most is not None and number > column.most:
        raise Refused(f"`{title}` cannot be {text}", f"give at most {column.most:g}")
