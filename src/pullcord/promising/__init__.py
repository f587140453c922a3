"""Order promising: the earliest date we can stand by."""

from .atp import promise
from .backtest import BacktestQuote, MonthDeliveries, PromiseBacktest, backtest_promise
from .model import OrderPromised, Place, PlacesOffered, Promise, PromiseReleased, Refusal
from .parts_limit import places_to_offer, units_that_parts_allow
from .service import find_promise, offer_places, promise_order, promised_units, release_promise
from .store import PLACE, PROJECTION, PROMISE, PROMISED

__all__ = [
    "PLACE",
    "PROJECTION",
    "PROMISE",
    "PROMISED",
    "BacktestQuote",
    "MonthDeliveries",
    "OrderPromised",
    "Place",
    "PlacesOffered",
    "Promise",
    "PromiseBacktest",
    "PromiseReleased",
    "Refusal",
    "backtest_promise",
    "find_promise",
    "offer_places",
    "places_to_offer",
    "promise",
    "promise_order",
    "promised_units",
    "release_promise",
    "units_that_parts_allow",
]
