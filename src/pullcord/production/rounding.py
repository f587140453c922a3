"""Whole vehicles out of a linear plan, without breaking a limit."""

from __future__ import annotations

import numpy as np

from .problem import Counts, Flags, Floats, Limits, Problem

_ALMOST = 1e-6  # a solver's 2.9999999 is three vehicles


def round_plan(problem: Problem, plan: Floats) -> Counts:
    """Whole builds[item, plant, week] that follow the plan's running totals as closely as the limits allow.

    Week by week, each cell first gets the whole vehicles by which it trails the plan, then single vehicles go to the
    largest remainders, overdue items first; a vehicle is placed only where capacity, options, parts and the earliest
    week all have room. Frozen weeks stay as they are. Every limit of the problem holds in the answer if its frozen
    weeks keep them.
    """
    items, plants, weeks = plan.shape
    target = plan.cumsum(axis=2)
    reach, due = problem.reach(), problem.demand.cumsum(axis=1)
    builds = np.zeros((items, plants, weeks), dtype=np.int64)
    built = np.zeros((items, plants), dtype=np.int64)
    part_room = np.zeros(len(problem.parts.names))
    for t in range(weeks):
        part_room = part_room + problem.parts.supply[:, t]
        room = _Room(problem, t, part_room)
        if t < problem.freeze_weeks:
            builds[:, :, t] = problem.frozen[:, :, t]
            for p in range(plants):
                room.take_all(builds[:, p, t], p)
            built += builds[:, :, t]
            continue
        trailing = target[:, :, t] - built.astype(np.float64)
        whole = np.floor(np.maximum(trailing + _ALMOST, 0)).astype(np.int64)
        early = np.maximum(built.sum(axis=1) + whole.sum(axis=1) - reach[:, t], 0) > 0
        for p in range(plants):
            if not early.any() and room.fits_all(whole[:, p], p):
                room.take_all(whole[:, p], p)
                builds[:, p, t] = whole[:, p]
                built[:, p] += whole[:, p]
                continue
            for i in _urgent_first(problem, whole[:, p] > 0, due[:, t] - built.sum(axis=1), trailing[:, p]):
                count = min(int(whole[i, p]), room.most(i, p), int(reach[i, t] - built[i].sum()))
                if count > 0:
                    room.take(i, p, count)
                    builds[i, p, t] += count
                    built[i, p] += count
        left = target[:, :, t] - built.astype(np.float64)
        for p in range(plants):
            for i in _urgent_first(problem, left[:, p] > _ALMOST, due[:, t] - built.sum(axis=1), left[:, p]):
                if built[i].sum() < reach[i, t] and room.most(i, p) >= 1:
                    room.take(i, p, 1)
                    builds[i, p, t] += 1
                    built[i, p] += 1
    return builds


def _urgent_first(problem: Problem, candidates: Flags, overdue: Counts, left: Floats) -> list[int]:
    """Candidate items: overdue ones first, dearer lateness first, larger remainder first, then by index."""
    at = np.flatnonzero(candidates)
    order = np.lexsort((at, -left[at], -problem.late_cost[at], overdue[at] <= 0))
    return [int(i) for i in at[order]]


class _Room:
    """What is left of a week's capacity, options and parts while vehicles are being placed."""

    def __init__(self, problem: Problem, week: int, part_room: Floats) -> None:
        self._problem = problem
        self._capacity = problem.capacity[:, week].copy()
        self._limits: tuple[tuple[Limits, Floats], ...] = (
            (problem.options, problem.options.supply[:, week].copy()),
            (problem.parts, part_room),  # shared: what a week leaves over, the next may use
        )

    def most(self, item: int, plant: int) -> int:
        """Vehicles of the item that still fit at the plant."""
        if not self._problem.can_build[item, plant]:
            return 0
        most = float(self._capacity[plant])
        for limits, room in self._limits:
            uses = np.flatnonzero((limits.plant == plant) & (limits.use[:, item] > 0))
            if len(uses):
                most = min(most, float((room[uses] / limits.use[uses, item]).min()))
        return int(np.floor(max(most, 0.0) + _ALMOST))

    def take(self, item: int, plant: int, count: int) -> None:
        self._capacity[plant] -= count
        for limits, room in self._limits:
            here = limits.plant == plant
            room[here] -= limits.use[here, item] * count

    def fits_all(self, counts: Counts, plant: int) -> bool:
        """Whether counts[item] fit at the plant together."""
        if counts.sum() > self._capacity[plant] or np.any((counts > 0) & ~self._problem.can_build[:, plant]):
            return False
        return all(
            bool(np.all(limits.use[limits.plant == plant] @ counts <= room[limits.plant == plant]))
            for limits, room in self._limits
        )

    def take_all(self, counts: Counts, plant: int) -> None:
        self._capacity[plant] -= counts.sum()
        for limits, room in self._limits:
            here = limits.plant == plant
            room[here] -= limits.use[here] @ counts
