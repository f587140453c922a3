"""Material requirements: what the plan needs, what is missing of it, and when it must be ordered."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pullcord.base import InvalidInput, PartId, VariantId

from .model import Part

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shortage:
    """Parts that are needed earlier than they can come."""

    part_id: PartId
    needed_week: date
    quantity: int
    first_week: date  # the first week in which all of them can be there


@dataclass(frozen=True, slots=True, eq=False)
class Requirements:
    """Requirements by part and week. Weeks begin on Mondays, and a part must be there when its week begins.

    gross : int64[part, week], what the plan uses
    net : int64[part, week], what of it is neither in stock nor on order, safety stock kept
    receipts : int64[part, week], new deliveries in whole lots, in the week in which they can be there
    available : int64[part, week], projected stock at the end of each week; negative only where parts come late
    pieces : (part index, needed week index, delivery week index, quantity), every new delivery, those after the last
        week too
    shortages : needs that are met after their week, be it by new deliveries or by what is on order
    """

    parts: tuple[Part, ...]
    weeks: tuple[date, ...]
    as_of: date
    gross: Counts
    net: Counts
    receipts: Counts
    available: Counts
    pieces: tuple[tuple[int, int, int, int], ...]
    shortages: tuple[Shortage, ...]


def gross_requirements(
    builds: Mapping[tuple[VariantId, date], int],
    usage: Mapping[VariantId, Mapping[PartId, int]],
    parts: Sequence[PartId],
    weeks: Sequence[date],
) -> Counts:
    """Units of each part that the planned builds use: int64[part, week].

    `usage`: units of each purchased part in one vehicle, all levels of the bill of material exploded. What is planned
    before the first week counts there, what is planned after the last is left out.
    """
    variants = sorted({variant_id for variant_id, _ in builds})
    if missing := [variant_id for variant_id in variants if variant_id not in usage]:
        raise InvalidInput(f"no bill of material for {', '.join(missing)}", "explode it and pass it as `usage`")
    row = {variant_id: v for v, variant_id in enumerate(variants)}
    column = {week: t for t, week in enumerate(weeks)}
    vehicles = np.zeros((len(variants), len(weeks)), dtype=np.int64)
    for (variant_id, week), count in builds.items():
        at = 0 if week < weeks[0] else column.get(week)
        if at is not None:
            vehicles[row[variant_id], at] += count
    known = {part_id: m for m, part_id in enumerate(parts)}
    per_vehicle = np.zeros((len(parts), len(variants)), dtype=np.int64)
    for variant_id in variants:
        for part_id, quantity in usage[variant_id].items():
            if part_id not in known:
                raise InvalidInput(f"variant `{variant_id}` uses `{part_id}`, which nobody supplies", "add it to parts")
            per_vehicle[known[part_id], row[variant_id]] = quantity
    return per_vehicle @ vehicles


def net_requirements(
    parts: Sequence[Part],
    weeks: Sequence[date],
    as_of: date,
    gross: Counts,
    on_hand: Counts,
    on_order: Counts,
    safety_stock: Counts | None = None,
) -> Requirements:
    """What must still be ordered: whole lots, as late as the need allows, as early as lead time and supply demand.

    Part by part, needs are served in the order of their weeks: from stock, from what is on order, and otherwise from
    new lots. A new lot comes in the week of its need; where the supplier's weekly limit is reached, in the latest
    earlier week with room; where the lead time forbids that too, in the first week after. What is on order is waited
    for, even late, when a new lot would come no earlier: so nothing is ordered twice. Safety stock is filled up from
    the first week that a new order reaches; until then it may be used.

    Parameters
    ----------
    gross : int64[part, week]
    on_hand : int64[part]
    on_order : int64[part, week], open call-offs by the first week that begins on or after their due date
    safety_stock : int64[part]; none when left out

    Source: Ptak and Smith (2011), Orlicky's Material Requirements Planning, 3rd ed., ch. 3: netting, lot sizing and
    offsetting by lead time.
    """
    _check(parts, weeks, gross, on_hand, on_order, safety_stock)
    net, receipts = np.zeros_like(gross), np.zeros_like(gross)
    pieces: list[tuple[int, int, int, int]] = []
    shortages: list[Shortage] = []
    for m, part in enumerate(parts):
        safety = 0 if safety_stock is None else int(safety_stock[m])
        cover = _cover(part, first_week(part, as_of, weeks), gross[m], int(on_hand[m]), on_order[m], safety)
        for (need, comes), quantity in sorted(cover.lots.items()):
            pieces.append((m, need, comes, quantity))
            if comes < len(weeks):
                receipts[m, comes] += quantity
        for need, quantity in cover.net.items():
            net[m, need] = quantity
        for need, (quantity, comes) in cover.late.items():
            arrival = weeks[0] + timedelta(weeks=comes)
            shortages.append(Shortage(part.part_id, weeks[need], quantity, arrival))
    available = on_hand[:, None] + (on_order + receipts - gross).cumsum(axis=1)
    return Requirements(
        tuple(parts), tuple(weeks), as_of, gross, net, receipts, available, tuple(pieces), tuple(shortages)
    )


def first_week(part: Part, as_of: date, weeks: Sequence[date]) -> int:
    """The index of the first week that an order placed on `as_of` reaches before it begins; counts on past the end."""
    return week_reached(as_of + timedelta(days=part.lead_time_days), weeks[0])


def week_reached(due_on: date, first: date) -> int:
    """How many weeks after `first` the first week begins that a delivery on `due_on` can serve; 0 when overdue."""
    return max(0, -(-(due_on - first).days // 7))


@dataclass(slots=True)
class _Cover:
    """How the needs of one part are met beyond stock and open call-offs; weeks by index."""

    lots: dict[tuple[int, int], int]  # (needed week, delivery week) -> units in whole new lots
    net: dict[int, int]  # needed week -> units out of new lots
    late: dict[int, tuple[int, int]]  # needed week -> units that come late, and the week of the last of them


def _cover(part: Part, first: int, gross: Counts, on_hand: int, on_order: Counts, safety: int) -> _Cover:
    horizon = len(gross)
    supply = [(t, int(on_order[t]), False) for t in np.flatnonzero(on_order).tolist()]
    if on_hand:
        supply.append((-1, on_hand, False))
    heapq.heapify(supply)  # (week, units, from a new lot): the earliest first
    room = _Room(part, first, on_order)
    cover = _Cover({}, {}, {})
    refill = min(first, horizon - 1)
    needs = [(t, int(gross[t]), True) for t in np.flatnonzero(gross).tolist()]
    if safety:
        needs.append((refill, safety, False))  # served after that week's vehicles
    for need, left, for_vehicles in sorted(needs, key=lambda n: (n[0], not n[2])):
        while left:
            comes, space = room.best(need)
            if supply and supply[0][0] <= max(need, comes):
                week, quantity, is_new = heapq.heappop(supply)
                used = min(left, quantity)
                if quantity > used:
                    heapq.heappush(supply, (week, quantity - used, is_new))
            else:
                lots = -(-left // part.lot_size)
                lots = lots if space is None else min(lots, space)
                week, quantity, is_new = comes, lots * part.lot_size, True
                used = min(left, quantity)
                room.take(week, quantity)
                cover.lots[need, week] = cover.lots.get((need, week), 0) + quantity
                if quantity > used:
                    heapq.heappush(supply, (week, quantity - used, True))
            left -= used
            if is_new:
                cover.net[need] = cover.net.get(need, 0) + used
            if week > need and for_vehicles:
                units, last = cover.late.get(need, (0, 0))
                cover.late[need] = (units + used, max(last, week))
    return cover


class _Room:
    """What a supplier can still deliver, week by week."""

    def __init__(self, part: Part, first: int, on_order: Counts) -> None:
        self._lot = part.lot_size
        self._limit = part.supply_per_week
        self._first = first
        self._taken: dict[int, int] = {t: int(on_order[t]) for t in np.flatnonzero(on_order).tolist()}

    def best(self, need: int) -> tuple[int, int | None]:
        """The week in which a new lot for `need` comes, and how many lots have room there; None: as many as needed."""
        if self._limit is None:
            return max(need, self._first), None
        for week in range(need, self._first - 1, -1):
            if lots := self._lots(week):
                return week, lots
        week = max(need + 1, self._first)
        while not self._lots(week):
            week += 1
        return week, self._lots(week)

    def _lots(self, week: int) -> int:
        return max(0, (self._limit or 0) - self._taken.get(week, 0)) // self._lot

    def take(self, week: int, quantity: int) -> None:
        self._taken[week] = self._taken.get(week, 0) + quantity


def _check(
    parts: Sequence[Part],
    weeks: Sequence[date],
    gross: Counts,
    on_hand: Counts,
    on_order: Counts,
    safety_stock: Counts | None,
) -> None:
    shape = (len(parts), len(weeks))
    if gross.shape != shape or on_order.shape != shape or on_hand.shape != shape[:1]:
        raise InvalidInput(
            f"{shape[0]} parts and {shape[1]} weeks do not fit gross {gross.shape}, on_order {on_order.shape},"
            f" on_hand {on_hand.shape}"
        )
    if not weeks or any(b - a != timedelta(weeks=1) for a, b in pairwise(weeks)):
        raise InvalidInput("the weeks do not follow one another", "give consecutive Mondays")
    for name, array in (("gross", gross), ("on_hand", on_hand), ("on_order", on_order), ("safety_stock", safety_stock)):
        if array is not None and array.size and array.min() < 0:
            raise InvalidInput(f"`{name}` holds {int(array.min())}", "quantities are never negative")
