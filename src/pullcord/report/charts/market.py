"""The market the product enters: rivals, its predicted share, where its buyers would come from, and its price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..amounts import currency_word, is_number, money_scale, number, percent, plural, shorten
from ..axes import name_room, name_rows, plain_numbers, round_steps, say, x_label, y_from_zero
from ..chart import Chart
from ..placement import Anchor, place_names
from ..readings import Results, currency_of, part, rows, unit_of
from ..sheet import KeyEntry, Sheet
from ..style import AXIS, INK, MUTED, PULL, PUSH

Row = Mapping[str, Any]
# Units that attribute names end in, as in `range_km`.
_UNITS = frozenset(
    ("km", "m", "cm", "mm", "kw", "kwh", "w", "kg", "g", "l", "lm", "lumen", "h", "hours", "min", "s", "inch", "db")
)
PRICES = "program's price card and rivals table"


def charts(results: Results) -> list[Chart]:
    """Rivals, predicted share, diversion and share by price: those that the results can fill."""
    rivals = [row for row in rows(results, "demand", "rivals") if is_number(row.get("price_minor"))]
    share = part(results, "demand", "share")
    month = part(results, "demand").get("month_of_calibration")
    sold = f"units observed in {month}" if month else "observed units"
    made = []
    attribute = main_attribute(rivals, rows(results, "demand", "tastes"))
    if rivals and attribute:
        made.append(_rivals_chart(results, rivals, attribute, sold))
    if is_number(share.get("point")):
        made.append(
            Chart(
                "share",
                "Predicted and observed shares",
                "The thick bar is the 95 % interval from the uncertainty of tastes alone; the thin line adds what no"
                " data can tell before launch, how buyers see this product apart from its listed attributes.",
                f"share of {plural(unit_of(results))} sold in the market considered, %",
                f"multinomial logit calibrated to {sold}",
                lambda sheet: _share(str(part(results, "demand").get("new_product")), share, rivals, sheet),
                half=True,
            )
        )
    if any(is_number(row.get("diversion")) for row in rivals):
        made.append(
            Chart(
                "diversion",
                "Where its buyers would come from",
                f"Of 100 buyers of the new product, how many would otherwise have bought each rival{_outside(rivals)}."
                " The logit gives this in proportion to shares; a model with mixed tastes would bend it.",
                "share of the new product's buyers, %",
                f"multinomial logit calibrated to {sold}",
                lambda sheet: _diversion(rivals, sheet),
                half=True,
            )
        )
    return made


def _outside(rivals: Sequence[Row]) -> str:
    """A word on buyers who come from none of the rivals."""
    rest = 1 - sum(float(row["diversion"]) for row in rivals if is_number(row.get("diversion")))
    return f"; the other {percent(rest, 0)} would have bought something else in the market" if rest > 0.005 else ""


def price_charts(results: Results) -> list[Chart]:
    """Predicted share against the product's own price."""
    curve = [
        row
        for row in rows(results, "demand", "price_curve")
        if is_number(row.get("price_minor")) and is_number(row.get("share_mean"))
    ]
    if not curve:
        return []
    return [
        Chart(
            "share-by-price",
            "What the price does to the share",
            "Predicted share if only the price changed and rivals kept theirs; the band is the 95 % interval from"
            " tastes alone. Dotted lines: the prices on the card.",
            f"share in %, price in {currency_word(currency_of(results))}",
            f"multinomial logit; {PRICES}",
            lambda sheet: _price_curve(results, sorted(curve, key=lambda row: float(row["price_minor"])), sheet),
            half=True,
        )
    ]


def main_attribute(rivals: Sequence[Row], tastes: Sequence[Row]) -> str | None:
    """The attribute most rivals have whose taste is known best (largest t value); the price itself does not count."""
    counts: dict[str, int] = {}
    for row in rivals:
        for name, value in part(row, "attributes").items():
            if is_number(value) and "price" not in name:
                counts[name] = counts.get(name, 0) + 1
    strength = {
        str(taste.get("attribute")): abs(taste["mean"]) / taste["standard_error"]
        for taste in tastes
        if is_number(taste.get("mean")) and is_number(taste.get("standard_error")) and taste["standard_error"] > 0
    }
    varied = {n for n in counts if len({part(row, "attributes").get(n) for row in rivals} - {None}) > 2} or set(counts)
    return min(varied, key=lambda name: (-counts[name], -strength.get(name, 0.0), name), default=None)


def attribute_words(name: str, tastes: Sequence[Row]) -> str:
    """An attribute's name and unit for an axis: `range_100km` with unit `100 km` reads `range, 100 km`."""
    unit = next((str(t["unit"]) for t in tastes if t.get("attribute") == name and t.get("unit")), "")
    words = shorten(name.replace("_", " "), 40)
    tail = unit.split(" per ", 1)[1] if " per " in unit else ""
    name_part, _, last = words.rpartition(" ")
    if name_part and last.lower() in _UNITS:
        return f"{name_part}, {last}"
    return f"{words}, {tail}" if tail and not words.replace(" ", "").endswith(tail.replace(" ", "")) else words


def _rivals_chart(results: Results, rivals: Sequence[Row], attribute: str, sold: str) -> Chart:
    axis = attribute_words(attribute, rows(results, "demand", "tastes"))
    return Chart(
        "rivals",
        "The rivals: price and what it buys",
        f"Each bubble is a product on sale; its area is the {sold}. Up and to the left is more for less. Dotted lines:"
        " the prices on our card.",
        f"price in {currency_word(currency_of(results))}; {axis}",
        "program's rivals table and monthly sales",
        lambda sheet: _rivals(results, rivals, attribute, axis, sheet),
    )


def _card_prices(results: Results) -> dict[float, str]:
    """The lowest price of each plan on the card."""
    lowest: dict[str, float] = {}
    for row in rows(results, "offers"):
        if is_number(row.get("price_minor")):
            plan, price = str(row.get("plan") or ""), float(row["price_minor"])
            lowest[plan] = min(price, lowest.get(plan, price))
    return dict(sorted({price: plan for plan, price in lowest.items()}.items())[:4])


def _mark_prices(plot: Axes, prices: Mapping[float, str], divisor: float, sheet: Sheet) -> None:
    """Dotted verticals at the card's prices, named at the top."""
    low, high = plot.get_xlim()
    for i, (price, plan) in enumerate(prices.items()):
        x = price / divisor
        if not low <= x <= high:
            continue
        plot.axvline(x, color=PUSH, linewidth=1.4, linestyle=(0, (1.5, 2.5)))
        right = x < (low + high) / 2
        say(
            plot,
            shorten(f"{plan} {x:,.4g}", 24),
            (x, 1),
            sheet,
            dx=4 if right else -4,
            dy=-9 - 15 * (i % 2),
            xycoords=("data", "axes fraction"),
            ha="left" if right else "right",
            color=PUSH,
        )


def _rivals(results: Results, rivals: Sequence[Row], attribute: str, axis: str, sheet: Sheet) -> Figure:
    divisor, unit = money_scale([float(row["price_minor"]) for row in rivals], currency_of(results))
    shown = [row for row in rivals if is_number(part(row, "attributes").get(attribute))]
    shown.sort(key=lambda row: (-float(row.get("observed_units") or 0), str(row.get("id"))))
    most = max((float(row.get("observed_units") or 0) for row in shown), default=0.0)
    largest = 21 if sheet.narrow else 34
    key = [KeyEntry(f"area: units sold (largest {number(most)})", PULL, "dot")]
    if any(not row.get("observed_units") for row in shown):
        key.append(KeyEntry("no sales observed", AXIS, "ring"))
    figure, (plot,) = sheet.plots(310 if sheet.narrow else 400, axis, left=48, key=key)
    xs = [float(row["price_minor"]) / divisor for row in shown]
    ys = [float(part(row, "attributes")[attribute]) for row in shown]
    card = _card_prices(results)
    reach = [*xs, *(price / divisor for price in card)]
    plot.set_xlim(*_air(reach, 0.08))
    plot.set_ylim(*_air(ys, 0.14))
    plot.grid(visible=True, axis="both")
    radii = []
    for row, x, y in zip(shown, xs, ys, strict=True):
        units = float(row.get("observed_units") or 0)
        radius = largest * (units / most) ** 0.5 if most > 0 and units > 0 else 0.0
        radii.append(max(radius, 4.0))
        look: dict[str, Any] = {"facecolor": "none", "edgecolor": AXIS, "linewidth": 1.5}
        if units > 0:
            look = {"facecolor": PULL, "edgecolor": "white", "linewidth": 1.0, "alpha": 0.55}
        plot.scatter([x], [y], s=(2 * radii[-1]) ** 2, **look)
    _name_points(
        plot, [shorten(str(row.get("name")), 22 if sheet.narrow else 34) for row in shown], xs, ys, radii, sheet
    )
    _mark_prices(plot, card, divisor, sheet)
    plot.xaxis.set_major_formatter(plain_numbers())
    plot.yaxis.set_major_formatter(plain_numbers())
    plot.xaxis.set_major_locator(round_steps(5 if sheet.narrow else 9))
    x_label(plot, f"list price, {unit}", sheet.size)
    return figure


def _air(values: Sequence[float], share: float) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    air = (high - low) * share or abs(high) * share or 1.0
    return low - air, high + air


def _name_points(
    plot: Axes, names: Sequence[str], xs: Sequence[float], ys: Sequence[float], radii: Sequence[float], sheet: Sheet
) -> None:
    pixels = plot.transData.transform([*zip(xs, ys, strict=True)])
    anchors = [Anchor(float(p[0]), float(p[1]), r, n) for p, r, n in zip(pixels, radii, names, strict=True)]
    box = plot.bbox
    frame = (box.x0 - 30, box.y0, box.x1 + 12, box.y1 - 34)
    for name, place in zip(names, place_names(anchors, frame, sheet.size, most=9 if sheet.narrow else 40), strict=True):
        if place is not None:
            x, y = plot.transData.inverted().transform((place.x, place.y))
            plot.text(x, y, name, ha=place.align, va="center", fontsize=sheet.size, color=INK, gid="halo")


def _share(name: str, share: Row, rivals: Sequence[Row], sheet: Sheet) -> Figure:
    best = sorted(
        (row for row in rivals if is_number(row.get("observed_share"))),
        key=lambda row: (-float(row["observed_share"]), str(row.get("id"))),
    )[:9]
    key = [KeyEntry("predicted", PULL, "dot"), KeyEntry("observed", MUTED, "dot")]
    names = [shorten(name, 21), *(shorten(str(row.get("name")), 21) for row in best)]
    figure, (plot,) = sheet.plots(26 * len(names) + 10, "", left=name_room(names, sheet), key=key, bottom=42)
    mean = float(share["point"]) * 100
    reach = [mean, *(float(row["observed_share"]) * 100 for row in best)]
    for bound, width, alpha in (("all_95", 2.0, 1.0), ("tastes_95", 9.0, 0.35)):
        interval = share.get(bound)
        if isinstance(interval, Sequence) and len(interval) == 2 and all(is_number(v) for v in interval):
            low, high = (float(v) * 100 for v in interval)
            reach.append(high)
            plot.plot([low, high], [0, 0], color=PULL, linewidth=width, alpha=alpha, solid_capstyle="butt")
    plot.plot([mean], [0], marker="o", markersize=9, color=PULL, markeredgecolor="white")
    for i, row in enumerate(best, start=1):
        plot.plot([float(row["observed_share"]) * 100], [i], marker="o", markersize=7, color=MUTED)
    plot.set_xlim(0, max(reach) * 1.06 or 1.0)
    name_rows(plot, names)
    plot.get_yticklabels()[0].set(color=PULL)
    x_label(plot, "share of the market considered, %", sheet.size)
    return figure


def _diversion(rivals: Sequence[Row], sheet: Sheet) -> Figure:
    given = sorted(
        (
            (float(row["diversion"]) * 100, shorten(str(row.get("name")), 21))
            for row in rivals
            if is_number(row.get("diversion"))
        ),
        key=lambda pair: (-pair[0], pair[1]),
    )
    bars, rest = (given, []) if len(given) <= 10 else (given[:9], given[9:])
    if rest:
        bars.append((sum(value for value, _ in rest), f"{len(rest)} others"))
    names = [name for _, name in bars]
    figure, (plot,) = sheet.plots(26 * len(names) + 62, "", left=name_room(names, sheet))
    most = max(value for value, _ in bars)
    for i, (value, _) in enumerate(bars):
        plot.barh(i, value, height=0.62, color=PULL if i < len(bars) - bool(rest) else AXIS, linewidth=0)
        say(plot, percent(value / 100), (value, i), sheet, dx=5)
    plot.set_xlim(0, most * 1.2 or 1.0)
    name_rows(plot, names)
    x_label(plot, "share of the new product's buyers, %", sheet.size)
    return figure


def _price_curve(results: Results, curve: Sequence[Row], sheet: Sheet) -> Figure:
    currency = currency_of(results)
    divisor, unit = money_scale([float(row["price_minor"]) for row in curve], currency)
    figure, (plot,) = sheet.plots(230, "predicted share, %", left=40)
    xs = [float(row["price_minor"]) / divisor for row in curve]
    means = [float(row["share_mean"]) * 100 for row in curve]
    lows, highs = (
        [float(row[end]) * 100 if is_number(row.get(end)) else mean for row, mean in zip(curve, means, strict=True)]
        for end in ("share_lo", "share_hi")
    )
    plot.fill_between(xs, lows, highs, color=PULL, alpha=0.18, linewidth=0)
    plot.plot(xs, means, color=PULL, marker="o" if len(xs) < 3 else "")
    y_from_zero(plot, max(*highs, *means, 0.0))
    plot.xaxis.set_major_locator(round_steps(5))
    plot.xaxis.set_major_formatter(plain_numbers())
    _mark_prices(plot, _card_prices(results), divisor, sheet)
    x_label(plot, f"price, {unit}", sheet.size)
    return figure
