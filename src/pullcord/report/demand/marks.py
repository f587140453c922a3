"""Marks that several charts of the demand report share: rows of names, points with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..amounts import shorten
from ..axes import name_room, name_rows, say
from ..sheet import KeyEntry, Sheet, text_width
from ..style import INK, PULL

WIDE_ROW, NARROW_ROW = 30, 44  # px
_ABOVE = 0.36  # of a row: how far a name stands above its mark on narrow paper


def row_plot(
    sheet: Sheet, names: Sequence[str], *, key: Sequence[KeyEntry] = (), unit: str = "", right: float = 16
) -> tuple[Figure, Axes]:
    """A plot with one named row for each name, first on top.

    On wide paper names stand at the left; on narrow paper above their marks, so that no name has to be cut.
    """
    if not sheet.narrow:
        figure, (plot,) = sheet.plots(
            WIDE_ROW * len(names) + 14, unit, left=name_room(names, sheet) + 4, right=right, key=key
        )
        name_rows(plot, [shorten(name, 60) for name in names])
        return figure, plot
    figure, (plot,) = sheet.plots(NARROW_ROW * len(names) + 10, unit, left=22, right=right, key=key)
    name_rows(plot, [""] * len(names))
    plot.set_ylim(len(names) - 0.42, -0.72)
    for row, name in enumerate(names):
        shown = fitted(name, sheet.width - 20, sheet.size)
        say(plot, shown, (0, row - _ABOVE), sheet, dx=-8, xycoords=("axes fraction", "data"), ha="left", color=INK)
    return figure, plot


def fitted(text: str, width: float, size: float) -> str:
    """The text, cut with an ellipsis where it is wider than so many px."""
    letters = len(text)
    while letters > 4 and text_width(shorten(text, letters), size) > width:
        letters -= 1
    return shorten(text, letters)


def point(
    plot: Axes, row: float, mean: float, low: float, high: float, *, colour: str = PULL, ring: bool = False
) -> None:
    """A mean as a dot on the line of its interval."""
    plot.plot([low, high], [row, row], color=colour, linewidth=2.4, solid_capstyle="butt", alpha=0.75)
    for end in (low, high):
        plot.plot([end, end], [row - 0.13, row + 0.13], color=colour, linewidth=1.6, alpha=0.75)
    plot.plot(
        [mean],
        [row],
        marker="o",
        markersize=8.5,
        color=colour if not ring else "white",
        markeredgecolor="white" if not ring else colour,
        markeredgewidth=1.2 if not ring else 2.0,
        linestyle="",
        zorder=4,
    )
