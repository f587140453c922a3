"""Options, compatibility rules, variants and bills of material: what can be built, and from what."""

from .bom import BillOfMaterial
from .buildable import (
    Buildable,
    Choices,
    NotBuildable,
    available,
    check,
    count_buildable,
    dead_options,
    enumerate_buildable,
)
from .conditions import Condition, parse_condition
from .model import BomLine, Family, Option, ProductModel, Rule, Variant
from .variants import variant_problems

__all__ = [
    "BillOfMaterial",
    "BomLine",
    "Buildable",
    "Choices",
    "Condition",
    "Family",
    "NotBuildable",
    "Option",
    "ProductModel",
    "Rule",
    "Variant",
    "available",
    "check",
    "count_buildable",
    "dead_options",
    "enumerate_buildable",
    "parse_condition",
    "variant_problems",
]
