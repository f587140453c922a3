"""The chart of the price card: what each plan has cost after so many months, and where they meet. SVG, no script."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from html import escape

from pullcord.base import Money
from pullcord.offers import PlanPrice, cost_path

from .words import Words

WIDTH, HEIGHT = 640, 330
LEFT, RIGHT, TOP, BOTTOM = 88, 24, 26, 46
COLOURS = ("#0b5d55", "#9a4a13", "#3f6f9f", "#5d6470")
DASHES = ("", "9 6", "3 5", "14 5 3 5")  # told apart without colour, too


def cost_chart(words: Words, plans: Sequence[PlanPrice], km_per_month: int, meet: Fraction | None, months: int) -> str:
    """The chart as one `<svg>`: `meet` is the month at which the first two plans have cost the same, None for never."""
    end = _last_month(meet, months)
    path = cost_path(plans, km_per_month, (0, end))
    top = _round_up(max(line.cost.minor for line in path))
    unit = plans[0].price.currency

    def x(month: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * month / end

    def y(minor: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * minor / top

    drawn = []
    for part in range(5):
        minor = top * part // 4
        drawn.append(
            f'<path d="M{LEFT} {y(minor):.1f} H{WIDTH - RIGHT}" stroke="#d9d6ce" stroke-width="1"/>'
            f'<text x="{LEFT - 10}" y="{y(minor) + 5:.1f}" text-anchor="end">{_thousands(words, minor, unit)}</text>'
        )
    for year in range(0, end // 12 + 1, 1 if end <= 84 else 2):
        drawn.append(
            f'<text x="{x(12 * year):.1f}" y="{HEIGHT - BOTTOM + 24}" text-anchor="middle">'
            f"{escape(words('price.year_tick', years=year))}</text>"
        )
    drawn.append(f'<path d="M{x(months):.1f} {TOP} V{HEIGHT - BOTTOM}" stroke="#5d6470" stroke-dasharray="2 4"/>')
    for n, plan in enumerate(plans):
        costs = [line.cost.minor for line in path if line.plan == plan.plan]
        dash = f' stroke-dasharray="{DASHES[n % 4]}"' if DASHES[n % 4] else ""
        drawn.append(
            f'<path d="M{x(0):.1f} {y(costs[0]):.1f} L{x(end):.1f} {y(costs[1]):.1f}" fill="none" '
            f'stroke="{COLOURS[n % 4]}" stroke-width="3.5" stroke-linecap="round"{dash}/>'
        )
    if meet is not None and 0 < meet <= end and len(plans) > 1:
        first = plans[0].price.minor
        slope = (cost_path(plans[:1], km_per_month, (1,))[0].cost.minor - first) * float(meet)
        at_x, at_y = x(float(meet)), y(first + slope)
        side = "end" if float(meet) > end * 0.45 else "start"
        shift = -12 if side == "end" else 12
        drawn.append(
            f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="7" fill="#fff" stroke="#16181d" stroke-width="2.5"/>'
            f'<text class="meet" x="{at_x + shift:.1f}" y="{at_y - 16:.1f}" text-anchor="{side}">'
            f"{escape(words('price.meet_mark', months=words.number(float(meet), 2)))}</text>"
        )
    label = escape(words("price.chart_label", months=end, km=words.number(km_per_month)))
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}" focusable="false">'
        f"<title>{label}</title>{''.join(drawn)}</svg>"
    )


def legend_line(n: int) -> str:
    """The stroke of the n-th plan, for the legend."""
    dash = f' stroke-dasharray="{DASHES[n % 4]}"' if DASHES[n % 4] else ""
    return (
        '<svg class="key" viewBox="0 0 40 10" aria-hidden="true" focusable="false">'
        f'<path d="M2 5 H38" stroke="{COLOURS[n % 4]}" stroke-width="3.5" stroke-linecap="round"{dash}/></svg>'
    )


def _last_month(meet: Fraction | None, months: int) -> int:
    """Whole years, far enough to show where the plans meet, but at most twenty."""
    need = months if meet is None else max(months, int(float(meet) * 1.15) + 1)
    return min(240, -(-need // 12) * 12)


def _round_up(minor: int) -> int:
    """The next of 1, 1.2, 1.6, 2, 4, 6 and 8 times a power of ten: quarters of it are plain figures."""
    power = 1
    while power * 10 <= minor:
        power *= 10
    steps = [power * tenths // 10 for tenths in (10, 12, 16, 20, 40, 60, 80, 100)]
    return next(step for step in steps if step >= minor)


def _thousands(words: Words, minor: int, currency: str) -> str:
    return escape(words.money(Money(minor, currency)))
