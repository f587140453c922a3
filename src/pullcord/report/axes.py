"""Axes that read well: number formats, round dates, names down the side, labels at the ends of lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .amounts import MINUS
from .sheet import Sheet, text_width
from .style import INK, MUTED, RULE

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def plain_numbers() -> FuncFormatter:
    """Tick labels with thousands separated and a true minus sign."""
    return FuncFormatter(lambda value, _: tick_text(value))


def round_steps(most: int, *, integer: bool = False) -> MaxNLocator:
    """At most so many steps of 1, 2, 2.5 or 5 times a power of ten."""
    return MaxNLocator(most, steps=[1, 2, 5, 10] if integer else [1, 2, 2.5, 5, 10], integer=integer)


def tick_text(value: float) -> str:
    """One tick's number without useless zeros."""
    text = f"{value:,.10g}" if abs(value) < 1e6 else f"{value:,.0f}"
    if "." not in text and "e" not in text and abs(value) >= 1000:
        text = f"{value:,.0f}"
    return text.replace("-", MINUS)


def y_from_zero(plot: Axes, highest: float, *, ticks: int = 5) -> None:
    """A y axis from 0 to a little above the highest value, also where every value is 0."""
    plot.set_ylim(0, highest * 1.08 if highest > 0 else 1)
    plot.yaxis.set_major_locator(round_steps(ticks))
    plot.yaxis.set_major_formatter(plain_numbers())


def y_around(plot: Axes, lowest: float, highest: float, *, ticks: int = 5) -> None:
    """A y axis that holds zero and both values with air around them."""
    low, high = min(lowest, 0.0), max(highest, 0.0)
    air = (high - low) * 0.08 or 1.0
    plot.set_ylim(low - (air if low < 0 else 0), high + air)
    plot.yaxis.set_major_locator(round_steps(ticks))
    plot.yaxis.set_major_formatter(plain_numbers())


def x_label(plot: Axes, text: str, size: float) -> None:
    """What the x axis counts, below it."""
    plot.set_xlabel(text, fontsize=size, color=MUTED, labelpad=5)


def date_axis(plot: Axes, first: date, last: date, width_px: float, size: float) -> None:
    """Ticks on round dates, as many as fit; positions on the axis are proleptic ordinals of the days."""
    most = max(2, int(width_px / (size * 6.2)))
    span = max(1, (last - first).days)
    step = next((days for days in (1, 2, 7, 14) if span / days < most), None)
    if step is not None:
        start = first if step < 7 else first + timedelta(days=-first.weekday() % 7)
        days = [start + timedelta(days=k) for k in range(0, span + 1, step) if start + timedelta(days=k) <= last]
        labels = [f"{d.day} {_MONTHS[d.month - 1]}" for d in days]
    else:
        months = next((m for m in (1, 2, 3, 6, 12, 24, 60) if span / 30.4 / m < most), 120)
        days = [
            date(year, month, 1)
            for year in range(first.year, last.year + 1)
            for month in range(1, 13)
            if (year * 12 + month - 1) % months == 0 and first <= date(year, month, 1) <= last
        ]
        labels = [f"{_MONTHS[d.month - 1]} {d.year}" for d in days]
    if len(days) < 2:
        days = [first, last] if last > first else [first]
        labels = [f"{d.day} {_MONTHS[d.month - 1]} {d.year}" for d in days]
    plot.set_xticks([d.toordinal() for d in days], labels)
    if days == [first, last]:
        plot.get_xticklabels()[0].set(horizontalalignment="left")
        plot.get_xticklabels()[-1].set(horizontalalignment="right")
    air = max(0.5, span * 0.015)
    plot.set_xlim(first.toordinal() - air, last.toordinal() + air)


def spread(values: Sequence[float], gap: float) -> list[float]:
    """Positions near the given ones, in the same order, at least `gap` apart: for labels at the ends of lines."""
    order = sorted(range(len(values)), key=lambda i: (values[i], i))
    placed = [values[i] for i in order]
    for _ in range(60):
        moved = False
        for i in range(len(placed) - 1):
            lack = gap - (placed[i + 1] - placed[i])
            if lack > gap * 1e-3:
                placed[i] -= lack / 2
                placed[i + 1] += lack / 2
                moved = True
        if not moved:
            break
    result = [0.0] * len(values)
    for position, i in enumerate(order):
        result[i] = placed[position]
    return result


def say(
    plot: Axes, text: str, at: tuple[float, float], sheet: Sheet, *, dx: float = 0, dy: float = 0, **look: Any
) -> None:
    """A word at a point of the plot, moved by so many px, on a pale halo so that lines do not cross it."""
    given: dict[str, Any] = {"fontsize": sheet.size, "color": INK, "va": "center", "gid": "halo"} | look
    plot.annotate(text, at, xytext=(dx, dy), textcoords="offset points", annotation_clip=False, **given)


def name_room(names: Sequence[str], sheet: Sheet) -> float:
    """Left margin in px that the names down the side need."""
    return min(sheet.width * 0.45, max((text_width(name, sheet.size) for name in names), default=0.0) + 12)


def name_rows(plot: Axes, names: Sequence[str]) -> None:
    """Names down the y axis, first on top, and verticals to read values by."""
    plot.set_yticks(range(len(names)), names)
    plot.set_ylim(len(names) - 0.45, -0.55)
    plot.grid(visible=False, axis="y")
    plot.grid(visible=True, axis="x", color=RULE)
    plot.xaxis.set_major_locator(round_steps(5))
    plot.xaxis.set_major_formatter(plain_numbers())


def end_labels(plot: Axes, ends: Sequence[tuple[float, float, str, str]], sheet: Sheet) -> None:
    """Names of lines at their right ends, moved apart where they would touch: (x, y, text, colour) each."""
    low, high = plot.get_ylim()
    height = plot.bbox.height or 1.0
    px = (high - low) / height
    places = spread([y for _, y, _, _ in ends], (sheet.size + 3) * px)
    for (x, y, text, colour), placed in zip(ends, places, strict=True):
        say(plot, text, (x, y), sheet, dx=7, dy=(placed - y) / px, color=colour)
