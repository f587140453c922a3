"""The forecast's table: for each variant, city and week what the latest run expects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import product

import sqlalchemy as sa

from pullcord.store import METADATA, Event, Projection, Reader, Rows, Table, program_key

from .events import ForecastPublished, ForecastRevised
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


ORDERS = "orders"
"""What the forecast's level is about: the one key of its table."""


@dataclass(frozen=True, slots=True)
class ForecastLevelRow:
    """How far the signals since the last publication have moved its forecast, and what was counted so far."""

    measure: str
    run_id: str
    as_of: date
    signal_seq: int
    level: float
    scale: float
    reserved: int
    asked: int
    accepted: int
    declined: int


FORECAST_LEVEL = Table(
    sa.Table(
        "forecast_level",
        METADATA,
        program_key(),
        sa.Column("measure", sa.String, primary_key=True, comment="what is forecast"),
        sa.Column("run_id", sa.String, nullable=False, comment="the run whose cells are scaled"),
        sa.Column("as_of", sa.Date, nullable=False, comment="local date of the last signal"),
        sa.Column("signal_seq", sa.BigInteger, nullable=False, comment="last event that is in it"),
        sa.Column("level", sa.Float, nullable=False, comment="units a week that the run rests on"),
        sa.Column("scale", sa.Float, nullable=False, comment="what the run's cells are multiplied by"),
        sa.Column("reserved", sa.BigInteger, nullable=False, comment="persons who reserved and never asked for a date"),
        sa.Column("asked", sa.BigInteger, nullable=False, comment="persons who asked for one"),
        sa.Column("accepted", sa.BigInteger, nullable=False, comment="of them, who paid"),
        sa.Column("declined", sa.BigInteger, nullable=False, comment="of them, who left without paying"),
        sa.CheckConstraint("level > 0 AND scale > 0", name="forecast_level_positive"),
        comment="One row where forecasts follow every signal, none where they are only published.",
    ),
    ForecastLevelRow,
)


def _published(rows: Rows, event: Event[ForecastPublished]) -> None:
    body = event.body
    cells = product(body.variants, body.cities, body.weeks)
    for (variant_id, city_id, week), units in zip(cells, body.units, strict=True):
        rows.put(FORECAST, ForecastRow(variant_id, city_id, week, units, body.run_id, body.as_of, body.signal_seq))


def _revised(rows: Rows, event: Event[ForecastRevised]) -> None:
    body = event.body
    rows.put(
        FORECAST_LEVEL,
        ForecastLevelRow(
            ORDERS,
            body.run_id,
            body.as_of,
            body.signal_seq,
            body.level,
            body.scale,
            body.reserved,
            body.asked,
            body.accepted,
            body.declined,
        ),
    )


PROJECTION = Projection(
    "demand", (FORECAST, FORECAST_LEVEL), {ForecastPublished: _published, ForecastRevised: _revised}
)


def revised_scale(reader: Reader) -> tuple[str, float] | None:
    """The run that signals have moved since it was published, and its factor; None where forecasts do not follow."""
    row = reader.get(FORECAST_LEVEL, ORDERS)
    return None if row is None else (row.run_id, row.scale)


def current_forecast(reader: Reader, since: date) -> tuple[ForecastCell, ...]:
    """The latest forecast of every cell whose week begins on or after `since`, by variant, city and week."""
    rows = reader.select(FORECAST, FORECAST.sql.c.week_start >= since)
    run_id, scale = revised_scale(reader) or (None, 1.0)
    cells = [
        ForecastCell(row.variant_id, row.city_id, row.week_start, row.units * (scale if row.run_id == run_id else 1.0))
        for row in rows
    ]
    return tuple(sorted(cells, key=lambda cell: (cell.variant_id, cell.city_id, cell.week_start)))
