"""Which step may follow which, and the sentence a customer reads when it may not."""

from __future__ import annotations

from datetime import datetime

from pullcord.base import Money

from .model import State
from .store import OrderRow

STEPS: dict[State, frozenset[State]] = {
    State.RESERVED: frozenset({State.QUOTED, State.CANCELLED}),
    State.QUOTED: frozenset({State.DEPOSITED, State.RESERVED, State.CANCELLED}),
    State.DEPOSITED: frozenset({State.LOCKED, State.CANCELLED}),
    State.LOCKED: frozenset({State.BUILT, State.CANCELLED}),
    State.BUILT: frozenset({State.SHIPPED}),
    State.SHIPPED: frozenset({State.HANDED_OVER}),
    State.HANDED_OVER: frozenset(),
    State.CANCELLED: frozenset(),
}


def why_no_quote(order: OrderRow) -> str | None:
    """Why an order cannot be quoted a date, or None when it can."""
    if order.state in (State.RESERVED, State.QUOTED):
        return None
    return f"order {order.order_id} is {_words(order.state)}: its date is already agreed or no longer wanted"


def why_no_deposit(order: OrderRow, amount: Money, due: Money, now: datetime) -> str | None:
    """Why a deposit cannot be taken, or None when it can. No deposit precedes a shown date, without exception."""
    if order.state is State.RESERVED:
        return f"order {order.order_id} has been shown no delivery date yet: ask for a quote first"
    if order.state is not State.QUOTED or order.valid_until is None:
        return f"order {order.order_id} is {_words(order.state)}: no deposit is due"
    if now > order.valid_until:
        return (
            f"the date shown for order {order.order_id} lapsed at {order.valid_until.isoformat()}: ask for a new quote"
        )
    if amount != due:
        return f"the deposit is {due}, not {amount}"
    return None


def why_no_lock(order: OrderRow) -> str | None:
    """Why an order cannot be locked, or None when it can."""
    if order.state is State.DEPOSITED:
        return None
    return f"order {order.order_id} is {_words(order.state)}: only an order with a deposit can be locked"


def why_no_cancel(order: OrderRow) -> str | None:
    """Why an order can no longer be cancelled, or None when it can."""
    if State.CANCELLED in STEPS[order.state]:
        return None
    if order.state is State.CANCELLED:
        return f"order {order.order_id} is cancelled already"
    return f"order {order.order_id} is {_words(order.state)}: it can be returned, but no longer cancelled"


def _words(state: State) -> str:
    return state.value.replace("_", " ")
