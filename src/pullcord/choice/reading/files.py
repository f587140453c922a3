"""Choices from a file or a table, long or wide: everything that is wrong is told at once, by line.

A long table has one row for each alternative on offer:

    person,task,car,price,fuel,chosen
    ann,1,small,9.9,petrol,0
    ann,1,large,15.9,electric,1

    read_choices("choices.csv", person="person", situation="task", alternative="car", chosen="chosen")

A wide table has one row for each situation, and the alternatives side by side:

    person,price_small,price_large,fuel_small,fuel_large,chosen
    ann,9.9,15.9,petrol,electric,large

    read_choices("wide.csv", format="wide", person="person", chosen="chosen", alternatives=("small", "large"))

Both give the columns `price`, `fuel=electric` and `fuel=petrol`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from pullcord.base import InvalidInput

from ..data import ChoiceData, Integers
from .attributes import as_indicator, as_numbers
from .faults import Faults, listed, nearest
from .source import Source, as_table, open_source
from .stacking import Stacked, assemble
from .wide import availability_columns, chosen_alternative, layout_of, side_by_side

Alternatives = Sequence[str] | Mapping[str, str]


def read_choices(
    path: Path | str,
    *,
    chosen: str,
    format: Literal["long", "wide"] = "long",
    person: str | None = None,
    situation: str | None = None,
    alternative: str | None = None,
    weight: str | None = None,
    availability: str | Mapping[str, str] | None = None,
    columns: Sequence[str] | None = None,
    alternatives: Alternatives | None = None,
    pattern: str | None = None,
    name: str | None = None,
) -> ChoiceData:
    """The choices in a CSV file (plain or .gz, any line ends, UTF-8) or a Parquet file.

    Rows may come in any order. Text becomes an indicator for each of its levels (`fuel=electric`), true and false
    become 1 and 0, and empty cells, NA, NaN and null are gaps.

    Parameters
    ----------
    chosen : long: 1 in the row that was chosen, else 0. Wide: the chosen alternative's name, or its number, counted
        from 1 in the order of `alternatives`
    person : who chose; without it every situation is a person of its own
    situation : which choice of the person it is; needed in the long form. Wide: each row is one; a name serves to
        find the same one twice
    alternative : long: which alternative the row is; without it, its place in the situation: `1`, `2`, ...
    weight : how much the situation counts, 0 or more, the same in all of its rows
    availability : 1 where the alternative was on offer, else 0; such rows are left out, and may have gaps. Wide:
        a pattern such as `{alternative}_AV`, or the column of each alternative that has one
    columns : which columns enter the data (wide: attributes and columns of the person); all others by default
    alternatives : their names, in the order they shall have; or from the label in the file to the name. By default
        in the order in which they appear; in the wide form those that were chosen, and a column that looks like
        another is refused
    pattern : wide: how columns are named, `{attribute}_{alternative}`, `{alternative}_{attribute}` or the like; found
        out by default. An attribute that an alternative does not have is 0 there, or the text `none`
    name : what the data are called; the file's name by default

    Raises
    ------
    NotFound where there is no such file; InvalidInput with every fault as a `Problem` (file, line, what is wrong, what
    would be right): a situation without exactly one choice, or with one of what was not available; an alternative
    twice; gaps and what is no number; weights below 0 or not the same in all of a situation's rows; one alternative
    only; columns that are not there.
    """
    wanted = [person, situation, alternative, chosen, weight, *(columns or ())]
    only = None
    if columns is not None and format == "long":
        only = [c for c in (*wanted, availability) if isinstance(c, str)]
    source = open_source(path, name=name, only=only)
    return _read(
        source, format, chosen, person, situation, alternative, weight, availability, columns, alternatives, pattern
    )


def choices_from_table(
    table: Any,
    *,
    chosen: str,
    format: Literal["long", "wide"] = "long",
    person: str | None = None,
    situation: str | None = None,
    alternative: str | None = None,
    weight: str | None = None,
    availability: str | Mapping[str, str] | None = None,
    columns: Sequence[str] | None = None,
    alternatives: Alternatives | None = None,
    pattern: str | None = None,
    name: str = "table",
) -> ChoiceData:
    """The choices in a table at hand: Polars, Arrow, DuckDB, pandas, or a mapping of columns. See `read_choices`.

    Faults are told by row, counted from 1.

        choices_from_table(
            {"trip": [1, 1], "mode": ["bus", "car"], "minutes": [30, 20], "chosen": [0, 1]},
            situation="trip", alternative="mode", chosen="chosen",
        )
    """
    source = Source(as_table(table), name)
    return _read(
        source, format, chosen, person, situation, alternative, weight, availability, columns, alternatives, pattern
    )


def _read(
    source: Source,
    format: str,
    chosen: str,
    person: str | None,
    situation: str | None,
    alternative: str | None,
    weight: str | None,
    availability: str | Mapping[str, str] | None,
    columns: Sequence[str] | None,
    alternatives: Alternatives | None,
    pattern: str | None,
) -> ChoiceData:
    faults = source.faults()
    if format == "long":
        if not isinstance(availability, str | None):
            raise InvalidInput("in the long form availability is one column", "name that column")
        if situation is None:
            raise InvalidInput("the long form needs a column for the situation", "name it by `situation`")
        _known(
            source,
            faults,
            [c for c in (person, situation, alternative, chosen, weight, availability, *(columns or ())) if c],
        )
        stacked = _long(
            source, chosen, person, situation, alternative, weight, availability, columns, alternatives, faults
        )
    elif format == "wide":
        if alternative is not None:
            raise InvalidInput("in the wide form no column holds the alternative", "leave `alternative` out")
        _known(source, faults, [c for c in (person, situation, chosen, weight) if c])
        stacked = _wide(source, chosen, person, situation, weight, availability, columns, alternatives, pattern, faults)
    else:
        raise InvalidInput(f"`{format}` is no form of choice data", "read them as long or wide")
    return assemble(stacked, faults)


def _long(
    source: Source,
    chosen: str,
    person: str | None,
    situation: str,
    alternative: str | None,
    weight: str | None,
    availability: str | None,
    columns: Sequence[str] | None,
    alternatives: Alternatives | None,
    faults: Faults,
) -> Stacked:
    table = source.table
    row = np.arange(table.height, dtype=np.int64)
    names = _labels(alternatives)
    place = None
    if alternative is not None:
        place, names = _alternative_codes(table[alternative], alternative, alternatives, row, faults)
    special = {person, situation, alternative, chosen, weight, availability}
    kept = list(columns) if columns is not None else [c for c in table.columns if c not in special]
    available = None
    if availability is not None:
        available = as_indicator(availability, table[availability], row, faults, what="availability") == 1
    return Stacked(
        name=source.name,
        row=row,
        person=None if person is None else keys(person, table[person], row, faults),
        situation=keys(situation, table[situation], row, faults),
        alternative=place,
        alternatives=names,
        chosen=as_indicator(chosen, table[chosen], row, faults, what="a choice"),
        weight=None if weight is None else as_numbers(weight, table[weight], row, faults),
        available=None if available is None or available.all() else available,
        attributes=[(c, table[c]) for c in kept],
        person_names=lambda rows: _texts(table[person or situation], rows),
        say=lambda at: _called(table, person, situation, at),
    )


def _wide(
    source: Source,
    chosen: str,
    person: str | None,
    situation: str | None,
    weight: str | None,
    availability: str | Mapping[str, str] | None,
    columns: Sequence[str] | None,
    alternatives: Alternatives | None,
    pattern: str | None,
    faults: Faults,
) -> Stacked:
    table = source.table
    row = np.arange(table.height, dtype=np.int64)
    special = {c for c in (person, situation, chosen, weight) if c}
    layout = layout_of(table, chosen, special, alternatives, pattern, faults)
    faults.refuse()
    width = len(layout.alternatives)
    on_offer = availability_columns(table, availability, layout, faults)
    used = special | set(on_offer.values())
    known = [c for c in table.columns if c not in used and c not in layout.columns_used]
    attributes = [a for a in layout.attributes if not set(layout.attributes[a].values()) <= used]
    if columns is not None:
        for missing in [c for c in columns if c not in layout.attributes and c not in table.columns]:
            right = nearest(missing, [*layout.attributes, *known])
            faults.whole(f"there is no attribute and no column `{missing}`", right, 1)
        attributes = [c for c in columns if c in layout.attributes]
        known = [c for c in columns if c not in layout.attributes and c in table.columns]
    faults.refuse()
    stacked_row = np.repeat(row, width)
    available = None
    if on_offer:
        flags = np.ones((table.height, width), dtype=np.bool_)
        for j, each in enumerate(layout.alternatives):
            if each in on_offer:
                column = on_offer[each]
                flags[:, j] = as_indicator(column, table[column], row, faults, what="availability") == 1
        available = None if flags.all() else flags.ravel()
    picked = chosen_alternative(table[chosen], chosen, layout, row, faults)
    values = None if weight is None else as_numbers(weight, table[weight], row, faults)
    who = None if person is None else np.repeat(keys(person, table[person], row, faults), width)
    which = row if situation is None else keys(situation, table[situation], row, faults)
    ids = person or situation
    return Stacked(
        name=source.name,
        row=stacked_row,
        person=who,
        situation=np.repeat(which, width),
        alternative=np.tile(np.arange(width, dtype=np.int64), table.height),
        alternatives=layout.alternatives,
        chosen=(picked[:, None] == np.arange(width)).astype(np.float64).ravel(),
        weight=None if values is None else np.repeat(values, width),
        available=available,
        attributes=[(a, side_by_side(table, layout, a)) for a in attributes]
        + [(c, table[c].gather(stacked_row)) for c in known],
        person_names=lambda rows: (
            _texts(table[ids], rows // width) if ids else tuple(str(1 + r) for r in (rows // width).tolist())
        ),
        say=lambda at: _called(table, person, situation, at // width),
    )


def _known(source: Source, faults: Faults, names: Sequence[str]) -> None:
    there = source.layout.header if source.layout else tuple(source.table.columns)
    for name in dict.fromkeys(names):
        if name not in there:
            faults.whole(f"there is no column `{name}`", nearest(name, there), 1)
    faults.refuse()


def _labels(alternatives: Alternatives | None) -> tuple[str, ...]:
    if alternatives is None:
        return ()
    return tuple(alternatives.values()) if isinstance(alternatives, Mapping) else tuple(alternatives)


def _alternative_codes(
    series: pl.Series, column: str, alternatives: Alternatives | None, row: Integers, faults: Faults
) -> tuple[Integers, tuple[str, ...]]:
    """int64[row] into the names of the alternatives."""
    unique = series.unique(maintain_order=True).drop_nulls()
    texts = as_text(unique).str.strip_chars().to_list()
    if alternatives is None:
        names = tuple(dict.fromkeys(text for text in texts if text))
        code_of = {name: code for code, name in enumerate(names)}
    else:
        names = _labels(alternatives)
        code_of = {label: code for code, label in enumerate(alternatives)} | {n: c for c, n in enumerate(names)}
    codes = pl.Series([code_of.get(text, -1) for text in texts], dtype=pl.Int64)
    places = series.replace_strict(unique, codes, default=-1, return_dtype=pl.Int64).to_numpy()
    wrong = np.flatnonzero(places < 0)
    faults.rows(
        row[wrong],
        lambda i: f"`{column}` is {_cell(series, int(wrong[i]))}, no alternative",
        f"write one of {listed(names)}",
    )
    return np.maximum(places, 0), names


def keys(column: str, series: pl.Series, row: Integers, faults: Faults) -> Integers:
    """int64[row], equal where the cells are; a gap is noted."""
    if series.null_count():
        faults.rows(row[series.is_null().to_numpy()], f"`{column}` is empty", "say which it is")
        series = series.fill_null(strategy="zero") if series.dtype.is_numeric() else series.fill_null("")
    if series.dtype.is_integer() or series.dtype == pl.Boolean:
        return series.cast(pl.Int64).to_numpy()
    return as_text(series).cast(pl.Categorical).to_physical().cast(pl.Int64).to_numpy()


def as_text(series: pl.Series) -> pl.Series:
    """The cells as text; 3.0 is `3`, for a whole number is a name that lost its form on the way."""
    if series.dtype.is_float() and (series.is_null() | (series == series.round())).all():
        series = series.cast(pl.Int64, strict=False)
    return series.cast(pl.String)


def _texts(series: pl.Series, rows: Integers) -> tuple[str, ...]:
    return tuple(as_text(series.gather(rows)).to_list())


def _cell(series: pl.Series, at: int) -> str:
    value = as_text(series.slice(at, 1))[0]
    return "empty" if value is None or value == "" else f"`{value}`"


def _called(table: pl.DataFrame, person: str | None, situation: str | None, at: int) -> str:
    which = f"situation {_cell(table[situation], at)}" if situation else "the situation"
    return f"{which} of {_cell(table[person], at)}" if person else which
