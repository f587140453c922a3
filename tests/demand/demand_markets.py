"""Small markets made up for tests: figures that are easy to check by hand, not facts."""

from __future__ import annotations

from datetime import date

from pullcord.base import Money
from pullcord.demand import MonthlySales, Rival, Taste

MONTH = date(2025, 10, 1)
NEXT_MONTH = date(2025, 11, 1)
TASTES = (
    Taste("price_cny", "10k CNY", -0.05, 0.004, "made up", "A"),
    Taste("range_km", "100 km", 0.1, 0.03, "made up", "A"),
)


def rival(product_id: str, price: int, range_km: float) -> Rival:
    return Rival(product_id, product_id.title(), Money.of(price, "CNY"), (("range_km", range_km),), "made up", "A")


def sold(product_id: str, units: int, month: date = MONTH) -> MonthlySales:
    return MonthlySales(product_id, month, units, "made up", "A")


RIVALS = (rival("ant", 50_000, 200), rival("bee", 70_000, 310), rival("cat", 90_000, 420), rival("dog", 120_000, 520))
SALES = (sold("ant", 20_000), sold("bee", 40_000), sold("cat", 15_000), sold("dog", 10_000))
TOTAL = {MONTH: 800_000}
