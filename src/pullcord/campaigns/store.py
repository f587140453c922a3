"""The tables of campaigns and how events write them.

A place is a row for each campaign and person, and the quota's rows count what is left. One event about an order moves
both, so a place is never given without being counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from pullcord.base import CampaignId, Money, OrderId, PersonId
from pullcord.orders import ORDER, OrderCancelled, OrderDeposited, OrderReserved
from pullcord.store import METADATA, Event, Projection, Reader, Rows, Table, Transaction, UtcDateTime, program_key

from .model import (
    ANY,
    CampaignClosed,
    CampaignOffered,
    CampaignOfferLapsed,
    CampaignOpened,
    CampaignQueued,
    CampaignQueueLeft,
    PlaceState,
    Refundable,
)


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign's terms; a row never changes but when the campaign closes."""

    campaign_id: CampaignId
    name: str
    name_local: str
    opens_at: datetime
    closes_at: datetime
    deposit_minor: int
    currency: str
    refundable_until: str
    refund_within_hours: int | None
    pay_within_hours: int | None
    queue_max: int
    hold_hours: int
    steps: int
    closed_at: datetime | None = None

    @property
    def deposit(self) -> Money:
        """What is paid against the date shown."""
        return Money(self.deposit_minor, self.currency)

    @property
    def refundable(self) -> Refundable:
        """Until when the deposit goes back."""
        return Refundable(self.refundable_until)


@dataclass(frozen=True, slots=True)
class CampaignCountRow:
    """How far a campaign has come: the one row that every reservation in it moves."""

    campaign_id: CampaignId
    given: int  # places given out so far, those that came back and went out again counted again
    held: int  # places that somebody has or is offered now
    step: int  # of the price ladder, 0 before the first
    last_position: int  # in the queue
    waiting: int


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """Places of a variant in a city; `*` stands for all."""

    campaign_id: CampaignId
    variant_id: str
    city_id: str
    places: int
    remaining: int


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of the price ladder."""

    campaign_id: CampaignId
    step: int
    from_place: int
    price_off_minor: int


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A person's standing in a campaign."""

    campaign_id: CampaignId
    person_id: PersonId
    order_id: OrderId
    variant_id: str
    city_id: str
    state: str
    position: int | None
    place_no: int | None
    price_off_minor: int
    held_until: datetime | None


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One arrival in the queue; the next one that waits for the same variant and city follows by its position."""

    campaign_id: CampaignId
    position: int
    person_id: PersonId
    order_id: OrderId
    variant_id: str
    plan: str
    city_id: str
    waiting: bool
    next_position: int | None


@dataclass(frozen=True, slots=True)
class LineRow:
    """Those who wait for one variant in one city: the first and the last of them."""

    campaign_id: CampaignId
    variant_id: str
    city_id: str
    head: int | None
    tail: int | None
    waiting: int


def _key(*columns: sa.Column[Any]) -> list[sa.Column[Any]]:
    return [program_key(), sa.Column("campaign_id", sa.String, primary_key=True), *columns]


CAMPAIGN = Table(
    sa.Table(
        "campaign",
        METADATA,
        *_key(),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("name_local", sa.String, nullable=False),
        sa.Column("opens_at", UtcDateTime, nullable=False),
        sa.Column("closes_at", UtcDateTime, nullable=False, comment="from then on nobody new is let in"),
        sa.Column("deposit_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False, comment="ISO 4217"),
        sa.Column("refundable_until", sa.String, nullable=False, comment="never, lock or build"),
        sa.Column("refund_within_hours", sa.Integer, comment="after the deposit"),
        sa.Column("pay_within_hours", sa.Integer, comment="after the place was given"),
        sa.Column("queue_max", sa.Integer, nullable=False, comment="most who may wait at a time"),
        sa.Column("hold_hours", sa.Integer, nullable=False, comment="how long a place is held for the next"),
        sa.Column("steps", sa.Integer, nullable=False, comment="of its price ladder"),
        sa.Column("closed_at", UtcDateTime, comment="when it was closed by a command"),
        sa.CheckConstraint("opens_at < closes_at", name="campaign_closes_after_it_opens"),
        comment="One row for each campaign that was opened.",
    ),
    CampaignRow,
)

CAMPAIGN_COUNT = Table(
    sa.Table(
        "campaign_count",
        METADATA,
        *_key(),
        sa.Column("given", sa.BigInteger, nullable=False, comment="places given out so far"),
        sa.Column("held", sa.BigInteger, nullable=False, comment="places that somebody has or is offered"),
        sa.Column("step", sa.Integer, nullable=False, comment="of the price ladder, 0 before the first"),
        sa.Column("last_position", sa.BigInteger, nullable=False, comment="in the queue"),
        sa.Column("waiting", sa.BigInteger, nullable=False),
        sa.CheckConstraint("held >= 0 AND held <= given", name="campaign_count_held"),
        sa.CheckConstraint("waiting >= 0 AND waiting <= last_position", name="campaign_count_waiting"),
        comment="How far each campaign has come.",
    ),
    CampaignCountRow,
)

QUOTA = Table(
    sa.Table(
        "campaign_quota",
        METADATA,
        *_key(
            sa.Column("variant_id", sa.String, primary_key=True, comment="`*` for all of them together"),
            sa.Column("city_id", sa.String, primary_key=True, comment="`*` for all of them together"),
        ),
        sa.Column("places", sa.BigInteger, nullable=False),
        sa.Column("remaining", sa.BigInteger, nullable=False),
        # The last guard: whatever the code above does, a place that is not there cannot be taken.
        sa.CheckConstraint("remaining >= 0 AND remaining <= places", name="campaign_quota_not_oversold"),
        comment="Places of each campaign, in all, by variant, by city or by both.",
    ),
    QuotaRow,
)

STEP = Table(
    sa.Table(
        "campaign_step",
        METADATA,
        *_key(sa.Column("step", sa.Integer, primary_key=True, autoincrement=False, comment="1, 2, 3, …")),
        sa.Column("from_place", sa.BigInteger, nullable=False, comment="the first place it applies to"),
        sa.Column("price_off_minor", sa.BigInteger, nullable=False),
        sa.CheckConstraint("price_off_minor >= 0", name="campaign_step_not_dearer"),
        comment="Each campaign's price ladder.",
    ),
    StepRow,
)

PLACE = Table(
    sa.Table(
        "campaign_place",
        METADATA,
        *_key(sa.Column("person_id", sa.String, primary_key=True)),
        sa.Column("order_id", sa.String, nullable=False),
        sa.Column("variant_id", sa.String, nullable=False, comment="what the place counts against"),
        sa.Column("city_id", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False, comment="reserved, paid, queued or offered"),
        sa.Column("position", sa.BigInteger, comment="in the queue"),
        sa.Column("place_no", sa.BigInteger, comment="as places were given out"),
        sa.Column("price_off_minor", sa.BigInteger, nullable=False, comment="fixed for this order"),
        sa.Column("held_until", UtcDateTime, comment="when the place goes back, if it is not taken or paid for"),
        # Where nothing runs out, a reservation does not touch this index.
        sa.Index(
            "campaign_place_held",
            "program_id",
            "held_until",
            sqlite_where=sa.text("held_until IS NOT NULL"),
            postgresql_where=sa.text("held_until IS NOT NULL"),
        ),
        comment="One row for each person who has a place in a campaign, or waits for one.",
    ),
    PlaceRow,
)

ENTRY = Table(
    sa.Table(
        "campaign_entry",
        METADATA,
        *_key(sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False)),
        sa.Column("person_id", sa.String, nullable=False),
        sa.Column("order_id", sa.String, nullable=False),
        sa.Column("variant_id", sa.String, nullable=False),
        sa.Column("plan", sa.String, nullable=False),
        sa.Column("city_id", sa.String, nullable=False),
        sa.Column("waiting", sa.Boolean, nullable=False),
        sa.Column("next_position", sa.BigInteger, comment="of the next who wants the same"),
        comment="Who joined a campaign's queue, in the order of the ledger.",
    ),
    EntryRow,
)

LINE = Table(
    sa.Table(
        "campaign_line",
        METADATA,
        *_key(
            sa.Column("variant_id", sa.String, primary_key=True),
            sa.Column("city_id", sa.String, primary_key=True),
        ),
        sa.Column("head", sa.BigInteger, comment="position of the first who waits"),
        sa.Column("tail", sa.BigInteger, comment="position of the last who joined"),
        sa.Column("waiting", sa.BigInteger, nullable=False),
        sa.CheckConstraint("waiting >= 0", name="campaign_line_waiting"),
        comment="The queue by what is waited for.",
    ),
    LineRow,
)


def quotas_of(rows: Rows | Reader | Transaction, campaign_id: str, variant_id: str, city_id: str) -> list[QuotaRow]:
    """Every quota that a place of this variant in this city counts against."""
    get = rows.get
    found = (
        get(QUOTA, campaign_id, variant_id, city_id),
        get(QUOTA, campaign_id, variant_id, ANY),
        get(QUOTA, campaign_id, ANY, city_id),
        get(QUOTA, campaign_id, ANY, ANY),
    )
    return [quota for quota in found if quota is not None]


def all_left(quotas: Sequence[QuotaRow]) -> bool:
    """Whether each of these quotas has a place left."""
    return all(quota.remaining > 0 for quota in quotas)


def _opened(rows: Rows, event: Event[CampaignOpened]) -> None:
    terms = event.body.terms
    rows.put(
        CAMPAIGN,
        CampaignRow(
            terms.campaign_id,
            terms.name,
            terms.name_local,
            terms.opens_at,
            terms.closes_at,
            terms.deposit.minor,
            terms.deposit.currency,
            terms.refundable_until.value,
            terms.refund_within_hours,
            terms.pay_within_hours,
            terms.queue_max,
            terms.hold_hours,
            len(terms.price_ladder),
        ),
    )
    rows.put(CAMPAIGN_COUNT, CampaignCountRow(terms.campaign_id, 0, 0, 0, 0, 0))
    for quota in terms.quotas:
        rows.put(QUOTA, QuotaRow(terms.campaign_id, quota.variant_id, quota.city_id, quota.places, quota.places))
    for number, step in enumerate(terms.price_ladder, start=1):
        rows.put(STEP, StepRow(terms.campaign_id, number, step.from_place, step.price_off.minor))


def _closed(rows: Rows, event: Event[CampaignClosed]) -> None:
    row = rows.get(CAMPAIGN, event.body.campaign_id)
    assert row is not None, f"a campaign was closed that was never opened: {event.body.campaign_id}"
    rows.put(CAMPAIGN, replace(row, closed_at=event.recorded_at))


def _count(rows: Rows, campaign_id: CampaignId) -> CampaignCountRow:
    row = rows.get(CAMPAIGN_COUNT, campaign_id)
    assert row is not None, f"a place in a campaign that was never opened: {campaign_id}"
    return row


def _take(rows: Rows, campaign_id: CampaignId, variant_id: str, city_id: str) -> tuple[int, int]:
    """Count one place more; its number, and what is taken off its price in minor units."""
    for quota in quotas_of(rows, campaign_id, variant_id, city_id):
        assert quota.remaining > 0, f"campaign {campaign_id} has no place left for {variant_id} in {city_id}"
        rows.put(QUOTA, QuotaRow(campaign_id, quota.variant_id, quota.city_id, quota.places, quota.remaining - 1))
    count = _count(rows, campaign_id)
    place_no, step = count.given + 1, count.step
    following = rows.get(STEP, campaign_id, step + 1)
    if following is not None and following.from_place <= place_no:
        step += 1
    rows.put(
        CAMPAIGN_COUNT,
        CampaignCountRow(campaign_id, place_no, count.held + 1, step, count.last_position, count.waiting),
    )
    reached = rows.get(STEP, campaign_id, step) if step else None
    return place_no, reached.price_off_minor if reached else 0


def _give_back(rows: Rows, campaign_id: CampaignId, variant_id: str, city_id: str) -> None:
    for quota in quotas_of(rows, campaign_id, variant_id, city_id):
        rows.put(QUOTA, replace(quota, remaining=quota.remaining + 1))
    count = _count(rows, campaign_id)
    rows.put(CAMPAIGN_COUNT, replace(count, held=count.held - 1))


def _reserved(rows: Rows, event: Event[OrderReserved]) -> None:
    body = event.body
    campaign_id = body.campaign_id
    if campaign_id is None:
        return
    campaign = rows.get(CAMPAIGN, campaign_id)
    assert campaign is not None, f"an order in a campaign that was never opened: {campaign_id}"
    hours = campaign.pay_within_hours
    held_until = None if hours is None else event.recorded_at + timedelta(hours=hours)
    offered = rows.get(PLACE, campaign_id, body.person_id)
    if offered is not None:  # counted, and its price fixed, when it was offered
        rows.put(PLACE, replace(offered, state=PlaceState.RESERVED.value, held_until=held_until))
        return
    place_no, off_minor = _take(rows, campaign_id, body.variant_id, body.city_id)
    rows.put(
        PLACE,
        PlaceRow(
            campaign_id,
            body.person_id,
            body.order_id,
            body.variant_id,
            body.city_id,
            PlaceState.RESERVED.value,
            None,
            place_no,
            off_minor,
            held_until,
        ),
    )


def _deposited(rows: Rows, event: Event[OrderDeposited]) -> None:
    place = _place_of(rows, event.body.order_id)
    if place is not None:
        rows.put(PLACE, replace(place, state=PlaceState.PAID.value, held_until=None))


def _cancelled(rows: Rows, event: Event[OrderCancelled]) -> None:
    place = _place_of(rows, event.body.order_id)
    if place is not None:
        rows.delete(PLACE, place.campaign_id, place.person_id)
        _give_back(rows, place.campaign_id, place.variant_id, place.city_id)


def _place_of(rows: Rows, order_id: OrderId) -> PlaceRow | None:
    """The place that an order has in a campaign."""
    order = rows.get(ORDER, order_id)
    if order is None or order.campaign_id is None:
        return None
    place = rows.get(PLACE, order.campaign_id, order.person_id)
    return place if place is not None and place.order_id == order_id else None


def _queued(rows: Rows, event: Event[CampaignQueued]) -> None:
    body = event.body
    line = rows.get(LINE, body.campaign_id, body.variant_id, body.city_id)
    if line is None:
        line = LineRow(body.campaign_id, body.variant_id, body.city_id, None, None, 0)
    last = None if line.head is None or line.tail is None else rows.get(ENTRY, body.campaign_id, line.tail)
    if last is not None:
        rows.put(ENTRY, replace(last, next_position=body.position))
    rows.put(
        LINE,
        replace(line, head=body.position if last is None else line.head, tail=body.position, waiting=line.waiting + 1),
    )
    rows.put(
        ENTRY,
        EntryRow(
            body.campaign_id,
            body.position,
            body.person_id,
            body.order_id,
            body.variant_id,
            body.plan,
            body.city_id,
            True,
            None,
        ),
    )
    rows.put(
        PLACE,
        PlaceRow(
            body.campaign_id,
            body.person_id,
            body.order_id,
            body.variant_id,
            body.city_id,
            PlaceState.QUEUED.value,
            body.position,
            None,
            0,
            None,
        ),
    )
    count = _count(rows, body.campaign_id)
    rows.put(CAMPAIGN_COUNT, replace(count, last_position=body.position, waiting=count.waiting + 1))


def _entry(rows: Rows, campaign_id: CampaignId, position: int) -> EntryRow:
    entry = rows.get(ENTRY, campaign_id, position)
    assert entry is not None, f"nobody stands at position {position} of campaign {campaign_id}"
    return entry


def _unqueue(rows: Rows, entry: EntryRow) -> None:
    """Who stood here waits no longer; the line begins with the next who does."""
    campaign_id = entry.campaign_id
    rows.put(ENTRY, replace(entry, waiting=False))
    line = rows.get(LINE, campaign_id, entry.variant_id, entry.city_id)
    assert line is not None
    head = line.head
    while head is not None:
        first = _entry(rows, campaign_id, head)
        if first.waiting:
            break
        head = first.next_position
    rows.put(LINE, replace(line, head=head, waiting=line.waiting - 1))
    count = _count(rows, campaign_id)
    rows.put(CAMPAIGN_COUNT, replace(count, waiting=count.waiting - 1))


def _offered(rows: Rows, event: Event[CampaignOffered]) -> None:
    body = event.body
    entry = _entry(rows, body.campaign_id, body.position)
    _unqueue(rows, entry)
    place_no, off_minor = _take(rows, body.campaign_id, entry.variant_id, entry.city_id)
    rows.put(
        PLACE,
        PlaceRow(
            body.campaign_id,
            body.person_id,
            body.order_id,
            entry.variant_id,
            entry.city_id,
            PlaceState.OFFERED.value,
            body.position,
            place_no,
            off_minor,
            body.until,
        ),
    )


def _offer_lapsed(rows: Rows, event: Event[CampaignOfferLapsed]) -> None:
    _leave(rows, event.body.campaign_id, event.body.position)


def _queue_left(rows: Rows, event: Event[CampaignQueueLeft]) -> None:
    _leave(rows, event.body.campaign_id, event.body.position)


def _leave(rows: Rows, campaign_id: CampaignId, position: int) -> None:
    entry = _entry(rows, campaign_id, position)
    rows.delete(PLACE, campaign_id, entry.person_id)
    if entry.waiting:
        _unqueue(rows, entry)
    else:
        _give_back(rows, campaign_id, entry.variant_id, entry.city_id)


PROJECTION = Projection(
    "campaigns",
    (CAMPAIGN, CAMPAIGN_COUNT, QUOTA, STEP, PLACE, ENTRY, LINE),
    {
        CampaignOpened: _opened,
        CampaignClosed: _closed,
        CampaignQueued: _queued,
        CampaignOffered: _offered,
        CampaignOfferLapsed: _offer_lapsed,
        CampaignQueueLeft: _queue_left,
        OrderReserved: _reserved,
        OrderDeposited: _deposited,
        OrderCancelled: _cancelled,
    },
)
