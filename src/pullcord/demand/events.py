"""What demand tells the rest of the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pullcord.store import event

from .model import ForecastCell


@event("forecast.published")
@dataclass(frozen=True, slots=True)
class ForecastPublished:
    """A forecast by variant, city and week. `signal_seq` is the last event of the ledger that it has seen."""

    run_id: str
    as_of: date
    signal_seq: int
    cells: tuple[ForecastCell, ...]
