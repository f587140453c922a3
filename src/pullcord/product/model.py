"""What can be asked for: families of options, the rules between them, named variants, and what each is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pullcord.base import FamilyId, InvalidInput, OptionId, PartId, Problem, VariantId, check_id

from .compiled import Compiled
from .conditions import All, Condition, Either, Not, nearest, parse_condition


@dataclass(frozen=True, slots=True)
class Family:
    """A question that every product answers once, such as its colour."""

    family_id: FamilyId
    name: str


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a family's question; its id is unique within the family. "None" is an option like any other."""

    option_id: OptionId
    family_id: FamilyId
    name: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Whenever `condition` holds (empty: always), `requires` must hold too."""

    rule_id: str
    condition: str
    requires: str
    reason: str  # shown to the customer when the rule stands in the way


class _Derived:
    """What a model works out about itself; no field of it, so that equality and files know nothing of it."""

    __slots__ = ("_compiled", "_options")
    _compiled: Compiled
    _options: Mapping[FamilyId, tuple[OptionId, ...]]


@dataclass(frozen=True, slots=True)
class ProductModel(_Derived):
    """Everything that may be combined: a buildable product takes one option of each family and breaks no rule.

    Raises InvalidInput at construction with all problems found. A problem's `file` says what it is about: "family f",
    "option f=o" or "rule r".
    """

    families: tuple[Family, ...]
    options: tuple[Option, ...]
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        by_family: dict[FamilyId, list[OptionId]] = {family.family_id: [] for family in self.families}
        problems = [*_name_problems(self.families, self.options), *_sort_in(self.options, by_family)]
        problems += _repeats("rule", (rule.rule_id for rule in self.rules))
        conditions = []
        for rule in self.rules:
            try:
                conditions.append(_implication(rule, by_family))
            except InvalidInput as fault:
                problems.append(Problem(f"rule {rule.rule_id}", 0, fault.message, fault.hint or "mend the rule"))
        if not problems:
            compiled = Compiled.of(by_family, conditions)
            if isinstance(compiled, Compiled):
                object.__setattr__(self, "_compiled", compiled)
                object.__setattr__(
                    self, "_options", MappingProxyType({family: tuple(known) for family, known in by_family.items()})
                )
                return
            for clash in compiled:
                together = ", ".join(self.rules[i].rule_id for i in clash.rules)
                problems.append(
                    Problem(
                        f"rule {self.rules[clash.rules[-1]].rule_id}",
                        0,
                        f"nothing can be built under the rules {together} together"
                        if len(clash.rules) > 1
                        else "nothing can be built under this rule",
                        "weaken or remove one of them" if len(clash.rules) > 1 else "weaken or remove it",
                    )
                )
        raise InvalidInput(
            f"the product model has {len(problems)} problem{'s' if len(problems) > 1 else ''}", None, problems
        )

    @property
    def options_by_family(self) -> Mapping[FamilyId, tuple[OptionId, ...]]:
        """The options of each family, both in the order they were given."""
        return self._options

    @property
    def compiled(self) -> Compiled:
        """The form in which the model answers questions, made once at construction."""
        return self._compiled

    def __reduce__(self) -> tuple[Any, ...]:
        # What is derived does not travel: a copy in another process compiles itself anew.
        return ProductModel, (self.families, self.options, self.rules)


@dataclass(frozen=True, slots=True)
class Variant:
    """A full configuration with a name, such as a trim level as it is sold."""

    variant_id: VariantId
    name: str
    choices: tuple[tuple[FamilyId, OptionId], ...]


@dataclass(frozen=True, slots=True)
class BomLine:
    """`quantity` of a part goes into each parent (a part, or the product) where `condition` holds (empty: always)."""

    parent_id: str
    part_id: PartId
    quantity: int
    condition: str = ""


def _implication(rule: Rule, options: Mapping[FamilyId, list[OptionId]]) -> Condition:
    """The rule as one condition that every buildable product meets."""
    if not rule.requires.strip():
        raise InvalidInput("the rule requires nothing", "say what must hold, such as roof=steel, or remove the rule")
    faults, sides = [], []
    for text in (rule.condition, rule.requires):
        try:
            sides.append(parse_condition(text, options))
        except InvalidInput as fault:
            faults.append(fault)
    if faults:
        raise InvalidInput("; ".join(f.message for f in faults), "; ".join(f.hint for f in faults if f.hint))
    condition, requires = sides
    return requires if condition == All(()) else Either((Not(condition), requires))


def _repeats(kind: str, ids: Iterable[str]) -> list[Problem]:
    return [
        Problem(f"{kind} {name}", 0, f"the id stands {times} times", "give each its own")
        for name, times in Counter(ids).items()
        if times > 1
    ]


def _name_problems(families: tuple[Family, ...], options: tuple[Option, ...]) -> list[Problem]:
    """Ids that cannot be written in a condition, and ids that stand for two things."""
    problems = _repeats("family", (family.family_id for family in families))
    problems += _repeats("option", (f"{option.family_id}={option.option_id}" for option in options))
    for kind, name in [("family", f.family_id) for f in families] + [("option", o.option_id) for o in options]:
        try:
            check_id(name, kind)
        except InvalidInput as fault:
            problems.append(Problem(f"{kind} {name}", 0, fault.message, fault.hint or "choose another"))
    return problems


def _sort_in(options: tuple[Option, ...], by_family: dict[FamilyId, list[OptionId]]) -> list[Problem]:
    """Put each option into its family; what has no family, and families that stay empty, are problems."""
    problems = []
    for option in options:
        if option.family_id in by_family:
            by_family[option.family_id].append(option.option_id)
        else:
            problems.append(
                Problem(
                    f"option {option.family_id}={option.option_id}",
                    0,
                    f"there is no family `{option.family_id}`",
                    nearest(option.family_id, by_family),
                )
            )
    problems += [
        Problem(f"family {family}", 0, "the family has no option", "list at least one, such as `none`")
        for family, known in by_family.items()
        if not known
    ]
    return problems
