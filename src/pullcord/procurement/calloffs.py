"""Call-offs: which deliveries each supplier is told about now, and when the parts for one more vehicle can be there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import inf

import numpy as np

from pullcord.base import InvalidInput, PartId, SupplierId, monday_of

from .model import CallOffLine, Part
from .requirements import Counts, Requirements, week_reached


@dataclass(frozen=True, slots=True)
class CallOff:
    """What one supplier is to deliver after one run of the requirements."""

    supplier_id: SupplierId
    lines: tuple[CallOffLine, ...]


def call_offs(requirements: Requirements, release_days: int | None = 7) -> tuple[CallOff, ...]:
    """The deliveries that must be ordered before the next run, by supplier; lines by due date, then part.

    A delivery is called off when it would come too late if one waited `release_days` more (a week: the usual time to
    the next run); None calls off everything at once. What is not called off yet can still change without anyone
    having to be told twice.
    """
    by_supplier: dict[SupplierId, dict[tuple[date, PartId, date], CallOffLine]] = {}
    for m, need, comes, quantity in requirements.pieces:
        part = requirements.parts[m]
        due_on = requirements.weeks[0] + timedelta(weeks=comes)
        order_by = due_on - timedelta(days=part.lead_time_days)
        if release_days is not None and order_by >= requirements.as_of + timedelta(days=release_days):
            continue
        lines = by_supplier.setdefault(part.supplier_id, {})
        key = (due_on, part.part_id, requirements.weeks[need])
        before = lines[key].quantity if key in lines else 0
        lines[key] = CallOffLine(part.part_id, before + quantity, due_on, part.unit_cost, requirements.weeks[need])
    return tuple(
        CallOff(supplier_id, tuple(lines[key] for key in sorted(lines)))
        for supplier_id, lines in sorted(by_supplier.items())
    )


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What a plant's parts look like over the weeks: int64[part, week], stock that nothing planned needs any more.

    A unit counts in a week if taking it there leaves every later week served: the cumulative available to promise.
    """

    parts: tuple[PartId, ...]
    weeks: tuple[date, ...]
    uncommitted: Counts

    @classmethod
    def of(cls, parts: tuple[PartId, ...], weeks: tuple[date, ...], available: Counts) -> Outlook:
        """The outlook of projected stock at the end of each week."""
        future = np.minimum.accumulate(available[:, ::-1], axis=1)[:, ::-1] if available.size else available
        return cls(parts, weeks, np.maximum(future, 0))


def parts_ready_on(
    needs: Mapping[PartId, int],
    parts: Mapping[PartId, Part],
    as_of: date,
    outlook: Outlook | None = None,
    promised: Mapping[PartId, int] | None = None,
) -> date:
    """The earliest date on which the parts for one more vehicle can all be there.

    For each part that is the first week in which enough uncommitted stock is left, or a delivery ordered on `as_of`,
    whichever is earlier. `promised`: units given away since the outlook was made; they are taken off every week.
    """
    ready = as_of
    for part_id, quantity in needs.items():
        part = parts.get(part_id)
        if part is None:
            raise InvalidInput(f"nobody supplies part `{part_id}`", "add it to parts")
        best = as_of + timedelta(days=part.lead_time_days)
        if outlook is not None and part_id in outlook.parts:
            free = outlook.uncommitted[outlook.parts.index(part_id)] - (promised or {}).get(part_id, 0)
            enough = np.flatnonzero(free >= quantity)
            if len(enough):
                best = min(best, max(as_of, outlook.weeks[int(enough[0])]))
        ready = max(ready, best)
    return ready


def weekly_supply(part: Part, as_of: date, weeks: int, on_hand: int, on_order: Mapping[date, int]) -> tuple[float, ...]:
    """Units of a part that a plan may count on in each week, what is in stock in the first; inf where nothing limits.

    Weeks begin with that of `as_of`. From the first week that a new order can reach, the supplier's weekly limit adds
    to it, or makes the part unlimited where none is known.
    """
    start = monday_of(as_of)
    due = [0] * weeks
    for due_on, quantity in on_order.items():
        if (at := week_reached(due_on, start)) < weeks:
            due[at] += quantity
    supply = [float(quantity) for quantity in due]
    supply[0] += on_hand
    for t in range(week_reached(as_of + timedelta(days=part.lead_time_days), start), weeks):
        supply[t] += inf if part.supply_per_week is None else max(0, part.supply_per_week - due[t])
    return tuple(supply)
