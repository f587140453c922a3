"""Pegging: which call-off serves which build order, and the way back, to the single part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from pullcord.base import BuildOrderId, PartId, VariantId

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, order=True)
class Lot:
    """Parts from one source: a line of a call-off, or stock."""

    available_on: date
    source: str  # the call-off's id, or `stock`
    part_id: PartId
    quantity: int


@dataclass(frozen=True, slots=True, order=True)
class Build:
    """A vehicle of the plan, and the day by which its parts must be there."""

    needed_on: date
    build_order_id: BuildOrderId
    variant_id: VariantId


@dataclass(frozen=True, slots=True)
class Peg:
    """So many units of a part go from a source to a build order; `late` when they come after they are needed."""

    source: str
    build_order_id: BuildOrderId
    part_id: PartId
    quantity: int
    late: bool


@dataclass(frozen=True, slots=True, eq=False)
class Pegging:
    """All pegs of a plan, and what is left on either side. Pegs are held as arrays; `Peg` records are made when asked.

    lot, build, part, quantity : int64[peg], indices into `lots`, `builds` and `parts`, and units
    missing : units by (build order, part) that no lot covers; spare : int64[lot], units that nobody needs
    """

    lots: tuple[Lot, ...]
    builds: tuple[Build, ...]
    parts: tuple[PartId, ...]
    lot: Counts
    build: Counts
    part: Counts
    quantity: Counts
    spare: Counts
    missing: Mapping[tuple[BuildOrderId, PartId], int]

    def _pegs(self, at: Iterable[int]) -> list[Peg]:
        return [
            Peg(
                self.lots[self.lot[i]].source,
                self.builds[self.build[i]].build_order_id,
                self.parts[self.part[i]],
                int(self.quantity[i]),
                self.lots[self.lot[i]].available_on > self.builds[self.build[i]].needed_on,
            )
            for i in at
        ]

    def all(self) -> list[Peg]:
        """Every peg, by part, then by the day the parts are needed."""
        return self._pegs(range(len(self.lot)))

    def orders_of(self, source: str) -> list[Peg]:
        """The build orders that a call-off (or `stock`) serves."""
        lots = np.array([lot.source == source for lot in self.lots], dtype=bool)
        return self._pegs(np.flatnonzero(lots[self.lot]).tolist()) if len(self.lot) else []

    def sources_of(self, build_order_id: BuildOrderId) -> list[Peg]:
        """The call-offs and the stock that serve a build order."""
        builds = np.array([build.build_order_id == build_order_id for build in self.builds], dtype=bool)
        return self._pegs(np.flatnonzero(builds[self.build]).tolist()) if len(self.lot) else []


def peg(lots: Sequence[Lot], builds: Sequence[Build], usage: Mapping[VariantId, Mapping[PartId, int]]) -> Pegging:
    """Parts matched to build orders, first in to first needed; ties by source and by build order.

    Exact in both directions: the pegs of a lot and its spare units add up to the lot, the pegs of a build order and
    its missing units to what its bill of material asks for.
    """
    ordered_lots, ordered_builds = tuple(sorted(lots)), tuple(sorted(builds))
    variants = tuple(sorted({build.variant_id for build in builds}))
    used = {part_id for variant_id in variants for part_id in usage[variant_id]}
    parts = tuple(sorted(used | {lot.part_id for lot in lots}))
    row = {variant_id: v for v, variant_id in enumerate(variants)}
    variant_of = np.array([row[build.variant_id] for build in ordered_builds], dtype=np.int64)
    spare = np.array([lot.quantity for lot in ordered_lots], dtype=np.int64)
    lots_of: dict[PartId, list[int]] = {}
    for index, lot in enumerate(ordered_lots):
        lots_of.setdefault(lot.part_id, []).append(index)
    columns: tuple[list[Counts], ...] = ([], [], [], [])
    missing: dict[tuple[BuildOrderId, PartId], int] = {}
    for m, part_id in enumerate(parts):
        per_variant = np.array([usage[v].get(part_id, 0) for v in variants], dtype=np.int64)
        asked = per_variant[variant_of]
        takers = np.flatnonzero(asked)
        givers = np.array(lots_of.get(part_id, []), dtype=np.int64)
        needed, given = asked[takers].cumsum(), spare[givers].cumsum()
        # Lay both running totals on one line: each piece between two marks has one giver and one taker.
        marks = np.unique(np.concatenate([needed, given]))
        pieces = np.diff(marks, prepend=0)
        taker, giver = np.searchsorted(needed, marks), np.searchsorted(given, marks)
        both = (taker < len(takers)) & (giver < len(givers)) & (pieces > 0)
        taken = takers[taker[both]]
        for column, values in zip(
            columns, (givers[giver[both]], taken, np.full(len(taken), m), pieces[both]), strict=True
        ):
            column.append(values)
        uncovered = asked.copy()
        np.subtract.at(uncovered, taken, pieces[both])
        for i in np.flatnonzero(uncovered).tolist():
            missing[ordered_builds[i].build_order_id, part_id] = int(uncovered[i])
    lot_at, build_at, part_at, quantity = (np.concatenate([np.empty(0, dtype=np.int64), *column]) for column in columns)
    np.subtract.at(spare, lot_at, quantity)
    return Pegging(ordered_lots, ordered_builds, parts, lot_at, build_at, part_at, quantity, spare, missing)
