"""Capable to promise: how many places of each week the parts that every unit needs allow to give away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate
from math import inf

from pullcord.base import PartId, VariantId
from pullcord.store import Reader

from .model import PartAllowance
from .store import PROMISED


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


def part_allowances(
    reader: Reader,
    plant_id: str,
    first_week: date,
    usage: Mapping[VariantId, Mapping[PartId, int]],
    supply: Mapping[PartId, Sequence[float]],
    orderable_from: Mapping[PartId, date],
    per_week: Mapping[PartId, int | None],
) -> list[PartAllowance]:
    """What promises may use of each part, from what is supplied and what vehicles built for promises used already.

    supply : pieces of a part that come in each week from `first_week` on, what is in stock in the first; all finite
    orderable_from : the Monday from which what is ordered now is there, of parts that may be ordered on top
    per_week : how many of those may come in a week; None: no known limit
    """
    used: dict[PartId, dict[date, int]] = {}
    for row in reader.select(PROMISED, PROMISED.sql.c.plant_id == plant_id, PROMISED.sql.c.built > 0):
        for part_id, pieces in usage.get(row.variant_id, {}).items():
            weeks = used.setdefault(part_id, {})
            weeks[row.week_start] = weeks.get(row.week_start, 0) + pieces * min(row.units, row.built)
    found = []
    for part_id in sorted(supply):
        coming = [int(pieces) for pieces in supply[part_id]]
        for week_start, pieces in used.get(part_id, {}).items():
            # They stand among the promises of their week, whenever they were built: the stock no longer has them.
            at = max(0, (week_start - first_week) // timedelta(weeks=1))
            if at < len(coming):
                coming[at] += pieces
        found.append(
            PartAllowance(part_id, tuple(accumulate(coming)), orderable_from.get(part_id), per_week.get(part_id))
        )
    return found
