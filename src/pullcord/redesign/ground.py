"""A program as a question of design: its variants on a ladder of prices, their margins, and what is not known."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pullcord import demand, offers
from pullcord.alliance import Role
from pullcord.base import InvalidInput, stream
from pullcord.offers import Candidates
from pullcord.outlook import HOLDING_MONTHS, Outlook
from pullcord.product import BillOfMaterial, Buildable, check

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Line = tuple[int, ...]

LADDER = tuple(round(0.70 + 0.05 * step, 2) for step in range(13))  # multiples of today's price
TODAY = LADDER.index(1.0)


@dataclass(frozen=True, slots=True)
class UnitCost:
    """What one unit of a variant costs, in major units at today's price."""

    parts: float
    consigned: float  # parts that stand at no cost in parts.csv, as the assumptions price them
    rest: float  # assembly, delivery and the like: what the assumed margin leaves
    commission: float  # at today's price, in proportion to it

    @property
    def total(self) -> float:
        """All of it, at today's price."""
        return self.parts + self.consigned + self.rest + self.commission


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """What is not known, draw by draw: today's share float64[draw], taste for price float64[draw], and what they make
    of each candidate, utility float64[draw, candidate]."""

    share: Floats
    price_taste: Floats
    utility: Floats


@dataclass(frozen=True, slots=True, eq=False)
class DrawnWorth:
    """What one line comes to in each draw, a month: float64[draw] each; share float64[draw, chosen]."""

    profit: Floats
    surplus: Floats
    volume: Floats
    share: Floats


class Ground:
    """A program as the design sees it: candidates, their utilities and margins, and draws of what is not known.

    Candidate i is variant `i // len(LADDER)` at the multiple `LADDER[i % len(LADDER)]` of today's price; all plans of
    a variant move together, and buyers weigh the lowest of them.
    """

    def __init__(self, outlook: Outlook, *, fixed_cost: float = 0.0, variants_max: int | None = None) -> None:
        self.outlook = outlook
        self.program = program = outlook.program
        self.words: list[str] = []
        self.others = 1.0  # weight of all else on sale, 1 at today's prices of the rivals
        self.variants = tuple(
            v for v in program.variants if isinstance(check(program.product, dict(v.choices)), Buildable)
        )
        if not self.variants:
            raise InvalidInput(f"{program.name} has no variant that can be built", "mend variants.csv or rules.csv")
        if variants_max is not None and variants_max < 1:
            raise InvalidInput(f"{variants_max} variants are no line", "allow at least 1")
        name = f"price_{program.currency.lower()}"
        self.price_taste = sum(t.mean / t.step for t in program.tastes if t.attribute == name)
        self.price_error = float(
            np.hypot.reduce([t.standard_error / t.step for t in program.tastes if t.attribute == name])
        )
        if self.price_taste >= 0:
            raise InvalidInput(f"{program.name} has no dislike of `{name}` in its tastes", "add one to tastes.csv")
        self.scale = program.assumed("taste_nest_scale")
        self.fixed_cost = fixed_cost
        self.variants_max = min(variants_max or len(self.variants), len(self.variants))
        self._price()

    def _price(self) -> None:
        """What buyers weigh, what is taken in, and what is left, for each variant at today's price."""
        program = self.program
        km = int(program.assumed("km_per_month_median")) if "km_per_month_median" in program.assumptions else 0
        rate = Decimal(str(program.assumed("financing_rate_per_year")))
        sellers = {p.party_id for p in program.parties if p.role is Role.PLATFORM}
        kept = {
            plan: float(sum((s.share for s in program.settlement if s.plan == plan and s.party_id in sellers), start=0))
            for plan in program.plans
        }
        self.plan_share = {plan: program.assumed(f"plan_share_{plan}") for plan in program.plans}
        weighed, taken, commission = [], [], []
        for variant in self.variants:
            plans = [p for p in program.prices if p.variant_id == variant.variant_id]
            if not plans:
                raise InvalidInput(f"`{variant.variant_id}` has no price", "add it to price_card.csv")
            amounts = [float(offers.effective_price(p, km, HOLDING_MONTHS, annual_rate=rate).major) for p in plans]
            part = np.array([self.plan_share[p.plan] for p in plans])
            part = part / part.sum()
            weighed.append(min(amounts))
            taken.append(float(part @ amounts))
            commission.append(float(part @ [kept[p.plan] * float(p.price.major) for p in plans]))
        self.weighed, self.taken = np.array(weighed), np.array(taken)
        self.commission = np.array(commission)
        self.costs = self._costs()
        self.unit_cost = np.array([c.parts + c.consigned + c.rest for c in self.costs])

    def _costs(self) -> tuple[UnitCost, ...]:
        program = self.program
        bill = BillOfMaterial(program.bom, program.product.options_by_family)
        price_of = {part.part_id: float(part.unit_cost.major) for part in program.parts}
        currency = program.currency.lower()
        keys = ("battery_pack_kwh", f"battery_pack_cost_per_kwh_{currency}")
        pack = (
            program.assumed(keys[0]) * program.assumed(keys[1])
            if all(key in program.assumptions for key in keys)
            else None
        )
        parts, consigned, free = [], [], set()
        for variant in self.variants:
            pieces = bill.explode(dict(variant.choices), program.new_product_id)
            parts.append(sum(price_of[p] * n for p, n in pieces.items()))
            without = sorted(p for p in pieces if not price_of[p])
            free |= set(without)
            consigned.append(pack if pack is not None and any(p.startswith("battery_pack") for p in without) else 0.0)
        if free:
            named = ", ".join(sorted(free))
            self.words.append(
                f"{named} stands at no cost in parts.csv (another party's until handover);"
                + (
                    f" counted at {pack:,.0f}, the pack's size times its cost in assumptions.csv"
                    if pack
                    else " not counted"
                )
            )
        margin = program.assumed("variable_margin_share")
        known = np.array(parts) + np.array(consigned) + self.commission
        left = float(np.mean((1 - margin) * self.taken - known))
        if left >= 0:
            self.words.append(
                f"no table states what assembly, delivery and warranty cost: {left:,.0f} a unit is taken, which makes"
                f" today's mean margin `variable_margin_share`, {margin:.0%} of what is taken in"
            )
        else:
            self.words.append(
                f"parts and commission leave less than `variable_margin_share`, {margin:.0%}: nothing is added for"
                " assembly, delivery and warranty, which no table states"
            )
        return tuple(
            UnitCost(p, c, max(left, 0.0), float(k)) for p, c, k in zip(parts, consigned, self.commission, strict=True)
        )

    @cached_property
    def today(self) -> Line:
        """Every variant at today's price; the best single ones where fewer are allowed."""
        line = tuple(v * len(LADDER) + TODAY for v in range(len(self.variants)))
        if len(line) > self.variants_max:
            by_margin = sorted(range(len(line)), key=lambda v: (-float(self.margin[line[v]]), v))
            line = tuple(sorted(line[v] for v in by_margin[: self.variants_max]))
        return line

    @cached_property
    def margin(self) -> Floats:
        """float64[candidate]: what is taken in less commission and unit cost, major units."""
        multiple = np.array(LADDER)
        return np.asarray(
            (np.outer(self.taken - self.commission, multiple) - self.unit_cost[:, None]).ravel(), dtype=np.float64
        )

    def utility(self, share: Floats, price_taste: Floats) -> Floats:
        """float64[draw, candidate], where all variants together have `share` at today's prices, each the same part."""
        level = np.log(share) - np.log1p(-share) - self.scale * np.log(len(self.variants))
        rise = np.outer(self.weighed, np.array(LADDER) - 1).ravel()
        return np.asarray(level[:, None] + price_taste[:, None] * rise, dtype=np.float64)

    def candidates(self, *, share: float | None = None, price_taste: float | None = None) -> Candidates:
        """The candidates at the middle of what is believed, or at another share of today's line or taste for price."""
        slope = self.price_taste if price_taste is None else price_taste
        level = self.outlook.prediction.share if share is None else share
        count = len(self.variants)
        return Candidates(
            variant=np.repeat(np.arange(count), len(LADDER)),
            utility=self.utility(np.array([level]), np.array([slope]))[0],
            margin=self.margin,
            fixed_cost=self.fixed_cost,
            variants_max=self.variants_max,
            buyers=self.outlook.market.units_per_month,
            price_taste=slope,
            scale=self.scale,
            others=self.others,
        )

    def draws(self, seed: int, count: int) -> Draws:
        """Draws of today's share (tastes and own constant, as in `predict_share`) and of the taste for price."""
        drawn = demand.draw_shares(self.outlook.market, self.outlook.newcomer, seed=seed, draws=count)
        rng = stream(seed, "redesign.price_taste")
        slope = self.price_taste + self.price_error * rng.standard_normal(count)
        slope = np.minimum(slope, 0.05 * self.price_taste)
        return Draws(drawn.by_both, slope, self.utility(drawn.by_both, slope))

    def over_draws(self, draws: Draws, line: Line) -> DrawnWorth:
        """What a line comes to in each draw."""
        chosen = np.array(line, dtype=np.int64)
        shares = offers.shares_by_draw(draws.utility[:, chosen], self.scale, self.others)
        buyers = self.outlook.market.units_per_month
        fixed = self.fixed_cost * len(chosen)
        total = shares.sum(axis=1)
        return DrawnWorth(
            profit=buyers * shares @ self.margin[chosen] - fixed,
            surplus=-buyers * np.log1p(-total) / -draws.price_taste,
            volume=buyers * total,
            share=shares,
        )
