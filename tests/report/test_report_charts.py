"""Every chart draws from a whole record and from the thinnest one that is still worth drawing."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample import sample_results

from pullcord.report.amounts import shorten
from pullcord.report.axes import spread
from pullcord.report.chart import PHONE, Chart, draw
from pullcord.report.charts import latency, launch, links, market, money, network, plan, twin
from pullcord.report.placement import Anchor, place_names
from pullcord.report.sheet import text_width
from pullcord.report.style import drawing

THEMES: tuple[Callable[[Any], list[Chart]], ...] = (
    latency.charts,
    market.charts,
    market.price_charts,
    money.offer_charts,
    launch.charts,
    plan.schedule_charts,
    plan.supply_charts,
    network.charts,
    money.charts,
    twin.charts,
    lambda results: links.charts(results, "test"),
)
EXPECTED = {
    "latency-curve", "latency-months", "rivals", "share", "diversion", "share-by-price", "cost-of-ownership", "launch",
    "quoted-wait", "promise-error", "schedule", "shadow-prices", "call-offs", "map", "sale-split", "parties", "twin",
    "twin-paired", "twin-parts", "links", "twin-series",
}  # fmt: skip


def all_charts(results: Any) -> list[Chart]:
    return [chart for theme in THEMES for chart in theme(results)]


def draw_all(results: Any) -> set[str]:
    names = set()
    with drawing():
        for chart in all_charts(results):
            drawn = draw(chart)
            for svg in (drawn.wide, drawn.narrow):
                root = ElementTree.fromstring(str(svg))
                assert any(e.text for e in root.iter("text"))
                assert not re.search(r"\b(nan|inf)\b", str(svg))
            names.add(chart.name)
    return names


def one_of_each(value: Any) -> Any:
    """The record with only the first element of every list that holds records, and of every mapping by date."""
    if isinstance(value, dict):
        kept = dict(list(value.items())[:1]) if any(str(k)[:2] == "20" for k in value) else value
        return {key: one_of_each(item) for key, item in kept.items()}
    if isinstance(value, list):
        return [one_of_each(item) for item in (value[:1] if value and isinstance(value[0], dict) else value)]
    return value


def all_zero(value: Any, key: str = "") -> Any:
    """The record with every number zero, but for what places a thing in space or time."""
    if isinstance(value, dict):
        return {k: all_zero(v, str(k)) for k, v in value.items()}
    if isinstance(value, list):
        return value if key in ("delays_days", "week") else [all_zero(item, key) for item in value]
    kept = {"lat", "lon", "delay_days", "price_minor"}
    return 0 if isinstance(value, int | float) and not isinstance(value, bool) and key not in kept else value


def test_every_chart_is_drawn_from_the_sample() -> None:
    assert draw_all(sample_results()) == EXPECTED


def test_charts_of_one_row_are_drawn() -> None:
    assert draw_all(one_of_each(sample_results())) >= {
        "latency-curve",
        "rivals",
        "launch",
        "schedule",
        "map",
        "sale-split",
    }


def test_charts_of_zeros_are_left_out_or_drawn_without_fault() -> None:
    names = draw_all(all_zero(sample_results()))
    assert not names & {"promise-error", "call-offs", "shadow-prices", "parties"}  # nothing to see in those


@pytest.mark.parametrize("nothing", [None, [], {}])
def test_parts_without_content_give_no_chart(nothing: Any) -> None:
    results = dict.fromkeys(sample_results(), nothing)
    assert all_charts(results) == []
    inner = copy.deepcopy(sample_results())
    for part in inner.values():
        if isinstance(part, dict):
            for key in part:
                part[key] = nothing
    inner["offers"] = inner["cities"] = nothing
    assert all_charts(inner) == []


def test_missing_ends_of_intervals_are_drawn_as_the_mean() -> None:
    results = sample_results()
    for row in [*results["twin"]["rows"], *results["twin"]["paired"]]:
        row["lo"] = row["hi"] = None
    results["latency"]["interval_95"] = {}
    for row in results["demand"]["price_curve"]:
        row["share_lo"] = row["share_hi"] = None
    assert draw_all(results) == EXPECTED


def test_many_names_and_long_names_fit() -> None:
    results = sample_results()
    results["demand"]["rivals"] = [
        {**row, "id": f"{row['id']}-{k}", "name": f"A rival with a name that never wants to end {k}"}
        for k in range(8)
        for row in results["demand"]["rivals"]
    ]
    for week in results["schedule"]["weeks"]:
        week["by_variant"] = {f"variant-{k}": 10 for k in range(40)}
    assert draw_all(results) == EXPECTED


def test_without_differences_the_other_worlds_stand_beside_push_and_pull() -> None:
    results = sample_results()
    del results["twin"]["links"]
    assert draw_all(results) == EXPECTED - {"links"} | {"ablation"}


def test_one_price_for_ever_is_no_picture() -> None:
    results = sample_results()
    results["offers"] = [row for row in results["offers"] if row["plan"] == "buy"]
    assert draw_all(results) == EXPECTED - {"cost-of-ownership"}


def test_the_dial_marks_one_column_for_each_delay() -> None:
    with drawing():
        drawn = {chart.name: draw(chart) for chart in twin.charts(sample_results())}
    for delay in (0, 1, 7, 30, 91):
        assert drawn["twin"].wide.count(f'class="dial-{delay}"') == 3
        assert drawn["twin-parts"].narrow.count(f'class="dial-{delay}"') == 1


def test_the_map_is_true_to_scale_at_its_middle_latitude() -> None:
    from math import cos, radians

    with drawing():
        figure = network.charts(sample_results())[0].draw(PHONE)
    plot = figure.axes[0]
    (west, east), (south, north) = plot.get_xlim(), plot.get_ylim()
    px_per_lon, px_per_lat = plot.bbox.width / (east - west), plot.bbox.height / (north - south)
    assert px_per_lon / px_per_lat == pytest.approx(cos(radians((south + north) / 2)), rel=1e-6)


POSITION = st.floats(0, 400)
ANCHORS = st.lists(
    st.builds(Anchor, POSITION, POSITION, st.floats(1, 20), st.text("abc 上海", min_size=1)), max_size=25
)


@given(anchors=ANCHORS)
def test_names_never_touch_each_other_and_stay_inside(anchors: list[Anchor]) -> None:
    boxes = []
    for anchor, place in zip(anchors, place_names(anchors, (0, 0, 400, 400), 12), strict=True):
        if place is not None:
            width = text_width(anchor.text, 12)
            left = place.x - {"left": 0, "center": width / 2, "right": width}[place.align]
            boxes.append((left, place.y - 7, left + width, place.y + 7))
    for i, a in enumerate(boxes):
        assert a[0] >= 0
        assert a[2] <= 400 + 1e-9
        for b in boxes[:i]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] - 1 <= b[1] + 1 or b[3] - 1 <= a[1] + 1


@given(values=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8))
def test_labels_at_line_ends_keep_their_order_and_their_distance(values: list[float]) -> None:
    placed = spread(values, 10.0)
    order = sorted(range(len(values)), key=lambda i: (values[i], i))
    for before, after in pairwise(order):
        assert placed[after] - placed[before] >= 9


@given(text=st.text(max_size=80), letters=st.integers(2, 40))
def test_shortened_names_are_short_and_printable(text: str, letters: int) -> None:
    short = shorten(text, letters)
    assert len(short) <= letters
    assert short.isprintable()
