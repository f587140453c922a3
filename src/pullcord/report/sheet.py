"""The paper a chart is drawn on: margins, units and keys, sized in pixels of the page.

One pixel of the page is one unit of the SVG, so a 12 px label is 12 px on the reader's screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import east_asian_width

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.patches import Ellipse, Rectangle
from matplotlib.transforms import Affine2D

from .style import INK, MEASURING_FONT, MUTED

_KEY_LINE = 20  # px per line of the key
_GUTTER = 14  # px between plots side by side
_UNIT_LINE = 24  # px above the plot for the unit of its y axis
_BARE_LINE = 8  # px above a plot without one


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One entry of a chart's key: `mark` is box, line, dash, dot, ring or none (words alone)."""

    text: str
    colour: str
    mark: str = "box"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Paper of one width; `narrow` asks a chart to stack what it would else set side by side."""

    width: int
    narrow: bool

    @property
    def size(self) -> float:
        """Type size of labels, px."""
        return 12.0 if self.narrow else 12.5

    def plots(
        self,
        height: float,
        *units: str,
        left: float = 46,
        right: float = 14,
        bottom: float = 42,
        key: Sequence[KeyEntry] = (),
        inner_left: float | None = None,
    ) -> tuple[Figure, list[Axes]]:
        """A figure with one plot per unit text, each `height` px high, and the key above them.

        Plots stand side by side on wide paper, where all but the first have `inner_left` for a margin if it is given,
        and one above the other on narrow paper.
        """
        down = self.narrow
        lines = self._key_lines(key)
        head = lines * _KEY_LINE + (6 if lines else 0)
        count = len(units)
        above = _UNIT_LINE if any(units) else _BARE_LINE
        cell = above + height + bottom
        total = head + cell * (count if down else 1)
        figure = Figure(figsize=(self.width / 72, total / 72), dpi=72)
        figure.patch.set_visible(False)
        self._draw_key(figure, key, total)
        inner = left if inner_left is None else inner_left
        across = 1 if down else count
        width = (self.width - left - right * across - (inner + _GUTTER) * (across - 1)) / across
        axes = []
        for i, unit in enumerate(units):
            column, row = (0, i) if down else (i, 0)
            x = left + column * (width + right + _GUTTER + inner)
            y = total - head - row * cell - above - height
            plot = figure.add_axes((x / self.width, y / total, width / self.width, height / total))
            plot.patch.set_visible(False)
            plot.tick_params(labelsize=self.size)
            plot.annotate(
                unit,
                (0, 1),
                xycoords="axes fraction",
                xytext=(4 - (inner if column else left), 8),
                textcoords="offset points",
                fontsize=self.size,
                color=MUTED,
                annotation_clip=False,
            )
            axes.append(plot)
        return figure, axes

    def _key_places(self, key: Sequence[KeyEntry]) -> list[tuple[float, int]]:
        places: list[tuple[float, int]] = []
        x, line = 4.0, 0
        for entry in key:
            width = (0 if entry.mark == "none" else 21) + text_width(entry.text, self.size) + 16
            if x > 4 and x + width - 16 > self.width:
                x, line = 4.0, line + 1
            places.append((x, line))
            x += width
        return places

    def _key_lines(self, key: Sequence[KeyEntry]) -> int:
        return self._key_places(key)[-1][1] + 1 if key else 0

    def _draw_key(self, figure: Figure, key: Sequence[KeyEntry], total: float) -> None:
        for entry, (x, line) in zip(key, self._key_places(key), strict=True):
            y = total - 11 - line * _KEY_LINE
            if entry.mark == "box":
                _shape(figure, Rectangle((x, y - 5), 12, 11), facecolor=entry.colour)
            elif entry.mark in ("line", "dash"):
                pieces = ((x, 16.0),) if entry.mark == "line" else ((x, 6.0), (x + 10, 6.0))
                for start, length in pieces:
                    _shape(figure, Rectangle((start, y - 1), length, 2.5), facecolor=entry.colour)
            elif entry.mark == "dot":
                _shape(figure, Ellipse((x + 6, y), 10, 10), facecolor=entry.colour)
            elif entry.mark == "ring":
                ring = Ellipse((x + 6, y), 9, 9)
                _shape(figure, ring, facecolor="none", edgecolor=entry.colour, linewidth=1.8)
            start = x if entry.mark == "none" else x + 21
            figure.text(start / self.width, y / total, entry.text, fontsize=self.size, va="center", color=INK)


def _shape(figure: Figure, patch: Rectangle | Ellipse, **look: str | float) -> None:
    """Put a patch given in pixels from the lower left on the figure."""
    patch.set(transform=Affine2D().scale(1 / 72) + figure.dpi_scale_trans, **({"linewidth": 0.0} | look))
    figure.add_artist(patch)


def text_width(text: str, size: float) -> float:
    """Width of a line of text in px in the measuring font; Chinese characters are square."""
    return size * sum(_advance(letter) for letter in text)


@lru_cache(maxsize=4096)
def _advance(letter: str) -> float:
    """Width of one letter at size 1."""
    if not letter.isprintable():
        return 0.0
    if east_asian_width(letter) in "WF":
        return 1.0
    font = get_font(findfont(MEASURING_FONT))
    font.set_size(64, 72)
    return font.load_char(ord(letter)).linearHoriAdvance / 65536 / 64
