"""A campaign's page: its terms, what is left, and where the visitor stands in it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from litestar import Response, get, post

from pullcord import campaigns
from pullcord.base import CampaignId, InvalidInput, NotFound, PersonId, check_id, secret_token
from pullcord.campaigns import PLACE, PlaceRow, PlaceState
from pullcord.orders import ORDER
from pullcord.store import Reader

from . import commands
from .browse import city_views, variant_view
from .campaign_views import ahead_of, place_view, view
from .commands import Overtaken
from .configurator import by_id
from .house import NotHere, Shop
from .offering import plan_views, prices_of
from .people import signed_in
from .visit import AnyRequest


def handlers(shop: Shop) -> list[Any]:
    """The handlers of these pages."""

    @get("/campaigns/{campaign_id:str}")
    async def campaign_page(request: AnyRequest) -> Response[bytes]:
        campaign_id = request.path_params["campaign_id"]
        visit = await shop.visit(request)
        t = visit.words
        person = visit.person_id

        def look(reader: Reader) -> Any:
            try:
                found = campaigns.standing(reader, CampaignId(check_id(campaign_id, "campaign")))
            except (InvalidInput, NotFound):
                raise NotHere from None
            place = reader.get(PLACE, campaign_id, person) if person is not None else None
            ordered = place is not None and reader.get(ORDER, place.order_id) is not None
            ahead = ahead_of(reader, place) if place is not None else 0
            return found, place, ordered, ahead

        found, place, ordered, ahead = await shop.read(look)
        told = None
        if request.query_params.get("told") == "refused":
            why = t("refusal.no_slot") if place is None else t("refusal.unknown")
            told = {"text": t("order.told_refused", why=why), "bad": True}
        variants = [variant_view(shop, t, v) for v in shop.program.variants]
        return shop.page(
            visit,
            "campaign",
            campaign=view(shop, t, found),
            told=told,
            place=None if place is None else place_view(shop, t, found, place, ordered, ahead),
            variants=variants,
            plans=plan_views(shop, t, prices_of(shop, shop.program.variants[0])),
            cities=[c for c in city_views(shop, t) if c["invoice"]],
            order_key=f"o-{secret_token(9)}",
        )

    @post("/campaigns/{campaign_id:str}", status_code=200)
    async def take(request: AnyRequest) -> Response[Any]:
        campaign_id = request.path_params["campaign_id"]
        visit = await shop.visit(request)
        person = signed_in(visit)
        sent = await shop.form(request, visit)
        variant = by_id(shop.program.variants, sent.get("variant", ""))
        plan, city = sent.get("plan", ""), sent.get("city", "")
        if variant is None or (variant.variant_id, plan) not in shop.house.prices or city not in shop.house.cities:
            raise NotHere
        try:
            place = await commands.take_place(
                shop, person, sent.get("order", ""), variant.variant_id, plan, city, campaign_id
            )
        except Overtaken:
            return shop.redirect(f"/campaigns/{campaign_id}")
        except (InvalidInput, NotFound):
            raise NotHere from None
        if place.state is PlaceState.RESERVED:
            return shop.redirect(f"/orders/{place.order_id}")
        told = "?told=refused" if place.state is PlaceState.REFUSED else ""
        return shop.redirect(f"/campaigns/{campaign_id}{told}")

    @post("/campaigns/{campaign_id:str}/accept", status_code=200)
    async def accept(request: AnyRequest) -> Response[Any]:
        campaign_id = request.path_params["campaign_id"]
        visit = await shop.visit(request)
        person = signed_in(visit)
        await shop.form(request, visit)
        place = await own_place(person, campaign_id)
        if place.state != PlaceState.OFFERED or place.held_until is None:
            return shop.redirect(f"/campaigns/{campaign_id}")
        offer = int(place.held_until.timestamp())  # names this offer: taken twice by a second click, it is taken once
        try:
            answer = await commands.accept_place(shop, person, place.order_id, campaign_id, offer)
        except Overtaken:
            return shop.redirect(f"/campaigns/{campaign_id}")
        except NotFound:
            raise NotHere from None
        if answer.state is PlaceState.RESERVED:
            return shop.redirect(f"/orders/{answer.order_id}")
        return shop.redirect(f"/campaigns/{campaign_id}?told=refused")

    @post("/campaigns/{campaign_id:str}/leave", status_code=200)
    async def leave(request: AnyRequest) -> Response[Any]:
        campaign_id = request.path_params["campaign_id"]
        visit = await shop.visit(request)
        person = signed_in(visit)
        await shop.form(request, visit)
        place = await own_place(person, campaign_id)
        with suppress(Overtaken, NotFound):  # left already
            await commands.leave_queue(shop, person, place.order_id, campaign_id)
        return shop.redirect(f"/campaigns/{campaign_id}")

    async def own_place(person: PersonId, campaign_id: str) -> PlaceRow:
        def look(reader: Reader) -> PlaceRow | None:
            return reader.get(PLACE, check_id(campaign_id, "campaign"), person)

        try:
            found = await shop.read(look)
        except InvalidInput:
            found = None
        if found is None:
            raise NotHere
        return found

    return [campaign_page, take, accept, leave]
