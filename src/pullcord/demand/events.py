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


@event("forecast.revised")
@dataclass(frozen=True, slots=True)
class ForecastRevised:
    """What one signal more makes of a forecast: every cell of the run `run_id` is now `scale` times what was published.

    `level` is what the run rests on, in units a week; the counts are those of all persons so far, each counted once.
    The split over variants and cities stays that of the run.
    """

    run_id: str
    as_of: date
    signal_seq: int
    level: float
    scale: float
    reserved: int  # and never asked for a date
    asked: int
    accepted: int
    declined: int
