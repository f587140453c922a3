"""How the report looks: colours, type sizes and matplotlib's settings, in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from warnings import catch_warnings, filterwarnings

import matplotlib as mpl
from matplotlib.colors import LinearSegmentedColormap

INK = "#1b2430"
MUTED = "#566272"
AXIS = "#9aa5b1"
RULE = "#e1e6ec"
PULL = "#0b5fa5"
PUSH = "#c8581a"
DEMAND = "#7a8794"
WARNING = "#a3262f"

# Told apart under the common forms of colour blindness (after Okabe and Ito 2008, Color Universal Design), softened.
SERIES = ("#0b5fa5", "#e39b3a", "#1a8f78", "#8a5a9e", "#6db7e4", "#b5485a", "#a9b3be", "#c9bb56")
REST = "#ccd3da"
SEQUENCE = LinearSegmentedColormap.from_list("pullcord", ["#eef4fa", "#a9cbe8", "#4c93cb", "#0b5fa5", "#06335c"])

# matplotlib measures with the font it ships, among the widest there are: the reader's own will be narrower.
MEASURING_FONT = "DejaVu Sans"

_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "pullcord",
    "text.parse_math": False,
    "font.family": [MEASURING_FONT],
    "text.color": INK,
    "axes.edgecolor": AXIS,
    "axes.linewidth": 1.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.xmargin": 0.02,
    "grid.color": RULE,
    "grid.linewidth": 1.0,
    "xtick.color": AXIS,
    "xtick.labelcolor": MUTED,
    "xtick.major.size": 4.0,
    "ytick.color": AXIS,
    "ytick.labelcolor": MUTED,
    "ytick.major.size": 0.0,
    "lines.solid_capstyle": "round",
    "lines.linewidth": 2.0,
}
_DRAWING = Lock()  # matplotlib's settings belong to the whole process


@contextmanager
def drawing() -> Iterator[None]:
    """Our settings, and only ours, for as long as the block runs: a user's matplotlibrc changes no byte."""
    with _DRAWING, mpl.rc_context(), catch_warnings():
        # The reader's own font draws the text, so a glyph the measuring font lacks is no loss.
        filterwarnings("ignore", message=r"Glyph .* missing from")
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def series_colour(position: int) -> str:
    """The colour of the nth category; the ninth and later share the grey of the rest."""
    return SERIES[position] if position < len(SERIES) else REST


def scale_colour(share: float) -> str:
    """The colour of a value between 0 (pale) and 1 (dark) on the sequential scale, as #rrggbb."""
    red, green, blue, _ = SEQUENCE(min(1.0, max(0.0, share)))
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
