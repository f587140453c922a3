"""Quote a date and keep what stands behind it; give it back; say which other weeks there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from pullcord import production
from pullcord.base import CityId, Money, OrderId, PlantId, VariantId
from pullcord.store import Reader, Transaction

from .atp import BUILD_WEEK_DAYS, promise
from .capacity import Capacity, CapacityBook, Needs
from .model import (
    Menu,
    OrderPromised,
    PartAllowance,
    Promise,
    PromiseReleased,
    Refusal,
    SpareParts,
    SparePartsCounted,
    WeekOffer,
)
from .prices import week_costs
from .store import PROMISE


def find_promise(reader: Reader, order_id: OrderId) -> Promise | None:
    """The promise in force for an order, if its slot is still held."""
    row = reader.get(PROMISE, order_id)
    if row is None or row.released:
        return None
    return Promise(row.plant_id, row.week_start, row.build_date, row.deliver_on)


def was_moved_later(reader: Reader, order_id: OrderId) -> bool:
    """Whether an order's date is later than the one agreed, or can no longer be kept: it may be ended for nothing."""
    row = reader.get(PROMISE, order_id)
    return row is not None and (row.moved_later or row.in_doubt)


def is_in_doubt(reader: Reader, order_id: OrderId) -> bool:
    """Whether the date promised for an order can no longer be kept, and none was found instead."""
    row = reader.get(PROMISE, order_id)
    return row is not None and not row.released and row.in_doubt


@dataclass(frozen=True, slots=True)
class Wish:
    """A vehicle that somebody would like, and what its date depends on.

    transit_days : plant -> whole days from the plant's gate to the customer's city
    not_before : the first week that may still be promised
    planned_by : the day by which a plan is made that knows of the order
    city_id : where it goes; None where no lane is limited
    """

    variant_id: VariantId
    limited_options: Sequence[tuple[str, str]]
    transit_days: Mapping[str, int]
    not_before: date
    planned_by: date
    city_id: CityId | None = None


def promise_order(
    tx: Transaction, order_id: OrderId, wish: Wish, book: CapacityBook | None = None, week_start: date | None = None
) -> Promise | Refusal:
    """The earliest date for an order, or that of the week asked for, with all that it takes held from now on.

    Asked again for the same order while the slot is held, the answer is the same. Without a book no part limits.
    """
    kept = find_promise(tx, order_id)
    if kept is not None:
        return kept
    plants = _book(book, wish).at(tx, wish.planned_by)
    answer = _choose(tx, plants, wish, week_start)
    if isinstance(answer, Promise):
        variant_id = wish.variant_id
        production.take_slot(tx, answer.plant_id, answer.week_start, holder=order_id, options=wish.limited_options)
        tx.emit(
            f"promise/{order_id}",
            OrderPromised(
                order_id,
                variant_id,
                answer.plant_id,
                answer.week_start,
                answer.build_date,
                answer.deliver_on,
                wish.city_id,
            ),
        )
    return answer


def why_not(
    reader: Reader, wish: Wish, book: CapacityBook | None = None, week_start: date | None = None
) -> Refusal | None:
    """Why the wish, or the week asked for, cannot be had at this moment; None where it can. Nothing is held."""
    answer = _choose(reader, _book(book, wish).at(reader, wish.planned_by), wish, week_start)
    return answer if isinstance(answer, Refusal) else None


def _book(book: CapacityBook | None, wish: Wish) -> CapacityBook:
    return book or CapacityBook(Needs(options={wish.variant_id: wish.limited_options}))


def _promise(plant_id: PlantId, week_start: date, transit_days: Mapping[str, int]) -> Promise:
    ready = week_start + timedelta(days=BUILD_WEEK_DAYS)
    return Promise(plant_id, week_start, ready, ready + timedelta(days=transit_days[plant_id]))


def _order(found: Promise) -> tuple[date, date, str]:
    """Earlier delivery first; ties go to the earlier build, then to the plant whose id sorts first."""
    return found.deliver_on, found.build_date, found.plant_id


def _choose(
    reader: Reader, plants: Mapping[PlantId, Capacity], wish: Wish, week_start: date | None
) -> Promise | Refusal:
    reachable = [capacity for plant_id, capacity in plants.items() if plant_id in wish.transit_days]
    if week_start is None:
        found = [
            _promise(capacity.plant_id, week, wish.transit_days)
            for capacity in reachable
            if (week := capacity.earliest(wish.variant_id, wish.not_before, wish.city_id)) is not None
        ]
        return min(found, key=_order) if found else _why_none(reader, plants, wish)
    every = [
        _promise(capacity.plant_id, capacity.weeks[t], wish.transit_days)
        for capacity in reachable
        for t in np.flatnonzero(capacity.places(wish.variant_id, wish.not_before, wish.city_id)).tolist()
    ]
    chosen = [offer for offer in every if offer.week_start == week_start]
    if chosen:
        return min(chosen, key=_order)
    if not every:
        return _why_none(reader, plants, wish)
    nearest = min(every, key=lambda offer: (abs((offer.week_start - week_start).days), *_order(offer)))
    return Refusal(
        f"the week of {week_start} cannot take it ({_lacking(reachable, wish, week_start)});"
        f" the nearest that can is the week of {nearest.week_start}, for delivery on {nearest.deliver_on}"
    )


def _lacking(capacities: Sequence[Capacity], wish: Wish, week_start: date) -> str:
    if week_start < wish.not_before:
        return f"no week before {wish.not_before} can still be promised"
    for capacity in capacities:
        if week_start not in capacity.weeks:
            return "no plant has opened it"
        if binding := capacity.binding(wish.variant_id, week_start, wish.city_id):
            return f"{binding} is used up"
    return "no plant can build it"


def _why_none(reader: Reader, plants: Mapping[PlantId, Capacity], wish: Wish) -> Refusal:
    """Why no week can take the vehicle, in the words that fit."""
    slots = production.free_slots(reader, since=wish.not_before, options=wish.limited_options)
    short: set[str] = set()
    left = []
    for slot in slots:
        capacity = plants[slot.plant_id]
        binding = capacity.binding(wish.variant_id, slot.week_start, wish.city_id)
        if slot.free_vehicles and binding and slot.plant_id in wish.transit_days:
            short.add(binding)
        left.append(replace(slot, free_vehicles=0) if binding else slot)
    answer = promise(left, wish.transit_days, wish.not_before, wish.not_before)
    assert isinstance(answer, Refusal), "a week that can take the vehicle was overlooked"
    return Refusal(f"{answer.why}: {', '.join(sorted(short))} is used up") if short else answer


def menu(
    reader: Reader,
    wish: Wish,
    most: Money,
    book: CapacityBook | None = None,
    places_max: int = 1_000,
) -> Menu:
    """Every week that could take the vehicle now, by date of delivery, with what it costs or saves.

    most : what choosing a week may cost or save at most; zero: all weeks cost the same
    places_max : of a week with more places no more is told than that there are so many
    """
    plants = _book(book, wish).at(reader, wish.planned_by)
    found: list[tuple[Promise, int, float]] = []
    for plant_id, capacity in plants.items():
        if plant_id not in wish.transit_days:
            continue
        places = capacity.places(wish.variant_id, wish.not_before, wish.city_id)
        costs = week_costs(reader, capacity, wish.variant_id) if most.minor else np.zeros(len(places))
        found += [
            (_promise(plant_id, capacity.weeks[t], wish.transit_days), int(places[t]), float(costs[t]))
            for t in np.flatnonzero(places).tolist()
        ]
    if not found:
        return Menu((), _why_none(reader, plants, wish).why)
    found.sort(key=lambda offer: _order(offer[0]))
    # A week is offered once, from the plant that delivers first.
    first: dict[date, tuple[Promise, int, float]] = {}
    for offer in found:
        first.setdefault(offer[0].week_start, offer)
    base = found[0][2]
    return Menu(
        tuple(
            WeekOffer(
                offer.week_start,
                offer.plant_id,
                offer.deliver_on,
                _difference(cost - base, most),
                min(places, places_max),
            )
            for offer, places, cost in first.values()
        )
    )


def _difference(minor: float, most: Money) -> Money:
    """A difference of costs as a price: whole major units, within what the policy allows."""
    unit = Money.of(1, most.currency).minor
    major = round(minor / unit)
    bound = most.minor // unit
    return Money(max(-bound, min(bound, major)) * unit, most.currency)


def count_spare_parts(
    tx: Transaction,
    plant_id: PlantId,
    run_id: str,
    spare: Sequence[tuple[date, int]],
    parts: Sequence[PartAllowance] = (),
) -> None:
    """From now on no week is promised beyond what its parts can carry."""
    weeks = tuple(SpareParts(week, units) for week, units in spare)
    tx.emit(f"spare/{plant_id}", SparePartsCounted(plant_id, run_id, weeks, tuple(parts)))


def release_promise(tx: Transaction, order_id: OrderId, reason: str) -> Promise | None:
    """Give the slot behind an order's promise back; the promise it was, or None when there was none."""
    kept = find_promise(tx, order_id)
    if kept is None:
        return None
    production.release_slot(tx, kept.plant_id, kept.week_start, holder=order_id)
    tx.emit(f"promise/{order_id}", PromiseReleased(order_id, reason))
    return kept
