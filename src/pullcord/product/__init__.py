"""Options, compatibility rules, variants and bills of material: what can be built, and from what."""

from .conditions import Condition, parse_condition
from .model import BomLine, Family, Option, ProductModel, Rule, Variant

__all__ = [
    "BomLine",
    "Condition",
    "Family",
    "Option",
    "ProductModel",
    "Rule",
    "Variant",
    "parse_condition",
]
