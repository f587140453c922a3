"""One function for each thing that can be done with an order. Every refusal says why; none of them is an exception."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import sqlalchemy as sa

from pullcord import promising
from pullcord.base import CampaignId, CityId, Conflict, Money, NotFound, OrderId, PersonId, VariantId, VehicleId
from pullcord.store import Reader, Transaction

from . import lifecycle
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
from .store import ORDER, VEHICLE_ORDER, OrderRow


@dataclass(frozen=True, slots=True)
class Terms:
    """What a quote rests on: the price, the build constraints of the variant, and how to reach the customer."""

    variant_id: VariantId
    plan: str
    city_id: CityId
    price: Money
    shown: str  # the price with every condition that changes what is paid, in one sentence
    limited_options: Sequence[tuple[str, str]]
    transit_days: Mapping[str, int]
    parts_ready_on: date
    not_before: date
    valid_for: timedelta
    planned_by: date | None = None  # by when a plan is made that knows of the order; None: at once
    week_start: date | None = None  # the build week that the customer chose; None: the earliest
    book: promising.CapacityBook | None = None  # what else is scarce; None: places and options alone


def find_order(reader: Reader, order_id: OrderId) -> OrderRow:
    """The order as it stands; NotFound when there is none."""
    row = reader.get(ORDER, order_id)
    if row is None:
        raise NotFound(f"there is no order `{order_id}`", "reserve it first")
    return row


def still_to_build(reader: Reader) -> frozenset[OrderId]:
    """The orders that hold a date and whose vehicles are not built."""
    columns = ORDER.sql.c
    rows = reader.query(
        sa.select(columns.order_id).where(
            columns.program_id == reader.program_id,
            columns.state.in_([State.QUOTED, State.DEPOSITED, State.LOCKED]),
        )
    )
    return frozenset(row[0] for row in rows)


def outcome(row: OrderRow, refused: str | None = None) -> Outcome:
    """An order's present state as the answer to a command."""
    price = Money(row.price_minor, row.currency) if row.price_minor is not None and row.currency else None
    return Outcome(row.order_id, row.state, refused, row.deliver_on, price, row.terms, row.valid_until)


def reserve(
    tx: Transaction,
    order_id: OrderId,
    person_id: PersonId,
    variant_id: VariantId,
    plan: str,
    city_id: CityId,
    campaign_id: CampaignId | None = None,
) -> Outcome:
    """Note a customer's wish. It costs them nothing, and it promises them nothing."""
    note_wish(tx, order_id, person_id, variant_id, plan, city_id, campaign_id)
    return outcome(find_order(tx, order_id))


def note_wish(
    tx: Transaction,
    order_id: OrderId,
    person_id: PersonId,
    variant_id: VariantId,
    plan: str,
    city_id: CityId,
    campaign_id: CampaignId | None = None,
) -> None:
    """`reserve`, for those who have an answer of their own."""
    if tx.get(ORDER, order_id) is not None:
        raise Conflict(f"order `{order_id}` is taken", "choose another order id")
    tx.emit(
        f"order/{order_id}",
        OrderReserved(order_id, person_id, variant_id, plan, city_id, campaign_id),
        expected_version=0,
    )


def quote(tx: Transaction, order_id: OrderId, terms: Terms) -> Outcome:
    """Show the customer a date and a price, and hold the build slot behind them until the quote lapses."""
    row = find_order(tx, order_id)
    if refused := lifecycle.why_no_quote(row):
        return outcome(row, refused)
    not_before = max(terms.parts_ready_on, terms.not_before)
    wish = promising.Wish(
        terms.variant_id,
        terms.limited_options,
        terms.transit_days,
        not_before,
        terms.planned_by or not_before,
        terms.city_id,
    )
    if row.state is State.QUOTED:
        in_force = (
            not _lapsed(tx, row)
            and not promising.is_in_doubt(tx, order_id)
            and (row.variant_id, row.plan, row.city_id) == (terms.variant_id, terms.plan, terms.city_id)
        )
        if in_force and _has_week(tx, order_id, terms.week_start):
            return outcome(row)
        if in_force and (refusal := promising.why_not(tx, wish, terms.book, terms.week_start)):
            return outcome(row, refusal.why)  # and the date shown before stands
        promising.release_promise(tx, order_id, "quoted anew")
    answer = promising.promise_order(tx, order_id, wish, terms.book, terms.week_start)
    if isinstance(answer, promising.Refusal):
        if row.state is State.QUOTED:  # the date shown before is over, and there is no other
            tx.emit(f"order/{order_id}", QuoteLapsed(order_id))
        tx.emit(f"order/{order_id}", OrderRefused(order_id, answer.why))
        return outcome(find_order(tx, order_id), answer.why)
    tx.emit(
        f"order/{order_id}",
        OrderQuoted(
            order_id,
            terms.variant_id,
            terms.plan,
            terms.city_id,
            answer.plant_id,
            answer.week_start,
            answer.deliver_on,
            terms.price,
            terms.shown,
            tx.now + terms.valid_for,
        ),
    )
    return outcome(find_order(tx, order_id))


def deposit(tx: Transaction, order_id: OrderId, amount: Money, due: Money) -> Outcome:
    """Take the deposit against the date shown. Without a date in force no money is taken."""
    row = find_order(tx, order_id)
    if refused := lifecycle.why_no_deposit(row, amount, due, tx.now):
        return outcome(row, refused)
    kept = promising.find_promise(tx, order_id)
    assert kept is not None, f"order {order_id} was quoted without a slot"
    if promising.is_in_doubt(tx, order_id):
        return outcome(
            row, f"the date shown for order {order_id} has lapsed, for it cannot be kept: ask for a new quote"
        )
    tx.emit(
        f"order/{order_id}",
        OrderDeposited(order_id, amount, kept.deliver_on, row.variant_id, kept.plant_id, kept.week_start),
    )
    return outcome(find_order(tx, order_id))


def lock(tx: Transaction, order_id: OrderId) -> Outcome:
    """Make configuration and slot firm: from here on a vehicle is built for this customer."""
    row = find_order(tx, order_id)
    if refused := lifecycle.why_no_lock(row):
        return outcome(row, refused)
    kept = promising.find_promise(tx, order_id)
    assert kept is not None, f"order {order_id} has a deposit but no slot"
    tx.emit(
        f"order/{order_id}",
        OrderLocked(order_id, row.variant_id, row.plan, row.city_id, kept.plant_id, kept.week_start, kept.deliver_on),
    )
    return outcome(find_order(tx, order_id))


def lock_due(tx: Transaction, withdrawn_within: timedelta) -> tuple[OrderId, ...]:
    """The orders whose time to withdraw the deposit is over and that are now locked, earliest deposit first."""
    columns = ORDER.sql.c
    over = tx.select(
        ORDER,
        columns.state == State.DEPOSITED,
        columns.deposited_at <= tx.now - withdrawn_within,
        order_by=(columns.deposited_at, columns.order_id),
    )
    for row in over:
        lock(tx, row.order_id)
    return tuple(row.order_id for row in over)


def cancel(
    tx: Transaction,
    order_id: OrderId,
    reason: str,
    refundable_in: Collection[State],
) -> Outcome:
    """End an order before its vehicle is built: the slot is free again, and a deposit goes back as the terms say.

    `refundable_in`: the states in which the terms give a deposit back.
    """
    row = find_order(tx, order_id)
    if refused := lifecycle.why_no_cancel(row):
        return outcome(row, refused)
    promising.release_promise(tx, order_id, reason)
    tx.emit(f"order/{order_id}", OrderCancelled(order_id, reason, row.state))
    refund = forfeit = None
    owed_minor = row.deposit_minor - row.refunded_minor
    if owed_minor > 0 and row.currency:
        owed = Money(owed_minor, row.currency)
        if row.state in refundable_in:
            refund = owed
            tx.emit(f"order/{order_id}", DepositRefunded(order_id, owed))
        else:
            forfeit = owed
            tx.emit(f"order/{order_id}", DepositForfeited(order_id, owed))
    return replace(outcome(find_order(tx, order_id)), refund=refund, forfeit=forfeit)


def lapse_due(tx: Transaction) -> tuple[OrderId, ...]:
    """The orders whose quotes were over and are now taken back, earliest first; their wishes stand."""
    columns = ORDER.sql.c
    over = tx.select(
        ORDER,
        columns.state == State.QUOTED,
        columns.valid_until < tx.now,
        order_by=(columns.valid_until, columns.order_id),
    )
    for row in over:
        promising.release_promise(tx, row.order_id, "the quote lapsed")
        tx.emit(f"order/{row.order_id}", QuoteLapsed(row.order_id))
    return tuple(row.order_id for row in over)


def hand_over(tx: Transaction, vehicle_id: VehicleId, delivered_on: date) -> Outcome | None:
    """Give the vehicle to its customer on arrival; None for a vehicle that no order asked for."""
    link = tx.get(VEHICLE_ORDER, vehicle_id)
    if link is None:
        return None
    row = find_order(tx, link.order_id)
    if row.state is not State.SHIPPED:
        return outcome(row, f"order {row.order_id} is {row.state.value}: its vehicle cannot be handed over")
    assert row.price_minor is not None
    assert row.currency is not None
    assert row.deliver_on is not None
    tx.emit(
        f"order/{row.order_id}",
        OrderHandedOver(
            row.order_id,
            vehicle_id,
            row.plan,
            row.city_id,
            row.deliver_on,
            delivered_on,
            Money(row.price_minor, row.currency),
            Money(row.deposit_minor - row.refunded_minor, row.currency),
        ),
    )
    return outcome(find_order(tx, row.order_id))


def _has_week(tx: Transaction, order_id: OrderId, week_start: date | None) -> bool:
    kept = promising.find_promise(tx, order_id)
    return week_start is None or (kept is not None and kept.week_start == week_start)


def _lapsed(tx: Transaction, row: OrderRow) -> bool:
    return row.valid_until is not None and tx.now > row.valid_until
