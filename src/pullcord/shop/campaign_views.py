"""A campaign in words: its terms, what is left, and where somebody stands in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pullcord import campaigns
from pullcord.base import Money
from pullcord.campaigns import ANY, PLACE, PlaceRow, PlaceState, Standing
from pullcord.store import Reader

from .house import Shop
from .words import Words


@dataclass(frozen=True, slots=True)
class CampaignView:
    """A campaign in the reader's language."""

    id: str
    name: str
    standing: str
    open: bool
    terms: list[str]
    ladder: list[dict[str, str]]
    quotas: list[dict[str, str]]


def open_now(shop: Shop, t: Words) -> CampaignView | None:
    """The campaign that is open, for the first page; the one that closes first where there are several."""
    now = shop.context.clock.now()
    with shop.app.ledger.reader() as reader:
        rows = [row for row in reader.select(campaigns.CAMPAIGN) if row.closed_at is None and now < row.closes_at]
        if not rows:
            return None
        first = min(rows, key=lambda row: (row.closes_at, row.campaign_id))
        return view(shop, t, campaigns.standing(reader, first.campaign_id))


def view(shop: Shop, t: Words, found: Standing) -> CampaignView:
    """A campaign's terms and standing."""
    now = shop.context.clock.now()
    whole = [quota for quota in found.quotas if quota.variant_id == ANY and quota.city_id == ANY] or list(found.quotas)
    places, left = sum(quota.places for quota in whole), sum(quota.remaining for quota in whole)
    opens, closes = (t.moment(shop.local(at)) for at in (found.opens_at, found.closes_at))
    if found.open_at(now):
        said = t(
            "campaign.standing",
            left=t.number(left),
            places=t.number(places),
            waiting=t.number(found.waiting),
            until=closes,
        )
        if found.price_off is not None and left:
            said = ("" if t.language == "zh" else " ").join((said, t("campaign.next", amount=t.money(found.price_off))))
    elif now < found.opens_at and found.closed_at is None:
        said = t("campaign.soon", day=opens, places=t.number(places))
    else:
        said = t("campaign.over")
    terms = [t("campaign.deposit", deposit=t.money(found.deposit)), t(f"campaign.refund_{found.refundable_until}")]
    if found.refund_within_hours is not None:
        terms.append(t("campaign.refund_hours", hours=found.refund_within_hours))
    if found.pay_within_hours is not None:
        terms.append(t("campaign.pay_within", hours=found.pay_within_hours))
    terms += [t("campaign.hold", hours=found.hold_hours), t("campaign.one_each")]
    return CampaignView(
        found.campaign_id,
        found.name_local if t.language == "zh" else found.name,
        said,
        found.open_at(now),
        terms,
        [{"from": t.number(step.from_place), "off": t.money(step.price_off)} for step in found.price_ladder],
        [
            {
                "what": quota_said(shop, t, quota.variant_id, quota.city_id),
                "left": t.number(quota.remaining),
                "places": t.number(quota.places),
            }
            for quota in found.quotas
        ],
    )


def ahead_of(reader: Reader, place: PlaceRow) -> int:
    """How many wait before a person, or have a place held for them."""
    if place.position is None:
        return 0
    columns = PLACE.sql.c
    counted = sa.select(sa.func.count()).where(
        columns.program_id == reader.program_id,
        columns.campaign_id == place.campaign_id,
        columns.state.in_([PlaceState.QUEUED.value, PlaceState.OFFERED.value]),
        columns.position < place.position,
    )
    return int(reader.query(counted)[0][0])


def quota_said(shop: Shop, t: Words, variant_id: str, city_id: str) -> str:
    """What a quota counts."""
    what = t("campaign.everything") if variant_id == ANY else shop.variant_name(t, shop.house.variants[variant_id])
    where = t("campaign.everywhere") if city_id == ANY else shop.city(t, city_id)
    return f"{what} · {where}"


def place_view(shop: Shop, t: Words, found: Standing, place: PlaceRow, ordered: bool, ahead: int) -> dict[str, Any]:
    """Where a person stands: their place, their position in the queue, or the place held for them."""
    until = t.moment(shop.local(place.held_until)) if place.held_until else ""
    lines = []
    if place.price_off_minor:
        lines.append(t("campaign.place_off", amount=t.money(Money(place.price_off_minor, found.deposit.currency))))
    if place.state == PlaceState.OFFERED:
        said = t("campaign.place_offered", until=until)
    elif place.state == PlaceState.QUEUED:
        said = t("campaign.place_queued", n=t.number(place.position or 0), ahead=t.number(ahead))
    elif place.state in (PlaceState.RESERVED, PlaceState.PAID):
        said = t("campaign.place_reserved", n=t.number(place.place_no or 0))
        if place.state == PlaceState.RESERVED and until:
            lines.append(t("campaign.place_until", until=until))
    else:
        said = t("campaign.place_gone")
    return {
        "said": said,
        "lines": lines,
        "order": place.order_id if ordered else "",
        "offered": place.state == PlaceState.OFFERED,
        "waits": place.state in (PlaceState.QUEUED, PlaceState.OFFERED),
        "gone": place.state not in (PlaceState.RESERVED, PlaceState.PAID, PlaceState.QUEUED, PlaceState.OFFERED),
    }
