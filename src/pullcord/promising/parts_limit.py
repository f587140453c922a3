"""Capable to promise: how many places of each week the parts that every unit needs allow to give away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf


def units_that_parts_allow(usage: Mapping[str, int], supply: Mapping[str, Sequence[float]], weeks: int) -> list[float]:
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


def places_to_offer(capacity: Sequence[int], taken: Sequence[int], allowed: Sequence[float]) -> list[int]:
    """Places of each week, those taken included, so that no week can be promised what its parts do not carry.

    capacity : places that the plant has in each week
    taken : places given away in each week
    allowed : units that parts allow by the end of each week, cumulative

    A place taken in a week uses parts that all later weeks would have had, so a week may offer only what every week
    from it on can spare, less what earlier weeks already offer. Never below what is taken. This is the cumulative
    available to promise with look-ahead; Ball, Chen and Zhao (2004), Handbook of Quantitative Supply Chain Analysis,
    ch. 11, review it and its kin.
    """
    weeks = len(capacity)
    spare = [0.0] * weeks
    taken_so_far = 0
    for week in range(weeks):
        taken_so_far += taken[week]
        spare[week] = allowed[week] - taken_so_far
    for week in range(weeks - 2, -1, -1):
        spare[week] = min(spare[week], spare[week + 1])
    offered_before = 0
    places = []
    for week in range(weeks):
        free = max(0, capacity[week] - taken[week])
        extra = int(max(0, min(free, spare[week] - offered_before)))
        offered_before += extra
        places.append(taken[week] + extra)
    return places
