"""Names beside points without two names, or a name and a bubble, on the same spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .sheet import text_width

_NAMED_FIRST = 12  # how many of the first anchors get a name even where small bubbles are in the way

Box = tuple[float, float, float, float]  # left, bottom, right, top, px


@dataclass(frozen=True, slots=True)
class Anchor:
    """A point that wants its name shown: centre and radius in px from the lower left."""

    x: float
    y: float
    radius: float
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name stands: the point it is aligned at, and how."""

    x: float
    y: float
    align: str  # left, center or right


def place_names(
    anchors: Sequence[Anchor], frame: Box, size: float, *, most: int | None = None, taken: Sequence[Box] = ()
) -> list[Place | None]:
    """For each anchor a place for its name, or None where there is no room; earlier anchors choose first."""
    bubbles = [(a.x - a.radius, a.y - a.radius, a.x + a.radius, a.y + a.radius) for a in anchors]
    names: list[Box] = list(taken)
    places: list[Place | None] = []
    used = 0
    for own, anchor in enumerate(anchors):
        place = None
        if anchor.text and (most is None or used < most):
            others = [(bubble, anchors[i].radius) for i, bubble in enumerate(bubbles) if i != own]
            place = _first_free(anchor, frame, size, [*names, *(bubble for bubble, _ in others)])
            if place is None and own < _NAMED_FIRST:  # a large one's name may lie on bubbles smaller than its own
                place = _first_free(
                    anchor, frame, size, [*names, *(b for b, radius in others if radius >= anchor.radius)]
                )
        if place is not None:
            used += 1
            names.append(_box(place, anchor.text, size))
        places.append(place)
    return places


def _first_free(anchor: Anchor, frame: Box, size: float, taken: list[Box]) -> Place | None:
    away = anchor.radius + 4
    slant = anchor.radius * 0.7 + 3
    half = size * 0.62
    choices = (
        Place(anchor.x + away, anchor.y, "left"),
        Place(anchor.x - away, anchor.y, "right"),
        Place(anchor.x, anchor.y + anchor.radius + half + 2, "center"),
        Place(anchor.x, anchor.y - anchor.radius - half - 2, "center"),
        Place(anchor.x + slant, anchor.y + slant + 2, "left"),
        Place(anchor.x + slant, anchor.y - slant - 2, "left"),
        Place(anchor.x - slant, anchor.y + slant + 2, "right"),
        Place(anchor.x - slant, anchor.y - slant - 2, "right"),
    )
    for place in choices:
        box = _box(place, anchor.text, size)
        inside = box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]
        if inside and not any(_meet(box, other) for other in taken):
            return place
    return None


def _box(place: Place, text: str, size: float) -> Box:
    width = text_width(text, size)
    left = place.x - {"left": 0.0, "center": width / 2, "right": width}[place.align]
    return (left, place.y - size * 0.62, left + width, place.y + size * 0.62)


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
