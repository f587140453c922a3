"""Available to promise: the earliest delivery that a free build slot, parts and transit allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from pullcord.production import Slot

from .model import Promise, Refusal

BUILD_WEEK_DAYS = 6  # a unit of a build week is ready on its Sunday at the latest


def promise(
    slots: Sequence[Slot], transit_days: Mapping[str, int], parts_ready_on: date, not_before: date
) -> Promise | Refusal:
    """The earliest delivery among the plants that can build and ship the variant.

    A slot serves only if its week begins on or after both `parts_ready_on` and `not_before` (the first week that the
    freeze fence leaves open). Ties go to the earlier build, then to the plant whose id sorts first: same question,
    same answer. `transit_days`: plant -> whole days from the plant's gate to the customer's city.
    """
    if not slots:
        return Refusal("no build slots are open at all")
    reachable = [slot for slot in slots if slot.plant_id in transit_days]
    if not reachable:
        plants = ", ".join(sorted({slot.plant_id for slot in slots}))
        return Refusal(f"none of the plants with build slots ({plants}) can ship to this city")
    free = [slot for slot in reachable if slot.free_vehicles > 0]
    if not free:
        last = max(slot.week_start for slot in reachable)
        return Refusal(f"no place is left up to the week of {last}")
    earliest_start = max(parts_ready_on, not_before)
    candidates = [
        (ready + timedelta(days=transit_days[slot.plant_id]), ready, slot.plant_id, slot.week_start)
        for slot in free
        if slot.week_start >= earliest_start
        for ready in (slot.week_start + timedelta(days=BUILD_WEEK_DAYS),)
    ]
    if not candidates:
        return Refusal(f"no free build slot begins on or after {earliest_start}")
    deliver_on, ready, plant_id, week_start = min(candidates)
    return Promise(plant_id, week_start, ready, deliver_on)
