"""The shop's routes: its pages, its static files, the language switch, and its pages for what goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import quote

from litestar import Response, Router, get
from litestar.datastructures import Cookie

from pullcord.base import PullcordError
from pullcord.web import Context, Reply, Scope, prefers_page

from . import browse, campaigning, dates, live, ordering, people
from .house import FormRefused, NotHere, Shop, SignInFirst
from .picture import FAVICON
from .turned_away import turned_away
from .visit import LANGUAGE_COOKIE, AnyRequest, Visit, address_of, came_from, safe_address
from .words import LANGUAGES

A_YEAR_S = 31_536_000
TYPES = {"css": "text/css", "js": "text/javascript"}  # the charset is added where the answer is made
_made: list[Shop] = []  # the latest, so that routes and error pages of one server share it


def route_handlers(context: Context) -> list[Any]:
    """The shop of one running program, to be put beside other routes in one application."""
    shop = shop_of(context)

    @get("/static/{mark:str}/{name:str}")
    async def static(request: AnyRequest) -> Response[Any]:
        mark, name = request.path_params["mark"], request.path_params["name"]
        text = shop.static(name)
        if text is None:
            raise NotHere
        fresh = shop.asset(name) == f"/static/{mark}/{name}"
        keep = f"public, max-age={A_YEAR_S}, immutable" if fresh else "no-cache"
        kind = TYPES[name.rpartition(".")[2]]
        return Response(text.encode(), media_type=kind, headers={"cache-control": keep})

    @get("/favicon.svg")
    async def favicon() -> Response[Any]:
        return Response(
            FAVICON.encode(), media_type="image/svg+xml", headers={"cache-control": "public, max-age=86400"}
        )

    @get("/favicon.ico")
    async def old_favicon() -> Response[Any]:
        return Response(b"", status_code=301, headers={"location": "/favicon.svg"}, media_type="text/plain")

    @get("/robots.txt")
    async def robots() -> Response[Any]:
        private = ("/account", "/orders", "/sign-in", "/sign-up", "/language", "/api")
        lines = ["User-agent: *", *(f"Disallow: {path}" for path in private), ""]
        return Response("\n".join(lines).encode(), media_type="text/plain")

    @get("/language/{language:str}")
    async def language(request: AnyRequest) -> Response[Any]:
        language = request.path_params["language"]
        if language not in LANGUAGES:
            raise NotHere
        page = shop.redirect(safe_address(request.query_params.get("to")))
        secure = context.options.secure
        page.cookies.append(
            Cookie(
                key=LANGUAGE_COOKIE,
                value=language,
                max_age=A_YEAR_S,
                path="/",
                secure=secure,
                httponly=True,
                samesite="lax",
            )
        )
        return page

    def handle(request: AnyRequest, failure: Exception) -> Response[Any]:
        return refused(shop, request, failure)

    pages = [
        static,
        favicon,
        old_favicon,
        robots,
        language,
        *browse.handlers(shop),
        *people.handlers(shop),
        *ordering.handlers(shop),
        *campaigning.handlers(shop),
        *live.handlers(shop),
    ]
    context.background.append(partial(warm, shop))
    router = Router(
        "/",
        route_handlers=pages,
        include_in_schema=False,
        exception_handlers={NotHere: handle, FormRefused: handle, SignInFirst: handle},
    )
    return [router]


def error_page(request: AnyRequest, status: int) -> Response[Any] | None:
    """A page for a browser's request that failed, wherever it did; None for callers that read no pages."""
    if not _made or not prefers_page(request.headers.get("accept", "")):
        return None
    return told(_made[-1], request, status)


def refusal_page(scope: Scope, told: Reply) -> Reply | None:
    """A page for a browser that the server turned away before the shop was asked."""
    return turned_away(_made[-1], scope, told) if _made else None


def shop_of(context: Context) -> Shop:
    """The shop of a running program, made once."""
    if not _made or _made[-1].context is not context:
        _made[:] = [Shop(context)]
    return _made[-1]


@asynccontextmanager
async def warm(shop: Shop) -> AsyncIterator[None]:
    """Make the first page in every language before anybody asks for it: the first visitor waits no longer."""
    session = shop.context.accounts.begin_visit()
    for words in shop.words.values():
        await asyncio.to_thread(browse.first_page, shop, Visit(words, session, "", "/"))
    dates_too = asyncio.create_task(warm_dates(shop))
    try:
        yield
    finally:
        await asyncio.gather(dates_too, return_exceptions=True)


async def warm_dates(shop: Shop) -> None:
    """Look for dates once: what is compiled, or read from what was compiled, at first use is then there. Nobody waits
    for it, and where it fails whoever asks for a date is told why."""
    words = next(iter(shop.words.values()))
    for city_id in shop.house.cities:
        for variant_id, plan in shop.house.prices:
            if shop.house.channel.why_not(variant_id, plan, city_id) is None:
                with suppress(PullcordError):
                    await dates.weeks(shop, words, variant_id, plan, city_id)
                return


def refused(shop: Shop, request: AnyRequest, failure: Exception) -> Response[Any]:
    """The answer where a page cannot be shown to this visitor."""
    if isinstance(failure, SignInFirst):
        to = address_of(request) if request.method == "GET" else "/account"
        return shop.redirect(f"/sign-in?to={quote(to, safe='')}")
    return told(shop, request, 403 if isinstance(failure, FormRefused) else 404)


def told(shop: Shop, request: AnyRequest, status: int) -> Response[Any]:
    """A page that says what went wrong, and leads on."""
    visit = shop.visit_at_once(request)
    t = visit.words
    key = {403: "expired", 404: "not_found", 405: "not_found", 413: "too_large", 429: "too_many"}.get(status, "broken")
    back = status in (403, 413)
    to = came_from(request) if back else "/"
    return shop.page(
        visit,
        "told",
        status=status,
        heading=t(f"error.{key}"),
        lines=[t(f"error.{key}_text")],
        to=to,
        to_said=t("error.back" if back else "error.home"),
    )
