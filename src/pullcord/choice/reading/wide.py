"""The wide form: one row for each situation, the alternatives side by side in columns that name them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pullcord.base import InvalidInput

from ..data import Integers
from .faults import Faults, listed, nearest

PATTERNS = (
    "{attribute}_{alternative}",
    "{alternative}_{attribute}",
    "{attribute}.{alternative}",
    "{alternative}.{attribute}",
    "{attribute}{alternative}",
    "{alternative}{attribute}",
)
"""Tried in this order where none is given."""

WITHOUT = "none"
"""The level of a text attribute for an alternative that does not have it; a number is 0 there."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column holds which attribute of which alternative.

    alternatives : names, in order; labels : what the file calls each of them.
    attributes : by attribute, the column of each alternative (by name) that has it.
    """

    alternatives: tuple[str, ...]
    labels: tuple[str, ...]
    attributes: Mapping[str, Mapping[str, str]]

    @property
    def columns_used(self) -> frozenset[str]:
        """Every column that belongs to an alternative."""
        return frozenset(column for by in self.attributes.values() for column in by.values())


def layout_of(
    table: pl.DataFrame,
    chosen: str,
    special: set[str],
    alternatives: Sequence[str] | Mapping[str, str] | None,
    pattern: str | None,
    faults: Faults,
) -> Layout:
    """How the columns of a wide table are to be read; what cannot be told is noted in `faults`."""
    columns = [c for c in table.columns if c not in special]
    if alternatives is None:
        seen = table[chosen].unique(maintain_order=True).drop_nulls()
        labels = tuple(dict.fromkeys(text.strip() for text in _as_text(seen) if text.strip()))
        names = labels
    elif isinstance(alternatives, Mapping):
        labels, names = tuple(alternatives), tuple(alternatives.values())
    else:
        labels = names = tuple(alternatives)
    if pattern is not None:
        for part in ("{attribute}", "{alternative}"):
            if pattern.count(part) != 1:
                raise InvalidInput(f"the pattern `{pattern}` must name {part} once", f"write it like `{PATTERNS[0]}`")
    for candidate in (pattern,) if pattern else PATTERNS:
        found = _matches(columns, candidate, labels, names)
        if all(any(name in by for by in found.values()) for name in names) and found:
            if alternatives is None:
                found = _in_order_of_columns(columns, found)
                names = tuple(dict.fromkeys(n for c in columns for by in found.values() for n in by if by[n] == c))
                labels = names
                _complain_of_the_never_chosen(columns, candidate, found, names, faults)
            return Layout(names, labels, found)
    tried = f"`{pattern}`" if pattern else "any usual pattern"
    faults.whole(
        f"no columns follow {tried} for each of {listed(names)}",
        "name the alternatives as the columns do, and their `pattern`, such as `{attribute}_{alternative}`",
        1,
    )
    return Layout(names, labels, {})


def availability_columns(
    table: pl.DataFrame, availability: str | Mapping[str, str] | None, layout: Layout, faults: Faults
) -> dict[str, str]:
    """The column that says whether each alternative was on offer; alternatives without one always were."""
    if availability is None:
        return {}
    if isinstance(availability, str):
        if availability.count("{alternative}") != 1:
            raise InvalidInput(
                f"`{availability}` does not say where the alternative stands",
                "write a pattern such as `{alternative}_AV`, or the column of each alternative",
            )
        expected = {
            name: availability.replace("{alternative}", label)
            for name, label in zip(layout.alternatives, layout.labels, strict=True)
        }
    else:
        expected = dict(availability)
    for name, column in expected.items():
        if name not in layout.alternatives:
            faults.whole(f"availability is given for `{name}`, no alternative", nearest(name, layout.alternatives), 1)
        if column not in table.columns:
            faults.whole(f"there is no column `{column}`", nearest(column, table.columns), 1)
    faults.refuse()
    return expected


def chosen_alternative(series: pl.Series, column: str, layout: Layout, row: Integers, faults: Faults) -> Integers:
    """int64[row] into the alternatives; by label or name, else by number, counted from 1."""
    unique = series.unique(maintain_order=True).drop_nulls()
    code_of = {str(1 + code): code for code in range(len(layout.alternatives))}
    code_of |= {name: code for code, name in enumerate(layout.alternatives)}
    code_of |= {label: code for code, label in enumerate(layout.labels)}
    codes = pl.Series([code_of.get(text.strip(), -1) for text in _as_text(unique)], dtype=pl.Int64)
    picked = series.replace_strict(unique, codes, default=-1, return_dtype=pl.Int64).to_numpy()
    wrong = np.flatnonzero(picked < 0)

    def say(i: int) -> str:
        value = series[int(wrong[i])]
        return f"`{column}` is empty" if value is None else f"`{column}` is `{value}`, no alternative"

    right = f"write one of {listed(layout.labels)}, or a number from 1 to {len(layout.alternatives)}"
    faults.rows(row[wrong], say, right)
    return np.asarray(np.maximum(picked, 0), dtype=np.int64)


def side_by_side(table: pl.DataFrame, layout: Layout, attribute: str) -> pl.Series:
    """pl.Series[situation x alternative]: the attribute of every alternative, situation by situation."""
    by = layout.attributes[attribute]
    kinds = {table[column].dtype for column in by.values()}
    numeric = all(kind.is_numeric() or kind == pl.Boolean for kind in kinds)
    target = pl.Float64() if numeric else pl.String()
    height, width = table.height, len(layout.alternatives)
    without = pl.repeat(0 if numeric else WITHOUT, height, dtype=target, eager=True)
    parts = [table[by[name]].cast(target) if name in by else without for name in layout.alternatives]
    if numeric:
        return pl.Series(attribute, np.column_stack([part.to_numpy() for part in parts]).ravel())
    at = (np.arange(width)[None, :] * height + np.arange(height)[:, None]).ravel()
    return pl.concat([part.rename(attribute) for part in parts]).gather(at)


def _matches(
    columns: Sequence[str], pattern: str, labels: Sequence[str], names: Sequence[str]
) -> dict[str, dict[str, str]]:
    """By attribute, the column of each alternative; the longest label wins, so that `car10` is not car 0's."""
    found: dict[str, dict[str, str]] = {}
    both = sorted(
        dict(zip((*labels, *names), (*names, *names), strict=True)).items(),
        key=lambda pair: -len(pair[0]),
    )
    for column in columns:
        for label, name in both:
            if matched := _pattern(pattern, re.escape(label)).fullmatch(column):
                found.setdefault(matched["attribute"], {}).setdefault(name, column)
                break
    if "}{" in pattern:  # with nothing in between, `commute5` of the person would pass for an attribute of car 5
        return {attribute: by for attribute, by in found.items() if len(by) == len(names)}
    return found


def _pattern(pattern: str, alternative: str) -> re.Pattern[str]:
    escaped = re.escape(pattern).replace(r"\{", "{").replace(r"\}", "}")
    return re.compile(
        escaped.replace("{attribute}", "(?P<attribute>.+)").replace("{alternative}", f"(?P<alternative>{alternative})")
    )


def _in_order_of_columns(columns: Sequence[str], found: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    place = {column: i for i, column in enumerate(columns)}
    return {a: dict(sorted(by.items(), key=lambda pair: place[pair[1]])) for a, by in found.items()}


def _complain_of_the_never_chosen(
    columns: Sequence[str],
    pattern: str,
    found: Mapping[str, Mapping[str, str]],
    names: Sequence[str],
    faults: Faults,
) -> None:
    """Columns of an attribute that name something which nobody chose: an alternative, or a slip?"""
    complete = [a for a, by in found.items() if len(by) == len(names)]
    taken = {column for by in found.values() for column in by.values()}
    for attribute in complete:
        filled = pattern.replace("{attribute}", attribute)
        others = _pattern(filled, ".+")
        for column in columns:
            if column not in taken and (matched := others.fullmatch(column)):
                faults.whole(
                    f"`{column}` looks like an alternative `{matched['alternative']}` that nobody chose",
                    "name all `alternatives`",
                    1,
                )


def _as_text(series: pl.Series) -> list[str]:
    if series.dtype.is_float() and (series == series.round()).all():
        series = series.cast(pl.Int64)
    return series.cast(pl.String).to_list()
