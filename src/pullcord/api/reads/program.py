"""What every party may read: the program, what can be had in it, where, and at which price with which terms."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from pullcord import offers
from pullcord.base import Money

from ..given import Id, Query
from ..operation import ReadOperation, Seen


class Variant(msgspec.Struct, frozen=True):
    """A configuration on sale, with the option it has of each family."""

    variant_id: str
    name: str
    options: dict[str, str]
    plans: tuple[str, ...]


class City(msgspec.Struct, frozen=True):
    """A city, and whether the seller can issue an invoice there."""

    city_id: str
    name: str
    local_name: str
    invoice: bool


class Member(msgspec.Struct, frozen=True):
    """A party of the alliance."""

    party_id: str
    name: str
    role: str


class ProgramView(msgspec.Struct, frozen=True):
    """The program: what is sold, by whom, under which policies."""

    program_id: str
    name: str
    category: str
    unit_name: str
    currency: str
    utc_offset_hours: float
    starts_on: date
    horizon_weeks: int
    mode: str
    digest: str
    plans: tuple[str, ...]
    deposit: Money
    deposit_refundable_until_lock: bool
    quote_valid_hours: int
    lock_hours: int
    freeze_weeks: int
    parties: tuple[Member, ...]


class Variants(msgspec.Struct, frozen=True):
    """All configurations on sale."""

    items: tuple[Variant, ...]


class Cities(msgspec.Struct, frozen=True):
    """All cities of the program."""

    items: tuple[City, ...]


class PriceLine(msgspec.Struct, frozen=True):
    """One plan with every term that changes what is paid; `terms` leaves nothing out."""

    plan: str
    price: Money
    monthly: Money | None
    cap_km_per_month: int | None
    overage_per_km: Money | None
    per_month_at_mileage: Money
    over_the_period: Money
    terms: str


class BreakEven(msgspec.Struct, frozen=True):
    """When a plan with a fee has cost as much as one paid once; None where that never happens."""

    fee_plan: str
    outright_plan: str
    months: float | None
    km_per_month: float | None


class PriceCard(msgspec.Struct, frozen=True):
    """All plans of one variant at a driver's mileage, cheapest over the period first."""

    variant_id: str
    km_per_month: int
    months: int
    lines: tuple[PriceLine, ...]
    break_even: tuple[BreakEven, ...]


class MileageQuery(Query, frozen=True, kw_only=True):
    """How far the driver goes, and over how long costs are compared."""

    km_per_month: Annotated[int, Meta(ge=0, le=50_000)] = 1_000
    months: Annotated[int, Meta(ge=1, le=240)] = 60


class Week(msgspec.Struct, frozen=True):
    """One week in which the vehicle could be built, and what choosing it costs or saves."""

    week_start: date
    plant_id: str
    deliver_on: date
    price_difference: Money
    places: int


class MenuView(msgspec.Struct, frozen=True):
    """Every week that can take the vehicle, earliest delivery first. Nothing is held."""

    variant_id: str
    plan: str
    city_id: str
    weeks: tuple[Week, ...]
    refused: str | None


class MenuQuery(Query, frozen=True, kw_only=True):
    """Under which plan, and where it goes."""

    plan: Id
    city_id: Id


class FilterQuery(Query, frozen=True, kw_only=True):
    """Only variants with this option, or sold under this plan."""

    option: Id | None = None
    plan: Id | None = None


def _program(seen: Seen) -> ProgramView:
    program, policies = seen.app.program, seen.app.program.policies
    return ProgramView(
        program.program_id,
        program.name,
        program.category,
        program.unit_name,
        program.currency,
        program.utc_offset_hours,
        program.starts_on,
        program.horizon_weeks,
        program.mode.value,
        program.digest,
        program.plans,
        policies.deposit,
        policies.deposit_refundable_until_lock,
        policies.quote_valid_hours,
        policies.lock_hours,
        policies.freeze_weeks,
        tuple(Member(p.party_id, p.name, p.role.value) for p in program.parties),
    )


def _variants(seen: Seen) -> Variants:
    query: FilterQuery = seen.query
    program = seen.app.program
    plans: dict[str, list[str]] = {}
    for price in program.prices:
        plans.setdefault(price.variant_id, []).append(price.plan)
    return Variants(
        tuple(
            Variant(v.variant_id, v.name, dict(v.choices), tuple(plans.get(v.variant_id, ())))
            for v in program.variants
            if query.option is None or query.option in {option for _, option in v.choices}
            if query.plan is None or query.plan in plans.get(v.variant_id, ())
        )
    )


def _variant(seen: Seen) -> Variant:
    found = seen.house.variant(seen.path["variant_id"])
    plans = tuple(p.plan for p in seen.app.program.prices if p.variant_id == found.variant_id)
    return Variant(found.variant_id, found.name, dict(found.choices), plans)


def _prices(seen: Seen) -> PriceCard:
    query: MileageQuery = seen.query
    variant = seen.house.variant(seen.path["variant_id"])
    card = offers.price_card(seen.app.program.prices, variant.variant_id, query.km_per_month, query.months)
    return PriceCard(
        card.variant_id,
        card.km_per_month,
        card.months,
        tuple(
            PriceLine(
                line.plan.plan,
                line.plan.price,
                line.plan.monthly,
                line.plan.cap_km_per_month,
                line.plan.overage,
                line.per_month,
                line.over_the_period,
                line.terms,
            )
            for line in card.lines
        ),
        tuple(BreakEven(*pair) for pair in card.break_even),
    )


def _menu(seen: Seen) -> MenuView:
    query: MenuQuery = seen.query
    variant_id = seen.path["variant_id"]
    menu = seen.app.desk.menu(seen.reader, variant_id, query.plan, query.city_id, seen.app.clock.now())
    weeks = tuple(Week(w.week_start, w.plant_id, w.deliver_on, w.price_difference, w.places) for w in menu.weeks)
    return MenuView(variant_id, query.plan, query.city_id, weeks, menu.refused)


def _cities(seen: Seen) -> Cities:
    return Cities(tuple(City(c.city_id, c.name, c.local_name, c.invoice) for c in seen.app.program.cities))


PROGRAM: tuple[ReadOperation, ...] = (
    ReadOperation("/program", "getProgram", "The program", ProgramView, _program, "program", ledger=False),
    ReadOperation(
        "/variants", "listVariants", "What can be had", Variants, _variants, "program", FilterQuery, ledger=False
    ),
    ReadOperation(
        "/variants/{variant_id}",
        "getVariant",
        "One configuration",
        Variant,
        _variant,
        "program",
        ledger=False,
        missing=True,
    ),
    ReadOperation(
        "/variants/{variant_id}/prices",
        "getPrices",
        "The price card of one variant",
        PriceCard,
        _prices,
        "program",
        MileageQuery,
        ledger=False,
        missing=True,
        description="Every plan with its cap, its overage and what it comes to at the driver's own mileage.",
    ),
    ReadOperation(
        "/variants/{variant_id}/menu",
        "getMenu",
        "Every week it could be built in, and what choosing it costs",
        MenuView,
        _menu,
        "program",
        MenuQuery,
        missing=True,
    ),
    ReadOperation("/cities", "listCities", "Where it can be had", Cities, _cities, "program", ledger=False),
)
