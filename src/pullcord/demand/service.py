"""Use cases of demand: publish a forecast, and revise it when a signal comes."""

from __future__ import annotations

from datetime import date

from pullcord.base import InvalidInput, check_id
from pullcord.store import Event, Transaction

from .events import ForecastPublished, ForecastRevised
from .forecast import Forecast


def publish_forecast(
    tx: Transaction, run_id: str, as_of: date, signal_seq: int, forecast: Forecast
) -> Event[ForecastPublished]:
    """The event that makes a forecast known to every room; each run is published once.

    `signal_seq` is the last event of the ledger that went into it, so that the time from signal to forecast can be
    measured. Raises Conflict when the run is already published.
    """
    check_id(run_id, "forecast run")
    if signal_seq < 0:
        raise InvalidInput(f"forecast `{run_id}` has seen event {signal_seq}", "give a sequence number, or 0 for none")
    body = ForecastPublished(
        run_id,
        as_of,
        signal_seq,
        forecast.variants,
        forecast.cities,
        forecast.weeks,
        tuple(forecast.units.ravel().tolist()),
    )
    return tx.emit(f"forecast/{run_id}", body, expected_version=0)


def revise_forecast(
    tx: Transaction,
    run_id: str,
    as_of: date,
    *,
    level: float,
    scale: float,
    reserved: int,
    asked: int,
    accepted: int,
    declined: int,
) -> Event[ForecastRevised]:
    """The event that multiplies a published run by `scale`, all signals up to this moment considered."""
    if not (level > 0 and scale > 0):
        raise InvalidInput(f"forecast `{run_id}` cannot be {level} units a week times {scale}", "give both above zero")
    body = ForecastRevised(run_id, as_of, tx.head, level, scale, reserved, asked, accepted, declined)
    return tx.emit(f"forecast/{run_id}", body)
