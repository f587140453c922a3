"""The configurator: what is chosen, what that rules out and why, and whether the whole of it is on sale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pullcord import product
from pullcord.base import FamilyId, OptionId, VariantId
from pullcord.product import ProductModel, Rule, Variant

Choices = Mapping[FamilyId, OptionId]


@dataclass(frozen=True, slots=True)
class OptionView:
    """One option as offered. `rules` say why it cannot be built with the rest, and are empty where it can.

    `instead` is the nearest buildable choice that takes the option all the same: what a customer may change to.
    """

    option_id: OptionId
    name: str
    chosen: bool
    rules: tuple[Rule, ...]
    instead: Choices | None


@dataclass(frozen=True, slots=True)
class FamilyView:
    """One question of the configurator, and its answers."""

    family_id: FamilyId
    name: str
    options: tuple[OptionView, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the configurator shows.

    `choices` can always be built. Where what was asked for could not, `conflict` holds the rules in its way, and the
    choices are the nearest that can. `variant` is what is on sale with them; None where it could be built but is not
    sold, and `on_sale` then lists what comes nearest.
    """

    choices: Choices
    families: tuple[FamilyView, ...]
    conflict: tuple[Rule, ...]
    variant: Variant | None
    on_sale: tuple[Variant, ...]


def configure(model: ProductModel, variants: Sequence[Variant], asked: Mapping[str, str]) -> Configuration:
    """The configurator for what was asked, as far as the model knows it; what is left open is as the first variant."""
    known = model.options_by_family
    first = dict(variants[0].choices)
    wished = {f: OptionId(o) for f in known if (o := asked.get(f)) in known[f]}
    choices: dict[FamilyId, OptionId] = dict(wished)
    for (
        family_id
    ) in known:  # an open question is answered as by default, unless that cannot be built with what was asked
        if family_id not in choices:
            can = product.available(model, choices)[family_id]
            choices[family_id] = first[family_id] if first[family_id] in can or not can else can[0]
    answer = product.check(model, choices)
    conflict: tuple[Rule, ...] = ()
    if isinstance(answer, product.NotBuildable):
        conflict = answer.rules
        keep = next(iter(wished))
        # The first wish is kept, and of the others what goes with it; an option that nothing can take is given up.
        choices = dict(_nearest(model, choices, keep, choices[keep]) or first)
    open_options = product.available(model, choices)
    names = {(o.family_id, o.option_id): o.name for o in model.options}
    families = []
    for family in model.families:
        options = []
        for option_id in known[family.family_id]:
            rules: tuple[Rule, ...] = ()
            instead: Choices | None = None
            if option_id not in open_options[family.family_id]:
                verdict = product.check(model, {**choices, family.family_id: option_id})
                rules = verdict.rules if isinstance(verdict, product.NotBuildable) else ()
                instead = _nearest(model, choices, family.family_id, option_id)
            options.append(
                OptionView(
                    option_id,
                    names[family.family_id, option_id],
                    choices[family.family_id] == option_id,
                    rules,
                    instead,
                )
            )
        families.append(FamilyView(family.family_id, family.name, tuple(options)))
    variant = _variant_of(variants, choices)
    near = () if variant else _nearest_on_sale(variants, choices)
    return Configuration(choices, tuple(families), conflict, variant, near)


def _variant_of(variants: Sequence[Variant], choices: Choices) -> Variant | None:
    return next((v for v in variants if dict(v.choices) == dict(choices)), None)


def _nearest_on_sale(variants: Sequence[Variant], choices: Choices) -> tuple[Variant, ...]:
    """The variants that share the most choices; of equals, those that are listed first."""
    shared = {v.variant_id: sum(choices.get(f) == o for f, o in v.choices) for v in variants}
    most = max(shared.values())
    return tuple(v for v in variants if shared[v.variant_id] == most)


def _nearest(model: ProductModel, choices: Choices, family: FamilyId, option: OptionId) -> Choices | None:
    """A buildable product with this option that keeps the other choices, family by family, while it can."""
    kept: dict[FamilyId, OptionId] = {family: option}
    if isinstance(product.check(model, kept), product.NotBuildable):
        return None
    for other, chosen in choices.items():
        if other != family and not isinstance(product.check(model, {**kept, other: chosen}), product.NotBuildable):
            kept[other] = chosen
    return next(product.enumerate_buildable(model, 1, kept), None)


def by_id(variants: Sequence[Variant], variant_id: str) -> Variant | None:
    """The variant of that id, if it is on sale."""
    return next((v for v in variants if v.variant_id == VariantId(variant_id)), None)
