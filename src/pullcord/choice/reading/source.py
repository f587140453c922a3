"""A file or a table at hand becomes a Polars table whose rows know their lines."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from pullcord.base import InvalidInput, NotFound, Problem

from ..data import Integers
from .faults import Faults

LOOKED_AT = 1 << 20  # bytes from the start of a file that tell its line ends, separator and header
INFERRED_ROWS = 10_000  # rows that tell whether a column holds numbers; if a later one does not, all are read as text
LineEnd = Literal["\n", "\r"]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text file is written."""

    separator: str
    line_end: LineEnd
    header: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A table and where its rows come from.

    row : int64[row of the table] in the file as it stands, blank lines counted; None where they are the same.
    layout : of a text file; None for Parquet and tables, whose rows are counted from 1.
    """

    table: pl.DataFrame
    name: str
    row: Integers | None = None
    path: Path | None = None
    layout: Layout | None = None

    def faults(self) -> Faults:
        """An empty list of faults that speaks of this source."""
        return Faults(self.path.name if self.path else self.name, self.lines)

    def lines(self, rows: Integers) -> Integers:
        """int64[...]: the lines where rows of the table begin, counted from 1, the header among them."""
        at = np.asarray(rows, dtype=np.int64)
        if self.layout is None or self.path is None:
            return at + 1
        at = at if self.row is None else self.row[at]
        text = _read_text(self.path, self.layout, rows_max=int(at.max()) + 1)
        breaks = text.select(
            pl.sum_horizontal(pl.all().fill_null("").str.count_matches("\n|\r\n?").cast(pl.Int64)).alias("breaks")
        )["breaks"].to_numpy()  # a quoted cell may hold line ends: everything below it stands lower
        above = np.concatenate([[0], np.cumsum(breaks)])[at]
        return np.asarray(at + 2 + above, dtype=np.int64)


def open_source(path: Path | str, *, name: str | None = None, only: Sequence[str] | None = None) -> Source:
    """The table of a CSV file (plain or .gz; any line ends; UTF-8 with or without a mark) or of a Parquet file.

    only : columns to read; names that the file does not have are left to the caller to complain of.

    Raises NotFound where there is no file, InvalidInput where it is no table.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFound(f"there is no file {path}", "name a .csv, .csv.gz or .parquet file")
    name = name or path.name.removesuffix(".gz").rsplit(".", 1)[0]
    if path.suffix in (".parquet", ".pq"):
        return _parquet(path, name, only)
    layout = _layout(path)
    table = _read_typed(path, layout, only)
    blank = np.zeros(0, dtype=np.bool_)
    if table.width and table.height:
        blank = table.select(pl.all_horizontal(pl.all().is_null()).alias("blank"))["blank"].to_numpy()
    if not blank.any():
        return Source(table, name, None, path, layout)
    kept = np.flatnonzero(~blank).astype(np.int64)
    return Source(table[kept], name, kept, path, layout)


def as_table(table: Any) -> pl.DataFrame:
    """A Polars table from whatever Polars can take: its own kinds, Arrow, pandas, a mapping of columns.

    Raises InvalidInput for anything else.
    """
    if isinstance(table, pl.DataFrame):
        return table
    if isinstance(table, pl.LazyFrame):
        return table.collect()
    try:
        if hasattr(table, "__arrow_c_stream__") or not hasattr(table, "__dataframe__"):
            return pl.DataFrame(table)
        return pl.from_dataframe(table)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise InvalidInput(f"a {type(table).__name__} is no table", f"give a Polars data frame ({error})") from None


def _parquet(path: Path, name: str, only: Sequence[str] | None) -> Source:
    try:
        there = pl.read_parquet_schema(path)
        return Source(pl.read_parquet(path, columns=_wanted(list(there), only)), name, None, path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InvalidInput(f"{path.name} is no Parquet file", f"write it anew ({error})") from None


def _wanted(there: Sequence[str], only: Sequence[str] | None) -> list[str]:
    return list(there) if only is None else [column for column in there if column in set(only)]


def _layout(path: Path) -> Layout:
    """Line ends, separator and header, read from the beginning of the file."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            beginning = file.read(LOOKED_AT)
    except (gzip.BadGzipFile, EOFError):
        raise InvalidInput(f"{path.name} is no gzip file", "unpack it, or pack it anew") from None
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unreadable(path, 0, "the file is UTF-16", "write it as UTF-8")
    if not beginning.strip():
        raise _unreadable(path, 0, "the file is empty", "write a header and one row for each choice")
    text = beginning.decode("utf-8-sig", errors="replace")
    line_end: LineEnd = "\r" if "\r" in text and "\n" not in text else "\n"
    first = text.split(line_end, 1)[0].rstrip("\r")
    separator = max(",;\t|", key=first.count)
    header = tuple(next(csv.reader(io.StringIO(first), delimiter=separator)))
    problems = [
        Problem(path.name, 1, f"`{column}` names {header.count(column)} columns", "name each column once")
        if column
        else Problem(path.name, 1, "a column has no name", "name every column")
        for column in sorted(set(header))
        if not column or header.count(column) > 1
    ]
    if problems:
        raise InvalidInput(f"the header of {path.name} cannot be read", "mend it and read again", problems)
    return Layout(separator, line_end, header)


def _read_typed(path: Path, layout: Layout, only: Sequence[str] | None) -> pl.DataFrame:
    """The file with numbers as numbers; as text where a column turns out to hold something else further down."""
    columns = _wanted(layout.header, only)
    try:
        beginning = pl.read_csv(
            path,
            separator=layout.separator,
            eol_char=layout.line_end,
            columns=columns,
            n_rows=INFERRED_ROWS,
            infer_schema_length=INFERRED_ROWS,
        )
        # What began with whole numbers may go on with others.
        types = {c: pl.Float64() if t.is_float() else t for c, t in beginning.schema.items()}
        return pl.read_csv(
            path, separator=layout.separator, eol_char=layout.line_end, columns=columns, schema_overrides=types
        )
    except pl.exceptions.PolarsError:
        return _read_text(path, layout).select(columns)


def _read_text(path: Path, layout: Layout, rows_max: int | None = None) -> pl.DataFrame:
    """Every cell as it is written. Raises InvalidInput with the lines that cannot be read."""
    try:
        return pl.read_csv(
            path, separator=layout.separator, eol_char=layout.line_end, infer_schema=False, n_rows=rows_max
        )
    except pl.exceptions.PolarsError as error:
        raise _explained(path, layout, error) from None


def _explained(path: Path, layout: Layout, error: Exception) -> InvalidInput:
    """Which lines broke the reading: no UTF-8, or more cells than the header has."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        content = file.read()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        line = content[: broken.start].count(layout.line_end.encode()) + 1
        return _unreadable(path, line, f"byte {broken.object[broken.start]:#04x} is no UTF-8", "write it as UTF-8")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=layout.separator)
    width = len(layout.header)
    problems: list[Problem] = []
    start = 1
    for cells in rows:
        if len(cells) > width:
            wrong = f"the line has {len(cells)} cells, the header {width}"
            problems.append(Problem(path.name, start, wrong, "quote cells that hold a separator"))
        start = rows.line_num + 1
    if not problems:
        return _unreadable(path, 0, f"the file cannot be read: {error}", "write it as plain CSV")
    return InvalidInput(f"{path.name} cannot be read", "mend these lines and read again", problems[:100])


def _unreadable(path: Path, line: int, wrong: str, right: str) -> InvalidInput:
    problem = Problem(path.name, line, wrong, right)
    return InvalidInput(f"{path.name} cannot be read: {wrong}", right, [problem])
