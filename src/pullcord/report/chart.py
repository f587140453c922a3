"""A chart: what it says, and how to draw it on paper of any width."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure

from .amounts import shorten
from .sheet import Sheet
from .svg import inline_svg

FULL = Sheet(878, narrow=False)
HALF = Sheet(408, narrow=True)
PHONE = Sheet(350, narrow=True)


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture of the report. `draw` is called once per width with the same records."""

    name: str  # unique in the report; letters and hyphens
    title: str
    caption: str  # what to see
    unit: str
    source: str
    draw: Callable[[Sheet], Figure]
    half: bool = False  # two of these stand side by side on a laptop


@dataclass(frozen=True, slots=True)
class DrawnChart:
    """A chart as the page takes it."""

    name: str
    title: str
    caption: str
    unit: str
    source: str
    half: bool
    wide: Markup
    narrow: Markup


def draw(chart: Chart) -> DrawnChart:
    """The chart in its wide and its narrow form, each with ids of its own."""
    label = shorten(f"{chart.title}. {chart.caption}", 600)
    wide = inline_svg(chart.draw(HALF if chart.half else FULL), f"{chart.name}-w", css_class="wide", label=label)
    narrow = inline_svg(chart.draw(PHONE), f"{chart.name}-n", css_class="narrow", label=label)
    return DrawnChart(
        chart.name,
        chart.title,
        chart.caption,
        chart.unit,
        chart.source,
        chart.half,
        # matplotlib escapes every text it writes; the label is escaped beside it.
        wide=Markup(wide),
        narrow=Markup(narrow),
    )
