"""The forecast's table: for each variant, city and week what the latest run expects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import product

import sqlalchemy as sa

from pullcord.store import METADATA, Event, Projection, Reader, Rows, Table, program_key

from .events import ForecastPublished
from .model import ForecastCell


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """What the latest run that covers this cell expects of it."""

    variant_id: str
    city_id: str
    week_start: date
    units: float
    run_id: str
    as_of: date
    signal_seq: int


FORECAST = Table(
    sa.Table(
        "forecast",
        METADATA,
        program_key(),
        sa.Column("variant_id", sa.String, primary_key=True),
        sa.Column("city_id", sa.String, primary_key=True),
        sa.Column("week_start", sa.Date, primary_key=True, comment="Monday, local calendar"),
        sa.Column("units", sa.Float, nullable=False, comment="expected orders in the week"),
        sa.Column("run_id", sa.String, nullable=False, comment="the run that said so last"),
        sa.Column("as_of", sa.Date, nullable=False, comment="local date of that run"),
        sa.Column("signal_seq", sa.BigInteger, nullable=False, comment="last event that the run has seen"),
        sa.CheckConstraint("units >= 0", name="forecast_not_negative"),
        comment="One row for each cell. A later run replaces it; the ledger keeps the earlier ones.",
    ),
    ForecastRow,
)


def _published(rows: Rows, event: Event[ForecastPublished]) -> None:
    body = event.body
    cells = product(body.variants, body.cities, body.weeks)
    for (variant_id, city_id, week), units in zip(cells, body.units, strict=True):
        rows.put(FORECAST, ForecastRow(variant_id, city_id, week, units, body.run_id, body.as_of, body.signal_seq))


PROJECTION = Projection("demand", (FORECAST,), {ForecastPublished: _published})


def current_forecast(reader: Reader, since: date) -> tuple[ForecastCell, ...]:
    """The latest forecast of every cell whose week begins on or after `since`, by variant, city and week."""
    rows = reader.select(FORECAST, FORECAST.sql.c.week_start >= since)
    cells = [ForecastCell(row.variant_id, row.city_id, row.week_start, row.units) for row in rows]
    return tuple(sorted(cells, key=lambda cell: (cell.variant_id, cell.city_id, cell.week_start)))
