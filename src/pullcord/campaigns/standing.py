"""A campaign as a page shows it: what is left, who waits, what a place costs now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pullcord.base import CampaignId, Money
from pullcord.store import Reader

from .model import PriceStep
from .service import find_campaign
from .store import all_left, quotas_of
from .tables import CAMPAIGN_COUNT, QUOTA, STEP


@dataclass(frozen=True, slots=True)
class QuotaLeft:
    """Places of a variant in a city, `*` for all of them together."""

    variant_id: str
    city_id: str
    places: int
    remaining: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a campaign has come."""

    campaign_id: CampaignId
    name: str
    name_local: str
    opens_at: datetime
    closes_at: datetime
    closed_at: datetime | None
    deposit: Money
    refundable_until: str
    refund_within_hours: int | None
    pay_within_hours: int | None
    hold_hours: int
    queue_max: int
    quotas: tuple[QuotaLeft, ...]
    price_ladder: tuple[PriceStep, ...]
    given: int  # places given out so far
    held: int  # of them, how many somebody has or is offered
    waiting: int
    next_place: int
    price_off: Money | None  # of the next place

    def open_at(self, moment: datetime) -> bool:
        """Whether somebody new may ask for a place."""
        return self.opens_at <= moment < self.closes_at and self.closed_at is None


def standing(reader: Reader, campaign_id: str) -> Standing:
    """The campaign as it stands; NotFound when it was never opened."""
    row = find_campaign(reader, campaign_id)
    count = reader.get(CAMPAIGN_COUNT, campaign_id)
    assert count is not None
    quotas = reader.select(QUOTA, QUOTA.sql.c.campaign_id == campaign_id)
    ladder = tuple(
        PriceStep(step.from_place, Money(step.price_off_minor, row.currency))
        for step in reader.select(STEP, STEP.sql.c.campaign_id == campaign_id)
    )
    following = count.given + 1
    reached = [step for step in ladder if step.from_place <= following]
    return Standing(
        row.campaign_id,
        row.name,
        row.name_local,
        row.opens_at,
        row.closes_at,
        row.closed_at,
        row.deposit,
        row.refundable_until,
        row.refund_within_hours,
        row.pay_within_hours,
        row.hold_hours,
        row.queue_max,
        tuple(QuotaLeft(quota.variant_id, quota.city_id, quota.places, quota.remaining) for quota in quotas),
        ladder,
        count.given,
        count.held,
        count.waiting,
        following,
        reached[-1].price_off if reached else None,
    )


def places_left(reader: Reader, campaign_id: str, variant_id: str, city_id: str) -> int:
    """How many places are left for one variant in one city; 0 where the campaign has none for them."""
    quotas = quotas_of(reader, find_campaign(reader, campaign_id), variant_id, city_id)
    return min(quota.remaining for quota in quotas) if quotas and all_left(quotas) else 0
