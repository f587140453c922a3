"""From the wish to the order, and the order's own page: hold a date, pay the deposit, follow, cancel."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

from litestar import Response, get, post

from pullcord import promising
from pullcord.base import InvalidInput, NotFound, PersonId
from pullcord.orders import STEPS, State
from pullcord.store import Reader

from . import commands, dates
from .browse import drawing
from .commands import Overtaken
from .configurator import by_id
from .house import NotHere, Shop
from .order_views import agreed_lines, agreed_terms, bargain_of, order_view, step_view
from .people import signed_in
from .refusals import refusal
from .timeline import order_events, past, planned_week, to_come
from .visit import AnyRequest, Visit

REASONS = ("waiting", "price", "other_car", "needs_changed", "unsaid")
TOLD = ("paid", "cancelled", "held", "changed")


def handlers(shop: Shop) -> list[Any]:
    """The handlers of these pages."""

    @post("/orders", status_code=200)
    async def order(request: AnyRequest) -> Response[Any]:
        visit = await shop.visit(request)
        person = signed_in(visit)
        sent = await shop.form(request, visit)
        variant = by_id(shop.program.variants, sent.get("variant", ""))
        plan, city, order_id = sent.get("plan", ""), sent.get("city", ""), sent.get("order", "")
        if variant is None or (variant.variant_id, plan) not in shop.house.prices or city not in shop.house.cities:
            raise NotHere
        if shop.house.channel.why_not(variant.variant_id, plan, city) is not None:
            return shop.redirect(f"/date?variant={variant.variant_id}&plan={plan}&city={city}")
        try:
            await commands.reserve(shop, person, order_id, variant.variant_id, plan, city)
            await commands.quote(shop, person, order_id, week_of(sent), attempt=1)
        except Overtaken:
            return shop.redirect(f"/orders/{order_id}?told=changed")
        except (InvalidInput, NotFound):
            raise NotHere from None
        return shop.redirect(f"/orders/{order_id}?told=held")

    @get("/orders/{order_id:str}")
    async def order_page(request: AnyRequest) -> Response[bytes]:
        order_id = request.path_params["order_id"]
        visit = await shop.visit(request)
        person = signed_in(visit)
        told = request.query_params.get("told", "")
        return await page_of(visit, person, order_id, told=told)

    async def page_of(visit: Visit, person: PersonId, order_id: str, *, told: str = "") -> Response[bytes]:
        t = visit.words

        def look(reader: Reader) -> Any:
            row = commands.own_order(reader, order_id, person)
            return (
                row,
                planned_week(reader, row),
                commands.deposit_due(shop, reader, row),
                bargain_of(reader, row),
            )

        row, week, due, bargain = await shop.read(look)
        events = await asyncio.to_thread(order_events, shop.app.ledger, row)
        variant = shop.house.variants[row.variant_id]
        said = None
        if told in TOLD and (told != "held" or row.state is State.QUOTED):
            said = {"text": t(f"order.told_{told}"), "bad": told == "changed"}
        weeks: tuple[dict[str, str], ...] = ()
        why_none = ""
        if row.state is State.RESERVED:
            weeks, why_none = await dates.weeks(shop, t, row.variant_id, row.plan, row.city_id)
        return shop.page(
            visit,
            "order",
            order=order_view(shop, t, row, events, due),
            told=said,
            refused=refusal(t, row.refused) if row.refused else why_none,
            weeks=weeks,
            picture=drawing(shop, t, variant, "order"),
            lines=agreed_lines(shop, t, bargain),
            terms=agreed_terms(shop, t, bargain),
            can_cancel=State.CANCELLED in STEPS[row.state],
            steps_done=[step_view(shop, t, step) for step in past(events)],
            steps_next=[step_view(shop, t, step) for step in to_come(row, shop.house, week)],
            last_seq=events[-1].seq if events else 0,
        )

    async def current(person: PersonId, order_id: str, sent: Any, command: str) -> int:
        """The order's version as the form knew it; Overtaken where it has moved on since."""
        row = await commands.order_to_change(shop, person, order_id, command)
        events = await asyncio.to_thread(lambda: list(shop.app.ledger.events(stream=f"order/{row.order_id}")))
        if sent.get("version") != str(len(events)):
            raise Overtaken
        return len(events)

    @post("/orders/{order_id:str}/date", status_code=200)
    async def ask_date(request: AnyRequest) -> Response[Any]:
        order_id = request.path_params["order_id"]
        visit = await shop.visit(request)
        person = signed_in(visit)
        sent = await shop.form(request, visit)
        try:
            attempt = await current(person, order_id, sent, "orders.quote")
            await commands.quote(shop, person, order_id, week_of(sent), attempt)
        except Overtaken:
            return shop.redirect(f"/orders/{order_id}?told=changed")
        return shop.redirect(f"/orders/{order_id}?told=held")

    @post("/orders/{order_id:str}/deposit", status_code=200)
    async def deposit(request: AnyRequest) -> Response[Any]:
        order_id = request.path_params["order_id"]
        visit = await shop.visit(request)
        person = signed_in(visit)
        sent = await shop.form(request, visit)
        try:
            attempt = await current(person, order_id, sent, "orders.deposit")
        except Overtaken:
            # The same form once more, by a second click or a reload: where it was paid for then, it is not paid again.
            key = f"command/deposit-{order_id}-{attempt_of(sent)}"
            again = await asyncio.to_thread(lambda: next(shop.app.ledger.events(stream=key), None))
            row = await shop.read(lambda reader: commands.own_order(reader, order_id, person))
            paid = again is not None and row.deposit_minor > 0 and row.state is not State.CANCELLED
            return shop.redirect(f"/orders/{order_id}?told={'paid' if paid else 'changed'}")
        try:
            answer = await commands.deposit(shop, person, order_id, attempt)
        except Overtaken:
            return shop.redirect(f"/orders/{order_id}?told=changed")
        return shop.redirect(f"/orders/{order_id}?told={'changed' if answer.refused else 'paid'}")

    @get("/orders/{order_id:str}/cancel")
    async def cancel_page(request: AnyRequest) -> Response[Any]:
        order_id = request.path_params["order_id"]
        visit = await shop.visit(request)
        person = signed_in(visit)
        t = visit.words

        def look(reader: Reader) -> Any:
            row = commands.own_order(reader, order_id, person)
            moved = promising.was_moved_later(reader, row.order_id)
            return row, commands.back_on_cancel(shop, reader, row), commands.deposit_due(shop, reader, row), moved

        row, (back, kept), due, moved = await shop.read(look)
        if State.CANCELLED not in STEPS[row.state]:
            return shop.redirect(f"/orders/{order_id}")
        events = await asyncio.to_thread(order_events, shop.app.ledger, row)
        firm = row.state is State.LOCKED
        if back is not None:
            consequence = t("cancel.refund", amount=t.money(back))
            why = "why_refund" if not firm else "why_moved" if moved else "why_refund_terms"
        elif kept is not None:
            consequence = t("cancel.forfeit", amount=t.money(kept))
            why = "why_forfeit" if firm else "why_forfeit_terms"
        else:
            consequence, why = t("cancel.nothing"), ""
        return shop.page(
            visit,
            "cancel",
            order=order_view(shop, t, row, events, due),
            consequence=consequence,
            why=t(f"cancel.{why}") if why else "",
            forfeit=kept is not None,
        )

    @post("/orders/{order_id:str}/cancel", status_code=200)
    async def cancel(request: AnyRequest) -> Response[Any]:
        order_id = request.path_params["order_id"]
        visit = await shop.visit(request)
        person = signed_in(visit)
        sent = await shop.form(request, visit)
        reason = sent.get("reason", "")
        try:
            row = await commands.order_to_change(shop, person, order_id, "orders.cancel")
            if row.state is State.CANCELLED:
                return shop.redirect(f"/orders/{order_id}?told=cancelled")
            # What was said to go back or be kept must still be so: otherwise it is said anew first.
            await current(person, order_id, sent, "orders.cancel")
            _, kept = await shop.read(lambda reader: commands.back_on_cancel(shop, reader, row))
            if (kept is not None) != (sent.get("kept") == "yes"):
                raise Overtaken  # time alone may have changed it
            answer = await commands.cancel(shop, person, order_id, reason if reason in REASONS else "unsaid")
        except Overtaken:
            return shop.redirect(f"/orders/{order_id}?told=changed")
        return shop.redirect(f"/orders/{order_id}?told={'changed' if answer.refused else 'cancelled'}")

    return [order, order_page, ask_date, deposit, cancel_page, cancel]


def attempt_of(sent: Any) -> int:
    """The order's version that a form was made for; 0 for none."""
    text = sent.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def week_of(sent: Any) -> date | None:
    """The week that a form chose, if it chose one."""
    try:
        return date.fromisoformat(sent.get("week", ""))
    except ValueError:
        return None
