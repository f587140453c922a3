"""The pictures of the shop, drawn as SVG on the server: a small hatchback, and a plain box for other products.

A drawing shows what is certain: the closed roof that is built, the colour, and that there is a wrap. Everything else
would be a claim. Attributes only, no style: the pages' content security policy allows no inline style.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

PAINTS = {  # body, its shade, its light
    "white": ("#f4f5f3", "#c3c8c7", "#ffffff"),
    "grey": ("#8b9096", "#5f646b", "#b4b9be"),
    "blue": ("#3f6f9f", "#27496d", "#7ba3cb"),
    "green": ("#6f8f7a", "#48634f", "#a2bba9"),
    "black": ("#3a3d42", "#1f2124", "#6d7177"),
    "red": ("#b2453c", "#7c2a24", "#d9847c"),
}
_OUTLINE = "#22262b"

_BODY = (
    "M46 188 C39 184 37 172 38 160 L40 138 C41 124 47 114 55 107 L83 60 C90 47 101 41 117 38 "
    "C160 30 222 26 282 29 C326 31 360 41 390 61 L456 101 "
    "C500 104 542 110 566 121 C586 131 596 146 599 166 L600 182 C600 189 595 193 588 194 "
    "L547 196 A53 53 0 0 0 441 196 L187 196 A53 53 0 0 0 81 196 L58 196 C52 195 48 192 46 188 Z"
)
_REAR_WINDOW = "M96 99 L117 61 C121 54 128 51 137 50 L190 45 L190 98 Z"
_MIDDLE_WINDOW = "M199 44.5 C226 42.5 250 42 277 43 L287 98 L199 98 Z"
_FRONT_WINDOW = "M287 43.5 C322 45 348 54 374 72 L418 99 L297 98 Z"
_HATCH_GLASS = "M61 107 L86 64 C88 60 92 60 91 65 L81 103 C80 106 78 107 75 107 Z"


def picture(category: str, choices: Mapping[Any, str], label: str, name: str) -> str:
    """The product in the colour chosen, as one `<svg>`; `name` makes its inner ids its own on the page."""
    paint = PAINTS.get(choices.get("colour", ""), PAINTS["white"])
    wrapped = choices.get("wrap", "none") != "none"
    drawn = _car(paint, wrapped, name) if "car" in category.split() else _box(paint, name)
    return (
        f'<svg class="picture" viewBox="0 0 640 262" role="img" aria-label="{escape(label)}" focusable="false">'
        f"<title>{escape(label)}</title>{drawn}</svg>"
    )


def _paint(paint: tuple[str, str, str], name: str) -> str:
    body, shade, light = paint
    return (
        f'<defs><linearGradient id="{name}-paint" x1="0" y1="0" x2="0" y2="1">'
        f'<stop offset="0" stop-color="{light}"/><stop offset=".38" stop-color="{body}"/>'
        f'<stop offset=".62" stop-color="{body}"/><stop offset="1" stop-color="{shade}"/></linearGradient>'
        f'<linearGradient id="{name}-glass" x1="0" y1="0" x2="0.25" y2="1">'
        f'<stop offset="0" stop-color="#5b6873"/><stop offset="1" stop-color="#20272e"/></linearGradient>'
        f'<radialGradient id="{name}-ground" cx=".5" cy=".5" r=".5">'
        f'<stop offset="0" stop-color="#16181d" stop-opacity=".32"/>'
        f'<stop offset="1" stop-color="#16181d" stop-opacity="0"/></radialGradient>'
        f'<clipPath id="{name}-side"><path d="{_BODY}"/></clipPath></defs>'
    )


def _car(paint: tuple[str, str, str], wrapped: bool, name: str) -> str:
    glass = f'fill="url(#{name}-glass)"'
    line = f'fill="none" stroke="{_OUTLINE}" stroke-opacity=".42" stroke-width="1.6" stroke-linecap="round"'
    wrap = (
        f'<g clip-path="url(#{name}-side)">'
        '<path d="M-20 210 L120 104 L196 104 L56 210 Z" fill="#0b5d55" opacity=".92"/>'
        '<path d="M76 210 L216 104 L240 104 L100 210 Z" fill="#0b5d55" opacity=".62"/>'
        '<path d="M120 210 L260 104 L270 104 L130 210 Z" fill="#0b5d55" opacity=".36"/></g>'
        if wrapped
        else ""
    )
    windows = "".join(f'<path d="{d}" {glass}/>' for d in (_REAR_WINDOW, _MIDDLE_WINDOW, _FRONT_WINDOW, _HATCH_GLASS))
    return (
        _paint(paint, name)
        + f'<ellipse cx="316" cy="238" rx="306" ry="14" fill="url(#{name}-ground)"/>'
        + '<path d="M70 190 L560 190 L548 213 L84 213 Z" fill="#1d2024"/>'
        + "".join(f'<circle cx="{x}" cy="194" r="52" fill="#121417"/>' for x in (134, 494))
        + f'<path d="{_BODY}" fill="url(#{name}-paint)" stroke="{_OUTLINE}" stroke-width="2.2"/>'
        + wrap
        + windows
        # the light that runs along the shoulder, the sill, the doors and their handles
        + '<path d="M58 121 C190 109 390 109 566 134" fill="none" stroke="#fff" stroke-opacity=".5" stroke-width="3"/>'
        + f'<path d="M62 112 C180 101 340 100 456 101" {line}/>'
        + f'<path d="M190 178 L438 178" {line}/>'
        + f'<path d="M194 45 L194 122 C194 146 190 156 186 166" {line}/>'
        + f'<path d="M285 43 L292 100 L294 178" {line}/>'
        + f'<path d="M416 102 C424 126 424 146 438 166" {line}/>'
        + f'<path d="M456 101 C492 108 530 114 564 124" {line}/>'
        + f'<rect x="216" y="117" width="32" height="6" rx="3" fill="{_OUTLINE}" opacity=".5"/>'
        + f'<rect x="314" y="117" width="32" height="6" rx="3" fill="{_OUTLINE}" opacity=".5"/>'
        # mirror, lamps, lower grille, bumper
        + f'<path d="M404 92 C414 84 428 86 428 97 L404 101 Z" fill="{paint[0]}" stroke="{_OUTLINE}"/>'
        + '<path d="M540 121 C564 124 586 134 594 150 L566 146 C552 142 543 134 540 121 Z" fill="#eaf3f8" '
        + f'stroke="{_OUTLINE}" stroke-width="1.4"/>'
        + '<path d="M42 128 L60 116 L66 134 L40 142 Z" fill="#b4302c" stroke="#5d1512" stroke-width="1.2"/>'
        + '<path d="M562 176 L599 173 L598 187 L568 188 Z" fill="#1d2024" opacity=".85"/>'
        + '<path d="M39 168 L74 171" fill="none" stroke="#1d2024" stroke-opacity=".5" stroke-width="2"/>'
        + _wheel(134)
        + _wheel(494)
    )


def _wheel(x: int) -> str:
    spokes = "".join(
        f'<path d="M{x - 6} 163 L{x - 3} 190 L{x + 3} 190 L{x + 6} 163 Z" fill="#d8dcdf" '
        f'transform="rotate({turn} {x} 194)"/>'
        for turn in range(0, 360, 60)
    )
    return (
        f'<circle cx="{x}" cy="194" r="45" fill="#1f2226"/><circle cx="{x}" cy="194" r="35" fill="#33383e"/>'
        f'<circle cx="{x}" cy="194" r="33" fill="none" stroke="#d8dcdf" stroke-width="3"/>{spokes}'
        f'<circle cx="{x}" cy="194" r="7" fill="#aeb4b9" stroke="#22262b" stroke-width="1.2"/>'
    )


def _box(paint: tuple[str, str, str], name: str) -> str:
    return (
        _paint(paint, name)
        + f'<ellipse cx="320" cy="226" rx="190" ry="13" fill="url(#{name}-ground)"/>'
        + f'<rect x="180" y="92" width="280" height="130" rx="30" fill="url(#{name}-paint)" '
        + f'stroke="{_OUTLINE}" stroke-width="2.2"/>'
        + f'<circle cx="388" cy="157" r="38" fill="url(#{name}-glass)" stroke="{_OUTLINE}" stroke-width="2"/>'
        + '<circle cx="376" cy="145" r="9" fill="#ffffff" opacity=".55"/>'
    )


def swatch(colour: str) -> str:
    """The paint of a colour, or nothing where it is not known here."""
    return PAINTS[colour][0] if colour in PAINTS else ""


FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0b5d55"/>'
    '<path d="M16 5v11" stroke="#fff" stroke-width="3" stroke-linecap="round"/>'
    '<circle cx="16" cy="21" r="5.5" fill="none" stroke="#fff" stroke-width="3"/></svg>'
)
