"""The pages that anybody may read: the car, the configurator, the price card, the date, the claims."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get

from pullcord.base import secret_token
from pullcord.product import Rule, Variant

from . import campaign_views, claimed, dates
from .configurator import Choices, by_id, configure
from .house import NotHere, Shop, markup
from .offering import KM_MAX, YEARS, order_terms, own_mileage, plan_views, prices_of, reckon
from .picture import picture, swatch
from .visit import AnyRequest, Visit
from .words import Words

CLAIMS_FIRST = 6  # on the first page


def handlers(shop: Shop) -> list[Any]:
    """The handlers of these pages."""

    @get("/")
    async def home(request: AnyRequest) -> Response[bytes]:
        visit = await shop.visit(request)
        return shop.answer(visit, first_page(shop, visit))

    @get("/configure")
    async def configurator(request: AnyRequest) -> Response[bytes]:
        visit = await shop.visit(request)
        t = visit.words
        asked = dict(request.query_params.items())
        found = configure(shop.program.product, shop.program.variants, asked)
        families = [
            {
                "id": family.family_id,
                "name": t.name("family", family.family_id, family.name),
                "colour": family.family_id == "colour",
                "options": [
                    {
                        "id": o.option_id,
                        "name": option_name(t, family.family_id, o.option_id, o.name),
                        "chosen": o.chosen,
                        "reasons": [t("configure.why", reason=reason(t, rule)) for rule in o.rules],
                        "instead": urlencode(list(o.instead.items())) if o.instead else "",
                        "instead_said": t("configure.instead", choices=changed(shop, t, found.choices, o.instead))
                        if o.instead
                        else "",
                        "swatch": swatch(o.option_id) if family.family_id == "colour" else "",
                    }
                    for o in family.options
                ],
            }
            for family in found.families
        ]
        variant = found.variant
        label = t("picture.label", name=variant_label(shop, t, found.choices))
        return shop.page(
            visit,
            "configure",
            picture=markup(picture(shop.program.category, found.choices, label, "stage")),
            families=families,
            conflict=[reason(t, rule) for rule in found.conflict],
            variant=None if variant is None else variant_view(shop, t, variant),
            plans=[] if variant is None else plan_views(shop, t, prices_of(shop, variant)),
            on_sale=[variant_view(shop, t, v) for v in found.on_sale],
        )

    @get("/price")
    async def price(request: AnyRequest) -> Response[bytes]:
        visit = await shop.visit(request)
        t = visit.words
        variant = asked_variant(shop, request)
        prices = prices_of(shop, variant)
        km = whole(request.query_params.get("km"), own_mileage(shop), KM_MAX)
        asks = len(prices) > 1 and any(p.monthly is not None for p in prices)
        reckoned = reckon(t, prices, km) if asks else None
        return shop.page(
            visit,
            "price",
            variant=variant_view(shop, t, variant),
            plans=plan_views(shop, t, prices),
            deposit=t.money(shop.deposit),
            lock_time=shop.lock_time(t),
            asks_mileage=asks,
            years=YEARS,
            km=km,
            km_said=t.number(km),
            km_median=t.number(own_mileage(shop)),
            table=reckoned.table if reckoned else [],
            chart=reckoned.chart if reckoned else "",
            meet=reckoned.meet if reckoned else [],
        )

    @get("/date")
    async def date_page(request: AnyRequest) -> Response[bytes]:
        visit = await shop.visit(request)
        t = visit.words
        variant = asked_variant(shop, request)
        prices = prices_of(shop, variant)
        chosen = next((p for p in prices if p.plan == request.query_params.get("plan")), prices[0])
        city = request.query_params.get("city", "")
        if city and city not in shop.house.cities:
            raise NotHere
        views = plan_views(shop, t, prices)
        answer = await dates.for_city(shop, t, variant.variant_id, chosen.plan, city) if city else dates.NOTHING
        return shop.page(
            visit,
            "date",
            keep_session=False,
            variant=variant_view(shop, t, variant),
            plans=views,
            plan=next(v for v in views if v.id == chosen.plan),
            city=city,
            city_name=shop.city(t, city) if city else "",
            cities=city_views(shop, t),
            barred=answer.barred,
            weeks=answer.weeks,
            no_date=answer.why_none,
            terms=[*answer.terms, *order_terms(shop, t), t("terms.week")] if city else [],
            quote_hours=t.number(shop.program.policies.quote_valid_hours),
            order_key=f"o-{secret_token(9)}",
        )

    @get("/claims")
    async def claims_page(request: AnyRequest) -> Response[bytes]:
        visit = replace(await shop.visit(request), address="/claims")
        t = visit.words
        body = shop.kept(
            ("claims", t.language, visit.person_id is not None),
            lambda: shop.render(visit, "claims", claims=claimed.views(shop, t)),
        )
        return shop.answer(visit, body)

    return [home, configurator, price, date_page, claims_page]


def first_page(shop: Shop, visit: Visit) -> bytes:
    """The first page, which is the same for everybody who reads the same language until the ledger grows."""
    t = visit.words
    visit = replace(visit, address="/")  # it is kept for others: nothing of this visitor's address goes into it

    def make() -> bytes:
        variant = shop.program.variants[0]
        return shop.render(
            visit,
            "home",
            picture=drawing(shop, t, variant, "hero"),
            plans=plan_views(shop, t, prices_of(shop, variant)),
            deposit=t.money(shop.deposit),
            quote_hours=t.number(shop.program.policies.quote_valid_hours),
            lock_time=shop.lock_time(t),
            claims=claimed.views(shop, t)[:CLAIMS_FIRST],
            campaign=campaign_views.open_now(shop, t),
        )

    return shop.kept(("home", t.language, visit.person_id is not None), make)


def asked_variant(shop: Shop, request: AnyRequest) -> Variant:
    """The variant that a request names; the first where it names none."""
    name = request.query_params.get("variant")
    if name is None:
        return shop.program.variants[0]
    variant = by_id(shop.program.variants, name)
    if variant is None:
        raise NotHere
    return variant


def variant_view(shop: Shop, t: Words, variant: Variant) -> dict[str, str]:
    """What a page needs of a variant."""
    return {
        "id": variant.variant_id,
        "name": shop.variant_name(t, variant),
        "query": urlencode(variant.choices),
    }


def city_views(shop: Shop, t: Words) -> list[dict[str, Any]]:
    """All cities, the largest first."""
    cities = sorted(shop.program.cities, key=lambda city: -city.population)
    return [{"id": c.city_id, "name": shop.city(t, c.city_id), "invoice": c.invoice} for c in cities]


def option_name(t: Words, family_id: str, option_id: str, given: str) -> str:
    """An option's name; ids are unique within a family only."""
    return t.name("option", f"{family_id}.{option_id}", given)


def reason(t: Words, rule: Rule) -> str:
    """Why a rule stands in the way."""
    return t.name("rule", rule.rule_id, rule.reason)


def changed(shop: Shop, t: Words, now: Choices, then: Choices) -> str:
    """The names of what would be chosen otherwise than now."""
    names = {(o.family_id, o.option_id): o.name for o in shop.program.product.options}
    mark = "、" if t.language == "zh" else ", "
    return mark.join(option_name(t, f, o, names[f, o]) for f, o in then.items() if now.get(f) != o)


def variant_label(shop: Shop, t: Words, choices: Choices) -> str:
    """The options chosen, by name: what a picture shows."""
    names = {(o.family_id, o.option_id): o.name for o in shop.program.product.options}
    mark = "、" if t.language == "zh" else ", "
    return mark.join(option_name(t, f, o, names[f, o]) for f, o in choices.items())


def drawing(shop: Shop, t: Words, variant: Variant, name: str) -> Any:
    """The picture of a variant."""
    label = t("picture.label", name=shop.variant_name(t, variant))
    return markup(picture(shop.program.category, dict(variant.choices), label, name))


def whole(text: str | None, default: int, most: int) -> int:
    """A whole number from a form, kept between 0 and `most`; what is none is the default."""
    try:
        return min(most, max(0, int(text or "")))
    except ValueError:
        return default
