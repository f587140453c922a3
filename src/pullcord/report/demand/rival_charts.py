"""The rivals: where each stands by price and attribute, what a price does, and who our buyers come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pullcord.insight import DemandReport, RivalPoint

from ..amounts import currency_word, money_scale, number, percent, plural, shorten
from ..axes import name_room, name_rows, plain_numbers, round_steps, say, x_label, y_from_zero
from ..chart import Chart
from ..placement import Anchor, place_names
from ..sheet import KeyEntry, Sheet, text_width
from ..style import AXIS, INK, MUTED, PULL, PUSH
from .leaders import lead_names, on_bubble

_UNITS = frozenset(
    ("km", "m", "cm", "mm", "kw", "kwh", "w", "kg", "g", "l", "lm", "lumen", "lines", "h", "min", "s", "inch", "db")
)
NAMES_NARROW, NAMES_WIDE = 10, 40
SUBSTITUTES = 12


def rival_charts(report: DemandReport) -> list[Chart]:
    """The bubble map."""
    if report.map_attribute is None or len(report.rivals) < 2:
        return []
    axis = attribute_words(report.map_attribute)
    return [
        Chart(
            "rivals",
            "The map of rivals",
            f"Each bubble is a product on sale, its area the {plural(report.facts.unit_name)} it sells in a month. Ours"
            " is orange, at the price that its cheapest plan amounts to, with its expected sales. Up and to the left is"
            " more for less. A name stands where there is room.",
            f"price in {currency_word(report.facts.currency)}; {axis}; {plural(report.facts.unit_name)} a month",
            "rivals.csv and rival_sales.csv of the program; ours computed",
            lambda sheet: _map(report, axis, sheet),
        )
    ]


def price_charts(report: DemandReport) -> list[Chart]:
    """Share against price, with both bands."""
    if len(report.price_points) < 2:
        return []
    return [
        Chart(
            "share-by-price",
            "What the price does to the share",
            "If only our price changed and rivals kept theirs. Dark band: 95 % from tastes alone. Pale band: tastes and"
            " our own constant. The two ends of the pale band belong to two different cars, not to two prices: along"
            " the curve only the price moves. Dotted: what each plan amounts to.",
            f"share of the market in %; price in {currency_word(report.facts.currency)} of the first day",
            "logit; tastes.csv; price_card.csv over five years at the assumed financing rate",
            lambda sheet: _curve(report, sheet),
        )
    ]


def substitution_charts(report: DemandReport) -> list[Chart]:
    """Whom we take buyers from."""
    if not report.substitutes:
        return []
    return [
        Chart(
            "substitution",
            "Whom we take buyers from",
            "Of 100 of our buyers, so many would otherwise have bought each rival. The logit takes them in proportion"
            " to shares, near or far: who the nearest substitute is, these data cannot tell.",
            "share of our buyers, %",
            "logit calibrated to the rivals' sales",
            lambda sheet: _substitution(report, sheet),
        )
    ]


def attribute_words(name: str) -> str:
    """`range_km` reads `range, km`."""
    words = name.replace("_", " ")
    first, _, last = words.rpartition(" ")
    return f"{first}, {last}" if first and last.lower() in _UNITS else shorten(words, 40)


def _map(report: DemandReport, axis: str, sheet: Sheet) -> Figure:
    shown = list(report.rivals)  # ours first: it gets its name before the others
    divisor, unit = money_scale([float(row.price.minor) for row in shown], report.facts.currency)
    most = max((row.units_per_month or 0.0 for row in shown), default=0.0)
    key = [KeyEntry("ours", PUSH, "dot"), KeyEntry(f"on sale (largest {number(most)} a month)", PULL, "dot")]
    if any(row.units_per_month is None for row in shown):
        key.append(KeyEntry("sales not published", MUTED, "ring"))
    figure, (plot,) = sheet.plots(330 if sheet.narrow else 440, axis, left=48, right=18, key=key)
    xs, ys = [row.price.minor / divisor for row in shown], [row.attribute for row in shown]
    plot.set_xlim(*_air(xs, 0.09))
    plot.set_ylim(*_air(ys, 0.12))
    plot.grid(visible=True, axis="both")
    radii = [_radius(row, most, 22.0 if sheet.narrow else 36.0) for row in shown]
    # Small bubbles over large ones, ours over all.
    for i in sorted(range(len(shown)), key=lambda i: (shown[i].ours, -radii[i])):
        look: dict[str, object] = {"facecolor": "white", "edgecolor": MUTED, "linewidth": 1.6}
        if shown[i].units_per_month is not None:
            colour = PUSH if shown[i].ours else PULL
            look = {"facecolor": colour, "edgecolor": "white", "linewidth": 1.2}
            look["alpha"] = 0.85 if shown[i].ours else 0.5
        plot.scatter([xs[i]], [ys[i]], s=(2 * radii[i]) ** 2, zorder=4 if shown[i].ours else 3, **look)  # type: ignore[arg-type]
    _name_bubbles(plot, shown, xs, ys, radii, sheet)
    plot.xaxis.set_major_formatter(plain_numbers())
    plot.yaxis.set_major_formatter(plain_numbers())
    plot.xaxis.set_major_locator(round_steps(5 if sheet.narrow else 9))
    x_label(plot, f"price, {unit}", sheet.size)
    return figure


def _radius(row: RivalPoint, most: float, largest: float) -> float:
    units = row.units_per_month or 0.0
    return max(largest * (units / most) ** 0.5 if most > 0 else 0.0, 4.5)


def _air(values: Sequence[float], share: float) -> tuple[float, float]:
    low, high = min(values), max(values)
    air = (high - low) * share or abs(high) * share or 1.0
    return low - air, high + air


def _name_bubbles(
    plot: Axes,
    shown: Sequence[RivalPoint],
    xs: Sequence[float],
    ys: Sequence[float],
    radii: Sequence[float],
    sheet: Sheet,
) -> None:
    names = [shorten(row.name, 24 if sheet.narrow else 34) for row in shown]
    pixels = plot.transData.transform([*zip(xs, ys, strict=True)])
    anchors = [Anchor(float(p[0]), float(p[1]), r, n) for p, r, n in zip(pixels, radii, names, strict=True)]
    box = plot.bbox
    frame = (box.x0 + 2, box.y0 + 2, box.x1 + 14, box.y1 + 6)
    most = NAMES_NARROW if sheet.narrow else NAMES_WIDE
    places = place_names(anchors, frame, sheet.size, most=most)
    if shown[0].ours and on_bubble(anchors, 0, places[0], sheet.size):  # ours is told apart, whatever lies around it
        places = place_names([replace(anchors[0], text=""), *anchors[1:]], frame, sheet.size, most=most)
    led = lead_names(anchors, places, frame, sheet.size, waiting=1 if sheet.narrow else len(anchors))
    back = plot.transData.inverted()
    for i, (row, name) in enumerate(zip(shown, names, strict=True)):
        place, line = places[i], led[i]
        if line is not None:
            place, end = line
            ends = back.transform([(anchors[i].x, anchors[i].y), end])
            plot.plot(ends[:, 0], ends[:, 1], color=MUTED, linewidth=0.8, zorder=5)
        if place is not None:
            x, y = back.transform((place.x, place.y))
            plot.text(
                x, y, name, ha=place.align, va="center", fontsize=sheet.size, color=PUSH if row.ours else INK,
                fontweight="bold" if row.ours else "normal", gid="halo", zorder=6,
            )  # fmt: skip


def _curve(report: DemandReport, sheet: Sheet) -> Figure:
    points = report.price_points
    divisor, unit = money_scale([float(row.price.minor) for row in points], report.facts.currency)
    key = [
        KeyEntry("middle", PULL, "line"),
        KeyEntry("tastes alone", "#9dbfdb"),
        KeyEntry("tastes and own constant", "#dde9f4"),
    ]
    figure, (plot,) = sheet.plots(240 if sheet.narrow else 290, "share of the market, %", left=40, right=18, key=key)
    xs = [row.price.minor / divisor for row in points]
    for ends, colour in (("everything", "#dde9f4"), ("tastes", "#9dbfdb")):
        reach = [getattr(row, ends) for row in points]
        plot.fill_between(xs, [r.low * 100 for r in reach], [r.high * 100 for r in reach], color=colour, linewidth=0)
    plot.plot(xs, [row.share * 100 for row in points], color=PULL)
    plot.set_axisbelow(False)
    plot.grid(visible=True, axis="y", color="white", alpha=0.6)
    y_from_zero(plot, max(row.everything.high for row in points) * 100)
    plot.set_xlim(xs[0], xs[-1])
    plot.xaxis.set_major_locator(round_steps(5 if sheet.narrow else 8))
    plot.xaxis.set_major_formatter(plain_numbers())
    for i, plan in enumerate(report.plan_points):
        x = plan.price.minor / divisor
        if xs[0] <= x <= xs[-1]:
            plot.axvline(x, color=PUSH, linewidth=1.4, linestyle=(0, (1.5, 2.5)))
            text = shorten(f"{plan.plan} {x:,.3g}", 24)
            right = plot.transData.transform((x, 0))[0] + text_width(text, sheet.size) + 6 < plot.bbox.x1
            say(
                plot, text, (x, 1), sheet, dx=5 if right else -5, dy=-9 - 16 * (i % 3),
                xycoords=("data", "axes fraction"), ha="left" if right else "right", color=PUSH,
            )  # fmt: skip
    x_label(plot, f"price, {unit}", sheet.size)
    return figure


def _substitution(report: DemandReport, sheet: Sheet) -> Figure:
    rivals = [row for row in report.substitutes if row.product_id is not None]
    shown, rest = rivals[:SUBSTITUTES], rivals[SUBSTITUTES:]
    bars = [(row.name, row.fraction, row.units_per_month, PULL) for row in shown]
    if rest:
        others = sum(row.fraction for row in rest), sum(row.units_per_month for row in rest)
        bars.append((f"{len(rest)} others", *others, AXIS))
    names = [shorten(name, 22 if sheet.narrow else 40) for name, *_ in bars]
    figure, (plot,) = sheet.plots(27 * len(bars) + 10, "", left=name_room(names, sheet), right=16)
    most = max((fraction for _, fraction, *_ in bars), default=0.0) * 100
    for at, (_, fraction, units, colour) in enumerate(bars):
        plot.barh(at, fraction * 100, height=0.62, color=colour, linewidth=0)
        words = percent(fraction) if sheet.narrow else f"{percent(fraction)}, {number(units, 0)} a month"
        say(plot, words, (fraction * 100, at), sheet, dx=6, color=MUTED)
    plot.set_xlim(0, most * (1.22 if sheet.narrow else 1.3) or 1.0)
    name_rows(plot, names)
    x_label(plot, "share of our buyers, %", sheet.size)
    return figure
