"""Demand: what buyers will choose, how many, where and when; and what the data cannot say."""

from .model import ForecastCell, MonthlySales, Rival, Taste

__all__ = ["ForecastCell", "MonthlySales", "Rival", "Taste"]
