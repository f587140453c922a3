"""Events of choice compressed exactly to counts: a hundred million clicks become the cells that a logit needs.

The log-likelihood of choices depends on how often each alternative was chosen from each set, not on who came first:
with n choices of one alternative from one set, n log P stands for n events. Estimates, log-likelihood and information
are those of the events, at the cost of the distinct cells.

    events  : week, city, segment, car            one row for each choice, in Parquet or CSV files
    offers  : week, city, car, price, range_km    one row for each alternative on offer

    data = count_choices("events/*.parquet", "offers.parquet", situation=("week", "city", "segment"), chosen="car",
                         alternative="car")
    fit = Logit("price/10000 + range_km/100 + price:segment=young").fit(data)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from pullcord.base import InvalidInput, NotFound

from ..data import ChoiceData, Floats, Integers
from .attributes import as_columns, as_indicator
from .faults import Faults, listed, nearest
from .files import as_text
from .source import Source, as_table, open_source
from .stacking import Stacked, assemble

if TYPE_CHECKING:
    import duckdb

CHOICES = "choices"
"""The column of counts in a table of cells."""

_GAPS, _LOWEST = "choices_unknown", "choices_lowest"
_WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
_DIRECT_BITS = 22  # a table of 4 million counts, for each thread
_FILES_AT_A_TIME = 24


def count_choices(
    events: Path | str | duckdb.DuckDBPyRelation,
    offers: Any,
    *,
    situation: str | Sequence[str],
    chosen: str,
    alternative: str,
    count: str | None = None,
    availability: str | None = None,
    columns: Sequence[str] | None = None,
    alternatives: Sequence[str] | None = None,
    name: str = "events",
    memory_limit: str | None = None,
    spill_dir: Path | str | None = None,
    threads: int | None = None,
) -> ChoiceData:
    """Choices as counts, from events that need not fit into memory: `count_cells`, then `choices_from_cells`."""
    by = [situation] if isinstance(situation, str) else list(situation)
    cells = count_cells(
        events, [*by, chosen], count=count, memory_limit=memory_limit, spill_dir=spill_dir, threads=threads
    )
    return choices_from_cells(
        cells,
        offers,
        situation=by,
        chosen=chosen,
        alternative=alternative,
        availability=availability,
        columns=columns,
        alternatives=alternatives,
        name=name,
    )


def count_cells(
    events: Path | str | duckdb.DuckDBPyRelation,
    by: Sequence[str],
    *,
    count: str | None = None,
    memory_limit: str | None = None,
    spill_dir: Path | str | None = None,
    threads: int | None = None,
) -> pl.DataFrame:
    """How many events there are for each combination of `by`: those columns and `choices`, int64, in no order.

    events : Parquet or CSV files (a path, or a pattern such as `events/*.parquet`), or a DuckDB relation
    count : a column that says how many choices a row stands for, 1 by default
    memory_limit, threads : what DuckDB may use, such as `4GB`; its own choice by default. A relation keeps the
        settings of its connection
    spill_dir : where it may write what does not fit into memory

    Raises NotFound where no file matches, InvalidInput for columns that are not there and settings that are none.
    """
    import duckdb  # only here: it takes a tenth of a second to load

    if isinstance(events, duckdb.DuckDBPyRelation):
        return _cells(events, by, count)
    path = str(events)
    pattern = Path(path)
    files = [path] if "://" in path else sorted(map(str, pattern.parent.glob(pattern.name)))
    if not files:
        raise NotFound(f"there are no events at {path}", "name Parquet or CSV files, such as events/*.parquet")
    config: dict[str, str | bool | int | float | list[str]] = {"preserve_insertion_order": False}
    if memory_limit is not None:
        config["memory_limit"] = memory_limit
    if spill_dir is not None:
        config["temp_directory"] = str(spill_dir)
    if threads is not None:
        config["threads"] = threads
    try:
        connection = duckdb.connect(config=config)
    except duckdb.Error as error:
        raise InvalidInput(f"DuckDB does not take these settings: {error}", "write memory_limit like 4GB") from None
    with connection:
        try:
            if Path(path.removesuffix(".gz")).suffix in (".csv", ".tsv", ".txt"):
                return _cells(connection.read_csv(files), by, count)  # type: ignore[arg-type]
            return _cells_of_files(connection, files, by, count)
        except duckdb.Error as error:
            why = str(error).partition("\n")[0]
            hint = "write the files anew, or see memory_limit and spill_dir"
            raise InvalidInput(f"the events at {path} cannot be counted: {why}", hint) from None


def choices_from_cells(
    cells: Any,
    offers: Any,
    *,
    situation: str | Sequence[str],
    chosen: str,
    alternative: str,
    availability: str | None = None,
    columns: Sequence[str] | None = None,
    alternatives: Sequence[str] | None = None,
    name: str = "events",
) -> ChoiceData:
    """Choice data whose `chosen` are counts, one situation for each combination of the `situation` columns that
    occurs in `cells`, in the order of those columns.

    Parameters
    ----------
    cells : a table with the columns of `situation`, `chosen` and `choices`, as `count_cells` gives it
    offers : a table, or a Parquet or CSV file: one row for each alternative on offer, with its attributes. It is
        matched to situations by those of the `situation` columns that it has: offers by week and city are the same
        for all segments of buyers; offers without any of them are the same for everybody
    situation : columns that tell situations apart. Those that `offers` does not have (the segment) become columns of
        the data, text as indicators, to let tastes differ: `price:segment=young`
    chosen, alternative : the alternative's name in `cells` and in `offers`. Buying nothing is an alternative like the
        others, and has a row in `offers`
    availability : a column of `offers`, 0 for what was not on offer
    columns : which columns enter; all by default. alternatives : their order; by first appearance in `offers`

    Raises InvalidInput with every fault: cells whose alternative was not on offer, situations without offers, gaps,
    an alternative on offer twice, one alternative only.
    """
    by = [situation] if isinstance(situation, str) else list(situation)
    table = as_table(cells)
    source = open_source(offers) if isinstance(offers, Path | str) else Source(as_table(offers), "offers")
    faults = source.faults()
    _known(table.columns, [*by, chosen, CHOICES], "the cells", faults)
    _known(source.table.columns, [alternative, *([availability] if availability else [])], source.name, faults)
    faults.refuse()
    shared = [column for column in by if column in source.table.columns]
    own = [column for column in by if column not in shared]
    _complain_of_gaps(table, [*by, chosen, CHOICES], name, faults)
    offered = _offers(source, alternative, availability, shared, columns, alternatives, faults)
    faults.refuse()

    table, offers_by_key = _alike(table, offered.table, shared, faults)
    faults.refuse()
    sets = table.select(by).unique().sort(by).with_row_index("\0set")
    joined = sets.join(offers_by_key, on=shared, how="inner") if shared else sets.join(offers_by_key, how="cross")
    stacked_set = joined["\0set"].to_numpy().astype(np.int64)
    at = joined["\0row"].to_numpy().astype(np.int64)
    bare = np.flatnonzero(np.bincount(stacked_set, minlength=sets.height) == 0)
    faults.wholes(
        len(bare),
        lambda i: f"nothing is on offer in {_called(sets, by, int(bare[i]))}",
        f"write its offers, matched by {listed(shared)}",
    )
    place = offered.place[at]
    counted = _counted(table, sets, by, chosen, stacked_set, place, offered.names, name, faults)
    faults.refuse()
    attributes = [(column, pl.Series(values[at])) for column, values in offered.attributes]
    every = np.arange(sets.height, dtype=np.int64)
    for column in own:
        if columns is None or column in columns:
            made = as_columns(column, sets[column], every, faults)
            attributes += [(each, pl.Series(values[stacked_set])) for each, values in made]
    data = Stacked(
        name=name,
        row=offered.row[at],
        person=None,
        situation=stacked_set,
        alternative=place,
        alternatives=offered.names,
        chosen=counted,
        weight=None,
        available=None,
        attributes=attributes,
        person_names=lambda rows: _names(sets[stacked_set[rows]], by),
        say=lambda row: _called(sets, by, int(stacked_set[row])),
        counts=True,
    )
    return assemble(data, faults)


@dataclass(frozen=True, slots=True, eq=False)
class _Offers:
    """What may be chosen. table : the shared keys and `\0row`, which counts the rows of the arrays beside it; row :
    int64[...], of the source; place : int64[...] into names; attributes : float64[...] each, with their names."""

    table: pl.DataFrame
    row: Integers
    place: Integers
    names: tuple[str, ...]
    attributes: list[tuple[str, Floats]]


def _offers(
    source: Source,
    alternative: str,
    availability: str | None,
    shared: list[str],
    columns: Sequence[str] | None,
    alternatives: Sequence[str] | None,
    faults: Faults,
) -> _Offers:
    """The offers as arrays, without what was not available."""
    table, row = source.table, np.arange(source.table.height, dtype=np.int64)
    if availability is not None:
        there = as_indicator(availability, table[availability], row, faults, what="availability") == 1
        table, row = table.filter(pl.Series(there)), row[there]
    for column in (alternative, *shared):
        gaps = table[column].is_null().to_numpy()
        faults.rows(row[gaps], f"`{column}` is empty", "say which it is")
    names = _texts(table[alternative])
    order = tuple(alternatives) if alternatives is not None else tuple(dict.fromkeys(n for n in names if n))
    code_of = {name: code for code, name in enumerate(order)}
    places = np.array([code_of.get(name, -1) for name in names], dtype=np.int64)
    unknown = np.flatnonzero(places < 0)
    faults.rows(row[unknown], lambda i: f"`{names[int(unknown[i])]}` is no alternative", f"one of {listed(order)}")
    special = {alternative, availability, *shared}
    wanted = [c for c in table.columns if c not in special] if columns is None else list(columns)
    attributes: list[tuple[str, Floats]] = []
    for column in wanted:
        if column in table.columns:
            attributes += as_columns(column, table[column], row, faults)
    keyed = pl.DataFrame([pl.Series("\0row", np.arange(table.height, dtype=np.int64)), *table.select(shared)])
    return _Offers(keyed, row, places, order, attributes)


def _alike(
    cells: pl.DataFrame, offers: pl.DataFrame, shared: list[str], faults: Faults
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both tables with keys that can be compared: whole numbers of one width, text of one kind."""

    def plain(series: pl.Series) -> pl.Series:
        if series.dtype.is_integer():
            return series.cast(pl.Int64)
        return series.cast(pl.String) if series.dtype in (pl.Categorical, pl.Enum) else series

    for column in shared:
        ours, theirs = plain(cells[column]), plain(offers[column])
        if ours.dtype != theirs.dtype:
            wrong = f"`{column}` is {ours.dtype} in the cells and {theirs.dtype} in the offers"
            faults.whole(wrong, "write it alike in both")
        cells, offers = cells.with_columns(ours), offers.with_columns(theirs)
    return cells, offers


def _counted(
    table: pl.DataFrame,
    sets: pl.DataFrame,
    by: list[str],
    chosen: str,
    stacked_set: Integers,
    place: Integers,
    names: tuple[str, ...],
    name: str,
    faults: Faults,
) -> Floats:
    """float64[stacked row]: how often each was chosen; a cell that matches none is noted."""
    code_of = {text: code for code, text in enumerate(names)}
    unique = table[chosen].unique()
    codes = pl.Series([code_of.get(text, -1) for text in _texts(unique)], dtype=pl.Int64)
    code = table[chosen].replace_strict(unique, codes, return_dtype=pl.Int64).to_numpy()
    which = table.select(by).join(sets, on=by, how="left", maintain_order="left")["\0set"].to_numpy().astype(np.int64)
    amount = table[CHOICES].cast(pl.Float64).to_numpy()
    key = stacked_set * len(names) + place
    order = np.argsort(key, kind="stable")
    wanted = which * len(names) + code
    found = np.minimum(np.searchsorted(key, wanted, sorter=order), len(key) - 1) if len(key) else np.zeros(0, np.int64)
    hit = (key[order[found]] == wanted) & (code >= 0) if len(key) else np.zeros(len(wanted), np.bool_)
    missed = np.flatnonzero(~hit)

    def says(i: int) -> str:
        at = int(missed[i])
        what = f"{amount[at]:,.10g} of {name} chose `{_texts(table[chosen].slice(at, 1))[0]}`"
        return f"{what} in {_called(sets, by, int(which[at]))}, where it was not on offer"

    faults.wholes(len(missed), says, "offer it there, or leave these events out")
    below = amount[amount < 0]
    faults.wholes(len(below), lambda i: f"a cell of {name} counts {below[i]:g} choices", "count from 0 up")
    counted = np.zeros(len(key))
    np.add.at(counted, order[found[hit]], amount[hit])
    return counted


def _cells(events: duckdb.DuckDBPyRelation, by: Sequence[str], count: str | None) -> pl.DataFrame:
    missing = [column for column in (*by, *([count] if count else [])) if column not in events.columns]
    if missing:
        raise InvalidInput(
            f"the events have no column {listed(missing)}", "; ".join(nearest(m, events.columns) for m in missing)
        )
    names = ", ".join(map(_quoted, by))
    if count is None:
        cells: pl.DataFrame = events.aggregate(f"{names}, count(*)::BIGINT AS {CHOICES}", names).pl()
        return cells
    stored, amount = str(events.types[events.columns.index(count)]), _quoted(count)
    whole = stored in _WHOLE | {"UBIGINT", "HUGEINT", "UHUGEINT"}
    if not whole and not stored.startswith(("DOUBLE", "FLOAT", "DECIMAL")):
        raise InvalidInput(f"`{count}` of the events is {stored}, no number", "write how many choices a row stands for")
    kind = "BIGINT" if whole else "DOUBLE"
    # A sum passes over gaps in silence, and lets what is below 0 take from its neighbours.
    told = f"sum({amount})::{kind} AS {CHOICES}, count(*) - count({amount}) AS {_GAPS}, min({amount}) AS {_LOWEST}"
    counted: pl.DataFrame = events.aggregate(f"{names}, {told}", names).pl()
    if gaps := int(counted[_GAPS].sum()):
        raise InvalidInput(f"{gaps:,} of the events have no `{count}`", "say how many choices each stands for")
    lowest = float(counted[_LOWEST].cast(pl.Float64).to_numpy().min(initial=0.0))
    if lowest < 0:
        raise InvalidInput(f"an event has a `{count}` of {lowest:g}", "count from 0 up")
    if not counted[CHOICES].cast(pl.Float64).is_finite().all():
        raise InvalidInput(f"`{count}` of an event is no finite number", "count from 0 up")
    return counted.drop(_GAPS, _LOWEST)


def _cells_of_files(
    connection: duckdb.DuckDBPyConnection, files: Sequence[str], by: Sequence[str], count: str | None
) -> pl.DataFrame:
    """The cells of Parquet files; some files at a time where keys are few enough to be counted in place.

    Where DuckDB knows that keys are small whole numbers it counts in a table that they index, which takes a third of
    the time that hashing does. It knows of the files of a union, each by what the file states of itself, and not of
    files read as one; but a union of many takes long to plan.
    """
    whole = connection.read_parquet(list(files))
    if not _is_small(whole, by):
        return _cells(whole, by, count)
    wanted = ", ".join(map(_quoted, [*by, *([count] if count else [])]))
    connection.execute(f"SET perfect_ht_threshold = {_DIRECT_BITS}")
    parts = []
    for first in range(0, len(files), _FILES_AT_A_TIME):
        each = [connection.read_parquet(file).project(wanted) for file in files[first : first + _FILES_AT_A_TIME]]
        parts.append(_cells(reduce(lambda a, b: a.union(b), each), by, count))
        if len(parts) == _FILES_AT_A_TIME:
            parts = [pl.concat(parts).group_by(by).agg(pl.col(CHOICES).sum())]
    return parts[0] if len(parts) == 1 else pl.concat(parts).group_by(by).agg(pl.col(CHOICES).sum())


def _is_small(events: duckdb.DuckDBPyRelation, by: Sequence[str]) -> bool:
    """Whether all keys are whole numbers in ranges that leave few combinations; the files' own statistics say."""
    there = dict(zip(events.columns, map(str, events.types), strict=True))
    if any(there.get(column) not in _WHOLE for column in by):
        return False
    (bounds,) = events.aggregate(", ".join(f"min({name}), max({name})" for name in map(_quoted, by))).fetchall()
    ranges = zip(bounds[::2], bounds[1::2], strict=True)
    return None not in bounds and sum((high - low + 1).bit_length() for low, high in ranges) <= _DIRECT_BITS


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _known(there: Sequence[str], wanted: Sequence[str], where: str, faults: Faults) -> None:
    for column in wanted:
        if column not in there:
            faults.whole(f"{where} have no column `{column}`", nearest(column, there))


def _complain_of_gaps(table: pl.DataFrame, columns: list[str], name: str, faults: Faults) -> None:
    for column in columns:
        gaps = table.filter(pl.col(column).is_null())
        if gaps.height:
            amount = gaps[CHOICES].sum() if column != CHOICES else gaps.height
            faults.whole(f"{amount:,} of {name} have no `{column}`", "say which it is, or leave them out")


def _texts(series: pl.Series) -> list[str]:
    return [text.strip() for text in as_text(series).fill_null("").to_list()]


def _called(sets: pl.DataFrame, by: list[str], at: int) -> str:
    return " ".join(f"{column}={sets[column][at]}" for column in by)


def _names(sets: pl.DataFrame, by: list[str]) -> tuple[str, ...]:
    return tuple(sets.select(pl.concat_str([pl.col(c).cast(pl.String) for c in by], separator="/")).to_series())
