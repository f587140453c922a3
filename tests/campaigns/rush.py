"""A campaign on the small launch, in short words; and a referee who reads the ledger and finds what was unfair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from pullcord import campaigns
from pullcord.base import CampaignId, Money
from pullcord.campaigns import (
    CampaignOffered,
    CampaignOfferLapsed,
    CampaignQueued,
    CampaignQueueLeft,
    CampaignTerms,
    Place,
    PlaceState,
    PriceStep,
    Quota,
    Refundable,
    Standing,
)
from pullcord.orders import OrderCancelled, OrderReserved
from pullcord.store import Event
from small_house import SmallHouse, local, small_house, small_program

OPENS = local(small_program(), small_program().starts_on, 10)
DEPOSIT = Money.of(20, "CNY")


def terms(quotas: Sequence[tuple[str, str, int]], **other: Any) -> CampaignTerms:
    """A campaign of one day with these places, a queue of a hundred and places held for two hours."""
    return CampaignTerms(
        **{
            "campaign_id": CampaignId("rush"),
            "name": "Rush",
            "name_local": "抢购",
            "opens_at": OPENS,
            "closes_at": OPENS + timedelta(days=1),
            "deposit": DEPOSIT,
            "refundable_until": Refundable.LOCK,
            "queue_max": 100,
            "hold_hours": 2,
            "quotas": tuple(Quota(*quota) for quota in quotas),
        }
        | other
    )


def ladder(*steps: tuple[int, int]) -> tuple[PriceStep, ...]:
    """Steps of a price ladder: from which place on, how many yuan are taken off."""
    return tuple(PriceStep(place, Money.of(yuan, "CNY")) for place, yuan in steps)


class Rush:
    """An open campaign: who asks is called by a letter, and so is their order."""

    def __init__(self, house: SmallHouse) -> None:
        self.house = house

    def ask(self, who: str, variant: str = "white", city: str = "chengdu", order: str | None = None) -> Place:
        command = self.house.desk.reserve_in_campaign(order or who, f"p-{who}", variant, "owned", city, "rush")
        place: Place = self.house.give(command)
        return place

    def accept(self, who: str, attempt: int = 1) -> Place:
        place: Place = self.house.give(self.house.desk.accept_offer(who, f"p-{who}", "rush", attempt=attempt))
        return place

    def leave(self, who: str) -> Place:
        place: Place = self.house.give(self.house.desk.leave_queue(who, f"p-{who}", "rush"))
        return place

    def cancel(self, who: str) -> None:
        self.house.give(self.house.desk.cancel(who, "another car"))

    def sweep(self) -> int:
        moment = f"{self.house.clock.now():%Y-%m-%dT%H.%M.%S}"
        count: int = self.house.give(self.house.desk.lapse_offers(moment)).count
        return count

    def standing(self) -> Standing:
        with self.house.ledger.reader() as reader:
            return campaigns.standing(reader, "rush")

    def state(self, who: str) -> str | None:
        """Where a person stands in the campaign; None where they have nothing."""
        with self.house.ledger.reader() as reader:
            row = reader.get(campaigns.PLACE, "rush", f"p-{who}")
        return None if row is None else row.state


@contextmanager
def rush(where: Path | str, campaign: CampaignTerms) -> Iterator[Rush]:
    """A house whose campaign has just opened."""
    with small_house(where) as house:
        house.give(house.desk.open_campaign(campaign))
        house.clock.advance_to(OPENS)
        yield Rush(house)


class Referee:
    """Reads a campaign's events one by one, keeps its own account of places and queue, and objects.

    It knows nothing of how the campaign decides: only who asked for what, and what was free at that moment.
    """

    def __init__(self, campaign: CampaignTerms) -> None:
        self.left = {(quota.variant_id, quota.city_id): quota.places for quota in campaign.quotas}
        self.waiting: dict[int, tuple[str, str, str]] = {}  # position: person, variant, city
        self.offered: dict[str, tuple[str, str]] = {}  # person: variant, city
        self.holding: dict[str, tuple[str, str]] = {}  # order: variant, city
        self.person_of: dict[str, str] = {}
        self.served: list[str] = []

    def fits(self, variant: str, city: str) -> bool:
        keys = [(v, c) for v in (variant, "*") for c in (city, "*") if (v, c) in self.left]
        return bool(keys) and all(self.left[key] > 0 for key in keys)

    def read(self, events: Sequence[Event[Any]]) -> None:
        for event in events:
            self.see(event.body)

    def see(self, body: Any) -> None:
        if isinstance(body, OrderReserved) and body.campaign_id == "rush":
            wanted = (body.variant_id, body.city_id)
            if body.person_id in self.offered:
                assert self.offered.pop(body.person_id) == wanted
            else:
                assert self.fits(*wanted), "a place was given that was not there"
                overlooked = [who for who, *cell in self.waiting.values() if self.fits(*cell)]
                assert not overlooked, f"{body.person_id} was served before {overlooked}"
                self._take(*wanted)
            assert body.person_id not in self.person_of.values(), "two places for one person"
            self.holding[body.order_id] = wanted
            self.person_of[body.order_id] = body.person_id
            self.served.append(body.person_id)
        elif isinstance(body, CampaignQueued):
            assert body.position > max(self.waiting, default=0)
            self.waiting[body.position] = (body.person_id, body.variant_id, body.city_id)
        elif isinstance(body, CampaignOffered):
            person, *cell = self.waiting.pop(body.position)
            assert person == body.person_id
            assert self.fits(*cell), "a place was offered that was not there"
            earlier = [who for at, (who, *wanted) in self.waiting.items() if at < body.position and self.fits(*wanted)]
            assert not earlier, f"{person} was offered a place before {earlier}"
            self._take(*cell)
            self.offered[person] = (cell[0], cell[1])
        elif isinstance(body, CampaignOfferLapsed | CampaignQueueLeft):
            if body.position in self.waiting:
                del self.waiting[body.position]
            else:
                self._give_back(*self.offered.pop(body.person_id))
        elif isinstance(body, OrderCancelled) and body.order_id in self.holding:
            self._give_back(*self.holding.pop(body.order_id))
            del self.person_of[body.order_id]

    def at_rest(self) -> None:
        """Between two commands nobody waits for what is free."""
        overlooked = [who for who, *cell in self.waiting.values() if self.fits(*cell)]
        assert not overlooked, f"places are free, and {overlooked} still wait"

    def _take(self, variant: str, city: str) -> None:
        for key in self._keys(variant, city):
            self.left[key] -= 1
            assert self.left[key] >= 0, f"{key} is oversold"

    def _give_back(self, variant: str, city: str) -> None:
        for key in self._keys(variant, city):
            self.left[key] += 1

    def _keys(self, variant: str, city: str) -> list[tuple[str, str]]:
        return [(v, c) for v in (variant, "*") for c in (city, "*") if (v, c) in self.left]


__all__ = ["DEPOSIT", "OPENS", "PlaceState", "Referee", "Rush", "ladder", "rush", "terms"]
