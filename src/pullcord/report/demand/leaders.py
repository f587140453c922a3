"""Names that found no room beside their bubbles: a little further off, on a thin line that leads back."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, hypot, pi, sin

from ..placement import Anchor, Box, Place
from ..sheet import text_width

_STEPS = (18.0, 28.0, 40.0, 54.0, 70.0, 88.0)  # px from the bubble's edge, nearest first
_ANGLES = tuple(pi * k / 12 for k in (3, 21, 9, 15, 2, 22, 10, 14, 4, 20, 8, 16, 1, 23, 11, 13, 5, 19, 7, 17, 6, 18))


def lead_names(
    anchors: Sequence[Anchor], places: Sequence[Place | None], frame: Box, size: float, *, waiting: int
) -> list[tuple[Place, tuple[float, float]] | None]:
    """For each of the first `waiting` anchors without a place one further off, and where its line ends; else None.

    Names lie on no bubble and no other name, lines cross neither; earlier anchors choose first.
    """
    names = [_box(place, a.text, size) for a, place in zip(anchors, places, strict=True) if place is not None]
    bubbles = [(a.x - a.radius, a.y - a.radius, a.x + a.radius, a.y + a.radius) for a in anchors]
    lines: list[tuple[float, float, float, float]] = []
    found: list[tuple[Place, tuple[float, float]] | None] = []
    for i, (anchor, place) in enumerate(zip(anchors, places, strict=True)):
        led = None
        if place is None and anchor.text and i < waiting:
            led = _first_free(anchor, frame, size, bubbles, names, lines)
        if led is not None:
            names.append(_box(led[0], anchor.text, size))
            lines.append((anchor.x, anchor.y, *led[1]))
        found.append(led)
    return found


def on_bubble(anchors: Sequence[Anchor], own: int, place: Place | None, size: float) -> bool:
    """Whether the name of an anchor would lie on another one's bubble."""
    if place is None:
        return False
    box = _box(place, anchors[own].text, size)
    return any(
        _meet(box, (a.x - a.radius, a.y - a.radius, a.x + a.radius, a.y + a.radius))
        for i, a in enumerate(anchors)
        if i != own
    )


def _first_free(
    anchor: Anchor,
    frame: Box,
    size: float,
    bubbles: Sequence[Box],
    names: Sequence[Box],
    lines: Sequence[tuple[float, float, float, float]],
) -> tuple[Place, tuple[float, float]] | None:
    for step in _STEPS:
        for angle in _ANGLES:
            end = (anchor.x + (anchor.radius + step) * cos(angle), anchor.y + (anchor.radius + step) * sin(angle))
            side = 3.0 if cos(angle) >= 0 else -3.0
            place = Place(end[0] + side, end[1], "left" if side > 0 else "right")
            box = _box(place, anchor.text, size)
            inside = box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]
            line = (anchor.x, anchor.y, *end)
            around = [b for b in bubbles if not (b[0] <= anchor.x <= b[2] and b[1] <= anchor.y <= b[3])]
            if (
                inside
                and not any(_meet(box, other) for other in (*names, *bubbles))
                and not any(_crosses(line, other) for other in (*names, *around))
                and not any(_crosses(other, box) for other in lines)
            ):
                return place, end
    return None


def _box(place: Place, text: str, size: float) -> Box:
    width = text_width(text, size)
    left = place.x - {"left": 0.0, "center": width / 2, "right": width}[place.align]
    return (left, place.y - size * 0.62, left + width, place.y + size * 0.62)


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _crosses(line: tuple[float, float, float, float], box: Box) -> bool:
    """Whether a line passes through a box, looked at every few px."""
    x0, y0, x1, y1 = line
    steps = max(2, int(hypot(x1 - x0, y1 - y0) / 3))
    return any(
        box[0] < x0 + (x1 - x0) * k / steps < box[2] and box[1] < y0 + (y1 - y0) * k / steps < box[3]
        for k in range(steps + 1)
    )
