"""Options, compatibility rules, variants and bills of material: what can be built, and from what."""

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

__all__ = [
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
]
