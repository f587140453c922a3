"""The orders' table and how events write it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec.structs import replace

from pullcord.base import BuildOrderId, CampaignId, CityId, OrderId, PersonId, VariantId, VehicleId
from pullcord.logistics import LegDeparted
from pullcord.production import VehicleBuilt
from pullcord.promising import PromiseMoved
from pullcord.store import METADATA, Event, Projection, Rows, Table, UtcDateTime, program_key

from .model import (
    DepositRefunded,
    OrderCancelled,
    OrderDeposited,
    OrderHandedOver,
    OrderLocked,
    OrderQuoted,
    OrderRefused,
    OrderReserved,
    QuoteLapsed,
    State,
)


class OrderRow(msgspec.Struct, frozen=True, gc=False):
    """An order as it stands."""

    order_id: OrderId
    person_id: PersonId
    variant_id: VariantId
    plan: str
    city_id: CityId
    state: State
    reserved_at: datetime
    deliver_on: date | None = None
    price_minor: int | None = None
    currency: str | None = None
    terms: str | None = None
    valid_until: datetime | None = None
    deposited_at: datetime | None = None
    deposit_minor: int = 0
    refunded_minor: int = 0
    vehicle_id: VehicleId | None = None
    delivered_on: date | None = None
    refused: str | None = None
    campaign_id: CampaignId | None = None


@dataclass(frozen=True, slots=True)
class VehicleOrderRow:
    """Whose vehicle it is."""

    vehicle_id: VehicleId
    order_id: OrderId


class _StateType(sa.types.TypeDecorator[State]):
    """A State stored as its text."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: State | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> State | None:
        return None if value is None else State(value)


ORDER = Table(
    sa.Table(
        "customer_order",
        METADATA,
        program_key(),
        sa.Column("order_id", sa.String, primary_key=True),
        sa.Column("person_id", sa.String, nullable=False, comment="pseudonym; the name behind it is kept elsewhere"),
        sa.Column("variant_id", sa.String, nullable=False),
        sa.Column("plan", sa.String, nullable=False),
        sa.Column("city_id", sa.String, nullable=False),
        sa.Column("state", _StateType, nullable=False),
        sa.Column("reserved_at", UtcDateTime, nullable=False),
        sa.Column("deliver_on", sa.Date, comment="the date shown to the customer, customer's calendar"),
        sa.Column("price_minor", sa.BigInteger, comment="as quoted"),
        sa.Column("currency", sa.String(3), comment="ISO 4217"),
        sa.Column("terms", sa.String, comment="the conditions shown beside the price"),
        sa.Column("valid_until", UtcDateTime, comment="when the quote lapses"),
        sa.Column("deposited_at", UtcDateTime, comment="from here the time to withdraw runs"),
        sa.Column("deposit_minor", sa.BigInteger, nullable=False),
        sa.Column("refunded_minor", sa.BigInteger, nullable=False),
        sa.Column("vehicle_id", sa.String),
        sa.Column("delivered_on", sa.Date),
        sa.Column("refused", sa.String, comment="why the last quote came to nothing"),
        sa.Column("campaign_id", sa.String, comment="the campaign it was reserved in, if any"),
        sa.Index("ix_customer_order_person", "program_id", "person_id"),
        *(
            # What is due is found without reading every order; an order that was only reserved is in neither.
            sa.Index(
                f"ix_customer_order_{name}",
                "program_id",
                "state",
                name,
                sqlite_where=sa.text(f"{name} IS NOT NULL"),
                postgresql_where=sa.text(f"{name} IS NOT NULL"),
            )
            for name in ("valid_until", "deposited_at")
        ),
        sa.CheckConstraint("deposit_minor = 0 OR deliver_on IS NOT NULL", name="order_no_deposit_before_a_date"),
        sa.CheckConstraint(
            "refunded_minor >= 0 AND refunded_minor <= deposit_minor", name="order_refund_within_deposit"
        ),
        comment="One row for each order.",
    ),
    OrderRow,
)

VEHICLE_ORDER = Table(
    sa.Table(
        "vehicle_order",
        METADATA,
        program_key(),
        sa.Column("vehicle_id", sa.String, primary_key=True),
        sa.Column("order_id", sa.String, nullable=False),
        comment="Which order a vehicle was built for.",
    ),
    VehicleOrderRow,
)


def build_order_id(order_id: OrderId) -> BuildOrderId:
    """The name under which production builds an order's vehicle."""
    return BuildOrderId(f"b-{order_id}")


def order_of_build(build_order: BuildOrderId) -> OrderId:
    """The order behind a build order's name."""
    return OrderId(build_order.removeprefix("b-"))


def _reserved(rows: Rows, event: Event[OrderReserved]) -> None:
    body = event.body
    rows.put(
        ORDER,
        OrderRow(
            body.order_id,
            body.person_id,
            body.variant_id,
            body.plan,
            body.city_id,
            State.RESERVED,
            event.recorded_at,
            campaign_id=body.campaign_id,
        ),
    )


def _change(**change: Callable[[OrderRow, Any], Any]) -> Callable[[Rows, Event[Any]], None]:
    """A fold that changes the named columns of the order an event speaks of."""

    def fold(rows: Rows, event: Event[Any]) -> None:
        row = rows.get(ORDER, event.body.order_id)
        assert row is not None, f"{event.kind} for an order that was never reserved: {event.body.order_id}"
        rows.put(ORDER, replace(row, **{name: value(row, event.body) for name, value in change.items()}))

    return fold


def _deposited(rows: Rows, event: Event[OrderDeposited]) -> None:
    row = rows.get(ORDER, event.body.order_id)
    assert row is not None, f"a deposit for an order that was never reserved: {event.body.order_id}"
    rows.put(
        ORDER,
        replace(row, state=State.DEPOSITED, deposited_at=event.recorded_at, deposit_minor=event.body.amount.minor),
    )


def _built(rows: Rows, event: Event[VehicleBuilt]) -> None:
    row = rows.get(ORDER, order_of_build(event.body.build_order_id))
    if row is not None:  # production also builds for others than our customers
        rows.put(ORDER, replace(row, state=State.BUILT, vehicle_id=event.body.vehicle_id))
        rows.put(VEHICLE_ORDER, VehicleOrderRow(event.body.vehicle_id, row.order_id))


def _date_moved(rows: Rows, event: Event[PromiseMoved]) -> None:
    row = rows.get(ORDER, event.body.order_id)
    if row is not None:  # a promise may be kept for others than our customers
        rows.put(ORDER, replace(row, deliver_on=event.body.deliver_on))


def _shipped(rows: Rows, event: Event[LegDeparted]) -> None:
    link = rows.get(VEHICLE_ORDER, event.body.vehicle_id)
    row = rows.get(ORDER, link.order_id) if link else None
    if row is not None and row.state is State.BUILT:
        rows.put(ORDER, replace(row, state=State.SHIPPED))


PROJECTION = Projection(
    "orders",
    (ORDER, VEHICLE_ORDER),
    {
        OrderReserved: _reserved,
        OrderQuoted: _change(
            state=lambda row, body: State.QUOTED,
            variant_id=lambda row, body: body.variant_id,
            plan=lambda row, body: body.plan,
            city_id=lambda row, body: body.city_id,
            deliver_on=lambda row, body: body.deliver_on,
            price_minor=lambda row, body: body.price.minor,
            currency=lambda row, body: body.price.currency,
            terms=lambda row, body: body.terms,
            valid_until=lambda row, body: body.valid_until,
            refused=lambda row, body: None,
        ),
        OrderRefused: _change(refused=lambda row, body: body.why),
        QuoteLapsed: _change(
            state=lambda row, body: State.RESERVED,
            deliver_on=lambda row, body: None,
            valid_until=lambda row, body: None,
            refused=lambda row, body: "the quote lapsed",
        ),
        OrderDeposited: _deposited,
        OrderLocked: _change(state=lambda row, body: State.LOCKED),
        OrderCancelled: _change(state=lambda row, body: State.CANCELLED),
        DepositRefunded: _change(refunded_minor=lambda row, body: row.refunded_minor + body.amount.minor),
        OrderHandedOver: _change(
            state=lambda row, body: State.HANDED_OVER, delivered_on=lambda row, body: body.delivered_on
        ),
        PromiseMoved: _date_moved,
        VehicleBuilt: _built,
        LegDeparted: _shipped,
    },
)
