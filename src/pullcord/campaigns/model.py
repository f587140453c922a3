"""A campaign's terms, what is told of it in the ledger, and the answer to who asks for a place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from pullcord.base import CampaignId, CityId, InvalidInput, Money, OrderId, PersonId, VariantId, check_id, require_utc
from pullcord.store import event

ANY = "*"
"""Stands in a quota for every variant, or for every city."""

LONGEST_CAMPAIGN_ID = 40
"""Commands that name a campaign have ids of their own."""


class Refundable(StrEnum):
    """Until when a campaign's deposit goes back to who cancels."""

    NEVER = "never"
    LOCK = "lock"  # while the order is not locked
    BUILD = "build"  # while the vehicle is not built


class PlaceState(StrEnum):
    """Where a person stands in a campaign, or what became of asking for a place."""

    RESERVED = "reserved"  # has a place, and an order with it
    PAID = "paid"  # and the deposit is taken
    QUEUED = "queued"  # waits for a place that is given back
    OFFERED = "offered"  # a place is held for them until they take it or the time is over
    LEFT = "left"  # waits no longer
    REFUSED = "refused"  # has nothing; `refused` says why


@dataclass(frozen=True, slots=True)
class Quota:
    """How many places there are of a variant in a city; `*` stands for all of them together."""

    variant_id: str
    city_id: str
    places: int

    def __post_init__(self) -> None:
        for name, kind in ((self.variant_id, "variant"), (self.city_id, "city")):
            if name != ANY:
                check_id(name, kind)
        if self.places < 0:
            raise InvalidInput(
                f"a quota of {self.places} places for `{self.variant_id}` in `{self.city_id}`", "give 0 or more"
            )


@dataclass(frozen=True, slots=True)
class PriceStep:
    """From this place on, in the order in which places are given out, so much is taken off the price."""

    from_place: int
    price_off: Money


@dataclass(frozen=True, slots=True)
class CampaignTerms:
    """All that a campaign promises. Frozen when it opens: who reserves under it keeps its terms."""

    campaign_id: CampaignId
    name: str
    name_local: str
    opens_at: datetime  # UTC
    closes_at: datetime  # UTC; from then on nobody new is let in
    deposit: Money
    refundable_until: Refundable
    queue_max: int  # how many may wait at a time when the places are gone
    hold_hours: int  # how long a place that was given back is held for the next in the queue
    quotas: tuple[Quota, ...]
    price_ladder: tuple[PriceStep, ...] = ()  # rising places; before the first of them nothing is taken off
    refund_within_hours: int | None = None  # and no later than so long after the deposit; None: no such limit
    pay_within_hours: int | None = None  # a place whose deposit is not taken by then is given back; None: it is kept
    places_per_person: int = 1

    def __post_init__(self) -> None:
        check_id(self.campaign_id, "campaign", longest=LONGEST_CAMPAIGN_ID)
        require_utc(self.opens_at)
        require_utc(self.closes_at)
        wrong = self._wrong()
        if wrong:
            raise InvalidInput(f"campaign `{self.campaign_id}`: {wrong[0]}", wrong[1])

    def _wrong(self) -> tuple[str, str] | None:
        if not self.name.strip() or not self.name_local.strip():
            return "it has no name", "give it one, and one in the language of its buyers"
        if not self.opens_at < self.closes_at:
            return f"it closes at {self.closes_at}, and opens at {self.opens_at}", "let it close after it opens"
        if self.places_per_person != 1:
            return f"it gives {self.places_per_person} places to a person", "one person has one place"
        if self.deposit.minor < 0:
            return f"its deposit is {self.deposit}", "give 0 or more"
        if self.queue_max < 0 or self.hold_hours < 1:
            return (
                f"a queue of {self.queue_max} with places held for {self.hold_hours} hours",
                "give a queue of 0 or more, and an hour or more",
            )
        for hours in (self.refund_within_hours, self.pay_within_hours):
            if hours is not None and hours < 1:
                return f"a limit of {hours} hours", "give 1 or more, or leave it empty"
        if not self.quotas:
            return "it has no places", "give it a quota"
        cells = [(quota.variant_id, quota.city_id) for quota in self.quotas]
        if len(set(cells)) < len(cells):
            twice = next(cell for cell in cells if cells.count(cell) > 1)
            return f"the quota of `{twice[0]}` in `{twice[1]}` stands twice", "keep one of the two"
        return self._wrong_ladder()

    def _wrong_ladder(self) -> tuple[str, str] | None:
        before = 0
        for step in self.price_ladder:
            if step.from_place <= before:
                return (
                    f"its price ladder has place {step.from_place} after place {before}",
                    "let them rise from 1",
                )
            if step.price_off.minor < 0 or step.price_off.currency != self.deposit.currency:
                return (
                    f"{step.price_off} off from place {step.from_place}",
                    f"give 0 or more, in {self.deposit.currency}",
                )
            before = step.from_place
        return None


@event("campaign.opened")
@dataclass(frozen=True, slots=True)
class CampaignOpened:
    """A campaign's terms, as they stand for everybody who takes part."""

    terms: CampaignTerms


@event("campaign.closed")
@dataclass(frozen=True, slots=True)
class CampaignClosed:
    """Nobody new is let in, and places that are given back go to nobody. Who has a place keeps it."""

    campaign_id: CampaignId
    reason: str


@event("campaign.queued")
@dataclass(frozen=True, slots=True)
class CampaignQueued:
    """The places were gone when this person asked: they wait, in the order in which the ledger heard of them."""

    campaign_id: CampaignId
    position: int  # 1, 2, 3, … within the campaign; never given twice
    order_id: OrderId
    person_id: PersonId
    variant_id: VariantId
    plan: str
    city_id: CityId


@event("campaign.offered")
@dataclass(frozen=True, slots=True)
class CampaignOffered:
    """A place was given back and is held for the first in the queue whom it fits."""

    campaign_id: CampaignId
    position: int
    order_id: OrderId
    person_id: PersonId
    until: datetime


@event("campaign.offer_lapsed")
@dataclass(frozen=True, slots=True)
class CampaignOfferLapsed:
    """The place was not taken in time: this person has left the queue, and the place goes to the next."""

    campaign_id: CampaignId
    position: int
    order_id: OrderId
    person_id: PersonId


@event("campaign.queue_left")
@dataclass(frozen=True, slots=True)
class CampaignQueueLeft:
    """This person waits no longer; a place that was held for them goes to the next."""

    campaign_id: CampaignId
    position: int
    order_id: OrderId
    person_id: PersonId


class Place(msgspec.Struct, frozen=True, gc=False):
    """What became of asking for a place in a campaign."""

    order_id: OrderId
    state: PlaceState
    position: int | None = None  # in the queue: how many had joined it up to this person
    ahead: int | None = None  # in the queue: how many wait before this person
    refused: str | None = None
    place_no: int | None = None  # 1, 2, 3, … as places are given out
    price_off: Money | None = None  # fixed for this order
    deposit: Money | None = None
    held_until: datetime | None = None  # the place must be taken, or paid for, by then
