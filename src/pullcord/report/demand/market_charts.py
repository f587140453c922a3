"""The market: expected units by city and segment, the shares beside the best sellers', take rates by option."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pullcord.insight import DemandReport, TakeRate

from ..amounts import number, percent, plural, shorten
from ..axes import name_room, name_rows, round_steps, say, x_label
from ..chart import Chart
from ..sheet import KeyEntry, Sheet, text_width
from ..style import INK, MUTED, PULL, series_colour
from .marks import point, row_plot

CITIES_WIDE, CITIES_NARROW = 24, 16
BEST_SELLERS = 8


def market_charts(report: DemandReport) -> list[Chart]:
    """Where it stands, in all and by segment, and by city."""
    units, market = plural(report.facts.unit_name), report.market
    months = f"{market.months[0]:%Y-%m} to {market.months[-1]:%Y-%m}"
    model = f"logit of the rivals' market of {months}"
    learned = "; splits learned from private releases" if report.learned_from else ""
    return [
        Chart(
            "standing",
            "Where it would stand",
            "What the new product would sell, in all and by segment, beside the best sellers. The thick bar is what"
            " uncertain tastes allow, the thin line adds what no data can tell before launch: how buyers see it apart"
            " from its listed attributes. A segment is a plan of the price card. Segments move with the whole, so that"
            " their ends do not add up; their means do: to the mean of all that is possible, the small upright, or to"
            " what released orders have made of it.",
            f"{units} a month",
            f"{model}; sales as published; plan shares from assumptions.csv{learned}",
            lambda sheet: _standing(report, sheet),
        ),
        Chart(
            "cities",
            "By city",
            f"Expected {units} a month, split by segment; the line holds 95 % of what is possible for the city."
            f" {_shown_cities(report)}",
            f"expected {units} a month",
            f"{model}; cities by inhabitants{learned}",
            lambda sheet: _cities(report, sheet),
        ),
    ]


def take_charts(report: DemandReport) -> list[Chart]:
    """Take rates, family by family."""
    if not report.take_rates:
        return []
    if report.learned_from:
        caption = "Learned from what was released; the line holds 95 %, the release's own noise counted in."
        source = f"private releases {', '.join(report.learned_from)}"
    else:
        caption = "No order is known here: every mix of the variants on sale is as likely as any other."
        source = "the variants on sale; no orders"
    return [
        Chart(
            "take-rates",
            "Of 100 buyers, how many take each option",
            f"{caption} The dot is the mean.",
            "share of buyers, %",
            source,
            lambda sheet: _take_rates(report.take_rates, sheet),
        )
    ]


def _shown_cities(report: DemandReport) -> str:
    count = len(report.cities)
    return f"Largest of {count} cities; the table has all." if count > CITIES_NARROW else ""


def _standing(report: DemandReport, sheet: Sheet) -> Figure:
    market, several = report.market, len(report.segments) > 1
    parts = list(enumerate(report.segments)) if several else []
    best = [row for row in report.rivals if not row.ours and row.units_per_month is not None][:BEST_SELLERS]
    letters = 21 if sheet.narrow else 40
    before = "before the launch" if market.now else report.facts.product
    names = [shorten(before, letters)]
    if market.now is not None:
        counted = "" if sheet.narrow else " counted"
        names.append(f"with {number(market.orders_told)} orders{counted}")
    top = len(names)
    names += [shorten(f"of which {row.segment}", letters) for _, row in parts]
    names += [shorten(row.name, letters) for row in best]
    key = [KeyEntry("predicted", INK, "line"), KeyEntry("sold", MUTED, "dot")]
    left = max(name_room(names, sheet), 1.13 * text_width(names[top - 1], sheet.size) + 12)  # that name is bold
    figure, (plot,) = sheet.plots(28 * len(names) + 10, "", left=left, right=24, key=key)
    plot.set_xlim(0, max(market.units.high, *(row.units_per_month or 0.0 for row in best), 1.0) * 1.04)
    rows = [*([] if market.now is None else [(market.now, PULL)]), *((r.units, series_colour(k)) for k, r in parts)]
    for at, (units, colour) in enumerate(rows, start=1):
        plot.plot([units.low, units.high], [at, at], color=colour, linewidth=2.0)
        plot.plot([units.mean], [at], marker="o", markersize=8, color=colour, markeredgecolor="white")
        _say_above(plot, units.mean, at, sheet)
    units, tastes = market.units, market.units_tastes
    plot.plot([units.low, units.high], [0, 0], color=INK, linewidth=2.0)
    plot.plot([tastes.low, tastes.high], [0, 0], color=INK, linewidth=11.0, alpha=0.25, solid_capstyle="butt")
    plot.plot([units.mean] * 2, [-0.24, 0.24], color=INK, linewidth=2.0)
    plot.plot([market.units_middle], [0], marker="o", markersize=9, color=INK, markeredgecolor="white")
    _say_above(plot, market.units_middle, 0, sheet, bold=True)
    for at, row in enumerate(best, start=top + len(parts)):
        plot.plot([row.units_per_month or 0.0], [at], marker="o", markersize=7, color=MUTED)
    name_rows(plot, names)
    plot.set_ylim(len(names) - 0.45, -0.75)
    if best:
        plot.axhline(top + len(parts) - 0.5, color="#c4ced9", linewidth=1.0)
    plot.get_yticklabels()[top - 1].set(color=INK, fontweight="bold")
    plot.xaxis.set_major_locator(round_steps(3 if sheet.narrow else 6))
    x_label(plot, f"{plural(report.facts.unit_name)} a month", sheet.size)
    return figure


def _say_above(plot: Axes, value: float, row: float, sheet: Sheet, *, bold: bool = False) -> None:
    """The value above its dot, to the right of the axis even where the dot is close to it."""
    close = plot.transData.transform((value, 0))[0] - plot.bbox.x0 < 20
    say(
        plot, _three(value), (value, row), sheet, dx=-4 if close else 0, dy=13 if bold else 11,
        ha="left" if close else "center", fontweight="bold" if bold else "normal",
    )  # fmt: skip


def _cities(report: DemandReport, sheet: Sheet) -> Figure:
    shown = report.cities[: CITIES_NARROW if sheet.narrow else CITIES_WIDE]
    names = [shorten(city.name, 18) for city in shown]
    several = len(report.segments) > 1
    key = [KeyEntry(row.segment, series_colour(k)) for k, row in enumerate(report.segments)] if several else []
    figure, (plot,) = sheet.plots(23 * len(shown) + 10, "", left=name_room(names, sheet), right=18, key=key)
    for at, city in enumerate(shown):
        left = 0.0
        for k, estimate in enumerate(city.by_segment):
            plot.barh(at, estimate.mean, left=left, height=0.6, color=series_colour(k), alpha=0.9, linewidth=0)
            left += estimate.mean
        plot.plot([city.units.low, city.units.high], [at, at], color=INK, linewidth=1.5, alpha=0.65)
        for end in (city.units.low, city.units.high):
            plot.plot([end, end], [at - 0.17, at + 0.17], color=INK, linewidth=1.5, alpha=0.65)
    plot.set_xlim(0, max(city.units.high for city in shown) * 1.04 or 1.0)
    name_rows(plot, names)
    x_label(plot, f"expected {plural(report.facts.unit_name)} a month", sheet.size)
    return figure


def _take_rates(rates: Sequence[TakeRate], sheet: Sheet) -> Figure:
    families = list(dict.fromkeys(row.family for row in rates))
    rows: list[TakeRate | str] = []
    for family in families:
        if not sheet.narrow:  # on a phone each name says its family
            rows.append(family)
        rows += [row for row in rates if row.family == family]
    names = [
        row
        if isinstance(row, str)
        else f"{row.family}: {row.option}, {percent(row.rate.mean, 0)}"
        if sheet.narrow
        else row.option
        for row in rows
    ]
    figure, plot = row_plot(sheet, names, right=22)
    for at, row in enumerate(rows):
        if isinstance(row, str):
            plot.get_yticklabels()[at].set(color=INK, fontweight="bold")
            if at:
                plot.axhline(at - 0.5, color="#c4ced9", linewidth=1.0)
            continue
        colour, rate = series_colour(families.index(row.family)), row.rate
        point(plot, at, rate.mean * 100, rate.low * 100, rate.high * 100, colour=colour)
        if not sheet.narrow:
            say(plot, percent(rate.mean, 0), (rate.mean * 100, at), sheet, dy=11, ha="center")
    plot.set_xlim(0, 100)
    x_label(plot, "share of buyers, %", sheet.size)
    return figure


def _three(value: float) -> str:
    """Three significant figures: more would claim a precision that nobody has."""
    return number(float(f"{value:.3g}"), 0)
