"""An order in words: its price and terms as agreed, what was paid, and the lines of its timeline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pullcord import campaigns, offers
from pullcord.base import Money
from pullcord.campaigns import CampaignRow
from pullcord.offers import PlanPrice
from pullcord.orders import OrderRow, State
from pullcord.store import Event, Reader

from .house import Shop
from .offering import Line, order_terms, price_lines, terms_sentence
from .refusals import refusal
from .timeline import Step
from .words import Words


def order_view(shop: Shop, t: Words, row: OrderRow, events: list[Event[Any]], due: Money) -> dict[str, Any]:
    """What the pages of an order say of it."""
    variant = shop.house.variants[row.variant_id]
    return {
        "id": row.order_id,
        "state": row.state.value,
        "variant_name": shop.variant_name(t, variant),
        "city": shop.city(t, row.city_id),
        "version": sum(event.stream == f"order/{row.order_id}" for event in events),
        "deliver_on": t.day(row.deliver_on) if row.deliver_on else "",
        "delivered_on": t.day(row.delivered_on) if row.delivered_on else "",
        "valid_until": t.moment(shop.local(row.valid_until)) if row.valid_until else "",
        "deposit_due": t.money(due),
        "paid": paid_lines(t, row),
    }


def paid_lines(t: Words, row: OrderRow) -> list[tuple[str, str]]:
    """What was paid, what went back, what was kept."""
    if row.currency is None:
        return []
    lines = []
    if row.deposit_minor:
        lines.append((t("order.deposit"), t.money(Money(row.deposit_minor, row.currency))))
    if row.refunded_minor:
        lines.append((t("order.refunded"), t.money(Money(row.refunded_minor, row.currency))))
    if row.state is State.CANCELLED and row.deposit_minor > row.refunded_minor:
        lines.append((t("order.forfeited"), t.money(Money(row.deposit_minor - row.refunded_minor, row.currency))))
    return lines


@dataclass(frozen=True, slots=True)
class Bargain:
    """What an order's price and terms rest on beside the price card: its place in a campaign, if it has one."""

    row: OrderRow
    off: Money | None
    campaign: CampaignRow | None


def bargain_of(reader: Reader, row: OrderRow) -> Bargain:
    """The campaign behind an order, with what its place takes off the price."""
    if row.campaign_id is None:
        return Bargain(row, None, None)
    return Bargain(row, campaigns.price_off(reader, row), campaigns.find_campaign(reader, row.campaign_id))


def price_now(shop: Shop, bargain: Bargain) -> PlanPrice:
    """The plan's price as this order has it: as quoted; before that the card's, less what the campaign takes off."""
    row = bargain.row
    card = shop.house.prices[row.variant_id, row.plan]
    if row.price_minor is not None and row.currency is not None:
        return replace(card, price=Money(row.price_minor, row.currency))
    return replace(card, price=card.price - bargain.off) if bargain.off is not None else card


def agreed_lines(shop: Shop, t: Words, bargain: Bargain) -> tuple[Line, ...]:
    """The figures of the price as agreed: the price of this order, and the plan's other figures."""
    lines = price_lines(t, price_now(shop, bargain), fees=True)
    if bargain.row.state in (State.RESERVED, State.QUOTED):
        return lines
    return (Line(t("order.price"), lines[0].figure), *lines[1:])


def agreed_terms(shop: Shop, t: Words, bargain: Bargain) -> list[str]:
    """The terms of the order; where the card has changed since the quote, the words that were agreed to."""
    row, price = bargain.row, price_now(shop, bargain)
    card = shop.house.prices[row.variant_id, row.plan]
    bases = [card, replace(card, price=card.price - bargain.off)] if bargain.off is not None else [card]
    told = [t.plan(row.plan)]
    if row.terms is None or any(row.terms.startswith(offers.terms(base)) for base in bases):
        told.append(terms_sentence(t, price))
    else:
        told.append(t("order.contract", terms=row.terms))
    if price.price != card.price:
        told.append(t("terms.against_card", amount=t.signed(price.price - card.price)))
    return [*told, *(order_terms(shop, t)[1:] if bargain.campaign is None else campaign_terms(t, bargain.campaign))]


def campaign_terms(t: Words, campaign: CampaignRow) -> list[str]:
    """Deposit and refund as a campaign has them, in place of the program's."""
    told = [
        t("campaign.deposit", deposit=t.money(campaign.deposit)),
        t(f"campaign.refund_{campaign.refundable_until}"),
    ]
    if campaign.refund_within_hours is not None:
        told.append(t("campaign.refund_hours", hours=campaign.refund_within_hours))
    if campaign.pay_within_hours is not None:
        told.append(t("campaign.pay_within", hours=campaign.pay_within_hours))
    return [*told, t("terms.built")]


def step_view(shop: Shop, t: Words, step: Step) -> dict[str, str]:
    """A line of the timeline in words."""
    values: dict[str, Any] = {}
    key = step.key
    for name, value in step.values.items():
        if name == "why":
            values[name] = refusal(t, value)
        elif name == "city":
            values[name] = shop.city(t, value)
        elif name == "plant":
            values[name] = t.name("plant", value, shop.house.plants[value].name)
        elif name == "week":
            values[name] = t.short_day(value)
        elif name in ("until", "at"):
            values[name] = t.moment(shop.local(value))
        elif isinstance(value, date):
            values[name] = t.day(value)
        elif isinstance(value, Money):
            values[name] = t.money(value)
        elif isinstance(value, float):
            values[name] = t.number(value)
        else:
            values[name] = str(value)
    if key.startswith("next.") and values:
        longer = {"until": f"{key}_until", "at": f"{key}_at", "week": f"{key}_in"}
        key = next((full for name, full in longer.items() if name in values and t.has(full)), key)
    when, iso = "", ""
    if step.at is not None:
        local = shop.local(step.at)
        when, iso = t.moment(local), step.at.isoformat()
    elif step.on is not None:
        when, iso = t.day(step.on), step.on.isoformat()
    return {"kind": step.kind, "text": t(key, **values), "when": when, "iso": iso}
