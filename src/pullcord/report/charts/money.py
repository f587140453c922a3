"""Money: what owning costs month by month, who gets what of a sale, and what each party received and paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from ..amounts import currency_word, is_number, money, money_scale, number, shorten
from ..axes import end_labels, name_room, name_rows, round_steps, say, x_label, y_from_zero
from ..chart import Chart
from ..readings import Results, currency_of, rows, unit_of
from ..sheet import KeyEntry, Sheet
from ..style import INK, SERIES, series_colour

Row = Mapping[str, Any]
Path = list[tuple[float, float]]  # months since purchase, minor units paid


def offer_charts(results: Results) -> list[Chart]:
    """Cost of ownership by month, one line per offer."""
    paths = cost_paths(results)
    if not any(len({paid for _, paid in path}) > 1 for path in paths.values()):
        return []  # one price for ever is no picture; the price card says it
    km = next((row["km_per_month"] for row in rows(results, "offers") if is_number(row.get("km_per_month"))), None)
    driven = f" at the assumed {number(km)} km a month" if is_number(km) and km > 0 else ""
    meeting = results.get("break_even_months")
    ends = f" The lines meet after {number(meeting, 0)} months." if is_number(meeting) else " The lines do not meet."
    return [
        Chart(
            "cost-of-ownership",
            "What each plan costs over time",
            f"Paid so far under each plan{driven}: price, monthly fees and overage; no energy, insurance or resale."
            + (ends if len(paths) > 1 else ""),
            currency_word(currency_of(results)) + ", paid since purchase",
            "program's price card; computed",
            lambda sheet: _ownership(results, paths, sheet),
            half=True,
        )
    ]


def charts(results: Results) -> list[Chart]:
    """The split of a sale by party and what every party received and paid."""
    made = []
    splits = [row for row in rows(results, "finance", "sale_split") if rows(row, "shares")]
    if splits:
        made.append(
            Chart(
                "sale-split",
                "Who gets what of one sale",
                f"One {unit_of(results)} sold under each plan, split by the alliance's settlement shares, to the"
                " smallest coin.",
                f"{currency_word(currency_of(results))} per {unit_of(results)}",
                "program's settlement.csv; transfers in the ledger",
                lambda sheet: _split(results, splits, sheet),
            )
        )
    parties = [row for row in rows(results, "finance", "parties") if row.get("received_minor") or row.get("paid_minor")]
    if parties:
        made.append(
            Chart(
                "parties",
                "What each party received and paid",
                "Sums of all transfers of the run. Every transfer is balanced, so over all accounts the sum is zero.",
                currency_word(currency_of(results)),
                "double-entry transfers in the ledger",
                lambda sheet: _parties(results, parties, sheet),
            )
        )
    return made


def cost_paths(results: Results) -> dict[str, Path]:
    """For each plan its path of months and amounts, for the first variant among those offered under most plans."""
    paths: dict[str, dict[str, Path]] = {}
    for row in rows(results, "offers"):
        path = [
            (float(point[0]), float(point[1]))
            for point in row.get("cost_by_month") or ()
            if isinstance(point, Sequence) and len(point) == 2 and is_number(point[0]) and is_number(point[1])
        ]
        if path:
            paths.setdefault(str(row.get("variant_id")), {})[str(row.get("plan"))] = path
    return max(paths.values(), key=len, default={})


def _ownership(results: Results, paths: Mapping[str, Path], sheet: Sheet) -> Figure:
    currency = currency_of(results)
    divisor, unit = money_scale([value for path in paths.values() for _, value in path], currency)
    shown = list(paths.items())[:6]
    longest = max(len(shorten(name, 16)) for name, _ in shown)
    figure, (plot,) = sheet.plots(230, f"paid so far, {unit}", left=44, right=longest * sheet.size * 0.6 + 14)
    ends = []
    for i, (name, path) in enumerate(shown):
        xs, ys = [x for x, _ in path], [y / divisor for _, y in path]
        plot.plot(xs, ys, color=series_colour(i), marker="o" if len(xs) == 1 else "")
        ends.append((xs[-1], ys[-1], shorten(name, 16), series_colour(i) if i != 1 else "#a8670f"))
    y_from_zero(plot, max(value / divisor for path in paths.values() for _, value in path))
    plot.xaxis.set_major_locator(round_steps(5, integer=True))
    end_labels(plot, ends, sheet)
    meeting = results.get("break_even_months")
    first, last = plot.get_xlim()
    if is_number(meeting) and first <= meeting <= last and len(shown) > 1:
        path = shown[0][1]
        height = _at(path, meeting) / divisor
        plot.plot([meeting], [height], marker="o", markersize=8, color=INK, zorder=5)
        left = meeting > (first + last) / 2
        say(
            plot,
            f"break-even: {number(meeting, 0)} months",
            (meeting, height),
            sheet,
            dx=-6 if left else 6,
            dy=16 if left else -16,
            ha="right" if left else "left",
            fontweight="bold",
        )
    x_label(plot, "months since purchase", sheet.size)
    return figure


def _at(path: Path, month: float) -> float:
    """The amount on a path at a month, straight between its points."""
    before = max((p for p in path if p[0] <= month), default=path[0])
    after = min((p for p in path if p[0] >= month), default=path[-1])
    if after[0] == before[0]:
        return before[1]
    return before[1] + (after[1] - before[1]) * (month - before[0]) / (after[0] - before[0])


def _split(results: Results, splits: Sequence[Row], sheet: Sheet) -> Figure:
    currency = currency_of(results)
    parties = list(dict.fromkeys(str(share.get("name")) for row in splits for share in rows(row, "shares")))
    colours = {name: series_colour(i) for i, name in enumerate(parties)}
    names = [shorten(str(row.get("plan")), 16) for row in splits]
    totals = [sum(float(s.get("amount_minor") or 0) for s in rows(row, "shares")) for row in splits]
    divisor, unit = money_scale(totals, currency)
    key = [KeyEntry(shorten(name, 30), colours[name]) for name in parties]
    figure, (plot,) = sheet.plots(58 * len(names) + 10, "", left=name_room(names, sheet), right=20, key=key)
    longest = max(totals) / divisor or 1.0
    plot.set_xlim(0, longest * 1.02)
    for i, row in enumerate(splits):
        start = 0.0
        for share in rows(row, "shares"):
            width = float(share.get("amount_minor") or 0) / divisor
            plot.barh(i, width, left=start, height=0.5, color=colours[str(share.get("name"))], edgecolor="white")
            text = money(share.get("amount_minor"), currency, 0)
            if width / longest * plot.bbox.width > len(text) * sheet.size * 0.62:
                dark = parties.index(str(share.get("name"))) in (0, 2, 3, 5)
                plot.text(
                    start + width / 2,
                    i,
                    text,
                    ha="center",
                    va="center",
                    fontsize=sheet.size,
                    color="white" if dark else INK,
                )
            start += width
    name_rows(plot, names)
    x_label(plot, f"{unit} per {unit_of(results)}", sheet.size)
    return figure


def _parties(results: Results, parties: Sequence[Row], sheet: Sheet) -> Figure:
    currency = currency_of(results)
    shown = sorted(
        parties,
        key=lambda row: (
            -max(float(row.get("received_minor") or 0), float(row.get("paid_minor") or 0)),
            str(row.get("name")),
        ),
    )[: 12 if sheet.narrow else 16]
    names = [shorten(str(row.get("name")), 18 if sheet.narrow else 34) for row in shown]
    values = [[abs(float(row.get(k) or 0)) for row in shown] for k in ("received_minor", "paid_minor")]
    divisor, unit = money_scale([*values[0], *values[1]], currency)
    key = [KeyEntry("received", SERIES[2]), KeyEntry("paid", SERIES[1])]
    figure, (plot,) = sheet.plots(36 * len(names) + 10, "", left=name_room(names, sheet), right=24, key=key)
    for offset, colour, series in ((-0.19, SERIES[2], values[0]), (0.19, SERIES[1], values[1])):
        plot.barh([i + offset for i in range(len(names))], [v / divisor for v in series], height=0.34, color=colour)
    most = max(*values[0], *values[1]) / divisor
    plot.set_xlim(0, most * 1.04 or 1.0)
    name_rows(plot, names)
    x_label(plot, unit, sheet.size)
    return figure
