"""The tables of campaigns: their terms, what is left of them, who has a place and who waits for one."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
import sqlalchemy as sa

from pullcord.base import CampaignId, Money, OrderId, PersonId
from pullcord.store import METADATA, Table, UtcDateTime, program_key

from .model import Refundable


@lru_cache(maxsize=1024)
def amount(minor: int, currency: str) -> Money:
    """Money; a campaign has a few amounts, and says them thousands of times."""
    return Money(minor, currency)


class CampaignRow(msgspec.Struct, frozen=True, gc=False):
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
    quotas_by: str
    closed_at: datetime | None = None

    @property
    def deposit(self) -> Money:
        """What is paid against the date shown."""
        return amount(self.deposit_minor, self.currency)

    @property
    def refundable(self) -> Refundable:
        """Until when the deposit goes back."""
        return Refundable(self.refundable_until)


class CampaignCountRow(msgspec.Struct, frozen=True, gc=False):
    """How far a campaign has come: the one row that every reservation in it moves."""

    campaign_id: CampaignId
    given: int  # places given out so far, those that came back and went out again counted again
    held: int  # places that somebody has or is offered now
    step: int  # of the price ladder, 0 before the first
    last_position: int  # in the queue
    waiting: int


class QuotaRow(msgspec.Struct, frozen=True, gc=False):
    """Places of a variant in a city; `*` stands for all."""

    campaign_id: CampaignId
    variant_id: str
    city_id: str
    places: int
    remaining: int


class StepRow(msgspec.Struct, frozen=True, gc=False):
    """A step of the price ladder."""

    campaign_id: CampaignId
    step: int
    from_place: int
    price_off_minor: int


class PlaceRow(msgspec.Struct, frozen=True, gc=False):
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


class EntryRow(msgspec.Struct, frozen=True, gc=False):
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


class LineRow(msgspec.Struct, frozen=True, gc=False):
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
        sa.Column(
            "quotas_by", sa.String, nullable=False, comment="the kinds it has: v variant, c city, b both, a in all"
        ),
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
