"""What an attribute is worth, and what nobody knows: willingness to pay, and the tornado of unknowns."""

from __future__ import annotations

from matplotlib.figure import Figure

from pullcord.insight import DemandReport, Willingness

from ..amounts import currency_word, money, money_scale, plural
from ..axes import plain_numbers, round_steps, say, x_label
from ..chart import Chart
from ..sheet import KeyEntry, Sheet
from ..style import AXIS, INK, MUTED, PULL, PUSH
from .marks import point, row_plot


def willingness_charts(report: DemandReport) -> list[Chart]:
    """Willingness to pay for each attribute."""
    if not report.willingness:
        return []
    return [
        Chart(
            "willingness",
            "What buyers would pay for it",
            "For one step more of each attribute, all else alike. The line holds 95 % by Fieller's theorem; left of"
            " zero is what buyers would have to be given; rings may as well be zero. Without a line there is no bound."
            + (" Below the rule: the survey's own columns, one unit each." if report.willingness[-1].surveyed else ""),
            f"{currency_word(report.facts.currency)} for the step named",
            report.willingness_source,
            lambda sheet: _willingness(report, sheet),
        )
    ]


def tornado_charts(report: DemandReport) -> list[Chart]:
    """How far each unknown moves the forecast."""
    if not report.unknowns:
        return []
    return [
        Chart(
            "tornado",
            "Which unknown moves the forecast most",
            "Each bar runs from the forecast at one end of what the unknown may be to the forecast at the other, all"
            " else held in the middle; its words name the two ends. Bars in grey move units between variants or"
            " plans, not the whole.",
            f"change of the forecast, {plural(report.facts.unit_name)} a month",
            "95 % ends of tastes and constant; low and high of assumptions.csv; take rates as above",
            lambda sheet: _tornado(report, sheet),
        )
    ]


def willingness_name(row: Willingness) -> str:
    """100 km of range_km reads `range km: 100 km more`; a survey's own column stands as it is."""
    words = row.attribute.replace("_", " ")
    return words if row.surveyed else f"{words}: {row.per} more"


def _willingness(report: DemandReport, sheet: Sheet) -> Figure:
    rows, currency = report.willingness, report.facts.currency
    values = [float(m.minor) for row in rows for m in (row.value, row.low, row.high) if m is not None]
    divisor, unit = money_scale(values, currency)
    names = [willingness_name(row) for row in rows]
    if sheet.narrow:
        names = [f"{name}: {_about(row, currency)}" for name, row in zip(names, rows, strict=True)]
    figure, plot = row_plot(sheet, names, right=24)
    low, high = min(0.0, *values) / divisor, max(0.0, *values) / divisor
    air = (high - low) * 0.04 or 1.0
    plot.set_xlim(low - (air if low < 0 else 0), high + air)
    plot.xaxis.set_major_locator(round_steps(4 if sheet.narrow else 7))
    plot.xaxis.set_major_formatter(plain_numbers())
    plot.axvline(0, color=AXIS, linewidth=1.2)
    for at, row in enumerate(rows):
        if at and row.surveyed and not rows[at - 1].surveyed:
            plot.axhline(at - (0.72 if sheet.narrow else 0.5), color="#c4ced9", linewidth=1.0)
        value = row.value.minor / divisor
        if row.low is None or row.high is None:
            point(plot, at, value, value, value, colour=MUTED, ring=True)
            continue
        ends = row.low.minor / divisor, row.high.minor / divisor
        known = ends[0] > 0 or ends[1] < 0
        point(plot, at, value, *ends, colour=PULL if known else MUTED, ring=not known)
        if not sheet.narrow:
            say(plot, _about(row, currency), (value, at), sheet, dy=12, ha="center", color=INK)
    x_label(plot, unit, sheet.size)
    return figure


def _about(row: Willingness, currency: str) -> str:
    """The amount to three significant figures: more would claim a precision that nobody has."""
    minor = float(f"{row.value.minor:.3g}")
    return money(minor, currency, 0 if abs(row.value.major) >= 10 else 2)


def _tornado(report: DemandReport, sheet: Sheet) -> Figure:
    rows = report.unknowns
    key = [KeyEntry("low end", PULL), KeyEntry("high end", PUSH), KeyEntry("moves a part, not the whole", AXIS)]
    figure, plot = row_plot(sheet, [row.name for row in rows], key=key, right=24)
    changes = [value - row.base for row in rows for value in (row.at_low, row.at_high)]
    span = (max(0.0, *changes) - min(0.0, *changes)) or 1.0
    # Room for the words at the ends, in px of the plot turned into units of the axis.
    side = 60 if sheet.narrow else 100
    room = side * span / (plot.bbox.width - 2 * side)
    plot.set_xlim(min(0.0, *changes) - room, max(0.0, *changes) + room)
    plot.xaxis.set_major_locator(round_steps(4 if sheet.narrow else 8))
    plot.xaxis.set_major_formatter(plain_numbers())
    for at, row in enumerate(rows):
        whole = row.moves.startswith("all units")
        for value, colour in ((row.at_low, PULL), (row.at_high, PUSH)):
            plot.barh(
                at,
                value - row.base,
                height=0.5 if not sheet.narrow else 0.34,
                color=colour if whole else AXIS,
                linewidth=0,
            )
        for value, words in sorted(((row.at_low, row.low), (row.at_high, row.high))):
            left = value <= row.base
            say(
                plot, _end(words, sheet), (value - row.base, at), sheet, dx=-6 if left else 6,
                ha="right" if left else "left", color=MUTED,
            )  # fmt: skip
    plot.axvline(0, color=INK, linewidth=1.2, zorder=1.2)
    x_label(plot, f"change of the forecast, {plural(report.facts.unit_name)} a month", sheet.size)
    return figure


def _end(words: str, sheet: Sheet) -> str:
    """The words at an end of a bar: the value alone where there is little room."""
    short = words.split(" per ")[0].removesuffix(" utility")
    return short if sheet.narrow else words.split(" per ")[0]
