"""A program's records by name, and what follows from them: parts per variant, days per city, weeks to promise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from fractions import Fraction
from functools import cached_property
from typing import TypeVar

from pullcord import logistics, product, promising
from pullcord.alliance import Party, Role, SettlementContract, funder_of, seller_of
from pullcord.base import FamilyId, NotFound, OptionId, PartId, PartyId, VariantId, monday_of
from pullcord.channel import ChannelBook
from pullcord.claims import FactBook
from pullcord.logistics import City
from pullcord.offers import PlanPrice
from pullcord.procurement import Part, Supplier
from pullcord.product import Variant
from pullcord.production import OptionUse, Plant, vehicles_per_week
from pullcord.program import Program

R = TypeVar("R")


class Catalogue:
    """Reference data at hand for commands and reactions; built once for each program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.variants: Mapping[str, Variant] = {variant.variant_id: variant for variant in program.variants}
        self.cities: Mapping[str, City] = {city.city_id: city for city in program.cities}
        self.plants: Mapping[str, Plant] = {plant.plant_id: plant for plant in program.plants}
        self.suppliers: Mapping[str, Supplier] = {supplier.supplier_id: supplier for supplier in program.suppliers}
        self.parts: Mapping[PartId, Part] = {part.part_id: part for part in program.parts}
        self.prices: Mapping[tuple[str, str], PlanPrice] = {(p.variant_id, p.plan): p for p in program.prices}
        self.parties: Mapping[str, Party] = {party.party_id: party for party in program.parties}
        self.platform = self._only(Role.PLATFORM)
        self.carmaker = self._only(Role.CARMAKER)
        self.seller = seller_of(program.parties, program.mode)
        self.funder = funder_of(program.parties, program.mode)
        self.shares: Mapping[str, tuple[tuple[PartyId, Fraction], ...]] = {
            plan: tuple((s.party_id, s.share) for s in program.settlement if s.plan == plan) for plan in program.plans
        }
        self.contract = SettlementContract(
            seller=self.seller.party_id,
            price=program.settlement,
            monthly=program.monthly_settlement,
            discounts_borne_by=program.discounts_borne_by,
            lender=None if self.funder is None else self.funder.party_id,
            rate_per_year=program.funding_rate_per_year or Fraction(0),
        )
        self.transit_days: Mapping[str, Mapping[str, int]] = {
            city.city_id: {
                plant.plant_id: logistics.transit_days(program.transit_rule, self.cities[plant.city_id], city)
                for plant in program.plants
            }
            for city in program.cities
        }
        bill = product.BillOfMaterial(program.bom, _options(program))
        self.usage: Mapping[VariantId, Mapping[PartId, int]] = {
            variant.variant_id: bill.explode(dict(variant.choices)) for variant in program.variants
        }
        # Parts of every variant, by the hungriest: they limit how many places a week may offer. The others, each
        # with the variants that share it, are looked at when a variant is quoted.
        self.common_parts: Mapping[PartId, int] = {
            part_id: max(usage[part_id] for usage in self.usage.values())
            for part_id in self.parts
            if all(part_id in usage for usage in self.usage.values())
        }
        self.own_parts: Mapping[VariantId, Mapping[PartId, Mapping[VariantId, int]]] = {
            variant_id: {
                part_id: {other: pieces[part_id] for other, pieces in self.usage.items() if part_id in pieces}
                for part_id in usage
                if part_id not in self.common_parts
            }
            for variant_id, usage in self.usage.items()
        }
        self.options = {variant.variant_id: variant.choices for variant in program.variants}
        first = monday_of(program.starts_on)
        self.capacity: Mapping[str, Mapping[date, int]] = {
            plant.plant_id: {
                first + timedelta(weeks=w): vehicles_per_week(plant, w) for w in range(program.horizon_weeks)
            }
            for plant in program.plants
        }
        self.channel = ChannelBook(
            program.channel_rules,
            self.cities,
            {key: price.price for key, price in self.prices.items()},
            self.seller.party_id,
        )
        limited = {(limit.family_id, limit.option_id) for limit in program.option_limits}
        self.limited_options: Mapping[str, tuple[OptionUse, ...]] = {
            variant.variant_id: tuple(OptionUse(f, o) for f, o in variant.choices if (f, o) in limited)
            for variant in program.variants
        }
        self.needs = promising.Needs(
            self.usage,
            {
                VariantId(variant_id): tuple((use.family_id, use.option_id) for use in uses)
                for variant_id, uses in self.limited_options.items()
            },
            frozenset(self.common_parts),
            {part_id: part.lead_time_days for part_id, part in self.parts.items()},
            {(lane.plant_id, lane.city_id): lane.vehicles_per_week for lane in program.transport_limits},
        )

    def _only(self, role: Role) -> Party:
        return next(party for party in self.program.parties if party.role is role)

    @cached_property
    def facts(self) -> FactBook:
        """What product, price card, contract and channel say, as the program's files have it."""
        return FactBook(self.program)

    def local_time(self, at: datetime) -> datetime:
        """A UTC instant on the wall clock where the program is sold."""
        return at + timedelta(hours=self.program.utc_offset_hours)

    def planned_by(self, at: datetime) -> date:
        """The day by which a plan is made that knows of an order quoted at `at`, however late its customer pays."""
        policies = self.program.policies
        return (self.local_time(at) + timedelta(hours=policies.quote_valid_hours, days=policies.plan_every_days)).date()

    def first_promised_week(self, at: datetime) -> date:
        """The first week that a quote given at `at` may promise, however long its customer takes.

        The week begins once the order has locked, and the freeze fence still leaves it open when the first plan that
        knows of the deposit is made.
        """
        program, policies = self.program, self.program.policies
        first_open = monday_of(self.planned_by(at)) + timedelta(weeks=policies.freeze_weeks)
        locked_by = self.local_time(at) + timedelta(hours=policies.quote_valid_hours + policies.lock_hours)
        # A moment before: an order that locks as a Monday begins is firm for that Monday's week.
        firm = monday_of((locked_by - timedelta.resolution).date()) + timedelta(weeks=1)
        return max(monday_of(program.starts_on), first_open, firm)

    def variant(self, variant_id: str) -> Variant:
        """The variant of that id; NotFound names the nearest."""
        return self._find(self.variants, variant_id, "variant")

    def city(self, city_id: str) -> City:
        """The city of that id; NotFound names the nearest."""
        return self._find(self.cities, city_id, "city")

    def plant(self, plant_id: str) -> Plant:
        """The plant of that id; NotFound names the nearest."""
        return self._find(self.plants, plant_id, "plant")

    def price(self, variant_id: str, plan: str) -> PlanPrice:
        """The price card's row; NotFound names the plans there are."""
        self.variant(variant_id)
        price = self.prices.get((variant_id, plan))
        if price is None:
            plans = ", ".join(f"`{p}`" for v, p in self.prices if v == variant_id)
            raise NotFound(f"`{variant_id}` is not sold under a plan `{plan}`", f"its plans are {plans}")
        return price

    def _find(self, records: Mapping[str, R], name: str, kind: str) -> R:
        record = records.get(name)
        if record is None:
            near = get_close_matches(name, records, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are {len(records)}, `{next(iter(records))}` first"
            raise NotFound(f"{self.program.name} has no {kind} `{name}`", hint)
        return record


def _options(program: Program) -> dict[FamilyId, list[OptionId]]:
    options: dict[FamilyId, list[OptionId]] = {family.family_id: [] for family in program.product.families}
    for option in program.product.options:
        options[option.family_id].append(option.option_id)
    return options
