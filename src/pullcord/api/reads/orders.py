"""Orders as their seller may read them, a customer's own among them; and how campaigns stand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from pullcord import campaigns, orders
from pullcord.alliance import Role, visible
from pullcord.base import Money, NotFound, OrderId
from pullcord.orders import OrderRow, State

from ..given import Id
from ..operation import ReadOperation, Seen
from ..paging import Paged, PageQuery, page_of, page_type
from ..standing import standing_of


class Order(msgspec.Struct, frozen=True):
    """An order as it stands."""

    order_id: str
    person_id: str
    variant_id: str
    plan: str
    city_id: str
    state: State
    reserved_at: datetime
    deliver_on: date | None
    price: Money | None
    terms: str | None
    valid_until: datetime | None
    deposited_at: datetime | None
    deposit_minor: int
    refunded_minor: int
    vehicle_id: str | None
    delivered_on: date | None
    refused: str | None
    campaign_id: str | None


class TimelineEntry(msgspec.Struct, frozen=True):
    """One thing that happened to an order or its vehicle."""

    seq: int
    recorded_at: datetime
    kind: str
    party: str
    body: dict[str, Any]


class Timeline(msgspec.Struct, frozen=True):
    """An order from the wish to the road, oldest first."""

    order_id: str
    items: tuple[TimelineEntry, ...]


class QuotaView(msgspec.Struct, frozen=True):
    """Places of a variant in a city; `*` stands for all."""

    variant_id: str
    city_id: str
    places: int
    remaining: int


class Campaign(msgspec.Struct, frozen=True):
    """A campaign as it stands; the quotas are left out of lists."""

    campaign_id: str
    name: str
    name_local: str
    opens_at: datetime
    closes_at: datetime
    closed_at: datetime | None
    deposit: Money
    given: int
    held: int
    waiting: int
    quotas: tuple[QuotaView, ...] | None = None


class OrdersQuery(PageQuery, frozen=True, kw_only=True):
    """Only orders of this person, in this state, of this variant, city or campaign."""

    person_id: Id | None = None
    state: State | None = None
    variant_id: Id | None = None
    city_id: Id | None = None
    campaign_id: Id | None = None


def order_view(row: OrderRow) -> Order:
    """An order's row as the API tells it."""
    return Order(
        row.order_id,
        row.person_id,
        row.variant_id,
        row.plan,
        row.city_id,
        row.state,
        row.reserved_at,
        row.deliver_on,
        Money(row.price_minor, row.currency) if row.price_minor is not None and row.currency else None,
        row.terms,
        row.valid_until,
        row.deposited_at,
        row.deposit_minor,
        row.refunded_minor,
        row.vehicle_id,
        row.delivered_on,
        row.refused,
        row.campaign_id,
    )


def _person(seen: Seen) -> str | None:
    """On whose behalf: of a party that is a customer itself, always its own."""
    return str(seen.party) if seen.role is Role.CUSTOMER else seen.person


def _own(seen: Seen) -> OrderRow:
    """The order in the path. An order of somebody else does not exist for this person."""
    row = orders.find_order(seen.reader, OrderId(seen.path["order_id"]))
    person = _person(seen)
    if person is not None and row.person_id != person:
        raise NotFound(f"there is no order `{row.order_id}`", "reserve it first")
    return row


def _orders(seen: Seen) -> Paged[Order]:
    query: OrdersQuery = seen.query
    columns = orders.ORDER.sql.c
    wanted: list[sa.ColumnElement[bool]] = [
        columns[name] == value
        for name in ("person_id", "state", "variant_id", "city_id", "campaign_id")
        if (value := getattr(query, name)) is not None
    ]
    if (person := _person(seen)) is not None:
        wanted.append(columns.person_id == person)
    return page_of(seen.reader, orders.ORDER, query, order_view, *wanted)


def _timeline(seen: Seen) -> Timeline:
    row = _own(seen)
    order_id = row.order_id
    streams = [f"{name}/{order_id}" for name in ("order", "promise", "queue")]
    streams.append(f"build/{orders.build_order_id(order_id)}")
    if row.vehicle_id is not None:
        streams.append(f"vehicle/{row.vehicle_id}")
    standing, mode = standing_of(seen.app, seen.party), seen.app.program.mode
    found = []
    for stream in streams:
        for event in seen.app.ledger.events(stream=stream):
            told = visible(seen.party, seen.role, event, standing, mode)
            if told is not None:
                found.append(TimelineEntry(event.seq, event.recorded_at, event.kind, event.party, told["body"]))
    return Timeline(row.order_id, tuple(sorted(found, key=lambda entry: entry.seq)))


def _campaign(seen: Seen) -> Campaign:
    row = campaigns.find_campaign(seen.reader, seen.path["campaign_id"])
    columns = campaigns.QUOTA.sql.c
    quotas = seen.reader.select(campaigns.QUOTA, columns.campaign_id == row.campaign_id)
    return _campaign_view(seen, row, tuple(QuotaView(q.variant_id, q.city_id, q.places, q.remaining) for q in quotas))


def _campaign_view(seen: Seen, row: campaigns.CampaignRow, quotas: tuple[QuotaView, ...] | None = None) -> Campaign:
    count = seen.reader.get(campaigns.CAMPAIGN_COUNT, row.campaign_id)
    return Campaign(
        row.campaign_id,
        row.name,
        row.name_local,
        row.opens_at,
        row.closes_at,
        row.closed_at,
        row.deposit,
        count.given if count else 0,
        count.held if count else 0,
        count.waiting if count else 0,
        quotas,
    )


def _campaigns(seen: Seen) -> Paged[Campaign]:
    return page_of(seen.reader, campaigns.CAMPAIGN, seen.query, lambda row: _campaign_view(seen, row))


# Who sells is told by the program's mode; the other of the two is refused when it asks.
_SELLERS = frozenset({Role.PLATFORM, Role.CARMAKER, Role.CUSTOMER})

ORDERS: tuple[ReadOperation, ...] = (
    ReadOperation(
        "/orders",
        "listOrders",
        "Orders, by their ids",
        page_type(Order),
        _orders,
        "orders",
        OrdersQuery,
        _SELLERS,
        for_person=True,
        seller_only=True,
        description="With Pullcord-Person, that person's own orders only.",
    ),
    ReadOperation(
        "/orders/{order_id}",
        "getOrder",
        "One order",
        Order,
        lambda seen: order_view(_own(seen)),
        "orders",
        roles=_SELLERS,
        for_person=True,
        seller_only=True,
        missing=True,
    ),
    ReadOperation(
        "/orders/{order_id}/timeline",
        "getTimeline",
        "What happened to an order so far",
        Timeline,
        _timeline,
        "orders",
        roles=_SELLERS,
        for_person=True,
        seller_only=True,
        missing=True,
    ),
    ReadOperation(
        "/campaigns",
        "listCampaigns",
        "Campaigns that were opened",
        page_type(Campaign),
        _campaigns,
        "campaigns",
        PageQuery,
    ),
    ReadOperation(
        "/campaigns/{campaign_id}",
        "getCampaign",
        "How a campaign stands",
        Campaign,
        _campaign,
        "campaigns",
        missing=True,
    ),
)
