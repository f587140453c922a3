"""Routes become one application: errors in one form, background work with it, the shell around it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from . import health
from .context import Context
from .problems import MEDIA_TYPE, HttpProblem, code_of_status, problem
from .reply import ASGIApp, Reply, send_reply
from .shell import RefusalPage, Shell, unexpected

ErrorPage = Callable[[Request[Any, Any, Any], int], Response[Any] | None]


def asgi_route(path: str, app: ASGIApp, *, is_mount: bool = False) -> ASGIRouteHandler:
    """A plain ASGI application at a path without names in it, or at all below it: nothing stands between."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)  # type: ignore[arg-type]

    return ASGIRouteHandler(path, copy_scope=False, name=path, is_mount=is_mount)(handle)


def page_route(path: str, answer: Callable[[Any], Any], *, is_mount: bool = False) -> ASGIRouteHandler:
    """A page that is only read, or all pages below a path: `answer` takes the scope and gives a Reply."""

    async def served(scope: Any, receive: Any, send: Any) -> None:
        method = scope["method"]
        scope["path_template"] = path
        if method in ("GET", "HEAD"):
            try:
                reply: Reply = await answer(scope)
            except HttpProblem as failure:
                reply = unexpected(failure, scope)
            await send_reply(send, reply, with_body=method == "GET")
        else:
            await send_reply(send, not_allowed(scope["path"], method, ("GET", "HEAD")))

    return asgi_route(path, served, is_mount=is_mount)


def not_allowed(path: str, method: str, allowed: Sequence[str]) -> Reply:
    """The reply to a method that an address does not take; to OPTIONS, what it takes."""
    allow = ", ".join((*allowed, "OPTIONS")).encode()
    if method == "OPTIONS":
        return Reply(204, [(b"allow", allow)], b"")
    return problem(
        "method-not-allowed", f"{method[:20]} is not taken here.", instance=path, headers=[(b"allow", allow)]
    )


def common_routes(context: Context) -> list[ASGIRouteHandler]:
    """Health, readiness, metrics and the pages of problems."""
    return [
        page_route("/healthz", lambda scope: health.healthz(context)),
        page_route("/readyz", lambda scope: health.readyz(context)),
        page_route("/metrics", lambda scope: health.metrics_page(context, scope)),
        page_route("/problems", lambda scope: health.problem_page(scope["path"].strip("/")), is_mount=True),
    ]


def app_config(context: Context, error_page: ErrorPage | None = None) -> dict[str, Any]:
    """What one Litestar application over this context needs, to be passed on by name.

    `error_page` may answer a browser's failed request with a page; for None, and always under /api, it is told by
    problem+json.
    """

    def failed(request: Request[Any, Any, Any], failure: Exception) -> Response[Any]:
        scope: Any = request.scope
        headers: dict[str, str] = {}
        if isinstance(failure, HTTPException):
            path = scope["path"]
            detail = failure.detail if failure.status_code not in (404, 405) and failure.status_code < 500 else None
            if failure.status_code >= 500:
                reply = unexpected(failure, scope)
            else:
                reply = problem(code_of_status(failure.status_code), detail, instance=path)
            headers = {str(name): str(value) for name, value in (failure.headers or {}).items()}
        else:
            reply = unexpected(failure, scope)
        if error_page is not None and not scope["path"].startswith("/api"):
            shown = error_page(request, reply.status)
            if shown is not None:
                return shown
        headers |= {name.decode(): value.decode() for name, value in reply.headers if name != b"content-type"}
        return Response(reply.body, status_code=reply.status, media_type=MEDIA_TYPE, headers=headers)

    @asynccontextmanager
    async def background(app: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for begin in context.background:
                await stack.enter_async_context(begin())
            yield

    return {
        "exception_handlers": {Exception: failed, HTTPException: failed},
        "lifespan": [background],
        "openapi_config": None,  # the API describes itself
        "request_max_body_size": context.options.body_bytes_max,
        "logging_config": None,
        "debug": False,
    }


def assemble(
    context: Context,
    route_handlers: Sequence[Any],
    error_page: ErrorPage | None = None,
    refusal_page: RefusalPage | None = None,
) -> Shell:
    """The whole application, ready for a server: the routes given, the common ones, and the shell around them.

    `refusal_page` says to a browser what the shell itself refuses; without one it is told by problem+json.
    """
    app = Litestar([*route_handlers, *common_routes(context)], **app_config(context, error_page))
    return Shell(app, context, refusal_page)  # type: ignore[arg-type]
