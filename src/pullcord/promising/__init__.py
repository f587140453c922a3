"""Order promising: the earliest date we can stand by, what another week costs, who is told when a date moves."""

from .atp import promise
from .backtest import BacktestQuote, MonthDeliveries, PromiseBacktest, backtest_promise
from .capacity import Capacity, CapacityBook, Needs, read_capacities
from .model import (
    CustomerTold,
    Menu,
    OrderPromised,
    PartAllowance,
    Promise,
    PromiseInDoubt,
    PromiseMoved,
    PromiseReleased,
    Refusal,
    SpareParts,
    SparePartsCounted,
    WeekOffer,
)
from .parts_limit import part_allowances, promisable, spare_units, units_that_parts_allow
from .prices import week_costs
from .recheck import Broken, broken_promises, move_promises, tell_in_doubt, tell_moved
from .service import (
    Wish,
    count_spare_parts,
    find_promise,
    is_in_doubt,
    menu,
    promise_order,
    release_promise,
    was_moved_later,
    why_not,
)
from .store import ALLOWANCE, NOTICE, PROJECTION, PROMISE, PROMISED, NoticeRow

__all__ = [
    "ALLOWANCE",
    "NOTICE",
    "PROJECTION",
    "PROMISE",
    "PROMISED",
    "BacktestQuote",
    "Broken",
    "Capacity",
    "CapacityBook",
    "CustomerTold",
    "Menu",
    "MonthDeliveries",
    "Needs",
    "NoticeRow",
    "OrderPromised",
    "PartAllowance",
    "Promise",
    "PromiseBacktest",
    "PromiseInDoubt",
    "PromiseMoved",
    "PromiseReleased",
    "Refusal",
    "SpareParts",
    "SparePartsCounted",
    "WeekOffer",
    "Wish",
    "backtest_promise",
    "broken_promises",
    "count_spare_parts",
    "find_promise",
    "is_in_doubt",
    "menu",
    "move_promises",
    "part_allowances",
    "promisable",
    "promise",
    "promise_order",
    "read_capacities",
    "release_promise",
    "spare_units",
    "tell_in_doubt",
    "tell_moved",
    "units_that_parts_allow",
    "was_moved_later",
    "week_costs",
    "why_not",
]
