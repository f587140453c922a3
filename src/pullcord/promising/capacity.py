"""All that is scarce, as arrays in memory that follow the ledger's tables change by change.

The tables are the truth; the arrays are read from them, and can be read anew at any moment. A book that is behind
looks up the latest changes and reads again only the weeks they name. It never trusts its own memory of a command: the
table of changes carries a hash over all of them, so that arrays which saw a command that was undone since are told
from those that did not, and are thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from pullcord import production
from pullcord.base import CityId, InvalidInput, PartId, PlantId, VariantId
from pullcord.store import Reader

from . import kernels
from .model import EVERY_UNIT
from .store import ALLOWANCE, CHANGE, CHANGES, LANE, LAST, PROMISED, AllowanceRow

Ints = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]
NO_LIMIT = 2**30  # more than any horizon holds; sums of twice as many still fit into 32 bits
WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Needs:
    """What promising must know of a program's vehicles.

    usage : pieces of each part in one vehicle of a variant
    options : the (family, option) pairs of each variant that any plant limits
    ordered_ahead : parts that every variant needs: the plan orders them on the forecast, before anybody asks
    lead_time_days : of each part, from call-off to the plant's dock
    lanes : vehicles that can leave a plant for a city in a week, by (plant, city); others are not limited
    """

    usage: Mapping[VariantId, Mapping[PartId, int]] = field(default_factory=dict)
    options: Mapping[VariantId, Sequence[tuple[str, str]]] = field(default_factory=dict)
    ordered_ahead: frozenset[PartId] = frozenset()
    lead_time_days: Mapping[PartId, int] = field(default_factory=dict)
    lanes: Mapping[tuple[PlantId, CityId], int] = field(default_factory=dict)


class Capacity:
    """What one plant can still promise.

    names : what each row stands for: `capacity`, `option colour=white`, `transport beijing`, `part P-12`
    weekly : rows before this one are places of single weeks, the others parts, counted cumulatively
    left, slack : int32[resource, week], as in `kernels`
    promised : units promised, by (week, variant)
    """

    def __init__(
        self, plant_id: PlantId, weeks: Sequence[date], needs: Needs, names: Sequence[str], weekly: int, spare: Counts
    ) -> None:
        self.plant_id = plant_id
        self.weeks = weeks
        self.names = tuple(names)
        self.weekly = weekly
        self.left = np.empty_like(spare)
        self.slack = np.empty_like(spare)
        self.promised: dict[tuple[date, VariantId], int] = {}
        self._needs = needs
        self._rows = {name: row for row, name in enumerate(names)}
        self._lines: dict[tuple[VariantId, CityId | None], tuple[Ints, Ints]] = {}
        kernels.look_ahead(spare, self.left, self.slack, weekly)

    def lines(self, variant_id: VariantId, city_id: CityId | None = None) -> tuple[Ints, Ints]:
        """The rows that one vehicle of the variant, bound for the city, uses, and how much of each.

        int64[line] twice, parts last.
        """
        known = self._lines.get((variant_id, city_id))
        if known is None:
            wanted = {"capacity": 1}
            for family_id, option_id in self._needs.options.get(variant_id, ()):
                wanted[f"option {family_id}={option_id}"] = 1
            wanted[f"transport {city_id}"] = 1
            for part_id, pieces in self._needs.usage.get(variant_id, {}).items():
                wanted[f"part {part_id}"] = pieces
            wanted[f"part {EVERY_UNIT}"] = 1
            found = sorted((self._rows[name], quantity) for name, quantity in wanted.items() if name in self._rows)
            known = (
                np.array([row for row, _ in found], dtype=np.int64),
                np.array([quantity for _, quantity in found], dtype=np.int64),
            )
            self._lines[variant_id, city_id] = known
        return known

    def index(self, day: date) -> int:
        """The first week that begins on or after the day; the number of weeks where none does."""
        return min(len(self.weeks), max(0, -(-(day - self.weeks[0]).days // WEEK_DAYS)))

    def earliest(self, variant_id: VariantId, since: date, city_id: CityId | None = None) -> date | None:
        """The first week that begins on or after `since` and can take one more vehicle of the variant."""
        first = self.index(since)
        if first == len(self.weeks):
            return None
        week = kernels.earliest_week(self.left, self.weekly, *self.lines(variant_id, city_id), first)
        return None if week < 0 else self.weeks[week]

    def places(self, variant_id: VariantId, since: date, city_id: CityId | None = None) -> Ints:
        """Vehicles like this one that each week could take if no other took any: int64[week], 0 before `since`."""
        found = np.zeros(len(self.weeks), dtype=np.int64)
        kernels.feasible_weeks(self.left, *self.lines(variant_id, city_id), self.index(since), found)
        return found

    def binding(self, variant_id: VariantId, week_start: date, city_id: CityId | None = None) -> str | None:
        """What keeps a week from taking one more vehicle of the variant, most lacking first; None if nothing does."""
        week = self.index(week_start)
        if week == len(self.weeks):
            return "capacity"
        lacking = [
            (int(self.left[row, week] - quantity), self.names[row])
            for row, quantity in zip(*self.lines(variant_id, city_id), strict=True)
            if self.left[row, week] < quantity
        ]
        return min(lacking)[1] if lacking else None

    def take(self, variant_id: VariantId, week_start: date, vehicles: int = 1, city_id: CityId | None = None) -> None:
        """Book vehicles of a variant into a week; fewer than none gives them back. Here alone: no table hears of it."""
        week = self.index(week_start)
        kernels.book(self.left, self.slack, self.weekly, *self.lines(variant_id, city_id), week, vehicles)

    def lane_limit(self, city_id: CityId) -> int:
        """Vehicles that can leave for the city in a week."""
        return self._needs.lanes.get((self.plant_id, city_id), NO_LIMIT)

    def use(self, variant_id: VariantId, week_start: date, units: int) -> None:
        """Note the parts that so many more units promised for a week will take."""
        rows, quantities = self.lines(variant_id)
        parts = rows >= self.weekly
        kernels.book(self.left, self.slack, self.weekly, rows[parts], quantities[parts], self.index(week_start), units)


class CapacityBook:
    """The capacities of all plants as a reader or a transaction sees them; keep one for each thread that asks."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._plants: dict[PlantId, Capacity] = {}
        self._number, self._mark = 0, 0
        self._planned_by = date.min

    def at(self, reader: Reader, planned_by: date) -> Mapping[PlantId, Capacity]:
        """Every plant's capacity, by plant. Good until the reader moves on; ask again then.

        `planned_by`: the day by which a plan is made that knows of an order quoted now. A part that is neither there
        nor on order, and that is not ordered ahead, comes its lead time after it.
        """
        last = reader.get(CHANGE, LAST)
        number, mark = (last.number, last.mark) if last else (0, 0)
        if (number, mark, planned_by) != (self._number, self._mark, self._planned_by):
            if planned_by != self._planned_by or not self._catch_up(reader, number):
                self._plants = read_capacities(reader, self._needs, planned_by)
            self._number, self._mark, self._planned_by = number, mark, planned_by
        return self._plants

    def _catch_up(self, reader: Reader, number: int) -> bool:
        """Read again what changed of late; whether that was enough."""
        behind = number - self._number
        if not self._number or not 0 < behind < CHANGES:
            return False
        seen = reader.get(CHANGE, self._number % CHANGES)
        if seen is None or (seen.number, seen.mark) != (self._number, self._mark):
            return False  # another history: what was seen here was undone
        stale: dict[tuple[str, date], set[str]] = {}
        for n in range(self._number + 1, number + 1):
            change = reader.get(CHANGE, n % CHANGES)
            if change is None or not change.plant_id or change.week_start is None:
                return False
            stale.setdefault((change.plant_id, change.week_start), set()).add(change.variant_id)
        for (plant_id, week_start), variants in stale.items():
            capacity = self._plants.get(PlantId(plant_id))
            if capacity is None:
                return False
            _read_week(reader, capacity, week_start)
            for variant_id in sorted(variants - {""}):
                _read_promised(reader, capacity, week_start, VariantId(variant_id))
        return True


def _read_week(reader: Reader, capacity: Capacity, week_start: date) -> None:
    """The places of one week, as they are now."""
    week = capacity.index(week_start)
    slot = reader.get(production.BUILD_SLOT, capacity.plant_id, week_start)
    capacity.left[0, week] = slot.free_vehicles if slot else 0
    for row in range(1, capacity.weekly):
        kind, _, name = capacity.names[row].partition(" ")
        if kind == "transport":
            lane = reader.get(LANE, capacity.plant_id, CityId(name), week_start)
            capacity.left[row, week] = capacity.lane_limit(CityId(name)) - (lane.units if lane else 0)
            continue
        family_id, option_id = name.split("=", 1)
        load = reader.get(production.OPTION_LOAD, capacity.plant_id, week_start, family_id, option_id)
        capacity.left[row, week] = load.free_vehicles if load else NO_LIMIT


def _read_promised(reader: Reader, capacity: Capacity, week_start: date, variant_id: VariantId) -> None:
    row = reader.get(PROMISED, capacity.plant_id, week_start, variant_id)
    before = capacity.promised.get((week_start, variant_id), 0)
    now = row.units if row else 0
    if now != before:
        capacity.promised[week_start, variant_id] = now
        capacity.use(variant_id, week_start, now - before)


def read_capacities(reader: Reader, needs: Needs, planned_by: date) -> dict[PlantId, Capacity]:
    """Every plant's capacity from the tables alone."""
    horizon = reader.get(production.SLOT_HORIZON, "all")
    if horizon is None:
        return {}
    count = (horizon.last_week - horizon.first_week).days // WEEK_DAYS + 1
    weeks = [horizon.first_week + timedelta(weeks=t) for t in range(count)]
    at = {week: t for t, week in enumerate(weeks)}
    slots = reader.select(production.BUILD_SLOT)
    loads = reader.select(production.OPTION_LOAD)
    allowances = reader.select(ALLOWANCE)
    promised = reader.select(PROMISED)
    loaded = reader.select(LANE) if needs.lanes else []
    found = {}
    for plant_id in sorted(PlantId(name) for name in horizon.plants):
        options = sorted({(load.family_id, load.option_id) for load in loads if load.plant_id == plant_id})
        parts = [row for row in allowances if row.plant_id == plant_id]
        names = ["capacity", *(f"option {family}={option}" for family, option in options)]
        lanes = sorted(city_id for plant, city_id in needs.lanes if plant == plant_id)
        names += [f"transport {city_id}" for city_id in lanes]
        weekly = len(names)
        names += [f"part {row.part_id}" for row in parts]
        spare = np.full((len(names), count), NO_LIMIT, dtype=np.int32)
        spare[0] = 0
        for slot in slots:
            if slot.plant_id == plant_id:
                spare[0, at[slot.week_start]] = slot.free_vehicles
        rows = {pair: row for row, pair in enumerate(options, start=1)}
        for load in loads:
            if load.plant_id == plant_id:
                spare[rows[load.family_id, load.option_id], at[load.week_start]] = load.free_vehicles
        for row, city_id in enumerate(lanes, start=weekly - len(lanes)):
            spare[row] = needs.lanes[plant_id, city_id]
            for lane in loaded:
                if (lane.plant_id, lane.city_id) == (plant_id, city_id):
                    spare[row, at[lane.week_start]] -= lane.units
        for row, part in enumerate(parts, start=weekly):
            spare[row] = _pieces(part, weeks, needs, planned_by)
        capacity = Capacity(plant_id, weeks, needs, names, weekly, spare)
        for used in promised:
            if used.plant_id == plant_id and used.units:
                capacity.promised[used.week_start, used.variant_id] = used.units
                capacity.use(used.variant_id, used.week_start, used.units)
        found[plant_id] = capacity
    return found


def _pieces(row: AllowanceRow, weeks: Sequence[date], needs: Needs, planned_by: date) -> list[int]:
    """Pieces of a part that promises may use up to the end of each week."""
    ahead = (row.first_week - weeks[0]).days // WEEK_DAYS
    last = len(row.pieces) - 1
    pieces = [row.pieces[min(max(t - ahead, 0), last)] for t in range(len(weeks))]
    if max(pieces) >= NO_LIMIT:
        raise InvalidInput(f"{max(pieces)} pieces of `{row.part_id}` are more than can be counted", "count in sets")
    if row.orderable_from is None:
        return pieces
    orderable_from = row.orderable_from
    if row.part_id not in needs.ordered_ahead:
        orderable_from = max(orderable_from, planned_by + timedelta(days=needs.lead_time_days.get(row.part_id, 0)))
    there = next((t for t, week in enumerate(weeks) if week >= orderable_from), len(weeks))
    if row.per_week is None:
        return pieces[:there] + [NO_LIMIT] * (len(weeks) - there)
    before = pieces[there - 1] if there else 0
    return pieces[:there] + [
        max(known, min(NO_LIMIT, before + n * row.per_week)) for n, known in enumerate(pieces[there:], start=1)
    ]
