"""What released counts say about how buyers split: margins with the noise that is in them.

A report for a partner rests on what that partner was told, never on the orders themselves: so everything in it is
post-processing of private releases, and gives away nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pullcord.privacy import ReleaseRow, draw_noise, grid_of

Floats = NDArray[np.float64]
PAID = "paid"  # the stage at which a choice has cost its maker something


@dataclass(frozen=True, slots=True)
class Margin:
    """Noisy counts by the values of one dimension: each is a sum of counts that carry noise of their own.

    `parts` says for each release that went in the scale of its noise, and how many such noises are in each value.
    """

    noisy: Mapping[str, int]
    parts: tuple[tuple[float, Mapping[str, int]], ...]
    releases: tuple[str, ...]

    def draws(self, values: Sequence[str], draws: int, rng: np.random.Generator) -> Floats:
        """float64[draw, value]: what the counts may have been before the noise, never below zero."""
        counts = np.tile(np.array([self.noisy.get(value, 0) for value in values], dtype=np.float64), (draws, 1))
        for scale, added in self.parts:
            for column, value in enumerate(values):
                counts[:, column] -= draw_noise(scale, (draws, added.get(value, 0)), rng).sum(axis=1)
        return np.maximum(counts, 0.0)

    def by(self, group_of: Mapping[str, str]) -> Margin:
        """The margin by group of values, such as options from variants."""
        return Margin(
            _summed(self.noisy, group_of),
            tuple((scale, _summed(added, group_of)) for scale, added in self.parts),
            self.releases,
        )


def margin(releases: Sequence[ReleaseRow], name: str) -> Margin | None:
    """The counts by one dimension, over all quarters told of; None where none of the releases has it.

    Of each quarter the release with the least noise in it counts, and the later one of two alike: quarters have no
    person in common, so that they add up. Those who paid are preferred to those who only reserved.
    """
    having = [row for row in releases if any(dimension == name for dimension, _ in row.dimensions)]
    stages = {row.counted for row in having}
    stage = next((stage for stage in (PAID, *sorted(stages)) if stage in stages), None)
    best: dict[str, ReleaseRow] = {}
    for row in sorted((row for row in having if row.counted == stage), key=lambda row: row.seq):
        known = best.get(row.period)
        if known is None or _variance(row, name) <= _variance(known, name):
            best[row.period] = row
    if not best:
        return None
    total: dict[str, int] = {}
    for row in best.values():
        for value, count in _counts(row, name).items():
            total[value] = total.get(value, 0) + count
    return Margin(
        total,
        tuple((row.scale, dict.fromkeys(total, _added(row, name))) for row in best.values()),
        tuple(row.release_id for row in best.values()),
    )


def _summed(counts: Mapping[str, int], group_of: Mapping[str, str]) -> dict[str, int]:
    total: dict[str, int] = {}
    for value, count in counts.items():
        total[group_of[value]] = total.get(group_of[value], 0) + count
    return total


def _added(row: ReleaseRow, name: str) -> int:
    """How many noisy counts add up to one of the margin: as many as there are cells of the dimensions before it."""
    grid = grid_of(row)
    return grid.width([dimension.name for dimension in grid.dimensions].index(name))


def _variance(row: ReleaseRow, name: str) -> float:
    return row.scale**2 * _added(row, name)


def _counts(row: ReleaseRow, name: str) -> dict[str, int]:
    grid = grid_of(row)
    level = [dimension.name for dimension in grid.dimensions].index(name) + 1
    begin, values = grid.start(level), grid.dimensions[level - 1].values
    counts = dict.fromkeys(values, 0)
    for k in range(grid.width(level)):
        counts[values[k % len(values)]] += row.noisy[begin + k]
    return counts
