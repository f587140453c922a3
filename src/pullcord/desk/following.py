"""The forecast follows every signal: what one customer does changes it in the same transaction.

Only where the program says so (`forecast_on_signal`). Counting all orders anew for each signal would take ever longer;
what one order adds to the counts before and after a command is known from its own row, and so is the new level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pullcord import demand, orders
from pullcord.base import OrderId
from pullcord.orders import OrderRow, State
from pullcord.outlook import Counts
from pullcord.store import Transaction

from .clerk import Clerk

A = TypeVar("A")
FIRM = (State.LOCKED, State.BUILT, State.SHIPPED, State.HANDED_OVER)


@dataclass(frozen=True, slots=True)
class Counted:
    """What one order, or all of them, add to the counts that a forecast starts from."""

    reserved: int = 0
    asked: int = 0
    accepted: int = 0
    declined: int = 0

    def plus(self, other: Counted, times: int = 1) -> Counted:
        """Both together; `times` -1 takes the other out."""
        return Counted(
            self.reserved + times * other.reserved,
            self.asked + times * other.asked,
            self.accepted + times * other.accepted,
            self.declined + times * other.declined,
        )


def counted(row: OrderRow | None) -> Counted:
    """An order's own part of the counts."""
    if row is None:
        return Counted()
    # A quote that lapsed takes its date back; the price stays, and tells that one was shown.
    return counted_as(row.state, row.deposited_at is not None, row.price_minor is not None or row.refused is not None)


def counted_as(state: State, paid: bool, asked: bool) -> Counted:
    """The part of an order in this state, that was paid for or not, whose customer asked for a date or not."""
    return Counted(
        reserved=int(not asked and state is State.RESERVED),
        asked=int(asked),
        accepted=int(paid),
        declined=int(asked and not paid and state is not State.QUOTED),
    )


class FollowingClerk(Clerk):
    """A clerk whose commands about orders move the forecast."""

    def _following(self, order_id: str, decide: Callable[[Transaction], A]) -> Callable[[Transaction], A]:
        """The decision, and after it the forecast with this order's signal in it."""
        if not self.policies.forecast_on_signal:
            return decide

        def decided(tx: Transaction) -> A:
            before = tx.get(orders.ORDER, OrderId(order_id))
            answer = decide(tx)
            after = tx.get(orders.ORDER, OrderId(order_id))
            if after != before:
                self._revise(tx, counted(after).plus(counted(before), -1))
            return answer

        return decided

    def _following_sweep(self, tx: Transaction, swept: Sequence[OrderId], before: Counted) -> None:
        """The forecast after a sweep; every order in it counted as `before` until then."""
        if not self.policies.forecast_on_signal or not swept:
            return
        change = Counted()
        for order_id in swept:
            change = change.plus(counted(tx.get(orders.ORDER, order_id))).plus(before, -1)
        self._revise(tx, change)

    def _following_lapsed(self, tx: Transaction, lapsed: Sequence[OrderRow]) -> None:
        """The forecast after a sweep that found the orders as `lapsed` has them."""
        if not self.policies.forecast_on_signal or not lapsed:
            return
        change = Counted()
        for row in lapsed:
            change = change.plus(counted(tx.get(orders.ORDER, row.order_id))).plus(counted(row), -1)
        self._revise(tx, change)

    def _begin_following(self, tx: Transaction, run_id: str, counts: Counts) -> None:
        """From now on signals move this run, which was published with these counts."""
        if self.policies.forecast_on_signal:
            level = self.outlook.order_level(self.house.local_time(tx.now), counts).mean
            self._write(
                tx, run_id, level, 1.0, Counted(counts.reserved, counts.asked, counts.accepted, counts.declined)
            )

    def _revise(self, tx: Transaction, change: Counted) -> None:
        row = tx.get(demand.FORECAST_LEVEL, demand.ORDERS)
        if row is None:
            return  # nothing was published yet: the first run will have it
        now = Counted(row.reserved, row.asked, row.accepted, row.declined).plus(change)
        # The split over variants and cities is learned when the next run is published.
        counts = Counts(now.reserved, now.asked, now.accepted, now.declined, {})
        level = self.outlook.order_level(self.house.local_time(tx.now), counts).mean
        self._write(tx, row.run_id, row.level, level / row.level, now)

    def _write(self, tx: Transaction, run_id: str, level: float, scale: float, now: Counted) -> None:
        demand.revise_forecast(
            tx,
            run_id,
            self.local_date(tx),
            level=level,
            scale=scale,
            reserved=now.reserved,
            asked=now.asked,
            accepted=now.accepted,
            declined=now.declined,
        )
