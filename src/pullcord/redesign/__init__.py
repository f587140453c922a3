"""Redesign: which of a program's variants to build, and at what price, before its real rivals."""

from .answer import Offer, Reading, Redesign, Regret, Sensitivity, Totals
from .ground import LADDER, Ground
from .service import design

__all__ = ["LADDER", "Ground", "Offer", "Reading", "Redesign", "Regret", "Sensitivity", "Totals", "design"]
