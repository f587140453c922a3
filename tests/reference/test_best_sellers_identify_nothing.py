"""A cross-section of ten best sellers gives ln(sales) on price -0.03 ± 0.29 per 10,000 yuan (R² 0.27): nothing.

Lowest list price, middle of the CLTC range, wheelbase, and mean monthly retail sales over the months of the fourth
quarter of 2025 in which CleanTechnica's monthly lists (through Open-EV-Charts) name the model.
"""

from __future__ import annotations

import pytest

from pullcord.base import InvalidInput, Money
from pullcord.demand import Rival, cross_section_price_slope

# name, lowest price in thousand CNY, CLTC km from and to, wheelbase mm, units in 2025-10, -11, -12 where named
TEN = (
    ("Geely Xingyuan", "68.8", 310, 410, 2650, (44_239, 42_038, 36_147)),
    ("Wuling Hongguang Mini EV", "44.8", 205, 205, 2190, (61_506, 56_756, 29_365)),
    ("BYD Seagull", "69.8", 305, 405, 2500, (24_706, 21_807, 18_307)),
    ("BYD Dolphin", "99.8", 420, 520, 2700, (16_197, 17_320, 15_602)),
    ("Wuling Bingo S", "68.8", 325, 430, 2610, (17_248, 17_959)),
    ("Changan Lumin", "46.9", 155, 301, 1980, (20_520,)),
    ("Geely Panda Mini", "39.9", 120, 200, 2015, (15_534, 17_301)),
    ("BYD Yuan UP", "74.8", 301, 401, 2620, (19_813, 20_628, 18_766)),
    ("BYD Qin EV", "109.8", 470, 545, 2820, (17_870, 32_786, 19_855)),
    ("Xpeng Mona M03", "119.8", 515, 620, 2815, (16_309,)),
)
RIVALS = [
    Rival(
        name,
        name,
        Money.of(price, "CNY") * 1000,
        (("range_km", (low + high) / 2), ("wheelbase_mm", float(wheelbase))),
        "list prices and specifications",
        "C",
    )
    for name, price, low, high, wheelbase, _ in TEN
]
UNITS = {name: sum(units) / len(units) for name, *_, units in TEN}


def test_the_slope_and_its_error() -> None:
    found = cross_section_price_slope(RIVALS, UNITS)
    assert found.n == 10
    assert found.slope == pytest.approx(-0.03, abs=0.005)
    assert found.standard_error == pytest.approx(0.29, abs=0.005)
    assert found.r_squared == pytest.approx(0.27, abs=0.005)
    assert "-0.03 ± 0.29 per 10,000" in found.warning
    assert "identifies nothing" in found.warning


def test_the_sign_itself_hangs_on_the_choice_of_controls() -> None:
    assert cross_section_price_slope(RIVALS, UNITS, controls=["wheelbase_mm"]).slope != pytest.approx(-0.03, abs=0.02)


def test_too_few_rivals_for_the_controls_are_refused() -> None:
    with pytest.raises(InvalidInput, match="4 coefficients need more"):
        cross_section_price_slope(RIVALS[:4], UNITS)
