"""Promises against a new plan: who can no longer be served in the agreed week gets the earliest that can, and is told.

Earliest due first: promises are given their weeks again in the order of their weeks, and within a week first come,
first served, so that a shortage moves those who were promised last. A promise stays with its plant.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pullcord import production
from pullcord.base import OrderId, PlantId
from pullcord.store import Reader, Transaction

from . import kernels
from .atp import BUILD_WEEK_DAYS
from .capacity import Capacity, Needs, read_capacities
from .model import CustomerTold, PromiseInDoubt, PromiseMoved
from .store import PROMISE, PromiseRow

Limits = Mapping[tuple[PlantId, date], int]
"""Vehicles that a plant's week will hold from now on, where that differs from what it has opened."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that can no longer be kept; `week_start` is the week that can take it, None where there is none."""

    promise: PromiseRow
    week_start: date | None
    why: str


def broken_promises(
    reader: Reader,
    needs: Needs,
    not_before: date,
    open_orders: Callable[[], Collection[OrderId]],
    limits: Limits | None = None,
) -> list[Broken]:
    """The promises that the plants' capacity and parts, as they now stand, can no longer keep.

    not_before : the first week that a moved promise may have
    open_orders : the orders that are still to be built; asked only where something is short
    """
    found: list[Broken] = []
    for plant_id, capacity in read_capacities(reader, needs, date.min).items():
        for (plant, week_start), vehicles in (limits or {}).items():
            slot = reader.get(production.BUILD_SLOT, plant, week_start)
            if plant == plant_id and slot is not None:
                capacity.left[0, capacity.index(week_start)] += vehicles - slot.capacity_vehicles
        if (capacity.left >= 0).all():
            continue
        known = set(open_orders())
        columns = PROMISE.sql.c
        held = [
            row
            for row in reader.select(
                PROMISE,
                columns.plant_id == plant_id,
                columns.released.is_(False),
                order_by=(columns.week_start, columns.event_seq),
            )
            if row.order_id in known
        ]
        found += _serve_again(capacity, held, not_before)
    return found


def _serve_again(capacity: Capacity, held: Sequence[PromiseRow], not_before: date) -> list[Broken]:
    """Give all promises back, and their weeks out again in the order given."""
    lines = [capacity.lines(row.variant_id, row.city_id) for row in held]
    first = np.array([capacity.index(row.week_start) for row in held], dtype=np.int64)
    for row in held:
        capacity.take(row.variant_id, row.week_start, -1, row.city_id)
    given = np.empty(len(held), dtype=np.int64)
    kernels.promise_all(
        capacity.left,
        capacity.slack,
        capacity.weekly,
        np.cumsum([0, *(len(rows) for rows, _ in lines)]),
        np.concatenate([np.empty(0, dtype=np.int64), *(rows for rows, _ in lines)]),
        np.concatenate([np.empty(0, dtype=np.int64), *(quantities for _, quantities in lines)]),
        first,
        np.maximum(first + 1, capacity.index(not_before)),
        given,
    )
    return [
        Broken(
            held[n],
            capacity.weeks[given[n]] if given[n] >= 0 else None,
            capacity.binding(held[n].variant_id, held[n].week_start, held[n].city_id) or "capacity",
        )
        for n in np.flatnonzero(given != first).tolist()
    ]


def move_promises(tx: Transaction, needs: Needs, broken: Sequence[Broken]) -> list[PromiseMoved]:
    """Give each broken promise its new week, and say so; where there is none, say that it is in doubt, once."""
    movable = [(found.promise, found.week_start, found.why) for found in broken if found.week_start is not None]
    for row, _, _ in movable:
        production.release_slot(tx, row.plant_id, row.week_start, holder=row.order_id)
    moved = []
    for row, week_start, why in movable:
        production.take_slot(
            tx, row.plant_id, week_start, holder=row.order_id, options=needs.options.get(row.variant_id, ())
        )
        build_date = week_start + timedelta(days=BUILD_WEEK_DAYS)
        body = PromiseMoved(
            row.order_id,
            row.variant_id,
            row.plant_id,
            row.week_start,
            week_start,
            build_date,
            row.deliver_on,
            build_date + (row.deliver_on - row.build_date),  # the way to the customer is as long as it was
            why,
        )
        tx.emit(f"promise/{row.order_id}", body)
        moved.append(body)
    for found in broken:
        if found.week_start is None and not found.promise.in_doubt:
            order_id = found.promise.order_id
            tx.emit(f"promise/{order_id}", PromiseInDoubt(order_id, found.promise.deliver_on, found.why))
    return moved


def tell_moved(tx: Transaction, moved: PromiseMoved, seq: int) -> None:
    """Tell a customer of their new date, and that they may go."""
    english, chinese = _why(moved.why)
    before, after = moved.from_deliver_on, moved.deliver_on
    _tell(
        tx,
        moved.order_id,
        "promise.moved",
        f"Order {moved.order_id} will be delivered on {after}, not on {before}: {english}. If the new date does not"
        " suit you, you may cancel and get the whole deposit back.",
        f"订单 {moved.order_id} 的交付日期由 {before} 改为 {after}：{chinese}。如果新日期不合适，您可以取消订单，"
        "定金全额退还。",
        seq,
    )


def tell_in_doubt(tx: Transaction, doubt: PromiseInDoubt, seq: int) -> None:
    """Tell a customer that their date cannot be kept and that there is no other yet."""
    english, chinese = _why(doubt.why)
    _tell(
        tx,
        doubt.order_id,
        "promise.in_doubt",
        f"Order {doubt.order_id} cannot be delivered on {doubt.deliver_on} as agreed: {english}, and there is no other"
        " date yet. You may cancel and get the whole deposit back.",
        f"订单 {doubt.order_id} 无法按约定于 {doubt.deliver_on} 交付：{chinese}，目前尚无新的日期。您可以取消订单，"
        "定金全额退还。",
        seq,
    )


def _tell(tx: Transaction, order_id: OrderId, about: str, english: str, chinese: str, seq: int) -> None:
    tx.emit(f"notice/{order_id}", CustomerTold(order_id, about, english, chinese, seq))


def _why(binding: str) -> tuple[str, str]:
    """What binds, in a customer's words: English and Chinese."""
    kind, _, name = binding.partition(" ")
    match kind:
        case "part":
            return "a part comes later than planned", "零部件到货晚于计划"
        case "option":
            return f"the plant can build fewer with {name.replace('=', ' ')} than planned", "所选配置的产能低于计划"
        case "transport":
            return "fewer vehicles can be sent to your city than planned", "发往您所在城市的运力低于计划"
        case _:
            return "the plant can build fewer that week than planned", "工厂当周产能低于计划"
