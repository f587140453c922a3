"""An order's states, and the events that move it: the contract with the customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import msgspec

from pullcord.base import CampaignId, CityId, Money, OrderId, PersonId, PlantId, VariantId, VehicleId
from pullcord.store import event


class State(StrEnum):
    """Where an order stands."""

    RESERVED = "reserved"  # wished for; nothing is promised and nothing is paid
    QUOTED = "quoted"  # a date and a price were shown, and the build slot is held until the quote lapses
    DEPOSITED = "deposited"  # the customer paid a deposit against the date shown
    LOCKED = "locked"  # configuration and slot are firm: a build order exists
    BUILT = "built"
    SHIPPED = "shipped"
    HANDED_OVER = "handed_over"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command about an order. `refused` says why nothing happened; the rest is as it stands now."""

    order_id: OrderId
    state: State
    refused: str | None = None
    deliver_on: date | None = None
    price: Money | None = None
    terms: str | None = None
    valid_until: datetime | None = None
    refund: Money | None = None
    forfeit: Money | None = None


@event("order.reserved", version=2, upcasts={1: lambda body: {**body, "campaign_id": None}})
class OrderReserved(msgspec.Struct, frozen=True, gc=False):
    """A wish; in a campaign, it also takes one of the campaign's places."""

    order_id: OrderId
    person_id: PersonId
    variant_id: VariantId
    plan: str
    city_id: CityId
    campaign_id: CampaignId | None = None


@event("order.quoted")
@dataclass(frozen=True, slots=True)
class OrderQuoted:
    """A date and a price shown to the customer, before any money moves."""

    order_id: OrderId
    variant_id: VariantId
    plan: str
    city_id: CityId
    plant_id: PlantId
    week_start: date
    deliver_on: date
    price: Money
    terms: str  # the sentence shown beside the price: every condition that changes what is paid
    valid_until: datetime


@event("order.refused")
@dataclass(frozen=True, slots=True)
class OrderRefused:
    """A date was asked for and none could be given."""

    order_id: OrderId
    why: str


@event("quote.lapsed")
@dataclass(frozen=True, slots=True)
class QuoteLapsed:
    """The customer did not take the date in time; the slot is free again and the wish stands."""

    order_id: OrderId


@event("order.deposited")
@dataclass(frozen=True, slots=True)
class OrderDeposited:
    """Money against a date: production counts with the vehicle from here on; nothing is built before the lock."""

    order_id: OrderId
    amount: Money
    deliver_on: date  # the date the customer had before their eyes when they paid
    variant_id: VariantId
    plant_id: PlantId
    week_start: date


@event("order.locked")
@dataclass(frozen=True, slots=True)
class OrderLocked:
    order_id: OrderId
    variant_id: VariantId
    plan: str
    city_id: CityId
    plant_id: PlantId
    week_start: date
    deliver_on: date


@event("order.cancelled")
@dataclass(frozen=True, slots=True)
class OrderCancelled:
    order_id: OrderId
    reason: str
    was: State


@event("order.refunded")
@dataclass(frozen=True, slots=True)
class DepositRefunded:
    order_id: OrderId
    amount: Money


@event("order.forfeited")
@dataclass(frozen=True, slots=True)
class DepositForfeited:
    """The order was firm when its customer ended it, and the terms do not give the deposit back then."""

    order_id: OrderId
    amount: Money


@event("order.handed_over")
@dataclass(frozen=True, slots=True)
class OrderHandedOver:
    order_id: OrderId
    vehicle_id: VehicleId
    plan: str
    city_id: CityId
    promised_on: date
    delivered_on: date
    price: Money
    deposit: Money
