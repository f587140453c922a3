"""How events write the tables of campaigns.

A place is a row for each campaign and person, and the quota's rows count what is left. One event about an order moves
both, so a place is never given without being counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache

from msgspec.structs import replace

from pullcord.base import CampaignId, OrderId
from pullcord.orders import ORDER, OrderCancelled, OrderDeposited, OrderReserved
from pullcord.store import Event, Projection, Reader, Rows, Transaction

from .model import (
    ANY,
    CampaignClosed,
    CampaignOffered,
    CampaignOfferLapsed,
    CampaignOpened,
    CampaignQueued,
    CampaignQueueLeft,
    PlaceState,
)
from .tables import (
    CAMPAIGN,
    CAMPAIGN_COUNT,
    ENTRY,
    LINE,
    PLACE,
    QUOTA,
    STEP,
    CampaignCountRow,
    CampaignRow,
    EntryRow,
    LineRow,
    PlaceRow,
    QuotaRow,
    StepRow,
)

# A campaign's row says which kinds of quota it has, so that nobody looks for others in the rush.
_KINDS = {"b": (True, True), "v": (True, False), "c": (False, True), "a": (False, False)}


def _kind(variant_id: str, city_id: str) -> str:
    wanted = (variant_id != ANY, city_id != ANY)
    return next(kind for kind, has in _KINDS.items() if has == wanted)


@lru_cache(maxsize=4096)
def _cells(quotas_by: str, variant_id: str, city_id: str) -> tuple[tuple[str, str], ...]:
    kinds = [_KINDS[kind] for kind in quotas_by]
    return tuple((variant_id if by_variant else ANY, city_id if by_city else ANY) for by_variant, by_city in kinds)


def quotas_of(
    rows: Rows | Reader | Transaction, campaign: CampaignRow, variant_id: str, city_id: str
) -> list[QuotaRow]:
    """Every quota that a place of this variant in this city counts against."""
    get, campaign_id = rows.get, campaign.campaign_id
    found = [get(QUOTA, campaign_id, *cell) for cell in _cells(campaign.quotas_by, variant_id, city_id)]
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
            "".join(sorted({_kind(quota.variant_id, quota.city_id) for quota in terms.quotas})),
        ),
    )
    rows.put(CAMPAIGN_COUNT, CampaignCountRow(terms.campaign_id, 0, 0, 0, 0, 0))
    for quota in terms.quotas:
        rows.put(QUOTA, QuotaRow(terms.campaign_id, quota.variant_id, quota.city_id, quota.places, quota.places))
    for number, step in enumerate(terms.price_ladder, start=1):
        rows.put(STEP, StepRow(terms.campaign_id, number, step.from_place, step.price_off.minor))


def _closed(rows: Rows, event: Event[CampaignClosed]) -> None:
    rows.put(CAMPAIGN, replace(_campaign(rows, event.body.campaign_id), closed_at=event.recorded_at))


def _count(rows: Rows, campaign_id: CampaignId) -> CampaignCountRow:
    row = rows.get(CAMPAIGN_COUNT, campaign_id)
    assert row is not None, f"a place in a campaign that was never opened: {campaign_id}"
    return row


def _campaign(rows: Rows, campaign_id: CampaignId) -> CampaignRow:
    row = rows.get(CAMPAIGN, campaign_id)
    assert row is not None, f"a place in a campaign that was never opened: {campaign_id}"
    return row


def _take(rows: Rows, campaign: CampaignRow, variant_id: str, city_id: str) -> tuple[int, int]:
    """Count one place more; its number, and what is taken off its price in minor units."""
    campaign_id = campaign.campaign_id
    for quota in quotas_of(rows, campaign, variant_id, city_id):
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
    for quota in quotas_of(rows, _campaign(rows, campaign_id), variant_id, city_id):
        rows.put(QUOTA, replace(quota, remaining=quota.remaining + 1))
    count = _count(rows, campaign_id)
    rows.put(CAMPAIGN_COUNT, replace(count, held=count.held - 1))


def _reserved(rows: Rows, event: Event[OrderReserved]) -> None:
    body = event.body
    campaign_id = body.campaign_id
    if campaign_id is None:
        return
    campaign = _campaign(rows, campaign_id)
    hours = campaign.pay_within_hours
    held_until = None if hours is None else event.recorded_at + timedelta(hours=hours)
    offered = rows.get(PLACE, campaign_id, body.person_id)
    if offered is not None:  # counted, and its price fixed, when it was offered
        rows.put(PLACE, replace(offered, state=PlaceState.RESERVED.value, held_until=held_until))
        return
    place_no, off_minor = _take(rows, campaign, body.variant_id, body.city_id)
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
    place_no, off_minor = _take(rows, _campaign(rows, body.campaign_id), entry.variant_id, entry.city_id)
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
