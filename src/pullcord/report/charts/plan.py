"""The plan upstream: what the plant builds, what a scarce thing is worth, and what suppliers are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..amounts import currency_word, is_number, money_scale, plural, shorten
from ..axes import date_axis, name_room, tick_text, x_label, y_from_zero
from ..chart import Chart
from ..readings import Results, currency_of, day, part, rows, unit_of
from ..sheet import KeyEntry, Sheet
from ..style import INK, REST, scale_colour, series_colour

Row = Mapping[str, Any]
Cells = Mapping[tuple[str, str], float]  # value by row name and week


def schedule_charts(results: Results) -> list[Chart]:
    """Builds per week against capacity, and shadow prices: those that the results can fill."""
    unit, made = unit_of(results), []
    weeks = sorted((row for row in rows(results, "schedule", "weeks") if row.get("week")), key=lambda r: str(r["week"]))
    plant = str(part(results, "schedule").get("plant") or "the plant")
    if weeks and any(is_number(row.get("capacity")) or part(row, "by_variant") for row in weeks):
        made.append(
            Chart(
                "schedule",
                f"What {plant} builds each week",
                "Bars: the master schedule by variant. Black line: weekly capacity from takt, hours and availability.",
                f"{plural(unit)} per week",
                "weekly linear program on HiGHS",
                lambda sheet: _weeks(results, weeks, sheet),
            )
        )
    prices = _cells(rows(results, "schedule", "shadow_prices"), "constraint", "value_minor")
    if any(value != 0 for value in prices.values()):
        as_of = part(results, "schedule").get("as_of") or "a day not named"
        made.append(
            Chart(
                "shadow-prices",
                "What one more of a scarce thing would save",
                f"From the plan of {as_of}, when most was short. Darker: relaxing that constraint by one in that week"
                " would lower the plan's cost by more. Light grey:"
                " the constraint does not bind." + _only(prices, 8, "constraints"),
                f"{currency_word(currency_of(results))} per unit of the constraint",
                "dual values of the weekly linear program",
                lambda sheet: _heat(prices, currency_of(results), 8, "per unit", sheet),
            )
        )
    return made


def supply_charts(results: Results) -> list[Chart]:
    """Call-offs by supplier and week."""
    names = {str(r.get("supplier_id")): str(r.get("name")) for r in rows(results, "procurement", "suppliers")}
    given = [
        {**row, "supplier": names.get(str(row.get("supplier_id")), str(row.get("supplier_id")))}
        for row in rows(results, "procurement", "weekly")
    ]
    amounts = _cells(given, "supplier", "amount_minor")
    if not any(value > 0 for value in amounts.values()):
        return []
    return [
        Chart(
            "call-offs",
            "What each supplier is asked to deliver",
            "Value of call-offs by the week they are due. They follow the weekly plan: firm orders, and what the"
            " forecast still expects." + _only(amounts, 12, "suppliers"),
            f"{currency_word(currency_of(results))} per week",
            "requirements over the bill of material; part prices are assumptions",
            lambda sheet: _heat(amounts, currency_of(results), 12, "per week", sheet),
        )
    ]


def _only(cells: Cells, most: int, words: str) -> str:
    """A word on rows left out, where there are more than are drawn."""
    count = len({name for (name, _), value in cells.items() if value})
    return f" The {most} largest of {count} {words} are shown." if count > most else ""


def _cells(given: Sequence[Row], name: str, value: str) -> dict[tuple[str, str], float]:
    """Sums by name and week."""
    cells: dict[tuple[str, str], float] = {}
    for row in given:
        if row.get("week") and is_number(row.get(value)):
            place = (str(row.get(name)), str(row["week"])[:10])
            cells[place] = cells.get(place, 0.0) + float(row[value])
    return cells


def _weeks(results: Results, weeks: Sequence[Row], sheet: Sheet) -> Figure:
    totals: dict[str, float] = {}
    for row in weeks:
        for variant, count in part(row, "by_variant").items():
            totals[str(variant)] = totals.get(str(variant), 0.0) + (float(count) if is_number(count) else 0.0)
    order = sorted((v for v, total in totals.items() if total > 0), key=lambda v: (-totals[v], v))
    shown, others = (order[:7], order[7:]) if len(order) > 8 else (order, [])
    names = {str(row.get("variant_id")): str(row.get("variant")) for row in rows(results, "offers")}
    names = names if all(variant in names for variant in shown) else {}  # all by name, or all by id
    key = [KeyEntry(shorten(names.get(v, v), 30), series_colour(i)) for i, v in enumerate(shown)]
    key += [KeyEntry(f"{len(others)} other variants", REST)] if others else []
    key += [KeyEntry("capacity", INK, "line")]
    unit = plural(unit_of(results))
    figure, (plot,) = sheet.plots(250 if sheet.narrow else 300, f"{unit} per week", left=54, key=key)
    days = [day(row["week"]) for row in weeks]
    xs = [d.toordinal() for d in days]
    base = [0.0] * len(weeks)
    layers = [(series_colour(i), [v]) for i, v in enumerate(shown)] + ([(REST, others)] if others else [])
    for colour, variants in layers:
        built = [sum(float(part(row, "by_variant").get(v) or 0) for v in variants) for row in weeks]
        plot.bar(xs, built, bottom=base, width=5.6, color=colour, linewidth=0)
        base = [b + n for b, n in zip(base, built, strict=True)]
    capacity = [(x, float(row["capacity"])) for x, row in zip(xs, weeks, strict=True) if is_number(row.get("capacity"))]
    if capacity:
        edges = [e for x, _ in capacity for e in (x - 3.5, x + 3.5)]
        plot.plot(edges, [c for _, c in capacity for _ in (0, 1)], color=INK, linewidth=1.6, solid_capstyle="butt")
    y_from_zero(plot, max([*base, *(c for _, c in capacity), 0.0]))
    date_axis(plot, days[0], days[-1], sheet.width - 70, sheet.size)
    plot.set_xlim(xs[0] - 5, xs[-1] + 5)
    x_label(plot, "week starting", sheet.size)
    return figure


def _heat(cells: Cells, currency: str, most: int, per: str, sheet: Sheet) -> Figure:
    """Names down, weeks across, darker for more; a scale of five steps above."""
    totals: dict[str, float] = {}
    for (name, _), value in cells.items():
        totals[name] = totals.get(name, 0.0) + abs(value)
    names = sorted((n for n in totals if totals[n] > 0), key=lambda n: (-totals[n], n))[:most]
    weeks = [day(week) for week in sorted({week for name, week in cells if name in names})]
    highest = max(abs(value) for (name, _), value in cells.items() if name in names)
    divisor, unit = money_scale([highest], currency)
    steps = [
        KeyEntry(tick_text(float(f"{highest * share / divisor:.2g}")), scale_colour(share))
        for share in ((0.05, 0.35, 0.7, 1.0) if sheet.narrow else (0.05, 0.25, 0.5, 0.75, 1.0))
    ]
    words = [shorten(name, 18 if sheet.narrow else 34) for name in names]
    key = [KeyEntry(f"{unit} {per}:", INK, "none"), *steps]
    figure, (plot,) = sheet.plots(27 * len(names), "", left=name_room(words, sheet), right=10, key=key)
    plot.grid(visible=False)
    boxes, colours = [], []
    for i, name in enumerate(names):
        for week in weeks:
            value = abs(cells.get((name, week.isoformat()), 0.0))
            boxes.append(Rectangle((week.toordinal() - 3.15, i - 0.43), 6.3, 0.86))
            colours.append(scale_colour(0.05 + 0.95 * value / highest) if value else "#f4f6f8")
    plot.add_collection(PatchCollection(boxes, facecolors=colours, linewidths=0))
    plot.set_yticks(range(len(names)), words)
    date_axis(plot, weeks[0], weeks[-1], sheet.width - name_room(words, sheet) - 10, sheet.size)
    plot.set_xlim(weeks[0].toordinal() - 4, weeks[-1].toordinal() + 4)
    plot.set_ylim(len(names) - 0.4, -0.6)
    x_label(plot, "week starting", sheet.size)
    return figure
