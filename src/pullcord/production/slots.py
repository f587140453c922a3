"""Build slots: weeks that a plant opens, and places in them that are taken and given back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from pullcord.base import Conflict, FamilyId, InvalidInput, NotFound, OptionId, PlantId
from pullcord.store import Reader, Transaction

from .model import OptionLimit, OptionUse, Slot, SlotOpening, SlotReleased, SlotsOpened, SlotTaken
from .store import BUILD_SLOT, OPTION_LOAD, SLOT_HOLD, SLOT_HORIZON

OptionPair = tuple[FamilyId, OptionId] | tuple[str, str]


def open_slots(
    tx: Transaction,
    plant_id: PlantId,
    slots: Iterable[SlotOpening | tuple[date, int]],
    option_limits: Iterable[OptionLimit] = (),
) -> None:
    """Open weeks of a plant, or change the capacity of weeks already open; the option limits hold in each of them.

    Raises InvalidInput where a week does not begin on a Monday or a capacity is negative, and Conflict where more
    places are already taken than the new capacity has.
    """
    openings = tuple(slot if isinstance(slot, SlotOpening) else SlotOpening(*slot) for slot in slots)
    limits = tuple(limit for limit in option_limits if limit.plant_id == plant_id)
    for opening in openings:
        week, capacity = opening.week_start, opening.capacity_vehicles
        if week.weekday() != 0:
            raise InvalidInput(f"{week} is no Monday", "planning weeks are named by their Monday")
        if capacity < 0 or any(limit.vehicles_per_week < 0 for limit in limits):
            raise InvalidInput(f"plant `{plant_id}` cannot build fewer than 0 vehicles in the week of {week}")
        slot = tx.get(BUILD_SLOT, plant_id, week)
        if slot is not None and slot.capacity_vehicles - slot.free_vehicles > capacity:
            raise Conflict(
                f"plant `{plant_id}` has {slot.capacity_vehicles - slot.free_vehicles} places taken in the week of"
                f" {week}, and the new capacity is {capacity}",
                "release places first, or keep the capacity at what is taken",
            )
        for limit in limits:
            load = tx.get(OPTION_LOAD, plant_id, week, limit.family_id, limit.option_id)
            if load is not None and load.capacity_vehicles - load.free_vehicles > limit.vehicles_per_week:
                raise Conflict(
                    f"plant `{plant_id}` has promised {load.capacity_vehicles - load.free_vehicles} vehicles with"
                    f" {limit.family_id}={limit.option_id} in the week of {week}, and the new limit is"
                    f" {limit.vehicles_per_week}",
                    "release places first, or keep the limit at what is taken",
                )
    if openings:
        tx.emit(f"plant/{plant_id}", SlotsOpened(plant_id, openings, limits))


def free_slots(reader: Reader, since: date, options: Sequence[OptionPair] = ()) -> list[Slot]:
    """The open weeks from the one that begins on or after `since`, by week and plant, with the places free in each.

    Where a plant limits an option of the variant in a week, no more places are free than that option has left.
    `options`: the variant's (family, option) pairs; those that nobody limits cost nothing.
    """
    horizon = reader.get(SLOT_HORIZON, "all")
    if horizon is None:
        return []
    week = max(since, horizon.first_week)
    week += timedelta(days=-week.weekday() % 7)
    found: list[Slot] = []
    while week <= horizon.last_week:
        for plant_id in horizon.plants:
            slot = reader.get(BUILD_SLOT, plant_id, week)
            if slot is None:
                continue
            free = slot.free_vehicles
            for family_id, option_id in options:
                load = reader.get(OPTION_LOAD, plant_id, week, family_id, option_id)
                if load is not None and load.free_vehicles < free:
                    free = load.free_vehicles
            found.append(
                slot
                if free == slot.free_vehicles
                else Slot(slot.plant_id, slot.week_start, slot.capacity_vehicles, free)
            )
        week += timedelta(days=7)
    return found


def take_slot(
    tx: Transaction, plant_id: PlantId | str, week_start: date, holder: str, options: Sequence[OptionPair] = ()
) -> None:
    """Take one place in a plant's week for `holder`; a place that the holder has there already is enough.

    Raises NotFound when the week is not open, Conflict when it, or an option of the variant, has no place left.
    """
    if tx.get(SLOT_HOLD, plant_id, week_start, holder) is not None:
        return
    slot = tx.get(BUILD_SLOT, plant_id, week_start)
    if slot is None:
        raise NotFound(f"plant `{plant_id}` has not opened the week of {week_start}", "open it with open_slots")
    if slot.free_vehicles <= 0:
        raise Conflict(
            f"all {slot.capacity_vehicles} places of plant `{plant_id}` in the week of {week_start} are taken",
            "ask for free slots again",
        )
    counted: list[OptionUse] = []
    for family_id, option_id in options:
        load = tx.get(OPTION_LOAD, plant_id, week_start, family_id, option_id)
        if load is None:
            continue
        if load.free_vehicles <= 0:
            raise Conflict(
                f"plant `{plant_id}` has no more {family_id}={option_id} in the week of {week_start}:"
                f" all {load.capacity_vehicles} are taken",
                "ask for free slots again",
            )
        counted.append(OptionUse(FamilyId(family_id), OptionId(option_id)))
    tx.emit(f"slot/{plant_id}/{week_start}", SlotTaken(PlantId(plant_id), week_start, holder, tuple(counted)))


def release_slot(tx: Transaction, plant_id: PlantId | str, week_start: date, holder: str) -> None:
    """Give back the place that `holder` has in a plant's week, and the options it counted against.

    Raises NotFound when the holder has none there.
    """
    if tx.get(SLOT_HOLD, plant_id, week_start, holder) is None:
        raise NotFound(f"`{holder}` holds no place of plant `{plant_id}` in the week of {week_start}")
    tx.emit(f"slot/{plant_id}/{week_start}", SlotReleased(PlantId(plant_id), week_start, holder))
