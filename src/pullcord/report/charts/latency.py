"""What old news costs on the real market: error against delay, and month by month."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from matplotlib.figure import Figure

from ..amounts import is_number, number
from ..axes import date_axis, say, x_label, y_from_zero
from ..chart import Chart
from ..readings import Results, day, part
from ..sheet import KeyEntry, Sheet
from ..style import AXIS, PULL, PUSH

Lags = dict[int, float]  # WAPE by months of delay


def charts(results: Results) -> list[Chart]:
    """The latency curve, and the months behind it where they are given."""
    latency = part(results, "latency")
    wape = _lags(part(latency, "wape"))
    if not wape:
        return []
    source = str(latency.get("source") or "monthly sales of the program's rivals")
    tested = f" Every delay is tested on the same {number(latency['pairs'])} pairs." if latency.get("pairs") else ""
    made = [
        Chart(
            "latency-curve",
            "Older news, larger error",
            "Error of a plan that repeats the last known month, by how old that month is. Bars: 95 % intervals from"
            f" resampled months.{tested}",
            "WAPE: units planned wrongly per unit sold, %",
            source,
            lambda sheet: _curve(wape, part(latency, "interval_95"), sheet),
            half=True,
        )
    ]
    months = {day(month): _lags(lags) for month, lags in part(latency, "by_month").items()}
    months = {month: lags for month, lags in sorted(months.items()) if lags}
    if months:
        fresh, stale = _compared(months)
        made.append(
            Chart(
                "latency-months",
                "The same, month by month",
                f"Where the {stale}-month line stands above the {fresh}-month line, fresher news would have helped"
                " that month; where it lies below, the older number was luckier.",
                "WAPE in the month planned for, %",
                source,
                lambda sheet: _by_month(months, fresh, stale, sheet),
                half=True,
            )
        )
    return made


def _lags(given: Mapping[str, Any]) -> Lags:
    return dict(sorted((int(lag), float(value)) for lag, value in given.items() if is_number(value)))


def _compared(months: Mapping[date, Lags]) -> tuple[int, int]:
    """The freshest delay, and three months or the nearest to it."""
    known = sorted({lag for lags in months.values() for lag in lags})
    return known[0], min(known, key=lambda lag: (abs(lag - 3), -lag))


def _curve(wape: Lags, intervals: Mapping[str, Any], sheet: Sheet) -> Figure:
    figure, (plot,) = sheet.plots(230, "WAPE, %", left=40)
    highest = max(wape.values())
    for lag, value in wape.items():
        low, high = intervals.get(str(lag)) or (value, value)
        highest = max(highest, high)
        plot.plot([lag, lag], [low * 100, high * 100], color=PULL, linewidth=5, alpha=0.28)
        say(plot, f"{value * 100:.1f}", (lag, value * 100), sheet, dx=8, dy=-10, fontweight="bold")
    plot.plot(list(wape), [v * 100 for v in wape.values()], color=PULL, marker="o", markersize=7, linewidth=1.6)
    y_from_zero(plot, highest * 100)
    plot.set_xlim(min(wape) - 0.35, max(wape) + 0.75)
    plot.set_xticks(list(wape))
    x_label(plot, "age of the last known month, months", sheet.size)
    return figure


def _by_month(months: Mapping[date, Lags], fresh: int, stale: int, sheet: Sheet) -> Figure:
    others = sorted({lag for lags in months.values() for lag in lags} - {fresh, stale})
    key = [KeyEntry(f"{fresh} month{'s' * (fresh != 1)} old", PULL, "line")]
    if stale != fresh:
        key.append(KeyEntry(f"{stale} months old", PUSH, "line"))
    if others:
        key.append(KeyEntry(f"{', '.join(map(str, others))} months", "#c3ccd6", "line"))
    figure, (plot,) = sheet.plots(206, "WAPE, %", left=40, key=key)
    for lag, colour, width in [*((o, "#c3ccd6", 1.2) for o in others), (stale, PUSH, 2.2), (fresh, PULL, 2.2)]:
        points = [(month.toordinal(), lags[lag] * 100) for month, lags in months.items() if lag in lags]
        marker = "o" if len(points) < 4 else ""
        plot.plot(*zip(*points, strict=True), color=colour, linewidth=width, marker=marker)
    both = [(m.toordinal(), v[fresh] * 100, v[stale] * 100) for m, v in months.items() if fresh in v and stale in v]
    if both:
        xs, low, high = (list(column) for column in zip(*both, strict=True))
        plot.fill_between(xs, low, high, color=AXIS, alpha=0.16, linewidth=0)
    y_from_zero(plot, max(value for lags in months.values() for value in lags.values()) * 100)
    date_axis(plot, min(months), max(months), sheet.width - 54, sheet.size)
    x_label(plot, "month planned for", sheet.size)
    return figure
