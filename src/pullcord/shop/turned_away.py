"""The page for whoever is turned away at the server's door, before the shop is asked: small, and whole in itself.

It asks for nothing more (whoever asks too often would not get it) and looks nothing up, not even who is signed in.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from importlib.resources import files
from typing import Any

from litestar import Request

from pullcord.web import Reply, Scope

from .house import HTML, Shop, markup
from .picture import FAVICON
from .visit import LANGUAGE_COOKIE, AnyRequest, Visit, address_of, came_from, safe_address
from .words import Words, preferred

_ICON = f"data:image/svg+xml;base64,{b64encode(FAVICON.encode()).decode()}"
_KEYS = {413: "too_large", 429: "too_often"}


def turned_away(shop: Shop, scope: Scope, told: Reply) -> Reply:
    """The page that says what a problem says."""
    asked: Any = scope
    request: AnyRequest = Request(asked)
    t = shop.words[preferred(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language"))]
    again = scope["method"] in ("GET", "HEAD")
    to = safe_address(address_of(request)) if again else came_from(request)
    key = _KEYS.get(told.status, "broken")
    body = shop.render(
        Visit(t, shop.context.accounts.begin_visit(), "", to),
        "turned_away",
        style=markup(sheet()),
        icon=_ICON,
        heading=t(f"error.{key}"),
        lines=[_why(t, key, told)],
        to=to,
        to_said=t("error.again" if again else "error.back"),
    )
    headers = [
        (b"content-type", f"{HTML}; charset=utf-8".encode()),
        (b"content-language", t.tag.encode()),
        (b"vary", b"Accept, Accept-Language, Cookie"),
        (b"content-security-policy", _policy()),
    ]
    return Reply(told.status, headers, body)


def _why(t: Words, key: str, told: Reply) -> str:
    wait = told.header(b"retry-after")
    return t(f"error.{key}_text", seconds=wait.decode() if wait else "1")


@cache
def sheet() -> str:
    """The page's own style: the few rules of the shop's sheet that it needs."""
    return files("pullcord.shop").joinpath("static/turned_away.css").read_text(encoding="utf-8")


@cache
def _policy() -> bytes:
    """Nothing but what the page itself holds: this very style, and its mark."""
    style = b64encode(hashlib.sha256(sheet().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ).encode()
