"""Order promising: the earliest date we can stand by."""

from .atp import promise
from .backtest import BacktestQuote, MonthDeliveries, PromiseBacktest, backtest_promise
from .model import OrderPromised, Promise, PromiseReleased, Refusal
from .parts_limit import places_to_offer, units_that_parts_allow
from .service import find_promise, promise_order, release_promise
from .store import PROJECTION, PROMISE

__all__ = [
    "PROJECTION",
    "PROMISE",
    "BacktestQuote",
    "MonthDeliveries",
    "OrderPromised",
    "Promise",
    "PromiseBacktest",
    "PromiseReleased",
    "Refusal",
    "backtest_promise",
    "find_promise",
    "places_to_offer",
    "promise",
    "promise_order",
    "release_promise",
    "units_that_parts_allow",
]
