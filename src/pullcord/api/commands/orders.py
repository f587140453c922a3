"""Commands of customers, given for them by whoever sells: wishes, dates, deposits, places in campaigns."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from pullcord.base import InvalidInput, Money
from pullcord.campaigns import Place, PlaceState
from pullcord.desk import Count
from pullcord.orders import Outcome

from ..given import Body, Id, NamedId
from ..operation import Asked, CommandOperation

Reason = Annotated[str, Meta(min_length=1, max_length=500, description="why, in the customer's words or the seller's")]
Moment = Annotated[Id, Meta(description="names the sweep: the same moment is swept once")]


class Reservation(Body, frozen=True):
    """A wish."""

    person_id: Annotated[Id, Meta(description="the customer's pseudonym; names never enter the ledger")]
    variant_id: Id
    plan: Id
    city_id: Id
    order_id: Annotated[NamedId, Meta(description="chosen here, unless given")] | None = None


class CampaignReservation(Body, frozen=True):
    """A wish for a place in a campaign."""

    person_id: Annotated[Id, Meta(description="the customer's pseudonym; one place for each person")]
    variant_id: Id
    plan: Id
    city_id: Id
    order_id: Annotated[NamedId, Meta(description="chosen here, unless given")] | None = None


class Amount(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Money in minor units."""

    minor: Annotated[int, Meta(ge=0, le=1_000_000_000_000, description="minor units: fen, cents")]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217")]


class QuoteBody(Body, frozen=True):
    """Which week to build in; without one, the earliest."""

    week_start: Annotated[date, Meta(description="a Monday of the menu")] | None = None


class DepositBody(Body, frozen=True):
    """The money that came; without it, exactly what is due."""

    amount: Amount | None = None


class CancelBody(Body, frozen=True):
    """Why an order ends."""

    reason: Reason


class MomentBody(Body, frozen=True):
    """Which sweep."""

    moment: Moment


class OpenCampaignBody(Body, frozen=True):
    """Which campaign of the program's folder."""

    campaign_id: Id


class CloseCampaignBody(Body, frozen=True):
    """Why a campaign ends."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class InQueueBody(Body, frozen=True):
    """Who waits, and with which order."""

    order_id: NamedId
    person_id: Id


def _reserve(asked: Asked) -> object:
    body: Reservation = asked.body
    return asked.desk.reserve(
        asked.named(body.order_id, "o"),
        body.person_id,
        body.variant_id,
        body.plan,
        body.city_id,
        party=asked.party,
        person=asked.person,
    )


def _reserve_in_campaign(asked: Asked) -> object:
    body: CampaignReservation = asked.body
    return asked.desk.reserve_in_campaign(
        asked.named(body.order_id, "o"),
        body.person_id,
        body.variant_id,
        body.plan,
        body.city_id,
        asked.path["campaign_id"],
        party=asked.party,
        person=asked.person,
    )


def _deposit(asked: Asked) -> object:
    given: Amount | None = asked.body.amount
    amount = None if given is None else _money(given)
    return asked.desk.deposit(asked.path["order_id"], amount, party=asked.party, person=asked.person)


def _money(given: Amount) -> Money:
    try:
        return Money(given.minor, given.currency)
    except InvalidInput as failure:
        raise InvalidInput(f"amount: {failure.message}", failure.hint) from None


_EXAMPLE = {"person_id": "p-7f3a", "variant_id": "long-range", "plan": "battery_rental", "city_id": "shenzhen"}
_ORDER = "/orders/{order_id}"

ORDERS: tuple[CommandOperation, ...] = (
    CommandOperation(
        "/orders",
        "reserve",
        "orders.reserve",
        "Note a wish",
        Reservation,
        Outcome,
        _reserve,  # type: ignore[arg-type]
        "orders",
        status=201,
        location=lambda asked, answer: f"/orders/{answer.order_id}",
        for_person=True,
        description="Costs nothing and promises nothing; a date is shown by the quote.",
    ),
    CommandOperation(
        f"{_ORDER}/quote",
        "quote",
        "orders.quote",
        "Show a date and a price, and hold what stands behind them",
        QuoteBody,
        Outcome,
        lambda asked: asked.desk.quote(
            asked.path["order_id"], week_start=asked.body.week_start, party=asked.party, person=asked.person
        ),
        "orders",
        body_optional=True,
        for_person=True,
        description="A later or an earlier week than the first costs or saves what the menu says.",
    ),
    CommandOperation(
        f"{_ORDER}/deposit",
        "deposit",
        "orders.deposit",
        "Take the deposit against the date shown",
        DepositBody,
        Outcome,
        _deposit,  # type: ignore[arg-type]
        "orders",
        body_optional=True,
        for_person=True,
    ),
    CommandOperation(
        f"{_ORDER}/lock",
        "lock",
        "orders.lock",
        "Make the order firm",
        None,
        Outcome,
        lambda asked: asked.desk.lock(asked.path["order_id"], party=asked.party, person=asked.person),
        "orders",
        for_person=True,
    ),
    CommandOperation(
        f"{_ORDER}/cancel",
        "cancel",
        "orders.cancel",
        "End an order before its vehicle is built",
        CancelBody,
        Outcome,
        lambda asked: asked.desk.cancel(
            asked.path["order_id"], asked.body.reason, party=asked.party, person=asked.person
        ),
        "orders",
        for_person=True,
        example={"reason": "changed my mind"},
    ),
    CommandOperation(
        "/orders/lapse",
        "lapseQuotes",
        "orders.lapse",
        "Take back every quote whose time is over",
        MomentBody,
        Count,
        lambda asked: asked.desk.lapse_due(asked.body.moment, party=asked.party),
        "orders",
        example={"moment": "2025-11-10T00"},
    ),
    CommandOperation(
        "/orders/lock-due",
        "lockDue",
        "orders.lock_due",
        "Lock every order whose time to withdraw is over",
        MomentBody,
        Count,
        lambda asked: asked.desk.lock_due(asked.body.moment, party=asked.party),
        "orders",
        example={"moment": "2025-11-10T00"},
    ),
    CommandOperation(
        "/campaigns",
        "openCampaign",
        "campaigns.open",
        "Make a campaign known with all its terms",
        OpenCampaignBody,
        Count,
        lambda asked: asked.desk.open_campaign(asked.body.campaign_id, party=asked.party),
        "campaigns",
        status=201,
        location=lambda asked, answer: f"/campaigns/{asked.body.campaign_id}",
    ),
    CommandOperation(
        "/campaigns/{campaign_id}/close",
        "closeCampaign",
        "campaigns.close",
        "Let nobody new in",
        CloseCampaignBody,
        Count,
        lambda asked: asked.desk.close_campaign(asked.path["campaign_id"], asked.body.reason, party=asked.party),
        "campaigns",
        example={"reason": "the window is over"},
    ),
    CommandOperation(
        "/campaigns/{campaign_id}/orders",
        "reserveInCampaign",
        "campaigns.reserve",
        "Take a place in a campaign, or join its queue",
        CampaignReservation,
        Place,
        _reserve_in_campaign,  # type: ignore[arg-type]
        "campaigns",
        status=201,
        location=lambda asked, answer: f"/orders/{answer.order_id}" if answer.state is PlaceState.RESERVED else None,
        for_person=True,
        description="Answered after the place is durable: whoever the ledger heard of first has it.",
    ),
    CommandOperation(
        "/campaigns/{campaign_id}/accept",
        "acceptOffer",
        "campaigns.accept",
        "Take the place that came back and is held",
        InQueueBody,
        Place,
        lambda asked: asked.desk.accept_offer(
            asked.body.order_id,
            asked.body.person_id,
            asked.path["campaign_id"],
            party=asked.party,
            person=asked.person,
        ),
        "campaigns",
        for_person=True,
    ),
    CommandOperation(
        "/campaigns/{campaign_id}/leave",
        "leaveQueue",
        "campaigns.leave",
        "Wait no longer",
        InQueueBody,
        Place,
        lambda asked: asked.desk.leave_queue(
            asked.body.order_id,
            asked.body.person_id,
            asked.path["campaign_id"],
            party=asked.party,
            person=asked.person,
        ),
        "campaigns",
        for_person=True,
    ),
    CommandOperation(
        "/campaigns/offers/lapse",
        "lapseOffers",
        "campaigns.offer",
        "Take back places that were held too long and offer them to the next",
        MomentBody,
        Count,
        lambda asked: asked.desk.lapse_offers(asked.body.moment, party=asked.party),
        "campaigns",
        example={"moment": "2025-11-10T00"},
    ),
)
