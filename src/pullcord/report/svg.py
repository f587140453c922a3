"""A figure as SVG that can stand inside a page beside fifty others."""

from __future__ import annotations

import re
from html import escape
from io import StringIO

from matplotlib.figure import Figure

# A gid that starts so becomes a CSS class; every other name matplotlib gives is dropped unless something points at it.
_CLASSES = ("halo", "dial-")

_TAG = re.compile(r"<[^>]*>")
_REFERENCE = re.compile(r'(?:url\(#|href="#)([^)"]+)')
_LONG_DECIMAL = re.compile(r"-?\d+\.\d{2,}")


def inline_svg(figure: Figure, prefix: str, *, css_class: str, label: str) -> str:
    """The drawing as one `<svg>` element whose ids all start with `prefix`; the same figure gives the same bytes.

    Text stays text without a font of its own, so that the page's fonts (with their Chinese glyphs) draw it.
    """
    raw = StringIO()
    figure.savefig(raw, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    width, height = figure.get_size_inches() * 72
    text = raw.getvalue()
    body = text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", body, flags=re.DOTALL)
    names = {old: f"{prefix}-{i}" for i, old in enumerate(dict.fromkeys(_REFERENCE.findall(body)))}
    body = _TAG.sub(lambda match: _tidy_tag(match.group(0), names), body)
    body = re.sub(r">\s+<", "><", body.strip())
    body = re.sub(r"<defs></defs>|<defs/>|<g></g>", "", body)
    return (
        f'<svg class="{css_class}" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
        f' role="img" aria-label="{escape(label)}">{body}</svg>'
    )


def _tidy_tag(tag: str, names: dict[str, str]) -> str:
    """One tag with our ids, no fonts, and coordinates to a tenth of a pixel."""
    tag = re.sub(r"\s+", " ", tag)
    tag = re.sub(r' id="([^"]*)"', lambda match: _new_id(match.group(1), names), tag)
    tag = re.sub(r"url\(#([^)]+)\)", lambda match: f"url(#{names[match.group(1)]})", tag)
    tag = re.sub(r'(?:xlink:)?href="#([^"]+)"', lambda match: f'href="#{names[match.group(1)]}"', tag)
    if tag.startswith("<text"):
        # matplotlib up to 3.10 writes the shorthand `font: 700 12px 'DejaVu Sans'`, later ones write each part.
        tag = re.sub(r"font: (\d+ )?([\d.]+px) [^;\"]*", _spell_out_font, tag)
        tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag)
        tag = re.sub(r' transform="rotate\(-?0 [^)]*\)"', "", tag)
    tag = _LONG_DECIMAL.sub(lambda match: f"{float(match.group(0)):.1f}", tag)
    return tag.replace('; "', '"').replace(' "', '"')


def _spell_out_font(match: re.Match[str]) -> str:
    weight, size = match.groups()
    return (f"font-weight: {weight.strip()}; " if weight else "") + f"font-size: {size}"


def _new_id(old: str, names: dict[str, str]) -> str:
    if old in names:
        return f' id="{names[old]}"'
    return f' class="{escape(old)}"' if old.startswith(_CLASSES) else ""
