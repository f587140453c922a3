"""One CSV file: its bytes become rows of checked cells, and whatever is wrong with them is noted with its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .cells import Refused, is_numeric, read_cell
from .column import TAKEN_FROM_ASSUMPTIONS, Column, Kind, TableSpec
from .faults import Faults, nearest, suggest


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stands, and its cells by specified name. A cell that could not be read is absent."""

    line: int
    cells: Mapping[str, Any]  # None where an optional cell is empty
    texts: Mapping[str, str]  # the cells as they are written
    sound: bool  # every cell could be read

    def __getitem__(self, name: str) -> Any:
        return self.cells[name]

    def __contains__(self, name: str) -> bool:
        return name in self.cells


@dataclass(frozen=True, slots=True)
class CheckedTable:
    """What could be read of one file."""

    file: str
    rows: tuple[Row, ...] = ()
    whole: bool = True  # read to its end, under a right header
    extra: tuple[str, ...] = ()  # the family or attribute columns that follow the specified ones

    @property
    def sound_rows(self) -> tuple[Row, ...]:
        """The rows without a fault."""
        return tuple(row for row in self.rows if row.sound)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong with the file itself."""
        return self.whole and all(row.sound for row in self.rows)

    def vouches_for(self, name: str) -> bool:
        """Whether every row's value of a column is known, so that a value not among them is wrong."""
        return (self.whole or bool(self.rows)) and all(name in row for row in self.rows)

    def known(self, name: str) -> dict[str, int]:
        """The values of a column with the line where each first stands, faulty rows included."""
        lines: dict[str, int] = {}
        for row in self.rows:
            if row.cells.get(name) is not None:
                lines.setdefault(row[name], row.line)
        return lines


@dataclass(frozen=True, slots=True)
class Given:
    """What reading a table needs to know of the rest of the folder."""

    currency: str
    families: Collection[str] | None = None  # None: the families could not be read
    assumptions: Mapping[str, tuple[str, str]] | None = field(default_factory=dict)  # key: (value as written, unit)


def read_table(file: str, text: str | None, spec: TableSpec, given: Given, faults: Faults) -> CheckedTable:
    """The rows of a CSV file; everything wrong with it is added to `faults`, nothing is raised.

    `text` is None where the file holds none, which has been noted.
    """
    if text is None:
        return CheckedTable(file, whole=False)
    before = len(faults)
    if _other_separator(file, text, faults):
        return CheckedTable(file, whole=False)
    records = _records(file, text, faults)
    whole = len(faults) == before
    if not records:
        titles = ", ".join(column.title(given.currency) for column in spec.columns)
        if whole:
            faults.add(file, 0, "the file is empty", f"begin with the header {titles}")
        return CheckedTable(file, whole=False)
    header, *body = records
    columns, right = _columns(file, header, spec, given, faults)
    rows = tuple(_row(file, line, texts, columns, len(header[1]), spec, given, faults) for line, texts in body)
    if not rows and whole and right and not spec.may_be_empty:
        faults.add(file, 0, "the table has a header and no rows", "add at least one row")
    _check_keys(file, rows, spec, faults)
    extra = tuple(column.name for column in columns if column is not None and column not in spec.columns)
    if not whole:  # the row where the quoting broke is lost, and all below it
        rows = ()
    return CheckedTable(file, rows, whole and right, extra)


def _other_separator(file: str, text: str, faults: Faults) -> bool:
    """Whether the columns are not separated by commas, which is noted once instead of for every row."""
    for line, header in enumerate(text.splitlines(), start=1):
        if not header.strip():
            continue
        for separator, name in ((";", "semicolons"), ("\t", "tabs")):
            if separator in header and "," not in header:
                right = "save it as CSV with commas, and numbers with a decimal point"
                faults.add(file, line, f"the columns are separated by {name}", right)
                return True
        return False
    return False


def _records(file: str, text: str, faults: Faults) -> list[tuple[int, list[str]]]:
    """Each record with the line it begins on, as far as the quoting holds; blank ones are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[tuple[int, list[str]]] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as failure:
            faults.add(file, line, f"the quoting is broken: {failure}", "close each quote; write a quote inside as two")
            return records
        if cells is None:
            return records
        if any(cell.strip() for cell in cells):
            records.append((line, [cell.strip() for cell in cells]))


def _columns(
    file: str, header: tuple[int, list[str]], spec: TableSpec, given: Given, faults: Faults
) -> tuple[list[Column | None], bool]:
    """The column behind each title, None where it stands for none; and whether the header is right."""
    line, titles = header
    before = len(faults)
    expected = {column.title(given.currency): column for column in spec.columns}
    if spec.families and given.families is not None:
        for family in given.families:
            expected.setdefault(family, Column(family, Kind.ID, "the option that this variant has of the family"))
    free = spec.attributes or (spec.families and given.families is None)
    missing = [title for title in expected if title not in titles]
    columns: list[Column | None] = []
    seen: set[str] = set()
    for title in titles:
        column = expected.get(title)
        if title in seen:
            faults.add(file, line, f"the column `{title}` stands twice", "keep one of them")
            column = None
        elif column is None:
            slip = nearest(title, missing)
            if slip:
                missing.remove(slip)
                faults.add(file, line, *_mistaken(title, slip, expected[slip], given.currency))
            elif not title:
                faults.add(file, line, "a column has no title", "give it one, or take the column out")
            elif not free:
                faults.add(file, line, f"unknown column `{title}`", f"the columns are {', '.join(expected)}")
            elif not title.isascii() or not title.replace("_", "a").isalnum() or not title.islower():
                faults.add(file, line, f"`{title}` cannot name an attribute", "use small letters, digits and `_`")
            else:
                column = Column(title, Kind.NUMBER, "an attribute", required=False)
        seen.add(title)
        columns.append(column)
    for title in missing:
        if expected[title].required:
            faults.add(file, line, f"the column `{title}` is missing", f"add it: {expected[title].meaning}")
    return columns, len(faults) == before


def _mistaken(title: str, slip: str, column: Column, currency: str) -> tuple[str, str]:
    """What to say of a title that was likely meant as another."""
    if column.kind is Kind.MONEY and title[:-3] == slip[:-3]:
        return (
            f"`{title}` is in another currency than program.toml, {currency}",
            f"name it `{slip}`, or mend `currency`",
        )
    return f"unknown column `{title}`", f"did you mean `{slip}`?"


def _row(
    file: str,
    line: int,
    texts: Sequence[str],
    columns: Sequence[Column | None],
    width: int,
    spec: TableSpec,
    given: Given,
    faults: Faults,
) -> Row:
    cells: dict[str, Any] = {column.name: None for column in spec.columns if not column.required}
    present = {column.name for column in columns if column is not None}
    sound = all(column.name in present for column in spec.columns if column.required) and None not in columns
    if len(texts) != width:
        faults.add(
            file,
            line,
            f"the row has {len(texts)} fields, the header {width}",
            "quote a text that holds a comma; write numbers without separators",
        )
        columns = [column if column is not None and column.name in spec.key else None for column in columns]
        sound, faults = False, Faults()  # only its key is of use, so that other files may still refer to it
    written: dict[str, str] = {}
    for column, text in zip(columns, texts, strict=False):
        if column is None:
            continue
        cells.pop(column.name, None)
        written[column.name] = text
        try:
            cells[column.name] = _value(text, column, given)
        except Refused as refused:
            sound = False
            if refused.wrong:
                faults.add(file, line, refused.wrong, refused.right)
            if column.kind in (Kind.ID, Kind.REFERENCE) and column.name in spec.key and text:
                cells[column.name] = text
    return Row(line, cells, written, sound)


def _value(text: str, column: Column, given: Given) -> Any:
    title = column.title(given.currency)
    if not text:
        if column.required:
            raise Refused(f"`{title}` is empty", f"give {column.meaning}")
        return None
    if not (text.startswith(TAKEN_FROM_ASSUMPTIONS) and is_numeric(column)):
        return read_cell(text, column, given.currency)
    taken = assumed(text, title, column.unit_in(given.currency), given.assumptions)
    try:
        return read_cell(taken, column, given.currency)
    except Refused as refused:
        raise Refused(f"{refused.wrong} ({text[1:]} in assumptions.csv)", refused.right) from None


def assumed(text: str, title: str, unit: str, assumptions: Mapping[str, tuple[str, str]] | None) -> str:
    """The value, as written, of the assumption that `=key` names; its unit must be the one asked for.

    Raises Refused; without words where the assumptions themselves could not be read.
    """
    key = text.removeprefix(TAKEN_FROM_ASSUMPTIONS).strip()
    if assumptions is None:
        raise Refused("", "")
    if key not in assumptions:
        raise Refused(f"`{title}` takes `{key}`, which assumptions.csv does not hold", suggest(key, assumptions))
    value, stated = assumptions[key]
    if not value:
        raise Refused("", "")
    if unit and stated != unit:
        raise Refused(f"`{title}` is in {unit}, `{key}` of assumptions.csv in {stated}", f"state it in {unit}")
    return value


def _check_keys(file: str, rows: Sequence[Row], spec: TableSpec, faults: Faults) -> None:
    first: dict[tuple[Any, ...], int] = {}
    for row in rows:
        if not all(name in row for name in spec.key):
            continue
        key = tuple(row[name] for name in spec.key)
        if key in first:
            named = ", ".join(_written(part) for part in key)
            faults.add(file, row.line, f"`{named}` stood before, in line {first[key]}", "keep one of the two rows")
        else:
            first[key] = row.line


def _written(part: Any) -> str:
    return "" if part is None else str(part)
