"""What order promising speaks of: a promise, a refusal, and the events that keep them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pullcord.base import CityId, Money, OrderId, PartId, PlantId, VariantId
from pullcord.store import event

EVERY_UNIT = PartId("*")  # in counts of old: a part of which every unit has one


@dataclass(frozen=True, slots=True)
class Promise:
    """A date we can stand by, and the build slot that stands behind it."""

    plant_id: PlantId
    week_start: date  # Monday of the build week
    build_date: date  # the last day of the build week: the promise must hold wherever in the week the unit is built
    deliver_on: date  # customer's local calendar


@dataclass(frozen=True, slots=True)
class Refusal:
    """No date can be promised, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class WeekOffer:
    """One week in which the vehicle could be built, and what choosing it changes."""

    week_start: date  # Monday of the build week, plant's calendar
    plant_id: PlantId
    deliver_on: date  # customer's calendar
    price_difference: Money  # against the list price; below zero: this week saves the customer so much
    places: int  # vehicles like this one that the week can still take


@dataclass(frozen=True, slots=True)
class Menu:
    """Every week that can take the vehicle, earliest delivery first; none where `refused` says why."""

    weeks: tuple[WeekOffer, ...]
    refused: str | None = None

    @property
    def earliest(self) -> WeekOffer | None:
        """The first date there is."""
        return self.weeks[0] if self.weeks else None


@event("order.promised", version=2, upcasts={1: lambda body: {**body, "city_id": None}})
@dataclass(frozen=True, slots=True)
class OrderPromised:
    """A build slot is held and a date is promised for an order; a new promise replaces an old one."""

    order_id: OrderId
    variant_id: VariantId
    plant_id: PlantId
    week_start: date
    build_date: date
    deliver_on: date
    city_id: CityId | None = None  # where it goes, so that its lane is counted; promises of old do not say


@event("promise.released")
@dataclass(frozen=True, slots=True)
class PromiseReleased:
    """The slot behind a promise is given back."""

    order_id: OrderId
    reason: str


@dataclass(frozen=True, slots=True)
class SpareParts:
    """Units that parts carry by the end of a week beyond all that is promised up to then; below zero where short."""

    week_start: date
    units: int


@dataclass(frozen=True, slots=True)
class PartAllowance:
    """Pieces of a part that promises may use up to the end of each counted week, those of given promises among them.

    It changes with deliveries and call-offs, not with promises: who gives or releases one moves only what is used.
    """

    part_id: PartId
    pieces: tuple[int, ...]  # by week, cumulative, from the first week counted on; what is there or on order
    orderable_from: date | None = (
        None  # the Monday from which what is ordered now is there; None: count on `pieces` only
    )
    per_week: int | None = None  # the most that can come in each week from then on; None: no known limit


def _every_unit_uses_one(body: dict[str, Any]) -> dict[str, Any]:
    """Before parts were counted one by one, a count said how many units they carry: a part that every unit has."""
    pieces = [week["units"] for week in body["weeks"]]
    return {**body, "parts": [{"part_id": EVERY_UNIT, "pieces": pieces, "orderable_from": None, "per_week": None}]}


@event("parts.spare", version=2, upcasts={1: _every_unit_uses_one})
@dataclass(frozen=True, slots=True)
class SparePartsCounted:
    """What parts allow to promise, week by week, as stock and call-offs stand; it replaces what was said before."""

    plant_id: PlantId
    run_id: str
    weeks: tuple[SpareParts, ...]  # units, by the parts that every unit needs
    parts: tuple[PartAllowance, ...]  # pieces, of every part that may limit


@event("promise.moved")
@dataclass(frozen=True, slots=True)
class PromiseMoved:
    """A promise that can no longer be kept is replaced, before it is late, by the earliest that can."""

    order_id: OrderId
    variant_id: VariantId
    plant_id: PlantId
    from_week: date
    week_start: date
    build_date: date
    from_deliver_on: date
    deliver_on: date
    why: str  # what binds: `capacity`, `option colour=white` or `part P-12`


@event("promise.in_doubt")
@dataclass(frozen=True, slots=True)
class PromiseInDoubt:
    """A promise can no longer be kept, and no week of the horizon can take it instead."""

    order_id: OrderId
    deliver_on: date
    why: str


@event("customer.told")
@dataclass(frozen=True, slots=True)
class CustomerTold:
    """What a customer is to be told about an order, without a word about the person; whoever knows them sends it."""

    order_id: OrderId
    about: str  # the kind of the event that made it necessary
    english: str
    chinese: str
    because_of: int  # the seq of that event
