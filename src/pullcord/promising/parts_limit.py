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


def spare_units(waiting: Sequence[int], allowed: Sequence[float], most: int) -> list[int]:
    """Units that parts carry by the end of each week beyond all that is promised up to then; below zero where short.

    waiting : units promised for each week whose parts are still to be used; overdue ones stand in the first
    allowed : units that parts allow by the end of each week, cumulative
    most : what is said where parts limit nothing
    """
    spare = []
    waiting_so_far = 0
    for week, units in enumerate(waiting):
        waiting_so_far += units
        spare.append(int(min(most, allowed[week] - waiting_so_far)))
    return spare


def promisable(spare: Sequence[int]) -> list[int]:
    """Units that may still be promised for each week: what every week from it on can spare.

    A unit promised for a week uses parts that all later weeks would have had. This is the cumulative available to
    promise with look-ahead; Ball, Chen and Zhao (2004), Handbook of Quantitative Supply Chain Analysis, ch. 11,
    review it and its kin.
    """
    left = list(spare)
    for week in range(len(left) - 2, -1, -1):
        left[week] = min(left[week], left[week + 1])
    return [max(0, units) for units in left]
