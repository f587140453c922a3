"""Offers: what a shopper is shown, and at what price."""

from .model import PlanPrice

__all__ = ["PlanPrice"]
