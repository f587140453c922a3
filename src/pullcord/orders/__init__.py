"""Orders: reserve, quote, deposit, lock, cancel, hand over: the contract with the customer and its states."""

from .lifecycle import STEPS
from .model import (
    DepositForfeited,
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
from .service import Terms, cancel, deposit, find_order, hand_over, lapse_due, lock, lock_due, outcome, quote, reserve
from .store import ORDER, PROJECTION, VEHICLE_ORDER, OrderRow, build_order_id, order_of_build

__all__ = [
    "ORDER",
    "PROJECTION",
    "STEPS",
    "VEHICLE_ORDER",
    "DepositForfeited",
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
    "lapse_due",
    "lock",
    "lock_due",
    "order_of_build",
    "outcome",
    "quote",
    "reserve",
]
