"""What each link of the chain is worth: one link switched off at a time, on the same shoppers, "nothing" included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..amounts import delay_words, is_number, shorten
from ..axes import name_room, name_rows, round_steps
from ..chart import Chart
from ..readings import Results, Scale, bounds, delays, rows, twin_row
from ..sheet import KeyEntry, Sheet
from ..style import DEMAND, INK, PULL, PUSH
from .twin import HEADLINE, TITLES, WORLDS, measured_in, scales

Row = Mapping[str, Any]

# What is lost from the second world to the first.
_LINKS = {
    ("pull_uninformed", "pull"): "news of choices, pull",
    ("push", "push_informed"): "news of choices, push",
    ("pull", "pull"): "fresh news, pull",
    ("push", "push"): "fresh news, push",
    ("pull", "pull_prompt"): "no freeze or cooling-off",
}


def charts(results: Results, source: str) -> list[Chart]:
    """Paired worth of each link where the results have it; else the other worlds beside push and pull."""
    links = [row for row in rows(results, "twin", "links") if is_number(row.get("mean"))]
    if links:
        measures = [m for m in ("M1", "M2", "M3", "M7") if any(row.get("measure") == m for row in links)]
        return [
            Chart(
                "links",
                "What each link is worth",
                "How much worse each measure gets when one link is switched off, on the same shoppers, with news as old"
                " as the dial says. Fresh news is compared with no delay. No freeze or cooling-off: what pull pays for"
                " the program's own rule, against building in the very next week. Left of zero the link did harm; a bar"
                " that crosses zero is nothing measurable.",
                measured_in(results, measures),
                source,
                lambda sheet: _worth(results, links, measures, sheet),
            )
        ]
    return _ablation_chart(results, source)


def _worth(results: Results, links: Sequence[Row], measures: Sequence[str], sheet: Sheet) -> Figure:
    names = list(dict.fromkeys(_link_name(row) for row in links))
    given = scales(results, measures)
    units = [f"{m} ({s.short_unit.replace('%', '% points')})" for m, s in zip(measures, given, strict=True)]
    key = [
        KeyEntry("worth something", PULL, "dot"),
        KeyEntry("did harm", PUSH, "dot"),
        KeyEntry("nothing measurable", DEMAND, "dot"),
    ]
    left = name_room(names, sheet)
    figure, plots = sheet.plots(30 * len(names), *units, left=left, right=16, bottom=30, key=key, inner_left=8)
    for position, (plot, measure, scale) in enumerate(zip(plots, measures, given, strict=True)):
        reach = [0.0]
        for delay in delays(results):
            for i, name in enumerate(names):
                found = [
                    row
                    for row in links
                    if row.get("measure") == measure and row.get("delay_days") == delay and _link_name(row) == name
                ]
                if found:
                    reach += _interval(plot, found[0], i, scale, delay)
        plot.set_xlim(*_around(reach))
        _rows(plot, names, sheet, named=position == 0 or sheet.narrow)
        plot.axvline(0, color=INK, linewidth=1.2)
    return figure


def _link_name(row: Row) -> str:
    pair = (str(row.get("world")), str(row.get("other")))
    return _LINKS.get(pair, shorten(f"{pair[0]} less {pair[1]}".replace("_", " "), 30))


def _interval(plot: Axes, row: Row, height: float, scale: Scale, delay: int) -> list[float]:
    """Draw one difference, seen when the dial stands at its delay; the ends that the axis must hold."""
    low, high = (value * scale.factor for value in bounds(row))
    colour = PULL if low > 0 else PUSH if high < 0 else DEMAND
    plot.plot([low, high], [height, height], color=colour, linewidth=5, alpha=0.4, gid=f"dial-{delay}")
    plot.plot([row["mean"] * scale.factor], [height], marker="o", markersize=7, color=colour, gid=f"dial-{delay}")
    return [low, high]


def _around(reach: Sequence[float]) -> tuple[float, float]:
    low, high = min(reach), max(reach)
    air = (high - low) * 0.06 or 1.0
    return low - air, high + air


def _rows(plot: Axes, names: Sequence[str], sheet: Sheet, *, named: bool) -> None:
    name_rows(plot, names)
    plot.xaxis.set_major_locator(round_steps(4 if sheet.narrow else 3))
    if not named:
        plot.set_yticklabels([])


def _ablation_chart(results: Results, source: str) -> list[Chart]:
    listed = delays(results)
    others = [w for w in dict.fromkeys(str(r.get("world")) for r in rows(results, "twin", "rows")) if w not in WORLDS]
    at = _best_known_delay(results, others, listed)
    if not others or at is None:
        return []
    measures = [m for m in HEADLINE if any(twin_row(results, w, at, m) for w in [*WORLDS, *others])]
    age = f"is {delay_words(at)} old" if at else "has no delay"
    return [
        Chart(
            "ablation",
            "One link switched off at a time",
            f"Each row is a world; news {age}. A link whose interval overlaps that of the world it was taken from was"
            " worth nothing measurable.",
            measured_in(results, measures),
            source,
            lambda sheet: _ablation(results, [*WORLDS, *others], measures, at, sheet),
        )
    ]


def _best_known_delay(results: Results, others: Sequence[str], listed: Sequence[int]) -> int | None:
    """The delay at which most of the other worlds were run; the shortest such."""

    def known(delay: int) -> int:
        return sum(bool(twin_row(results, world, delay, m)) for world in others for m in HEADLINE)

    best = max(listed, key=lambda delay: (known(delay), -delay), default=None)
    return best if best is not None and known(best) else None


def _ablation(results: Results, worlds: Sequence[str], measures: Sequence[str], delay: int, sheet: Sheet) -> Figure:
    names = [shorten(w.replace("_", " "), 20 if sheet.narrow else 30) for w in worlds]
    given = scales(results, measures)
    units = [f"{TITLES[m]} ({s.unit})" for m, s in zip(measures, given, strict=True)]
    left = name_room(names, sheet)
    figure, plots = sheet.plots(27 * len(worlds), *units, left=left, bottom=34, inner_left=10, right=24)
    for position, (plot, measure, scale) in enumerate(zip(plots, measures, given, strict=True)):
        reach = [0.0]
        for i, world in enumerate(worlds):
            if row := twin_row(results, world, delay, measure):
                low, high = (v * scale.factor for v in bounds(row))
                colour = WORLDS.get(world, DEMAND)
                plot.plot([low, high], [i, i], color=colour, linewidth=5, alpha=0.4)
                plot.plot([row["mean"] * scale.factor], [i], marker="o", markersize=7, color=colour)
                reach += [low, high]
        plot.set_xlim(min(reach) * 1.05, max(reach) * 1.08 or 1.0)
        _rows(plot, names, sheet, named=position == 0 or sheet.narrow)
    return figure
