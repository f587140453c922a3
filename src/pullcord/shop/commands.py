"""The commands that the shop gives, all in the name of the person who is signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

from pullcord import campaigns
from pullcord.base import (
    LONGEST_NAMED_ID,
    Attempt,
    Conflict,
    Forbidden,
    InvalidInput,
    Money,
    PersonId,
    check_id,
)
from pullcord.campaigns import Place
from pullcord.orders import ORDER, OrderRow, Outcome
from pullcord.store import Reader

from .house import NotHere, Shop


class Overtaken(Exception):
    """The order has moved on since the form was made."""


@asynccontextmanager
async def told_as_pages(shop: Shop) -> AsyncIterator[None]:
    """Somebody else's order is as one that does not exist, and the attempt is noted; what came first is no fault of
    the visitor."""
    try:
        yield
    except Forbidden as refused:
        if refused.attempt is not None:
            await shop.note(refused.attempt)
        raise NotHere from None
    except Conflict:
        raise Overtaken from None


async def reserve(shop: Shop, person: PersonId, order_id: str, variant_id: str, plan: str, city_id: str) -> Outcome:
    """Note the wish. The same form sent twice makes one order."""
    async with told_as_pages(shop):
        return await shop.give(shop.app.desk.reserve(order_id, person, variant_id, plan, city_id, person=person))


async def take_place(
    shop: Shop, person: PersonId, order_id: str, variant_id: str, plan: str, city_id: str, campaign_id: str
) -> Place:
    """Ask for a place in a campaign: with it comes the order, without it the queue."""
    async with told_as_pages(shop):
        return await shop.give(
            shop.app.desk.reserve_in_campaign(order_id, person, variant_id, plan, city_id, campaign_id, person=person)
        )


async def accept_place(shop: Shop, person: PersonId, order_id: str, campaign_id: str, attempt: int) -> Place:
    """Take the place that is held for the person."""
    async with told_as_pages(shop):
        return await shop.give(
            shop.app.desk.accept_offer(order_id, person, campaign_id, attempt=attempt, person=person)
        )


async def leave_queue(shop: Shop, person: PersonId, order_id: str, campaign_id: str) -> Place:
    """Wait no longer."""
    async with told_as_pages(shop):
        return await shop.give(shop.app.desk.leave_queue(order_id, person, campaign_id, person=person))


async def quote(shop: Shop, person: PersonId, order_id: str, week: date | None, attempt: int) -> Outcome:
    """Show a date and hold it."""
    async with told_as_pages(shop):
        return await shop.give(shop.app.desk.quote(order_id, week_start=week, attempt=attempt, person=person))


async def deposit(shop: Shop, person: PersonId, order_id: str, attempt: int) -> Outcome:
    """Take the deposit, once for each date that was shown, however often the form is sent."""
    async with told_as_pages(shop):
        return await shop.give(shop.app.desk.deposit(order_id, attempt=attempt, person=person))


async def cancel(shop: Shop, person: PersonId, order_id: str, reason: str) -> Outcome:
    """End the order."""
    async with told_as_pages(shop):
        return await shop.give(shop.app.desk.cancel(order_id, reason, person=person))


def own_order(reader: Reader, order_id: str, person: PersonId) -> OrderRow:
    """The person's order; NotHere for everybody else's as for those that do not exist."""
    row = _order(reader, order_id)
    if row.person_id != person:
        raise NotHere
    return row


def _order(reader: Reader, order_id: str) -> OrderRow:
    try:
        row = reader.get(ORDER, check_id(order_id, "order", longest=LONGEST_NAMED_ID))
    except InvalidInput:  # not asked of the database: PostgreSQL takes no null byte
        row = None
    if row is None:
        raise NotHere
    return row


async def order_to_change(shop: Shop, person: PersonId, order_id: str, command: str) -> OrderRow:
    """The person's order, about which a command is asked; NotHere for everybody else's, which is noted."""

    def look(reader: Reader) -> OrderRow:
        row = _order(reader, order_id)
        if row.person_id != person:
            attempt = Attempt(shop.house.seller.party_id, command, f"{command.partition('.')[2]}-{row.order_id}")
            raise Forbidden(f"order `{row.order_id}` is another person's", None, attempt)
        return row

    async with told_as_pages(shop):
        return await shop.read(look)


def deposit_due(shop: Shop, reader: Reader, row: OrderRow) -> Money:
    """What the order asks for as a deposit."""
    return campaigns.deposit_due(reader, row) or shop.deposit


def back_on_cancel(shop: Shop, reader: Reader, row: OrderRow) -> tuple[Money | None, Money | None]:
    """What would go back, and what would be kept, if the order were cancelled now."""
    owed_minor = row.deposit_minor - row.refunded_minor
    if owed_minor <= 0 or row.currency is None:
        return None, None
    owed = Money(owed_minor, row.currency)
    refundable = shop.app.desk.refundable_in(reader, row, shop.context.clock.now())
    return (owed, None) if row.state in refundable else (None, owed)
