"""Offers: what a shopper is shown, and at what price."""

from .card import CardLine, PriceCard, price_card, terms
from .cost import (
    CostLine,
    break_even_km,
    break_even_months,
    cheapest_plan,
    cost_path,
    effective_price,
    five_year_cost,
    monthly_cost,
)
from .model import PlanPrice

__all__ = [
    "CardLine",
    "CostLine",
    "PlanPrice",
    "PriceCard",
    "break_even_km",
    "break_even_months",
    "cheapest_plan",
    "cost_path",
    "effective_price",
    "five_year_cost",
    "monthly_cost",
    "price_card",
    "terms",
]
