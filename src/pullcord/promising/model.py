"""What order promising speaks of: a promise, a refusal, and the events that keep them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pullcord.base import OrderId, PlantId, VariantId
from pullcord.store import event


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


@event("order.promised")
@dataclass(frozen=True, slots=True)
class OrderPromised:
    """A build slot is held and a date is promised for an order; a new promise replaces an old one."""

    order_id: OrderId
    variant_id: VariantId
    plant_id: PlantId
    week_start: date
    build_date: date
    deliver_on: date


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


@event("parts.spare")
@dataclass(frozen=True, slots=True)
class SparePartsCounted:
    """What parts allow to promise, week by week, as stock and call-offs stand; it replaces what was said before."""

    plant_id: PlantId
    run_id: str
    weeks: tuple[SpareParts, ...]
