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
from .formulation import solve_whole
from .mixed_line import MixedCandidates, MixedLine, best_mixed_line, mixed_profit
from .model import PlanPrice
from .nested_line import BestLine, Candidates, LineWorth, Objective, best_line, line_worth, nearest_line, shares_by_draw
from .pricing import bertrand_prices, costs_behind, equal_markup
from .ranking import LineProgress, RankedLine, best_ranked_line, worth_of_line
from .rankings import LineProblem, Rankings

__all__ = [
    "BestLine",
    "Candidates",
    "CardLine",
    "CostLine",
    "LineProblem",
    "LineProgress",
    "LineWorth",
    "MixedCandidates",
    "MixedLine",
    "Objective",
    "PlanPrice",
    "PriceCard",
    "RankedLine",
    "Rankings",
    "bertrand_prices",
    "best_line",
    "best_mixed_line",
    "best_ranked_line",
    "break_even_km",
    "break_even_months",
    "cheapest_plan",
    "cost_path",
    "costs_behind",
    "effective_price",
    "equal_markup",
    "five_year_cost",
    "line_worth",
    "mixed_profit",
    "monthly_cost",
    "nearest_line",
    "price_card",
    "shares_by_draw",
    "solve_whole",
    "terms",
    "worth_of_line",
]
