"""The launch, day by day: what customers asked for, what they were told, and whether it came true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from matplotlib.figure import Figure

from ..amounts import is_number, number, plural
from ..axes import date_axis, end_labels, round_steps, say, tick_text, x_label, y_from_zero
from ..chart import Chart
from ..readings import Results, day, promise_errors, rows, unit_of
from ..sheet import KeyEntry, Sheet
from ..style import DEMAND, INK, PULL, WARNING

Row = Mapping[str, Any]

STEPS = {
    "reservations": DEMAND,
    "quotes": "#8a5a9e",
    "deposits": "#a8670f",
    "locks": "#1a8f78",
    "hand_overs": PULL,
    "cancels": WARNING,
}
LEDGER = "the run's event ledger"


def charts(results: Results) -> list[Chart]:
    """Cumulative steps, quoted waits and the error of promises: those that the results can fill."""
    unit, made = unit_of(results), []
    daily = sorted((r for r in rows(results, "launch", "daily") if r.get("day")), key=lambda r: str(r["day"]))
    if daily and any(is_number(row.get(step)) for row in daily for step in STEPS):
        made.append(
            Chart(
                "launch",
                "From reservation to hand-over",
                "Counts from the first day. The gap between two lines: who has not, or not yet, gone on.",
                "customers, cumulative",
                LEDGER,
                lambda sheet: _steps(daily, sheet),
            )
        )
    waits = [r for r in rows(results, "launch", "quoted_wait") if r.get("day") and is_number(r.get("p50"))]
    if waits:
        made.append(
            Chart(
                "quoted-wait",
                "The wait a customer is quoted",
                "Days from the quote to the delivery date it names, by day of quote: the median, and the band that"
                " holds 8 of 10 quotes. The date is shown before any deposit.",
                "days",
                LEDGER,
                lambda sheet: _waits(sorted(waits, key=lambda r: str(r["day"])), sheet),
                half=True,
            )
        )
    errors = promise_errors(results)
    if sum(errors.values()) > 0:
        made.append(
            Chart(
                "promise-error",
                "Promised and kept",
                f"How late (right of zero) or early (left) each {unit} came against the promised date. Red: more than"
                " 3 days late.",
                f"days late; count of {plural(unit)}",
                LEDGER,
                lambda sheet: _errors(errors, plural(unit), sheet),
                half=True,
            )
        )
    return made


def _steps(daily: Sequence[Row], sheet: Sheet) -> Figure:
    names = [s for s in STEPS if any(is_number(row.get(s)) for row in daily)]
    key = [KeyEntry(s.replace("_", "-"), STEPS[s], "line") for s in names] if sheet.narrow else []
    right = 24 if sheet.narrow else 168
    figure, (plot,) = sheet.plots(260 if sheet.narrow else 330, "customers", left=54, right=right, key=key)
    ends = []
    for step in names:
        points = [(day(row["day"]), float(row[step])) for row in daily if is_number(row.get(step))]
        xs = [d.toordinal() for d, _ in points]
        plot.plot(xs, [v for _, v in points], color=STEPS[step], marker="o" if len(xs) == 1 else "")
        last = points[-1][1]
        ends.append((xs[-1], last, f"{step.replace('_', '-')} {number(last)}", STEPS[step]))
    y_from_zero(plot, max(float(row[s]) for row in daily for s in names if is_number(row.get(s))))
    date_axis(plot, day(daily[0]["day"]), day(daily[-1]["day"]), sheet.width - 54 - right, sheet.size)
    if not sheet.narrow:
        end_labels(plot, ends, sheet)
    x_label(plot, "day", sheet.size)
    return figure


def _waits(waits: Sequence[Row], sheet: Sheet) -> Figure:
    key = [KeyEntry("median", PULL, "line"), KeyEntry("8 of 10 quotes", "#c2d7e8")]
    figure, (plot,) = sheet.plots(220, "quoted wait, days", left=44, key=key)
    days: list[date] = [day(row["day"]) for row in waits]
    xs = [d.toordinal() for d in days]
    middle = [float(row["p50"]) for row in waits]
    low = [float(row["p10"]) if is_number(row.get("p10")) else m for row, m in zip(waits, middle, strict=True)]
    high = [float(row["p90"]) if is_number(row.get("p90")) else m for row, m in zip(waits, middle, strict=True)]
    if len(xs) == 1:
        plot.plot([xs[0], xs[0]], [low[0], high[0]], color=PULL, alpha=0.25, linewidth=10)
    plot.fill_between(xs, low, high, color=PULL, alpha=0.25, linewidth=0)
    plot.plot(xs, middle, color=PULL, marker="o" if len(xs) < 4 else "")
    y_from_zero(plot, max(*high, *middle))
    date_axis(plot, days[0], days[-1], sheet.width - 60, sheet.size)
    x_label(plot, "day of quote", sheet.size)
    return figure


def _errors(errors: Mapping[int, int], units: str, sheet: Sheet) -> Figure:
    figure, (plot,) = sheet.plots(246, units, left=50)
    first, last = min(errors), max(errors)
    width = max(1, -(-(last - first + 1) // 40))  # at most about 40 bars, of whole days
    bins: dict[int, int] = {}
    for days_late, count in errors.items():
        bins[days_late // width * width] = bins.get(days_late // width * width, 0) + count
    for start, count in bins.items():
        late = start > 3
        plot.bar(start + (width - 1) / 2, count, width=0.86 * width, color=WARNING if late else PULL, linewidth=0)
    highest = max(bins.values())
    y_from_zero(plot, highest * 1.08)
    plot.set_xlim(min(first, -3) - 1, max(last, 3) + width + 0.4)
    plot.axvline(0, color=INK, linewidth=1, linestyle=(0, (2, 2)))
    plot.xaxis.set_major_locator(round_steps(7, integer=True))
    plot.xaxis.set_major_formatter(lambda value, _: tick_text(value))
    say(plot, "early", (0, 1), sheet, dx=4, dy=-7, xycoords="axes fraction", color=DEMAND)
    say(plot, "late", (1, 1), sheet, dx=-4, dy=-7, xycoords="axes fraction", ha="right", color=DEMAND)
    each = "" if width == 1 else f", {width} days a bar"
    x_label(plot, f"days late against the promise{each}", sheet.size)
    return figure
