"""How expected units split over cities, segments and options, with intervals that say how little is known.

Every split has a Dirichlet belief: counts of imagined orders before anybody ordered, and beside them what private
releases told. Source: Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., sec. 3.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pullcord.base import stream
from pullcord.logistics import City
from pullcord.program import Program

from .evidence import Margin
from .model import CityUnits, Estimate, SegmentUnits, TakeRate

Floats = NDArray[np.float64]
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Shares of a whole: `mean` float64[value], `draws` float64[draw, value]; both add up to 1."""

    values: tuple[str, ...]
    mean: Floats
    draws: Floats
    learned_from: tuple[str, ...]


def split(
    prior: Mapping[str, float], told: Margin | None, *, seed: int, name: str, draws: int, fixed: bool = False
) -> Split:
    """The belief about shares, from imagined orders by value and what releases told; `fixed` shares are certain."""
    values = tuple(prior)
    weights = np.array([prior[value] for value in values], dtype=np.float64)
    mean = weights / weights.sum()
    if fixed or len(values) == 1:
        return Split(values, mean, np.tile(mean, (draws, 1)), ())
    rng = stream(seed, f"insight.{name}")
    counts = told.draws(values, draws, rng) if told is not None else np.zeros((draws, len(values)))
    gammas = rng.standard_gamma(weights + counts)
    drawn = gammas / gammas.sum(axis=1, keepdims=True)
    if told is not None:
        mean = drawn.mean(axis=0)
    return Split(values, mean, drawn, told.releases if told is not None else ())


def city_split(program: Program, told: Margin | None, *, draws: int) -> Split:
    """By inhabitants; what anybody believes before the first order weighs as much as one order for each city."""
    people = {city.city_id: float(city.population) for city in program.cities}
    scale = len(people) / sum(people.values())
    return split(
        {city: scale * count for city, count in people.items()}, told, seed=program.seed, name="cities", draws=draws
    )


def segment_split(program: Program, told: Margin | None, *, draws: int) -> Split:
    """By plan of the price card: the assumed shares, as sure as the assumption's own range says."""
    assumed = {plan: program.assumptions[f"plan_share_{plan}"] for plan in program.plans}
    whole = sum(row.value for row in assumed.values())
    strength = imagined_orders(program)
    return split(
        {plan: (strength or 1.0) * row.value / whole for plan, row in assumed.items()},
        told,
        seed=program.seed,
        name="segments",
        draws=draws,
        fixed=strength is None,
    )


def imagined_orders(program: Program) -> float | None:
    """How many orders the assumed plan shares are worth: a Dirichlet whose widest share has the width of its range.

    The range of an assumption is read as 95 %; None where no plan has one, and the shares are taken for certain.
    """
    worth = []
    for plan in program.plans:
        row = program.assumptions[f"plan_share_{plan}"]
        deviation = (row.high - row.low) / (2 * NORMAL_95)
        if deviation > 0 and 0 < row.value < 1:
            worth.append(max(row.value * (1 - row.value) / deviation**2 - 1, 1.0))
    return min(worth) if worth and len(program.plans) > 1 else None


def option_splits(program: Program, told: Mapping[str, Margin | None], *, draws: int) -> list[tuple[str, Split]]:
    """For each family that leaves a choice the belief about its options; `told` has families and `variant`.

    Before any order every mix of variants is as likely as every other: one imagined order for each variant on sale.
    """
    made = []
    for family in program.product.families:
        option_of = {v.variant_id: dict(v.choices)[family.family_id] for v in program.variants}
        prior: dict[str, float] = {}
        for option in option_of.values():
            prior[option] = prior.get(option, 0.0) + 1.0
        if len(prior) < 2:
            continue
        margin, variants = told.get(family.family_id), told.get("variant")
        if margin is None and variants is not None:
            margin = variants.by({variant: str(option) for variant, option in option_of.items()})
        ordered = {
            str(o.option_id): prior[o.option_id]
            for o in program.product.options
            if o.family_id == family.family_id and o.option_id in prior
        }
        found = split(ordered, margin, seed=program.seed, name=f"options.{family.family_id}", draws=draws)
        made.append((str(family.family_id), found))
    return made


def segment_units(units: Floats, mean: float, found: Split) -> tuple[SegmentUnits, ...]:
    """Expected units of each segment, in the price card's order; units : float64[draw]."""
    return tuple(
        SegmentUnits(
            plan,
            _estimate(mean * float(found.mean[k]), units * found.draws[:, k]),
            _estimate(float(found.mean[k]), found.draws[:, k], 6),
        )
        for k, plan in enumerate(found.values)
    )


def city_units(program: Program, units: Floats, mean: float, cities: Split, segments: Split) -> tuple[CityUnits, ...]:
    """Expected units of each city, most first; cells add up to cities, and cities to the whole."""
    rows: dict[str, City] = {city.city_id: city for city in program.cities}
    made = []
    for c, city_id in enumerate(cities.values):
        here, share = units * cities.draws[:, c], mean * float(cities.mean[c])
        made.append(
            CityUnits(
                city_id,
                rows[city_id].name,
                rows[city_id].local_name,
                _estimate(share, here),
                tuple(
                    _estimate(share * float(segments.mean[k]), here * segments.draws[:, k])
                    for k in range(len(segments.values))
                ),
            )
        )
    return tuple(sorted(made, key=lambda row: (-row.units.mean, row.city_id)))


def take_rates(program: Program, splits: Sequence[tuple[str, Split]]) -> tuple[TakeRate, ...]:
    """The rate of every option, family by family in the program's order."""
    families: dict[str, str] = {family.family_id: family.name for family in program.product.families}
    options: dict[tuple[str, str], str] = {(o.family_id, o.option_id): o.name for o in program.product.options}
    on_sale: list[tuple[str, str]] = [choice for variant in program.variants for choice in variant.choices]
    return tuple(
        TakeRate(
            family_id,
            families[family_id],
            option_id,
            options[family_id, option_id],
            _estimate(float(found.mean[k]), found.draws[:, k], 6),
            on_sale.count((family_id, option_id)),
        )
        for family_id, found in splits
        for k, option_id in enumerate(found.values)
    )


def _estimate(mean: float, draws: Floats, digits: int = 3) -> Estimate:
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(round(mean, digits), round(float(low), digits), round(float(high), digits))
