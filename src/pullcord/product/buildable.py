"""Questions to a product model: can it be built, what can still be chosen, how many are there, which are they?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType

from pullcord.base import FamilyId, InvalidInput, OptionId

from .conditions import nearest
from .model import Option, ProductModel, Rule

Choices = Mapping[FamilyId, OptionId]
NO_CHOICES: Choices = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Buildable:
    """The choices can be completed to a product that breaks no rule."""

    open_families: tuple[FamilyId, ...]  # not yet decided; empty for a full configuration


@dataclass(frozen=True, slots=True)
class NotBuildable:
    """No product takes all the choices: a smallest set of them that cannot go together, and rules that say why."""

    choices: tuple[tuple[FamilyId, OptionId], ...]  # in the model's order of families
    rules: tuple[Rule, ...]  # a smallest set that excludes these choices, in the model's order

    def __str__(self) -> str:
        wishes = ", ".join(f"{family}={option}" for family, option in self.choices)
        why = "; ".join(f"{rule.reason} [{rule.rule_id}]" for rule in self.rules)
        return f"{wishes} cannot be built{' together' if len(self.choices) > 1 else ''}: {why}"


def check(model: ProductModel, choices: Choices) -> Buildable | NotBuildable:
    """Whether the choices, some or all, can be completed to a buildable product; if not, why.

    The conflict has the fewest choices possible, and its rules are the fewest that exclude them. Of equally small sets,
    the one that comes first in the model's order. Raises InvalidInput for names that the model does not know.
    """
    _refuse_unknown(model, choices)
    compiled = model.compiled
    if compiled.completable(choices):
        return Buildable(tuple(f.family_id for f in model.families if f.family_id not in choices))
    families, rules = compiled.explain(choices)
    return NotBuildable(tuple((f, choices[f]) for f in families), tuple(model.rules[i] for i in rules))


def available(model: ProductModel, choices: Choices = NO_CHOICES) -> dict[FamilyId, tuple[OptionId, ...]]:
    """For each family, the options that can be chosen while the choices of all other families stay.

    So an open family shows what may be added, and a decided one what it may be changed to. Every family is a key, in
    the model's order; the tuple is empty where nothing is possible, as when other choices are in conflict.
    """
    _refuse_unknown(model, choices)
    return model.compiled.available(choices)


def count_buildable(model: ProductModel, choices: Choices = NO_CHOICES) -> int:
    """The number of buildable products that take all the choices, exactly; nothing is enumerated."""
    _refuse_unknown(model, choices)
    return model.compiled.count(choices)


def enumerate_buildable(
    model: ProductModel, limit: int, choices: Choices = NO_CHOICES
) -> Iterator[dict[FamilyId, OptionId]]:
    """The first `limit` buildable products that take all the choices, in the order of the model.

    Products are sorted by their option of the first family, then of the second, and so on, options as they are listed.
    """
    _refuse_unknown(model, choices)
    if limit < 0:
        raise InvalidInput(f"a limit of {limit} products makes no sense", "give a number of at least 0")
    return islice(model.compiled.enumerate(choices), limit)


def dead_options(model: ProductModel) -> tuple[Option, ...]:
    """The options that no buildable product takes, in the model's order."""
    alive = model.compiled.available(NO_CHOICES)
    return tuple(option for option in model.options if option.option_id not in alive[option.family_id])


def _refuse_unknown(model: ProductModel, choices: Choices) -> None:
    """Refuse names that the model does not know, all of them at once."""
    options = model.options_by_family
    faults = []
    for family, option in choices.items():
        if family not in options:
            faults.append((f"there is no family `{family}`", nearest(family, options)))
        elif option not in options[family]:
            faults.append((f"family `{family}` has no option `{option}`", nearest(option, options[family])))
    if faults:
        raise InvalidInput("; ".join(f[0] for f in faults), "; ".join(f[1] for f in faults))
