"""Foundations: money, time, chance, names and errors. Nothing here knows what a car is."""

from .clock import Clock, FixedClock, SimulatedClock, SystemClock, monday_of, require_utc
from .errors import Conflict, Corrupt, InvalidInput, NotFound, PartnerFailure, Problem, PullcordError, SolverFailure
from .geo import great_circle_km
from .ids import (
    BuildOrderId,
    CityId,
    CommandId,
    FamilyId,
    OptionId,
    OrderId,
    PartId,
    PartyId,
    PersonId,
    PlantId,
    ProgramId,
    SupplierId,
    VariantId,
    VehicleId,
    check_id,
)
from .money import Money
from .seeds import stream

__all__ = [
    "BuildOrderId",
    "CityId",
    "Clock",
    "CommandId",
    "Conflict",
    "Corrupt",
    "FamilyId",
    "FixedClock",
    "InvalidInput",
    "Money",
    "NotFound",
    "OptionId",
    "OrderId",
    "PartId",
    "PartnerFailure",
    "PartyId",
    "PersonId",
    "PlantId",
    "Problem",
    "ProgramId",
    "PullcordError",
    "SimulatedClock",
    "SolverFailure",
    "SupplierId",
    "SystemClock",
    "VariantId",
    "VehicleId",
    "check_id",
    "great_circle_km",
    "monday_of",
    "require_utc",
    "stream",
]
