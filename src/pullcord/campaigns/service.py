"""What can be done in a campaign. Every refusal says why; none of them is an exception.

What is guaranteed: a place is given to whoever the ledger heard of first, and a person has one place. Nobody new is
served while somebody who waits could be: as soon as a place is given back it is offered, in the same transaction, to
the first in the queue whom it fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pullcord import orders
from pullcord.base import CampaignId, CityId, Conflict, InvalidInput, Money, NotFound, OrderId, PersonId, VariantId
from pullcord.orders import ORDER, OrderRow, State
from pullcord.store import Reader, Transaction

from .model import (
    CampaignClosed,
    CampaignOffered,
    CampaignOfferLapsed,
    CampaignOpened,
    CampaignQueued,
    CampaignQueueLeft,
    CampaignTerms,
    Place,
    PlaceState,
    Refundable,
)
from .store import all_left, quotas_of
from .tables import CAMPAIGN, CAMPAIGN_COUNT, ENTRY, LINE, PLACE, CampaignRow, EntryRow, LineRow, PlaceRow, amount

SWEPT_AT_ONCE = 1_000
"""So many places a sweep takes back in one command: a longer one would keep everybody waiting."""


def find_campaign(reader: Reader | Transaction, campaign_id: str) -> CampaignRow:
    """The campaign as it stands; NotFound when it was never opened."""
    row = reader.get(CAMPAIGN, campaign_id)
    if row is None:
        raise NotFound(f"no campaign `{campaign_id}` was opened", "open it first: `pullcord campaign open`")
    return row


def open_campaign(tx: Transaction, terms: CampaignTerms) -> CampaignRow:
    """Make a campaign's terms known, once and for all. Before it opens nobody can reserve in it."""
    if tx.get(CAMPAIGN, terms.campaign_id) is not None:
        raise Conflict(f"campaign `{terms.campaign_id}` is open already", "its terms are frozen: open another")
    if terms.closes_at <= tx.now:
        raise InvalidInput(
            f"campaign `{terms.campaign_id}` closes at {terms.closes_at.isoformat()}, which has passed",
            "give it a later time",
        )
    tx.emit(_stream(terms.campaign_id), CampaignOpened(terms), expected_version=0)
    return find_campaign(tx, terms.campaign_id)


def close_campaign(tx: Transaction, campaign_id: CampaignId, reason: str) -> CampaignRow:
    """Let nobody new in, and pass no place on. Who has a place, or is offered one, keeps it."""
    row = find_campaign(tx, campaign_id)
    if row.closed_at is not None:
        raise Conflict(f"campaign `{campaign_id}` is closed already", "nothing is left to do")
    tx.emit(_stream(campaign_id), CampaignClosed(campaign_id, reason))
    return find_campaign(tx, campaign_id)


def reserve(
    tx: Transaction,
    order_id: OrderId,
    person_id: PersonId,
    variant_id: VariantId,
    plan: str,
    city_id: CityId,
    campaign_id: CampaignId,
) -> Place:
    """A place and the order with it, a position in the queue when the places are gone, or why neither.

    Decided from rows in memory alone, and the place is one event: thousands of people ask in the same second.
    """
    campaign = find_campaign(tx, campaign_id)
    held = tx.get(PLACE, campaign_id, person_id)
    if refused := why_no_place(campaign, held, tx.now):
        return Place(order_id, PlaceState.REFUSED, refused=refused)
    quotas = quotas_of(tx, campaign, variant_id, city_id)
    if not quotas:
        why = f"{campaign.name} has no places for `{variant_id}` in `{city_id}`"
        return Place(order_id, PlaceState.REFUSED, refused=why)
    if all_left(quotas):
        count = tx.get(CAMPAIGN_COUNT, campaign_id)
        if count is not None and count.last_position and waits_under(tx, order_id):
            raise _taken(order_id)
        orders.note_wish(tx, order_id, person_id, variant_id, plan, city_id, campaign_id)
        taken = tx.get(PLACE, campaign_id, person_id)
        assert taken is not None
        return _place(campaign, taken)
    return _queue(tx, campaign, order_id, person_id, variant_id, plan, city_id)


def why_no_place(campaign: CampaignRow, held: PlaceRow | None, now: datetime) -> str | None:
    """Why a person cannot ask for a place now, or None when they can."""
    if now < campaign.opens_at:
        return f"{campaign.name} opens at {campaign.opens_at.isoformat()}"
    if now >= campaign.closes_at or campaign.closed_at is not None:
        return f"{campaign.name} is over"
    if held is None:
        return None
    if held.state == PlaceState.QUEUED:
        return f"you wait in {campaign.name} already, with order {held.order_id} at position {held.position}"
    if held.state == PlaceState.OFFERED:
        return f"a place in {campaign.name} is held for you already: take it with order {held.order_id}"
    return f"you have a place in {campaign.name} already: order {held.order_id}"


def _queue(
    tx: Transaction,
    campaign: CampaignRow,
    order_id: OrderId,
    person_id: PersonId,
    variant_id: VariantId,
    plan: str,
    city_id: CityId,
) -> Place:
    count = tx.get(CAMPAIGN_COUNT, campaign.campaign_id)
    assert count is not None
    if count.waiting >= campaign.queue_max:
        why = f"{campaign.name} is sold out, and {count.waiting:,} wait already: the queue is full"
        return Place(order_id, PlaceState.REFUSED, refused=why)
    if tx.get(ORDER, order_id) is not None:
        raise _taken(order_id)
    position = count.last_position + 1
    # A stream of the order's own: who waits under an order id has it to themselves.
    tx.emit(
        f"queue/{order_id}",
        CampaignQueued(campaign.campaign_id, position, order_id, person_id, variant_id, plan, city_id),
        expected_version=0,
    )
    return Place(order_id, PlaceState.QUEUED, position=position, ahead=count.waiting, deposit=campaign.deposit)


def waits_under(tx: Transaction, order_id: OrderId) -> bool:
    """Whether somebody waits, or has waited, in a queue with this order id: it is theirs."""
    return tx.version(f"queue/{order_id}") > 0


def _taken(order_id: OrderId) -> Conflict:
    return Conflict(f"order `{order_id}` is taken", "choose another order id")


def accept(tx: Transaction, campaign_id: CampaignId, order_id: OrderId, person_id: PersonId) -> Place:
    """Take the place that is held for a person: their order is reserved with the price that the offer fixed."""
    campaign, row, entry = _in_queue(tx, campaign_id, order_id, person_id)
    if row.state == PlaceState.QUEUED:
        return Place(
            row.order_id,
            PlaceState.QUEUED,
            position=row.position,
            refused="no place has been given back that fits: you still wait",
        )
    assert row.held_until is not None
    if tx.now >= row.held_until:
        return Place(
            row.order_id,
            PlaceState.REFUSED,
            position=row.position,
            refused=f"the place was held until {row.held_until.isoformat()}: it goes to the next",
        )
    orders.reserve(
        tx,
        row.order_id,
        person_id,
        VariantId(entry.variant_id),
        entry.plan,
        CityId(entry.city_id),
        campaign_id,
    )
    taken = tx.get(PLACE, campaign_id, person_id)
    assert taken is not None
    return _place(campaign, taken)


def leave(tx: Transaction, campaign_id: CampaignId, order_id: OrderId, person_id: PersonId) -> Place:
    """Wait no longer; a place that was held for this person goes to the next."""
    _, row, entry = _in_queue(tx, campaign_id, order_id, person_id)
    tx.emit(f"queue/{order_id}", CampaignQueueLeft(campaign_id, entry.position, order_id, person_id))
    return Place(order_id, PlaceState.LEFT, position=row.position)


def _in_queue(
    tx: Transaction, campaign_id: CampaignId, order_id: OrderId, person_id: PersonId
) -> tuple[CampaignRow, PlaceRow, EntryRow]:
    """The campaign, the person's row and their entry; NotFound when they neither wait nor are offered a place."""
    campaign = find_campaign(tx, campaign_id)
    row = tx.get(PLACE, campaign_id, person_id)
    waits = row is not None and row.state in (PlaceState.QUEUED, PlaceState.OFFERED)
    if row is None or row.position is None or not waits or row.order_id != order_id:
        raise NotFound(f"order `{order_id}` does not wait in campaign `{campaign_id}`", "reserve in it first")
    entry = tx.get(ENTRY, campaign_id, row.position)
    assert entry is not None
    return campaign, row, entry


def pass_places_on(tx: Transaction, campaign_id: CampaignId) -> int:
    """Offer every place that is free to the first in the queue whom it fits, and tell how many were offered.

    A place that comes back can free more than one quota, so this goes on until nobody who waits can be served.
    """
    campaign = find_campaign(tx, campaign_id)
    count = tx.get(CAMPAIGN_COUNT, campaign_id)
    if campaign.closed_at is not None or count is None or not count.waiting:
        return 0
    lines = tx.select(LINE, LINE.sql.c.campaign_id == campaign_id, LINE.sql.c.waiting > 0)
    offered = 0
    while (first := _first_served(tx, campaign, lines)) is not None:
        entry = tx.get(ENTRY, campaign_id, first)
        assert entry is not None
        tx.emit(
            f"queue/{entry.order_id}",
            CampaignOffered(
                campaign_id,
                entry.position,
                entry.order_id,
                entry.person_id,
                tx.now + timedelta(hours=campaign.hold_hours),
            ),
        )
        offered += 1
    return offered


def _first_served(tx: Transaction, campaign: CampaignRow, lines: list[LineRow]) -> int | None:
    """The lowest position that waits for something that is free, among the first of each line."""
    best: int | None = None
    for known in lines:
        line = tx.get(LINE, known.campaign_id, known.variant_id, known.city_id)
        if line is None or line.head is None or (best is not None and line.head > best):
            continue
        if all_left(quotas_of(tx, campaign, line.variant_id, line.city_id)):
            best = line.head
    return best


@dataclass(frozen=True, slots=True)
class Lapsed:
    """The places that one sweep took back."""

    offers: tuple[OrderId, ...]  # nobody took them in time
    unpaid: tuple[OrderRow, ...]  # the orders as they stood before they were cancelled

    @property
    def count(self) -> int:
        """How many in all."""
        return len(self.offers) + len(self.unpaid)


def lapse_due(tx: Transaction) -> Lapsed:
    """Take back the places that were held too long, earliest first.

    An offer that nobody took ends a person's wait; a reservation that nobody paid for is cancelled, unless a quote is
    still in force. At most `SWEPT_AT_ONCE` at a time: ask again while there are so many.
    """
    columns = PLACE.sql.c
    due = tx.select(PLACE, columns.held_until <= tx.now, order_by=(columns.held_until, columns.order_id))
    offers: list[OrderId] = []
    unpaid: list[OrderRow] = []
    for row in due:
        if len(offers) + len(unpaid) == SWEPT_AT_ONCE:
            break
        if row.state == PlaceState.OFFERED:
            assert row.position is not None
            tx.emit(
                f"queue/{row.order_id}",
                CampaignOfferLapsed(row.campaign_id, row.position, row.order_id, row.person_id),
            )
            offers.append(row.order_id)
        elif _unpaid(order := orders.find_order(tx, row.order_id), tx.now):
            orders.cancel(tx, row.order_id, "the deposit was not paid in time", refundable_in=())
            unpaid.append(order)
    return Lapsed(tuple(offers), tuple(unpaid))


def _unpaid(order: OrderRow, now: datetime) -> bool:
    if order.state is State.QUOTED:
        return order.valid_until is not None and order.valid_until < now
    return order.state is State.RESERVED


def place_of(reader: Reader | Transaction, order: OrderRow) -> PlaceRow | None:
    """The place that an order has in its campaign."""
    if order.campaign_id is None:
        return None
    row = reader.get(PLACE, order.campaign_id, order.person_id)
    return row if row is not None and row.order_id == order.order_id else None


def price_off(reader: Reader | Transaction, order: OrderRow) -> Money | None:
    """What an order's place takes off its price, as it was fixed when the place was given; None for nothing."""
    place = place_of(reader, order)
    if place is None or not place.price_off_minor:
        return None
    return Money(place.price_off_minor, find_campaign(reader, place.campaign_id).currency)


def why_no_quote(reader: Reader | Transaction, order: OrderRow, now: datetime) -> str | None:
    """Why an order's place carries no new date, or None when it does: the time to pay for it is over."""
    place = place_of(reader, order)
    if place is None or place.held_until is None or now < place.held_until:
        return None
    return f"the place was held until {place.held_until.isoformat()}, and no deposit was paid: it goes to the next"


def deposit_due(reader: Reader | Transaction, order: OrderRow) -> Money | None:
    """The deposit that an order's campaign asks for; None where the order was reserved in none."""
    return None if order.campaign_id is None else find_campaign(reader, order.campaign_id).deposit


def refundable_in(reader: Reader | Transaction, order: OrderRow, now: datetime) -> frozenset[State] | None:
    """The states in which the campaign's terms give the deposit back now; None where the order was reserved in none."""
    if order.campaign_id is None:
        return None
    campaign = find_campaign(reader, order.campaign_id)
    if campaign.refund_within_hours is not None and order.deposited_at is not None:
        last = order.deposited_at + timedelta(hours=campaign.refund_within_hours)
        if now > last:
            return frozenset()
    return {
        Refundable.NEVER: frozenset[State](),
        Refundable.LOCK: frozenset({State.DEPOSITED}),
        Refundable.BUILD: frozenset({State.DEPOSITED, State.LOCKED}),
    }[campaign.refundable]


_STATES = {state.value: state for state in PlaceState}  # asking the enumeration takes longer


def _place(campaign: CampaignRow, row: PlaceRow) -> Place:
    return Place(
        row.order_id,
        _STATES[row.state],
        position=row.position,
        place_no=row.place_no,
        price_off=amount(row.price_off_minor, campaign.currency) if row.price_off_minor else None,
        deposit=campaign.deposit,
        held_until=row.held_until,
    )


def _stream(campaign_id: str) -> str:
    return f"campaign/{campaign_id}"
