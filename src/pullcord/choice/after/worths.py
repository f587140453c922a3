"""What an attribute is worth in money: one number with its interval, or a distribution between buyers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pullcord.base import NotFound

from ..fit import Covariance
from ..table import aligned, figure, wrapped
from .uncertainty import Range

Method = Literal["delta", "krinsky-robb", "fieller"]
Kind = Literal["delta", "krinsky-robb", "fieller", "estimated"]


@dataclass(frozen=True, slots=True)
class WillingnessToPay:
    """What one unit of an attribute is worth in money.

    estimate : None where the sign of the price coefficient is not determined, so that the ratio has no meaning.
    Where tastes differ between buyers it is the median buyer's. lower, upper : None where the interval is unbounded.
    excluded : what an unbounded interval leaves out, if anything. method : how the interval was found. quantiles : of
    the buyers, where they differ: the level, such as 0.05, and what that buyer would pay, with its interval.
    share_positive : of the buyers who would pay more than nothing. note : what must be said of it, or nothing.
    """

    name: str
    estimate: float | None
    lower: float | None
    upper: float | None
    method: Kind
    excluded: tuple[float, float] | None = None
    quantiles: tuple[tuple[float, Range], ...] = ()
    share_positive: float | None = None
    note: str = ""

    @property
    def interval_in_words(self) -> str:
        """The interval as a table shows it."""
        if self.lower is not None and self.upper is not None:
            return f"[{figure(self.lower)}, {figure(self.upper)}]"
        if self.excluded is not None:
            return f"below {figure(self.excluded[0])} or above {figure(self.excluded[1])}"
        return "unbounded"


@dataclass(frozen=True, slots=True)
class WillingnessTable:
    """What buyers would pay for each attribute, in units of price times `unit`, at a level of confidence."""

    title: str
    data_name: str
    price: str
    unit: float
    level: float
    covariance: Covariance
    rows: tuple[WillingnessToPay, ...]

    def __getitem__(self, name: str) -> WillingnessToPay:
        """Of one attribute. Raises NotFound."""
        for row in self.rows:
            if row.name == name:
                return row
        raise NotFound(f"no willingness to pay for `{name}`", f"there are {', '.join(row.name for row in self.rows)}")

    def as_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "price": self.price,
            "unit": self.unit,
            "level": self.level,
            "covariance": self.covariance,
            "willingness_to_pay": {
                row.name: {
                    "estimate": row.estimate,
                    "lower": row.lower,
                    "upper": row.upper,
                    "method": row.method,
                    "between_buyers": {
                        f"{level:g}": {"estimate": held.estimate, "lower": held.lower, "upper": held.upper}
                        for level, held in row.quantiles
                    },
                    "share_positive": row.share_positive,
                    "note": row.note,
                }
                for row in self.rows
            },
        }

    def __str__(self) -> str:
        lines = wrapped(f"Willingness to pay, {self.title}, {self.data_name}: -taste / taste for {self.price}")
        table: list[tuple[str, ...]] = [("", "estimate", f"{self.level:.0%} interval", "method")]
        for row in self.rows:
            shown = "undetermined" if row.estimate is None else figure(row.estimate)
            table.append((row.name, shown, row.interval_in_words, row.method))
        lines += aligned(table, rule_after=(0, len(table) - 1))
        lines += wrapped(f"In units of {self.price}" + (f" x {self.unit:g}." if self.unit != 1 else "."))
        if differing := [row for row in self.rows if row.quantiles]:
            lines += ["", "Between buyers: so much would the buyer at each per cent of all pay, or less"]
            rows: list[tuple[str, ...]] = [
                ("", *(f"{100 * level:g}%" for level, _ in differing[0].quantiles), "above 0")
            ]
            for row in differing:
                positive = "." if row.share_positive is None else f"{row.share_positive:.1%}"
                rows.append((row.name, *(figure(held.estimate) for _, held in row.quantiles), positive))
            lines += aligned(rows, rule_after=(0,))
        for note in dict.fromkeys(row.note for row in self.rows if row.note):
            lines += wrapped(f"Note: {note}", indent="  ")
        return "\n".join(lines)
