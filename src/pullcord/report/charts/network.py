"""The cities served, where they are: how many hand-overs, and how many days from the plant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, radians
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..amounts import is_number, number, plural, shorten
from ..chart import Chart
from ..placement import Anchor, place_names
from ..readings import Results, rows, unit_of
from ..sheet import KeyEntry, Sheet
from ..style import AXIS, INK, RULE, WARNING, scale_colour

Row = Mapping[str, Any]


def charts(results: Results) -> list[Chart]:
    """The map, where cities have coordinates."""
    cities = [row for row in rows(results, "cities") if is_number(row.get("lat")) and is_number(row.get("lon"))]
    if not cities:
        return []
    weight, meaning = _weight(cities, plural(unit_of(results)))
    cities.sort(key=lambda row: (-weight(row), str(row.get("city_id"))))
    return [
        Chart(
            "map",
            "The cities, and the days to reach them",
            f"Bubble area: {meaning}. Darker: more days in transit. Equirectangular projection, true to scale at the"
            " middle latitude; no borders of any kind are drawn, and names stand where there is room.",
            "degrees of longitude and latitude (WGS 84); days",
            "places: the program's cities.csv, attributed under Sources; the rest: the run's event ledger",
            lambda sheet: _map(
                sorted(cities, key=lambda r: (-weight(r), str(r.get("city_id")))), weight, meaning, sheet
            ),
        )
    ]


def _weight(cities: Sequence[Row], units: str) -> tuple[Any, str]:
    """What a bubble's area shows: hand-overs, or people where there were none."""
    field, words = ("hand_overs", f"{units} handed over")
    if not any(is_number(row.get(field)) and row[field] > 0 for row in cities):
        field, words = ("population", "inhabitants")
    return (lambda row: float(row[field]) if is_number(row.get(field)) else 0.0), words


def _day_steps(cities: Sequence[Row]) -> list[tuple[float, float]]:
    """At most five classes of transit days (from, to), whole days, in order."""
    days = sorted({float(row["transit_days"]) for row in cities if is_number(row.get("transit_days"))})
    if len(days) <= 5:
        return [(d, d) for d in days]
    low, high = days[0], days[-1]
    width = max(1.0, -(-(high - low + 1) // 5))
    steps = [(low + i * width, low + (i + 1) * width - 1) for i in range(5)]
    return [(a, b) for a, b in steps if any(a <= d < b + 1 for d in days)]


def _map(cities: Sequence[Row], weight: Any, meaning: str, sheet: Sheet) -> Figure:
    left, right, bottom = 44.0, 14.0, 30.0
    lons, lats = [float(r["lon"]) for r in cities], [float(r["lat"]) for r in cities]
    middle = (min(lats) + max(lats)) / 2
    squeeze = max(0.2, cos(radians(middle)))
    width = sheet.width - left - right
    lon_span = max((max(lons) - min(lons)) * 1.16, 4.0)
    lat_span = max((max(lats) - min(lats)) * 1.16, 3.0)
    height = min(
        max(width * lat_span / (lon_span * squeeze), width * 0.5), width * 0.72 if sheet.width > 600 else width
    )
    # The plot's shape is now given; the tighter direction sets the scale, the other is widened to it.
    px_per_lat = min(height / lat_span, width / (lon_span * squeeze))
    lat_span, lon_span = height / px_per_lat, width / (px_per_lat * squeeze)
    steps = _day_steps(cities)
    shades = [scale_colour(0.12 + 0.88 * i / max(1, len(steps) - 1)) for i in range(len(steps))]
    most = max(weight(row) for row in cities)
    key = [KeyEntry("days in transit:", INK, "none")]
    key += [KeyEntry(f"{a:g}" if a == b else f"{a:g}–{b:g}", c, "dot") for (a, b), c in zip(steps, shades, strict=True)]
    if any(not is_number(row.get("transit_days")) for row in cities):
        key.append(KeyEntry("not known", RULE, "dot"))
    if any(row.get("invoice") is False for row in cities):
        key.append(KeyEntry("no invoice possible", WARNING, "ring"))
    key.append(KeyEntry(f"largest bubble: {number(most)} {meaning}", INK, "none"))
    figure, (plot,) = sheet.plots(height, "latitude", left=left, right=right, bottom=bottom, key=key)
    lon_0 = (min(lons) + max(lons)) / 2
    plot.set_xlim(lon_0 - lon_span / 2, lon_0 + lon_span / 2)
    plot.set_ylim(middle - lat_span / 2, middle + lat_span / 2)
    _graticule(plot, max(lon_span, lat_span), most=max(3, int(width / 54)))
    largest = 13.0 if sheet.narrow else 20.0
    radii = [max(2.6, largest * (weight(row) / most) ** 0.5 if most > 0 else 0.0) for row in cities]
    for row, radius in zip(cities, radii, strict=True):
        days = row.get("transit_days")
        fill = next((c for (a, b), c in zip(steps, shades, strict=True) if is_number(days) and a <= days < b + 1), RULE)
        edge = WARNING if row.get("invoice") is False else "white"
        plot.scatter(
            [float(row["lon"])],
            [float(row["lat"])],
            s=(2 * radius) ** 2,
            facecolor=fill,
            edgecolor=edge,
            linewidth=1.4 if edge == WARNING else 0.8,
            zorder=3,
        )
    _names(plot, cities, radii, sheet)
    return figure


def _graticule(plot: Axes, span: float, most: int) -> None:
    """Meridians and parallels at round degrees."""
    step = next((s for s in (0.5, 1, 2, 5, 10, 20, 30) if span / s <= most), 60)
    (west, east), (south, north) = plot.get_xlim(), plot.get_ylim()
    lons = [k * step for k in range(int(-360 / step), int(360 / step) + 1) if west <= k * step <= east]
    lats = [k * step for k in range(int(-90 / step), int(90 / step) + 1) if south <= k * step <= north]
    plot.set_xticks(lons, [f"{abs(v):g}°{'E' if v > 0 else 'W' if v < 0 else ''}" for v in lons])
    plot.set_yticks(lats, [f"{abs(v):g}°{'N' if v > 0 else 'S' if v < 0 else ''}" for v in lats])
    plot.grid(visible=True, axis="both", color=RULE, linewidth=1)
    plot.tick_params(length=0)
    for spine in plot.spines.values():
        spine.set(visible=True, color=AXIS)


def _names(plot: Axes, cities: Sequence[Row], radii: Sequence[float], sheet: Sheet) -> None:
    pixels = plot.transData.transform([(float(row["lon"]), float(row["lat"])) for row in cities])
    texts = []
    for row in cities:
        name, local = (
            shorten(str(row.get("name") or row.get("city_id")), 20),
            shorten(str(row.get("local_name") or ""), 8),
        )
        texts.append(name if sheet.narrow or not local or local == name else f"{name} {local}")
    anchors = [Anchor(float(p[0]), float(p[1]), r, t) for p, r, t in zip(pixels, radii, texts, strict=True)]
    box = plot.bbox
    frame = (box.x0 + 2, box.y0 + 2, box.x1 - 2, box.y1 - 2)
    places = place_names(anchors, frame, sheet.size, most=10 if sheet.narrow else 60)
    for text, place in zip(texts, places, strict=True):
        if place is not None:
            x, y = plot.transData.inverted().transform((place.x, place.y))
            plot.text(x, y, text, ha=place.align, va="center", fontsize=sheet.size, color=INK, gid="halo", zorder=4)
