"""Plants, build slots and build orders: the records of production, and the events that change them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pullcord.base import BuildOrderId, CityId, FamilyId, InvalidInput, OptionId, PlantId, VariantId, VehicleId
from pullcord.store import event

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Plant:
    """A plant and what one week of it can yield for this program."""

    plant_id: PlantId
    name: str
    city_id: CityId
    takt_seconds: float  # one vehicle leaves the line every so many seconds
    hours_per_week: float  # planned working hours of the line
    availability: float  # share of planned hours in which the line really moves, in (0, 1]
    share: float = 1.0  # share of the line that this program may use, in (0, 1]
    ramp_up_weeks: int = 0  # weeks before the full rate is reached

    def __post_init__(self) -> None:
        wrong = [
            f"{name} {value}"
            for name, value, fine in (
                ("takt_seconds", self.takt_seconds, self.takt_seconds > 0),
                ("hours_per_week", self.hours_per_week, 0 < self.hours_per_week <= 168),
                ("availability", self.availability, 0 < self.availability <= 1),
                ("share", self.share, 0 < self.share <= 1),
                ("ramp_up_weeks", self.ramp_up_weeks, self.ramp_up_weeks >= 0),
            )
            if not fine
        ]
        if wrong:
            raise InvalidInput(
                f"plant `{self.plant_id}` cannot have {', '.join(wrong)}",
                "takt_seconds > 0, 0 < hours_per_week <= 168, availability and share in (0, 1], ramp_up_weeks >= 0",
            )


def vehicles_per_week(plant: Plant, week_number: int) -> int:
    """Vehicles that the plant can build for this program in a week; week 0 is the first week of production.

    While it ramps up over n weeks, week w yields (w + 1) / (n + 1) of the full rate; always rounded down.
    """
    if week_number < 0:
        return 0
    full = plant.hours_per_week * SECONDS_PER_HOUR * plant.availability * plant.share / plant.takt_seconds
    ramp = min(1.0, (week_number + 1) / (plant.ramp_up_weeks + 1))
    return int(full * ramp + 1e-9)  # 1e-9: a rate that is whole on paper must not lose a vehicle to binary fractions


@dataclass(frozen=True, slots=True)
class OptionLimit:
    """How many vehicles with one option a plant can build in a week: the paint shop's white, the glass roof."""

    plant_id: PlantId
    family_id: FamilyId
    option_id: OptionId
    vehicles_per_week: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A week of a plant, how many vehicles it can hold, and how many of them nobody has taken yet."""

    plant_id: PlantId
    week_start: date  # a Monday, the plant's local calendar
    capacity_vehicles: int
    free_vehicles: int


class BuildState(StrEnum):
    """Where a build order stands."""

    OPEN = "open"  # wanted, in no week of the plan yet
    PLANNED = "planned"  # in a week of the plan
    BUILT = "built"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class BuildOrder:
    """One vehicle to be built; production knows nothing of the customer behind it."""

    build_order_id: BuildOrderId
    variant_id: VariantId
    plant_id: PlantId
    due_week: date  # the week it was promised for; a Monday
    state: str  # a BuildState
    planned_week: date | None = None
    built_on: date | None = None
    vehicle_id: VehicleId | None = None


@dataclass(frozen=True, slots=True)
class SlotOpening:
    """A week that a plant opens for orders."""

    week_start: date
    capacity_vehicles: int


@dataclass(frozen=True, slots=True)
class OptionUse:
    """One option of one family, as a limit counts it."""

    family_id: FamilyId
    option_id: OptionId


@dataclass(frozen=True, slots=True)
class ScheduleCell:
    """So many vehicles of a variant in a week of the published plan."""

    variant_id: VariantId
    week_start: date
    vehicles: int


@dataclass(frozen=True, slots=True)
class ShadowPrice:
    """What one more unit of a scarce thing in a week would save, in minor units of the program's currency."""

    constraint: str  # `capacity`, `option colour=white` or `part P-12`
    week_start: date
    value_minor: float


@event("slots.opened")
@dataclass(frozen=True, slots=True)
class SlotsOpened:
    """A plant opened weeks for orders, or changed the capacity of weeks already open."""

    plant_id: PlantId
    slots: tuple[SlotOpening, ...]
    option_limits: tuple[OptionLimit, ...] = ()


@event("slot.taken")
@dataclass(frozen=True, slots=True)
class SlotTaken:
    """One vehicle's place in a plant's week was taken."""

    plant_id: PlantId
    week_start: date
    holder: str  # who holds it, in the caller's words: an order
    options: tuple[OptionUse, ...] = ()  # only those that a limit counts


@event("slot.released")
@dataclass(frozen=True, slots=True)
class SlotReleased:
    """One vehicle's place in a plant's week was given back."""

    plant_id: PlantId
    week_start: date
    holder: str


@event("build.opened")
@dataclass(frozen=True, slots=True)
class BuildOpened:
    """A vehicle is wanted."""

    build_order_id: BuildOrderId
    variant_id: VariantId
    plant_id: PlantId
    due_week: date


@event("build.moved")
@dataclass(frozen=True, slots=True)
class BuildMoved:
    """A vehicle is wanted in another week than before."""

    build_order_id: BuildOrderId
    due_week: date


@event("build.cancelled")
@dataclass(frozen=True, slots=True)
class BuildCancelled:
    """A vehicle is wanted no more."""

    build_order_id: BuildOrderId


@event("build.planned")
@dataclass(frozen=True, slots=True)
class BuildPlanned:
    """A build order got a week, or another week than before."""

    build_order_id: BuildOrderId
    week_start: date


@event("build.unplanned")
@dataclass(frozen=True, slots=True)
class BuildUnplanned:
    """A build order lost its week: the plan found no room for it within its horizon."""

    build_order_id: BuildOrderId


@event("schedule.published")
@dataclass(frozen=True, slots=True)
class SchedulePublished:
    """A plant's plan was computed: the answer, how good it is, and what limits it."""

    run_id: str
    plant_id: PlantId
    as_of: date
    status: str  # of the solver: optimal, infeasible, ...
    objective: float  # cost of the whole-vehicle plan in minor units; 0 where there is no plan
    gap: float  # (objective - bound) / objective of the whole-vehicle plan against the linear bound
    cells: tuple[ScheduleCell, ...]
    shadow_prices: tuple[ShadowPrice, ...]
    conflicts: tuple[str, ...] = ()  # in words: what made the plan, or its frozen weeks, impossible


@event("vehicle.built")
@dataclass(frozen=True, slots=True)
class VehicleBuilt:
    """A vehicle left the line."""

    vehicle_id: VehicleId
    build_order_id: BuildOrderId
    variant_id: VariantId
    plant_id: PlantId
    built_on: date
