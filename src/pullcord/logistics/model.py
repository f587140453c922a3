"""Places, the rule that turns distance into days, and what is told of a vehicle on its way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import isfinite

from pullcord.base import CityId, InvalidInput, PlantId, VehicleId, check_id
from pullcord.store import event


@dataclass(frozen=True, slots=True)
class City:
    """A place where people live and vehicles are handed over."""

    city_id: CityId
    name: str
    local_name: str  # as written there, such as 达州
    lat: float  # degrees north, WGS 84
    lon: float  # degrees east, WGS 84
    population: int
    invoice: bool  # whether the seller can issue an invoice here; without one the buyer loses local subsidies

    def __post_init__(self) -> None:
        check_id(self.city_id, "city")
        if not (-90 <= self.lat <= 90 and -180 <= self.lon <= 180):
            raise InvalidInput(
                f"city `{self.city_id}` cannot lie at latitude {self.lat}, longitude {self.lon}",
                "give degrees north (-90 to 90) and east (-180 to 180), in this order",
            )
        if self.population < 0:
            raise InvalidInput(f"city `{self.city_id}` cannot have {self.population} people", "give a count from 0 up")


@dataclass(frozen=True, slots=True)
class TransitRule:
    """How a distance becomes days on the road."""

    detour_factor: float  # road km per great-circle km
    km_per_day: float
    handling_days: float  # loading, waiting for a full carrier, unloading, preparing for handover

    def __post_init__(self) -> None:
        if not (isfinite(self.detour_factor) and self.detour_factor >= 1):
            raise InvalidInput(
                f"a detour factor of {self.detour_factor} is impossible",
                "no road is shorter than the great circle: 1 or more",
            )
        if not (isfinite(self.km_per_day) and self.km_per_day > 0):
            raise InvalidInput(f"a vehicle carrier cannot do {self.km_per_day} km a day", "give a distance above 0")
        if not (isfinite(self.handling_days) and self.handling_days >= 0):
            raise InvalidInput(f"handling cannot take {self.handling_days} days", "give 0 days or more")


@dataclass(frozen=True, slots=True)
class LaneLimit:
    """How many vehicles can leave a plant for a city in a week."""

    plant_id: PlantId
    city_id: CityId
    vehicles_per_week: int


@event("leg.departed")
@dataclass(frozen=True, slots=True)
class LegDeparted:
    """A vehicle left one place for another."""

    vehicle_id: VehicleId
    from_place: CityId
    to_place: CityId
    mode: str
    km: float  # as driven, not as the crow flies
    due_on: date  # local calendar of the destination


@event("leg.arrived")
@dataclass(frozen=True, slots=True)
class LegArrived:
    """A vehicle reached the end of a leg."""

    vehicle_id: VehicleId
    to_place: CityId
    arrived_on: date  # local calendar of the destination
