"""Capable to promise: how many places of each week the parts that every unit needs allow to give away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from pullcord.base import PartId


def units_that_parts_allow(
    usage: Mapping[PartId, int], supply: Mapping[PartId, Sequence[float]], weeks: int
) -> list[float]:
    """Units that could be built by the end of each week, counted from the first week on.

    `usage`: pieces of each part in one unit, of the parts that every unit needs; `supply`: pieces of a part that come
    in each week, what is in stock in the first; inf where nothing limits. Cumulative: parts that wait are not lost.
    """
    allowed = [inf] * weeks
    for part_id, pieces in usage.items():
        if pieces <= 0 or part_id not in supply:
            continue
        arrived = 0.0
        for week in range(weeks):
            arrived += supply[part_id][week]
            if arrived // pieces < allowed[week]:
                allowed[week] = arrived // pieces
    return allowed


def places_to_offer(free: Sequence[int], waiting: Sequence[int], allowed: Sequence[float]) -> list[int]:
    """Places of each week that may still be given away, so that no week is promised what its parts do not carry.

    free : places that the plant has left in each week
    waiting : units promised for each week whose parts are still to be used; overdue ones stand in the first
    allowed : units that parts allow by the end of each week, cumulative

    A place taken in a week uses parts that all later weeks would have had, so a week may offer only what every week
    from it on can spare, less what earlier weeks already offer. This is the cumulative available to promise with
    look-ahead; Ball, Chen and Zhao (2004), Handbook of Quantitative Supply Chain Analysis, ch. 11, review it and its
    kin.
    """
    weeks = len(free)
    spare = [0.0] * weeks
    waiting_so_far = 0
    for week in range(weeks):
        waiting_so_far += waiting[week]
        spare[week] = allowed[week] - waiting_so_far
    for week in range(weeks - 2, -1, -1):
        spare[week] = min(spare[week], spare[week + 1])
    offered_before = 0
    places = []
    for week in range(weeks):
        offered = int(max(0, min(free[week], spare[week] - offered_before)))
        offered_before += offered
        places.append(offered)
    return places
