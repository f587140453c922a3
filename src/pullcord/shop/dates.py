"""The dates of a city: what may be sold there at all, on which days it can be delivered, and what each day costs."""

from __future__ import annotations

from dataclasses import dataclass

from pullcord.base import Money
from pullcord.channel import Barred, Subsidy
from pullcord.promising import Menu
from pullcord.store import Reader

from .house import Shop
from .refusals import refusal
from .words import Words

Weeks = tuple[tuple[dict[str, str], ...], str]

WEEKS_SHOWN = 8
FEW = 50  # places that are worth a word: whoever waits may find them gone


@dataclass(frozen=True, slots=True)
class Dates:
    """The answer for one variant, plan and city. `barred` says why nothing can be sold; `why_none` why no date can
    be kept; `terms` are the terms of the city."""

    barred: str = ""
    weeks: tuple[dict[str, str], ...] = ()
    why_none: str = ""
    terms: tuple[str, ...] = ()


NOTHING = Dates()


async def for_city(shop: Shop, t: Words, variant_id: str, plan: str, city_id: str) -> Dates:
    """What is offered in a city. Nobody is asked for anything before this is known."""
    barred = shop.house.channel.why_not(variant_id, plan, city_id)
    if barred is not None:
        return Dates(barred=barred_said(t, barred))
    terms = tuple(city_terms(shop, t, plan, city_id))
    found, why_none = await weeks(shop, t, variant_id, plan, city_id)
    return Dates(weeks=found, why_none=why_none, terms=terms)


async def weeks(shop: Shop, t: Words, variant_id: str, plan: str, city_id: str) -> Weeks:
    """The weeks that can be promised, the earliest first, each with what it costs or saves; or why there is none."""

    def look(reader: Reader) -> Menu:
        return shop.app.desk.menu(reader, variant_id, plan, city_id, shop.context.clock.now())

    menu = await shop.read(look)
    found: list[dict[str, str]] = []
    for week in menu.weeks[:WEEKS_SHOWN]:
        said = [t("date.built_in", week=t.short_day(week.week_start))]
        if week.places <= FEW:
            said.append(t("date.places", n=week.places))
        if not found:
            said.insert(0, t("date.earliest"))
        found.append(
            {
                "id": week.week_start.isoformat(),
                "day": t.day(week.deliver_on),
                "said": (" · ").join(said),
                "difference": difference(t, week.price_difference),
            }
        )
    return tuple(found), refusal(t, menu.refused) if menu.refused and not found else ""


def difference(t: Words, amount: Money) -> str:
    """What a week costs or saves against the card's price."""
    if amount.minor == 0:
        return t("date.same_price")
    return t("date.costs", amount=t.money(amount)) if amount.minor > 0 else t("date.saves", amount=t.money(-amount))


def barred_said(t: Words, barred: Barred) -> str:
    """Why something is not sold in a city, in the reader's language."""
    return barred.why_local if t.language == "zh" else f"{barred.why[:1].upper()}{barred.why[1:]}."


def city_terms(shop: Shop, t: Words, plan: str, city_id: str) -> list[str]:
    """What the city adds to the terms: who sells and invoices, the plate, the subsidy."""
    terms = shop.house.channel.terms(plan, city_id)
    said = t("terms.invoice_yes" if terms.invoice else "terms.invoice_no", city=shop.city(t, city_id))
    told = [t("terms.seller", seller=shop.party(t, terms.seller), invoice=said)]
    if terms.plate:
        told.append(t("terms.plate", plate=terms.plate))
    if terms.subsidy is not None and terms.subsidy.in_force(shop.today()):
        told.append(subsidy_said(t, terms.subsidy))
    return told


def subsidy_said(t: Words, subsidy: Subsidy) -> str:
    """What somebody else pays towards the purchase, and what it takes."""
    name, payer = t.name("subsidy", subsidy.name, subsidy.name), t.name("payer", subsidy.payer, subsidy.payer)
    parts = [t("terms.subsidy", subsidy=name, payer=payer)]
    if subsidy.most is not None:
        parts.append(t("terms.subsidy_most", most=t.money(subsidy.most)))
    if subsidy.until is not None:
        parts.append(t("terms.subsidy_until", day=t.day(subsidy.until)))
    if subsidy.needs_local_invoice:
        parts.append(t("terms.subsidy_invoice"))
    return ("" if t.language == "zh" else " ").join(parts)
