"""A column of a table becomes numbers: one column of them, or an indicator for each of its texts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..data import Floats, Integers
from .faults import Faults, listed

LEVELS_MAX = 200
"""A text column with more different texts than this is taken for a name, not for an attribute."""

GAPS = ("", "na", "nan", "null")
"""What stands for nothing in a text cell, in any case."""

_TRUE, _FALSE = ("1", "true", "t", "yes", "y"), ("0", "false", "f", "no", "n")
_YES_NO = "write 1 or 0, or true or false"


def as_columns(name: str, series: pl.Series, rows: Integers, faults: Faults) -> list[tuple[str, Floats]]:
    """The columns of utility that a table's column gives, each with its name and float64[len(series)].

    Numbers stay what they are; true and false become 1 and 0; text becomes an indicator `fuel=electric` for every
    text that occurs, in alphabetical order, so that the order of rows does not matter. Gaps, infinities and numbers
    that are none are noted in `faults` by `rows`, the source's row of each value.
    """
    kind = series.dtype
    if kind == pl.Boolean or kind.is_numeric() or kind == pl.Null:
        return [(name, _numbers(name, series, rows, faults))]
    if kind.is_temporal() or kind.is_nested() or kind == pl.Binary:
        faults.whole(f"`{name}` holds {kind}, no numbers and no text", "turn it into numbers, or leave it out", 1)
        return []
    text = series.cast(pl.String)
    texts = text.unique().drop_nulls()
    plain = texts.str.strip_chars()
    number = plain.cast(pl.Float64, strict=False)
    gap = plain.str.to_lowercase().is_in(GAPS)
    # A NaN that is written out parses as a number; it is a gap all the same.
    is_number = (number.is_not_null() & ~gap).to_numpy()
    is_text = (~gap).to_numpy() & ~is_number
    if not is_text.any():
        return [(name, _numbers(name, text.str.strip_chars().cast(pl.Float64, strict=False), rows, faults))]
    if is_number.sum() > is_text.sum():
        _no_numbers(name, text, texts.filter(pl.Series(is_text)), rows, faults)
        return []
    if set(plain.filter(pl.Series(is_text)).str.to_lowercase()) <= {"true", "false"}:
        mapped = text.str.strip_chars().str.to_lowercase().replace_strict({"true": 1.0, "false": 0.0}, default=None)
        return [(name, _numbers(name, mapped, rows, faults))]
    levels = sorted(set(plain.filter(pl.Series((~gap).to_numpy()))))
    if len(levels) > LEVELS_MAX:
        right = "leave it out through `columns`, or group its texts"
        faults.whole(f"`{name}` holds {len(levels):,} different texts: a name, no attribute", right, 1)
        return []
    code_of = dict(zip(levels, range(len(levels)), strict=True))
    codes = text.replace_strict(
        texts, pl.Series([code_of.get(p, -1) for p in plain], dtype=pl.Int64), default=-1, return_dtype=pl.Int64
    ).to_numpy()
    faults.rows(rows[codes < 0], f"`{name}` has a gap", f"write one of {listed(levels)}, or leave the row out")
    return [(f"{name}={level}", (codes == code).astype(np.float64)) for code, level in enumerate(levels)]


def as_indicator(name: str, series: pl.Series, rows: Integers, faults: Faults, *, what: str) -> Floats:
    """float64[len(series)]: 1 or 0, from numbers, booleans or words such as `yes`; anything else is noted."""
    if series.dtype == pl.Boolean or series.dtype.is_numeric():
        values = series.cast(pl.Float64).fill_null(np.nan).to_numpy()
    else:
        words = series.cast(pl.String).str.strip_chars().str.to_lowercase()
        mapped = dict.fromkeys(_TRUE, 1.0) | dict.fromkeys(_FALSE, 0.0)
        values = words.replace_strict(mapped, default=None, return_dtype=pl.Float64).fill_null(np.nan).to_numpy()
    wrong = ~((values == 0) | (values == 1))
    _each(faults, rows, wrong, lambda at: f"`{name}` is {_shown(series, at)}, and {what} is 1 or 0", _YES_NO)
    return np.where(wrong, 0.0, values)


def as_numbers(name: str, series: pl.Series, rows: Integers, faults: Faults) -> Floats:
    """float64[len(series)]; what is no number is noted, and 0 here."""
    if series.dtype == pl.Boolean or series.dtype.is_numeric() or series.dtype == pl.Null:
        return _numbers(name, series, rows, faults)
    words = series.cast(pl.String).str.strip_chars()
    values = words.cast(pl.Float64, strict=False)
    odd = (values.is_null() & words.is_not_null() & ~words.str.to_lowercase().is_in(GAPS)).to_numpy()
    _each(faults, rows, odd, lambda at: f"`{name}` is {_shown(series, at)}, no number", "write a number")
    return _numbers(name, values.fill_null(0.0) if odd.all() else values.set(pl.Series(odd), 0.0), rows, faults)


def _numbers(name: str, series: pl.Series, rows: Integers, faults: Faults) -> Floats:
    values = series.cast(pl.Float64, strict=False).to_numpy()
    if series.null_count() == 0 and np.isfinite(values).all():
        return np.asarray(values, dtype=np.float64)
    gap, infinite = np.isnan(values), np.isinf(values)
    faults.rows(rows[gap], f"`{name}` has a gap", "write a number, or leave the row out")
    faults.rows(rows[infinite], f"`{name}` is infinite", "write a number, or leave the row out")
    return np.where(gap | infinite, 0.0, values)


def _no_numbers(name: str, text: pl.Series, odd: pl.Series, rows: Integers, faults: Faults) -> None:
    """A column of numbers with something else among them: a slip, not a text column."""
    wrong = text.is_in(odd.implode()).fill_null(False).to_numpy()
    right = "write a number: most others of this column are"
    _each(faults, rows, wrong, lambda at: f"`{name}` is {_shown(text, at)}, no number", right)


def _each(faults: Faults, rows: Integers, wrong: NDArray[np.bool_], say: Callable[[int], str], right: str) -> None:
    at = np.flatnonzero(wrong)
    faults.rows(rows[at], lambda i: say(int(at[i])), right)


def _shown(series: pl.Series, at: int) -> str:
    value = series[at]
    return "empty" if value is None or value == "" else f"`{value}`"
