"""What demand tells the rest of the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pullcord.store import event


@event("forecast.published")
@dataclass(frozen=True, slots=True)
class ForecastPublished:
    """A forecast by variant, city and week. `signal_seq` is the last event of the ledger that it has seen.

    `units` lists the cells variant by variant, in each city by city, in each week by week: as one list, a forecast of
    thousands of cells is a tenth of what it would be as records.
    """

    run_id: str
    as_of: date
    signal_seq: int
    variants: tuple[str, ...]
    cities: tuple[str, ...]
    weeks: tuple[date, ...]
    units: tuple[float, ...]
