"""What the shop shows of a price: every figure that changes what is paid, and the terms as sentences."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from markupsafe import Markup

from pullcord import offers
from pullcord.base import Money, NotFound
from pullcord.offers import PlanPrice
from pullcord.product import Variant

from .chart import cost_chart, legend_line
from .house import Shop, markup
from .words import Words

YEARS = 5
KM_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of a price and what it stands for."""

    label: str
    figure: str


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as it is shown: all its figures, none of them smaller than the others."""

    id: str
    name: str
    lines: tuple[Line, ...]
    rest: str  # what comes on top of the price; empty where nothing does
    key: Markup  # its stroke in the chart


def plan_views(shop: Shop, t: Words, prices: list[PlanPrice]) -> list[PlanView]:
    """The plans of one variant, lowest price first."""
    fees = any(price.monthly is not None for price in prices)
    return [
        PlanView(
            price.plan,
            t.plan(price.plan),
            price_lines(t, price, fees),
            on_top(t, price),
            markup(legend_line(n)),
        )
        for n, price in enumerate(prices)
    ]


def on_top(t: Words, price: PlanPrice) -> str:
    """What comes on top of a plan's price, all of it: a price is never shown without what changes it."""
    if price.monthly is None or price.cap_km_per_month is None or price.overage is None:
        return ""
    return t(
        "configure.rest",
        monthly=t.money(price.monthly),
        cap=t.number(price.cap_km_per_month),
        overage=t.money(price.overage),
    )


def price_lines(t: Words, price: PlanPrice, fees: bool) -> tuple[Line, ...]:
    """The figures of one price; with `fees`, a plan that has no fee and no limit says so."""
    lines = [Line(t("price.paid_once"), t.money(price.price))]
    if price.monthly is not None and price.cap_km_per_month is not None and price.overage is not None:
        lines += [
            Line(t("price.each_month"), t.money(price.monthly)),
            Line(t("price.cap"), t("price.km", km=t.number(price.cap_km_per_month))),
            Line(t("price.overage"), t.money(price.overage)),
        ]
    elif fees:
        lines += [Line(t("price.no_fee"), t("price.none")), Line(t("price.no_cap"), t("price.none"))]
    return tuple(lines)


def prices_of(shop: Shop, variant: Variant) -> list[PlanPrice]:
    """The price card's rows for a variant, lowest price first."""
    rows = [price for (variant_id, _), price in shop.house.prices.items() if variant_id == variant.variant_id]
    return sorted(rows, key=lambda price: (price.price.minor, price.plan))


def terms_sentence(t: Words, price: PlanPrice) -> str:
    """A plan's price with all that changes it, in one sentence of the reader's language."""
    if price.monthly is None or price.cap_km_per_month is None or price.overage is None:
        return t("terms.paid_once", price=t.money(price.price))
    return t(
        "terms.battery_rent",
        price=t.money(price.price),
        monthly=t.money(price.monthly),
        cap=t.number(price.cap_km_per_month),
        overage=t.money(price.overage),
    )


def order_terms(shop: Shop, t: Words) -> list[str]:
    """What an order binds its customer to, whichever plan and city: hold, deposit, refund, lock."""
    policies = shop.program.policies
    told = [
        t("terms.hold", hours=t.number(policies.quote_valid_hours)),
        t("terms.deposit", deposit=t.money(shop.deposit)),
    ]
    if policies.deposit_refundable_until_lock:
        told += [t("terms.refund", lock_days=shop.lock_time(t)), t("terms.lock")]
    else:
        told.append(t("terms.no_refund"))
    told.append(t("terms.built"))
    return told


def own_mileage(shop: Shop) -> int:
    """The mileage that the price card starts from: the program's middle driver."""
    try:
        return round(shop.program.assumed("km_per_month_median"))
    except NotFound:
        return 1_000


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What the plans cost one driver over the card's years."""

    table: list[dict[str, Any]]
    chart: Markup
    meet: list[str]


def reckon(t: Words, prices: list[PlanPrice], km: int) -> Reckoned:
    """The table, the chart and the break-even in words, for a mileage a month."""
    months = 12 * YEARS
    card = offers.price_card(prices, prices[0].variant_id, km, months)
    over = {line.plan.plan: line for line in card.lines}
    rows: list[dict[str, Any]] = []

    def row(key: str, amounts: list[Money], *, total: bool = False) -> None:
        rows.append({"label": t(f"price.{key}"), "cells": [t.money(a) for a in amounts], "total": total})

    none = Money(0, prices[0].price.currency)
    fees = [(price.monthly or none) * months for price in prices]
    totals = [over[price.plan].over_the_period for price in prices]
    row("row_price", [price.price for price in prices])
    row("row_fees", fees)
    row("row_overage", [all_in - price.price - fee for all_in, price, fee in zip(totals, prices, fees, strict=True)])
    row("row_total", totals, total=True)
    row("row_month", [Money(round(Fraction(a.minor, months * 100)) * 100, a.currency) for a in totals])

    told: list[str] = []
    meet: Fraction | None = None
    renting = next((price for price in prices if price.monthly is not None), None)
    outright = next((price for price in prices if price.monthly is None), None)
    if renting is not None and outright is not None and renting.cap_km_per_month is not None:
        meet = offers.break_even_months(renting, outright, km)
        names = {"first": t.plan(renting.plan), "second": t.plan(outright.plan)}
        told.append(
            t("price.meet_never", **names)
            if meet is None
            else t("price.meet_at", months=t.number(float(meet), 2), **names)
        )
        above = km - renting.cap_km_per_month
        if above > 0 and renting.overage is not None:
            told.append(t("price.meet_over", over=t.number(above), extra=t.money(renting.overage * above)))
        else:
            told.append(t("price.meet_under", cap=t.number(renting.cap_km_per_month)))
        same = offers.break_even_km(renting, outright, months)
        if same is not None:
            told.append(t("price.meet_km", years=YEARS, km=t.number(float(same))))
    return Reckoned(rows, markup(cost_chart(t, prices, km, meet, months)), told)
