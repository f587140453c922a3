"""Two worlds on the same shoppers: push and pull at every delay of news, their difference, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..amounts import is_number, number, plural
from ..axes import plain_numbers, round_steps, say, x_label, y_around, y_from_zero
from ..chart import Chart
from ..readings import (
    M7_PARTS,
    Results,
    Scale,
    bare_part,
    bounds,
    delays,
    paired_row,
    part,
    rows,
    scale_of,
    twin_row,
    twin_unit,
    unit_of,
)
from ..sheet import KeyEntry, Sheet
from ..style import AXIS, DEMAND, INK, PULL, PUSH, SERIES

WORLDS = {"push": PUSH, "pull": PULL}
PROMPT = "pull_prompt"  # pull as if it had neither freeze nor cooling-off
HEADLINE = ("M1", "M3", "M7")
TITLES = {"M1": "M1, units", "M2": "M2, configuration", "M3": "M3, promised date", "M7": "M7, money"}


def charts(results: Results) -> list[Chart]:
    """Measures by delay, paired differences, components and weekly series: those that the results can fill."""
    listed = delays(results)
    source = twin_source(results)
    made = []
    shown = [m for m in HEADLINE if any(twin_row(results, w, d, m) for w in WORLDS for d in listed)]
    if shown:
        made.append(
            Chart(
                "twin",
                "Push and pull, by the age of the news",
                "Lower is better. Points are means over seeds, bars 95 % intervals. The grey column is the delay"
                " chosen on the dial.",
                measured_in(results, shown),
                source,
                lambda sheet: _worlds(results, shown, listed, sheet),
            )
        )
    paired = [m for m in HEADLINE if any(paired_row(results, d, m) for d in listed)]
    if paired:
        made.append(
            Chart(
                "twin-paired",
                "Push minus pull, seed by seed",
                "Above zero pull is better, below zero push is. Where the bar crosses zero there is no measurable"
                " difference.",
                "difference, in the unit of each measure",
                source,
                lambda sheet: _paired(results, paired, listed, sheet),
            )
        )
    parts = [p for p in M7_PARTS if any(_component(results, w, d, p) for w in WORLDS for d in listed)]
    if parts:
        made.append(
            Chart(
                "twin-parts",
                "What the mismatch costs, by component",
                "Left bar of each pair: push; right: pull. A component that is zero does not show.",
                scale_of("M7", twin_unit(results, "M7"), results).unit,
                source,
                lambda sheet: _parts(results, parts, listed, sheet),
            )
        )
    series = {w: part(results, "twin", "series", w) for w in WORLDS}
    if any(_numbers(s.get(k)) for s in series.values() for k in ("stock", "backlog")):
        made.append(
            Chart(
                "twin-series",
                "Stock and backlog, week by week",
                "Stock is finished and has no buyer yet; backlog is ordered and not yet built. Counts are those of the"
                " simulation, where one may stand for several real ones.",
                f"simulated {plural(unit_of(results))}; weeks since the measured time began",
                "digital twin, one seed; the notes above say at which delays",
                lambda sheet: _series(series, plural(unit_of(results)), sheet),
            )
        )
    return made


def _numbers(values: Any) -> list[float]:
    return [float(v) for v in values or () if is_number(v)]


def component_name(results: Results, name: str) -> str | None:
    """How the twin's rows name a component of M7; None where they do not have it."""
    names = dict.fromkeys(str(row.get("measure")) for row in rows(results, "twin", "rows"))
    return next((m for m in names if bare_part(m) == name), None)


def _component(results: Results, world: str, delay: int, name: str) -> Mapping[str, Any]:
    measure = component_name(results, name)
    return twin_row(results, world, delay, measure) if measure else {}


def twin_source(results: Results) -> str:
    """Where the twin's figures come from."""
    return f"digital twin, {number(part(results, 'twin').get('replications'))} seeds, the same shoppers in both worlds"


def measured_in(results: Results, measures: Sequence[str]) -> str:
    """The units of several measures, for a caption."""
    return "; ".join(f"{m}: {scale.unit}" for m, scale in zip(measures, scales(results, measures), strict=True))


def scales(results: Results, measures: Sequence[str]) -> list[Scale]:
    """How each measure is shown."""
    return [scale_of(m, twin_unit(results, m), results) for m in measures]


def _delay_axis(plot: Axes, listed: Sequence[int], sheet: Sheet) -> None:
    """The dial's delays at even steps, with a column that the page's dial lights up."""
    short = {0: "none", 1: "1 d", 7: "1 wk", 30: "1 mo", 91: "3 mo"}
    for i, delay in enumerate(listed):
        plot.axvspan(i - 0.46, i + 0.46, color=AXIS, alpha=0.2, linewidth=0, gid=f"dial-{delay}", zorder=0)
    plot.set_xticks(range(len(listed)), [short.get(d, f"{d} d") for d in listed])
    plot.set_xlim(-0.6, len(listed) - 0.4)
    x_label(plot, "age of the news", sheet.size)


def _worlds(results: Results, measures: Sequence[str], listed: Sequence[int], sheet: Sheet) -> Figure:
    given = scales(results, measures)
    key = [KeyEntry("push: forecast, stock", PUSH, "dot"), KeyEntry("pull: build to order", PULL, "dot")]
    looks = [("push", -0.12, PUSH, "-"), ("pull", 0.12, PULL, "-")]
    if any(twin_row(results, PROMPT, delay, measure) for delay in listed for measure in measures):
        key.append(KeyEntry("pull, no freeze or cooling-off", PULL, "ring"))
        looks.append((PROMPT, 0.28, PULL, ":"))
    units = [f"{TITLES[m]} ({s.unit})" for m, s in zip(measures, given, strict=True)]
    figure, plots = sheet.plots(190 if sheet.narrow else 230, *units, left=52, key=key)
    for plot, measure, scale in zip(plots, measures, given, strict=True):
        highest = 0.0
        for world, offset, colour, dashes in looks:
            xs, ys = [], []
            for i, delay in enumerate(listed):
                if row := twin_row(results, world, delay, measure):
                    low, high = (v * scale.factor for v in bounds(row))
                    plot.plot([i + offset] * 2, [low, high], color=colour, linewidth=4.5, alpha=0.35)
                    xs.append(i + offset)
                    ys.append(row["mean"] * scale.factor)
                    highest = max(highest, high)
            face = "white" if world == PROMPT else colour
            plot.plot(xs, ys, dashes, color=colour, marker="o", markersize=6.5, linewidth=1.3, markerfacecolor=face)
        y_from_zero(plot, highest)
        _delay_axis(plot, listed, sheet)
    return figure


def _paired(results: Results, measures: Sequence[str], listed: Sequence[int], sheet: Sheet) -> Figure:
    given = scales(results, measures)
    units = [f"{TITLES[m]} ({s.unit.replace('%', '% points')})" for m, s in zip(measures, given, strict=True)]
    key = [
        KeyEntry("pull better", PULL, "dot"),
        KeyEntry("push better", PUSH, "dot"),
        KeyEntry("no measurable difference", DEMAND, "dot"),
    ]
    figure, plots = sheet.plots(170 if sheet.narrow else 210, *units, left=52, key=key)
    for plot, measure, scale in zip(plots, measures, given, strict=True):
        reach = [0.0]
        for i, delay in enumerate(listed):
            if row := paired_row(results, delay, measure):
                low, high = (v * scale.factor for v in bounds(row))
                colour = PULL if low > 0 else PUSH if high < 0 else DEMAND
                plot.plot([i, i], [low, high], color=colour, linewidth=5, alpha=0.4)
                plot.plot([i], [row["mean"] * scale.factor], marker="o", markersize=7, color=colour)
                reach += [low, high]
        y_around(plot, min(reach), max(reach))
        plot.axhline(0, color=INK, linewidth=1.2)
        _delay_axis(plot, listed, sheet)
    return figure


def _parts(results: Results, parts: Sequence[str], listed: Sequence[int], sheet: Sheet) -> Figure:
    colours = dict(zip(M7_PARTS, SERIES, strict=False))
    key = [KeyEntry(p.replace("_", " "), colours[p]) for p in parts]
    scale = scale_of("M7", twin_unit(results, component_name(results, parts[0]) or "M7"), results)
    figure, (plot,) = sheet.plots(230 if sheet.narrow else 270, scale.unit, left=58, key=key)
    highest = lowest = 0.0
    for i, delay in enumerate(listed):
        for offset, world in ((-0.2, "push"), (0.2, "pull")):
            up = down = 0.0
            for name in parts:
                row = _component(results, world, delay, name)
                value = float(row["mean"]) * scale.factor if row else 0.0
                plot.bar(i + offset, value, bottom=up if value >= 0 else down, width=0.36, color=colours[name])
                up, down = (up + value, down) if value >= 0 else (up, down + value)
            if i == 0 or not sheet.narrow:
                say(plot, world, (i + offset, up), sheet, dy=9, ha="center", color=WORLDS[world])
            highest, lowest = max(highest, up), min(lowest, down)
    y_around(plot, lowest, highest or 1.0)
    _delay_axis(plot, listed, sheet)
    return figure


def _series(series: Mapping[str, Mapping[str, Any]], units: str, sheet: Sheet) -> Figure:
    shown = [k for k in ("stock", "backlog", "built") if any(_numbers(s.get(k)) for s in series.values())]
    demand = next((_numbers(s.get("demand")) for s in series.values() if _numbers(s.get("demand"))), [])
    key = [KeyEntry("push", PUSH, "line"), KeyEntry("pull", PULL, "line")]
    if demand and "built" in shown:
        key.append(KeyEntry("demand", DEMAND, "dash"))
    headings = (f"{field}, simulated {units}" for field in shown)
    figure, plots = sheet.plots(170 if sheet.narrow else 210, *headings, left=58, key=key)
    for plot, field in zip(plots, shown, strict=True):
        highest = 0.0
        if field == "built" and demand:
            weeks = _weeks(next(s for s in series.values() if _numbers(s.get("demand"))), len(demand))
            plot.plot(weeks, demand, color=DEMAND, linewidth=1.6, linestyle=(0, (3, 2)))
            highest = max(demand)
        for world, colour in WORLDS.items():
            values = _numbers(series[world].get(field))
            weeks = _weeks(series[world], len(values))
            plot.plot(weeks, values, color=colour, marker="o" if len(values) == 1 else "")
            highest = max([highest, *values])
        y_from_zero(plot, highest)
        plot.xaxis.set_major_locator(round_steps(6, integer=True))
        plot.xaxis.set_major_formatter(plain_numbers())
        x_label(plot, "week of the simulation", sheet.size)
    return figure


def _weeks(series: Mapping[str, Any], count: int) -> list[float]:
    """Numbers of the weeks; counted from 1 where the series names them by date or not at all."""
    given = _numbers(series.get("week"))
    return given if len(given) == count else [float(week) for week in range(1, count + 1)]
