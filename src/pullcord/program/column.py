"""How a table of a program folder is specified: its columns, their kinds and units, what makes a row unique."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pullcord.base import LONGEST_ID

CURRENCY = "{currency}"
"""Stands in a column name for the program's currency in lower case: `price_{currency}` is `price_cny`."""

ANY = "*"
"""Stands in a reference for everything that it could refer to."""

TAKEN_FROM_ASSUMPTIONS = "="
"""A figure written `=key` is the assumption of that key: its range and its reason then stand in one place."""

MARKS = "S, S1, Mnn (nn per cent sure, from memory), C or A"


class Kind(StrEnum):
    """How a cell is written, and so how it is read."""

    TEXT = "text"
    ID = "id"  # 1 to 64 letters, digits, '-', '_', '.'; fewer where the column says so
    REFERENCE = "reference"  # an id that another table defines
    CHOICE = "choice"  # one word of a few
    NUMBER = "number"
    WHOLE = "whole"
    MONEY = "money"  # major units, no more decimals than the currency has
    SHARE = "share"  # exact: 0.03 or 400/899
    DATE = "date"  # 2025-11-09
    TIME = "local time"  # 2025-11-09T20:00 on the wall clock where the program is sold
    MONTH = "month"  # 2025-11
    CONDITION = "condition"  # colour=white & !roof=glass; empty is "always"
    YES_NO = "yes or no"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its kind and unit, whether each row needs a value, and what the value means."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    required: bool = True
    refers_to: str = ""  # "parties.party_id"
    choices: tuple[str, ...] = ()
    least: float | None = None
    above: float | None = None
    most: float | None = None
    longest: int = LONGEST_ID
    source: str = "planner"  # who can know it
    or_any: bool = False  # a reference may be `*`, which stands for all that there are

    def title(self, currency: str) -> str:
        """The column's name in a program of this currency."""
        return self.name.replace(CURRENCY, currency.lower())

    def unit_in(self, currency: str) -> str:
        """The column's unit in a program of this currency."""
        return self.unit.replace(CURRENCY, currency)


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One CSV file: its columns, what makes a row unique, and whether further columns may follow."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    required: bool = True
    may_be_empty: bool = False
    families: bool = False  # one more column for each option family
    attributes: bool = False  # further columns are numeric attributes, named by whoever fills the table

    @property
    def file(self) -> str:
        """The file's name in the folder; `*` stands for a name of the planner's choice."""
        return f"{self.name}.csv"

    def column(self, name: str) -> Column:
        """The column of that specified name."""
        return next(column for column in self.columns if column.name == name)


SOURCE = Column("source", Kind.TEXT, "where the row's figures come from: a page, a data set, or why it is assumed")
MARK = Column("mark", Kind.MARK, f"how sure we are of the row's weakest figure: {MARKS}; U is refused")


def id_column(name: str, meaning: str, *, longest: int = LONGEST_ID) -> Column:
    return Column(name, Kind.ID, meaning, longest=longest)


def ref_column(name: str, to: str, meaning: str, *, required: bool = True, or_any: bool = False) -> Column:
    return Column(name, Kind.REFERENCE, meaning, refers_to=to, required=required, or_any=or_any)


def text_column(name: str, meaning: str, *, required: bool = True) -> Column:
    return Column(name, Kind.TEXT, meaning, required=required)


def money_column(name: str, meaning: str, source: str, *, required: bool = True, above: float | None = None) -> Column:
    least = 0.0 if above is None else None
    return Column(name, Kind.MONEY, meaning, CURRENCY, required=required, least=least, above=above, source=source)
