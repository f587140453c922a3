"""Order promising: the earliest date we can stand by."""

from .atp import promise
from .backtest import BacktestQuote, MonthDeliveries, PromiseBacktest, backtest_promise
from .model import OrderPromised, Promise, PromiseReleased, Refusal, SpareParts, SparePartsCounted
from .parts_limit import promisable, spare_units, units_that_parts_allow
from .service import count_spare_parts, find_promise, promise_order, promised_units, release_promise
from .store import PROJECTION, PROMISE, PROMISED, SPARE

__all__ = [
    "PROJECTION",
    "PROMISE",
    "PROMISED",
    "SPARE",
    "BacktestQuote",
    "MonthDeliveries",
    "OrderPromised",
    "Promise",
    "PromiseBacktest",
    "PromiseReleased",
    "Refusal",
    "SpareParts",
    "SparePartsCounted",
    "backtest_promise",
    "count_spare_parts",
    "find_promise",
    "promisable",
    "promise",
    "promise_order",
    "promised_units",
    "release_promise",
    "spare_units",
    "units_that_parts_allow",
]
