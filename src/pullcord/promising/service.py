"""Quote a date and keep the slot behind it; give the slot back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from pullcord import production
from pullcord.base import OrderId, PlantId, VariantId
from pullcord.store import Reader, Transaction

from .atp import promise
from .model import OrderPromised, Promise, PromiseReleased, Refusal, SpareParts, SparePartsCounted
from .parts_limit import promisable
from .store import PROMISE, PROMISED, SPARE

NO_LIMIT = 2**31  # more than any week holds: nobody has counted parts for it


def find_promise(reader: Reader, order_id: OrderId) -> Promise | None:
    """The promise in force for an order, if its slot is still held."""
    row = reader.get(PROMISE, order_id)
    if row is None or row.released:
        return None
    return Promise(row.plant_id, row.week_start, row.build_date, row.deliver_on)


def promise_order(
    tx: Transaction,
    order_id: OrderId,
    variant_id: VariantId,
    limited_options: Sequence[tuple[str, str]],
    transit_days: Mapping[str, int],
    parts_ready_on: date,
    not_before: date,
) -> Promise | Refusal:
    """The earliest date for an order, with its build slot held from now on.

    Asked again for the same order while the slot is held, the answer is the same. `limited_options` are the
    variant's (family, option) pairs, so that a week whose option capacity is used up is not offered.
    """
    kept = find_promise(tx, order_id)
    if kept is not None:
        return kept
    slots = _carried(tx, production.free_slots(tx, since=not_before, options=limited_options))
    answer = promise(slots, transit_days, parts_ready_on, not_before)
    if isinstance(answer, Promise):
        production.take_slot(tx, answer.plant_id, answer.week_start, holder=order_id, options=limited_options)
        tx.emit(
            f"promise/{order_id}",
            OrderPromised(
                order_id, variant_id, answer.plant_id, answer.week_start, answer.build_date, answer.deliver_on
            ),
        )
    return answer


def _carried(reader: Reader, slots: Sequence[production.Slot]) -> list[production.Slot]:
    """The slots with no more places free than parts can carry, without taking them from units promised already."""
    carried = []
    for plant_id in sorted({slot.plant_id for slot in slots}):
        weeks = sorted((slot for slot in slots if slot.plant_id == plant_id), key=lambda slot: slot.week_start)
        rows = [reader.get(SPARE, plant_id, slot.week_start) for slot in weeks]
        left = promisable([NO_LIMIT if row is None else row.units for row in rows])
        carried += [
            slot if units >= slot.free_vehicles else replace(slot, free_vehicles=units)
            for slot, units in zip(weeks, left, strict=True)
        ]
    return carried


def promised_units(reader: Reader, variant_id: VariantId) -> int:
    """Units of a variant that are promised and not built yet."""
    row = reader.get(PROMISED, variant_id)
    return row.units if row else 0


def count_spare_parts(tx: Transaction, plant_id: PlantId, run_id: str, spare: Sequence[tuple[date, int]]) -> None:
    """From now on no week is promised beyond what its parts can carry."""
    weeks = tuple(SpareParts(week, units) for week, units in spare)
    tx.emit(f"spare/{plant_id}", SparePartsCounted(plant_id, run_id, weeks))


def release_promise(tx: Transaction, order_id: OrderId, reason: str) -> Promise | None:
    """Give the slot behind an order's promise back; the promise it was, or None when there was none."""
    kept = find_promise(tx, order_id)
    if kept is None:
        return None
    production.release_slot(tx, kept.plant_id, kept.week_start, holder=order_id)
    tx.emit(f"promise/{order_id}", PromiseReleased(order_id, reason))
    return kept
