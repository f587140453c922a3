"""Orders: reserve, quote, deposit, lock, cancel, hand over: the contract with the customer and its states."""

from .lifecycle import STEPS
from .model import (
    DepositRefunded,
    OrderCancelled,
    OrderDeposited,
    OrderHandedOver,
    OrderLocked,
    OrderQuoted,
    OrderRefused,
    OrderReserved,
    Outcome,
    QuoteLapsed,
    State,
)
from .service import Terms, cancel, deposit, find_order, hand_over, lapse, lock, quote, reserve
from .store import ORDER, PROJECTION, VEHICLE_ORDER, OrderRow, build_order_id, order_of_build

__all__ = [
    "ORDER",
    "PROJECTION",
    "STEPS",
    "VEHICLE_ORDER",
    "DepositRefunded",
    "OrderCancelled",
    "OrderDeposited",
    "OrderHandedOver",
    "OrderLocked",
    "OrderQuoted",
    "OrderRefused",
    "OrderReserved",
    "OrderRow",
    "Outcome",
    "QuoteLapsed",
    "State",
    "Terms",
    "build_order_id",
    "cancel",
    "deposit",
    "find_order",
    "hand_over",
    "lapse",
    "lock",
    "order_of_build",
    "quote",
    "reserve",
]
