"""Commands about campaigns: open one, take a place in it, pass on places that come back, close it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from pullcord import campaigns
from pullcord.base import (
    LONGEST_NAMED_ID,
    CampaignId,
    CityId,
    NotFound,
    OrderId,
    PartyId,
    PersonId,
    VariantId,
    check_id,
    require_utc,
)
from pullcord.campaigns import CampaignTerms, Place, PlaceState, SignalCount
from pullcord.store import Command, Transaction

from .model import Count
from .ordering import OrderClerk


class CampaignDesk(OrderClerk):
    """Open and close campaigns, reserve in them, and keep their queues moving."""

    def campaign_terms(self, campaign_id: str) -> CampaignTerms:
        """The terms that the program's folder states; NotFound names those there are."""
        terms = {terms.campaign_id: terms for terms in self.program.campaigns}
        found = terms.get(CampaignId(campaign_id))
        if found is None:
            named = ", ".join(f"`{known}`" for known in terms) or "none"
            raise NotFound(f"{self.program.name} has no campaign `{campaign_id}`", f"its campaigns are {named}")
        return found

    def open_campaign(self, campaign: str | CampaignTerms, *, party: PartyId | None = None) -> Command[Count]:
        """Make a campaign known with all its terms, those of the program's folder where only its id is given.

        From then on its terms are frozen. The answer counts its quotas.
        """
        terms = self.campaign_terms(campaign) if isinstance(campaign, str) else campaign
        for quota in terms.quotas:
            if quota.variant_id != campaigns.ANY:
                self.house.variant(quota.variant_id)
            if quota.city_id != campaigns.ANY:
                self.house.city(quota.city_id)

        def decide(tx: Transaction) -> Count:
            campaigns.open_campaign(tx, terms)
            return Count(len(terms.quotas))

        return self._of_campaign("campaigns.open", party, f"open-campaign-{terms.campaign_id}", terms, decide)

    def close_campaign(self, campaign_id: str, reason: str, *, party: PartyId | None = None) -> Command[Count]:
        """Let nobody new in; who has a place keeps it. The answer counts those who wait in vain."""

        def decide(tx: Transaction) -> Count:
            campaigns.close_campaign(tx, CampaignId(campaign_id), reason)
            count = tx.get(campaigns.CAMPAIGN_COUNT, campaign_id)
            return Count(count.waiting if count else 0)

        body = {"campaign": campaign_id, "reason": reason}
        return self._of_campaign("campaigns.close", party, f"close-campaign-{campaign_id}", body, decide)

    def reserve_in_campaign(
        self,
        order_id: str,
        person_id: str,
        variant_id: str,
        plan: str,
        city_id: str,
        campaign_id: str,
        *,
        party: PartyId | None = None,
        person: PersonId | None = None,
    ) -> Command[Place]:
        """Take a place in a campaign and note the wish with it; or join the queue; or hear why neither."""
        check_id(order_id, "order", longest=LONGEST_NAMED_ID)
        check_id(person_id, "person")
        self.house.price(variant_id, plan)
        self.house.city(city_id)
        barred = self.house.channel.why_not(variant_id, plan, city_id)

        def decide(tx: Transaction) -> Place:
            if barred is not None:
                return Place(OrderId(order_id), PlaceState.REFUSED, refused=barred.why)
            return campaigns.reserve(
                tx,
                OrderId(order_id),
                PersonId(person_id),
                VariantId(variant_id),
                plan,
                CityId(city_id),
                CampaignId(campaign_id),
            )

        body = {
            "order": order_id,
            "person": person_id,
            "variant": variant_id,
            "plan": plan,
            "city": city_id,
            "campaign": campaign_id,
        }
        return self._for_person(
            "campaigns.reserve", party, f"reserve-{order_id}", body, decide, Place, person, PersonId(person_id)
        )

    def accept_offer(
        self,
        order_id: str,
        person_id: str,
        campaign_id: str,
        *,
        attempt: int = 1,
        party: PartyId | None = None,
        person: PersonId | None = None,
    ) -> Command[Place]:
        """Take the place that came back and is held for the person; `order_id` is the one they queued with."""

        def decide(tx: Transaction) -> Place:
            return campaigns.accept(tx, CampaignId(campaign_id), OrderId(order_id), PersonId(person_id))

        body = {"order": order_id, "person": person_id, "campaign": campaign_id, "attempt": attempt}
        command_id = f"accept-{order_id}-{attempt}"
        owner = PersonId(person_id)
        return self._for_person("campaigns.accept", party, command_id, body, decide, Place, person, owner)

    def leave_queue(
        self,
        order_id: str,
        person_id: str,
        campaign_id: str,
        *,
        attempt: int = 1,
        party: PartyId | None = None,
        person: PersonId | None = None,
    ) -> Command[Place]:
        """Wait no longer, or give back the place that is held; `order_id` is the one they queued with."""

        def decide(tx: Transaction) -> Place:
            return campaigns.leave(tx, CampaignId(campaign_id), OrderId(order_id), PersonId(person_id))

        body = {"order": order_id, "person": person_id, "campaign": campaign_id, "attempt": attempt}
        command_id = f"leave-{order_id}-{attempt}"
        owner = PersonId(person_id)
        return self._for_person("campaigns.leave", party, command_id, body, decide, Place, person, owner)

    def lapse_offers(self, moment: str, *, party: PartyId | None = None) -> Command[Count]:
        """Take back the places that were held too long and offer them to the next; `moment` names the sweep.

        At most `campaigns.SWEPT_AT_ONCE` in one command: sweep again while the answer counts so many.
        """

        def decide(tx: Transaction) -> Count:
            lapsed = campaigns.lapse_due(tx)
            self._following_lapsed(tx, lapsed.unpaid)
            return Count(lapsed.count)

        return self._of_campaign("campaigns.offer", party, f"lapse-offers-{moment}", {"moment": moment}, decide)

    def count_signals(
        self,
        window: tuple[datetime, datetime],
        counts: Sequence[SignalCount],
        *,
        source: str = "shop",
        party: PartyId | None = None,
    ) -> Command[Count]:
        """Note how many visits reached each rung in an interval: sums by variant, option and city, with nobody in them.

        Each counter tells of an interval once; the answer counts the signals.
        """
        since, until = window
        for count in counts:
            if count.variant_id != campaigns.ANY:
                self.house.variant(count.variant_id)
            if count.city_id != campaigns.ANY:
                self.house.city(count.city_id)
            if count.option != campaigns.ANY and count.option not in self._options:
                raise NotFound(
                    f"{self.program.name} has no option `{count.option}`", "write it as family=option: colour=white"
                )

        def decide(tx: Transaction) -> Count:
            return Count(campaigns.count_signals(tx, source, since, until, counts))

        body = {"source": source, "since": since, "until": until, "counts": list(counts)}
        command_id = f"signals-{source}-{require_utc(since):%Y%m%dT%H%M%S}"
        return self._of_campaign("demand.count_signals", party, command_id, body, decide)

    @property
    def _options(self) -> set[str]:
        return {f"{option.family_id}={option.option_id}" for option in self.program.product.options}

    def _of_campaign(
        self, name: str, party: PartyId | None, command_id: str, body: object, decide: Callable[[Transaction], Count]
    ) -> Command[Count]:
        return self._command(name, party, self.house.platform.party_id, command_id, body, decide, Count)
