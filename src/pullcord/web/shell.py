"""Around everything that is served: limits on the way in, headers on the way out, a count and a line of log after."""

from __future__ import annotations

import logging
from collections.abc import Callable, MutableMapping
from typing import Any

from pullcord.base import secret_token

from .clients import client_of
from .context import Context
from .limits import Limiter
from .problems import problem, problem_of
from .reply import ASGIApp, Message, Receive, Reply, Scope, Send, prefers_page, request_headers, send_reply
from .traces import Tracer, tracer

log = logging.getLogger("pullcord.web.access")
faults = logging.getLogger(__name__)

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
API_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
)
"""What is no page needs no rules for pages."""

_STAY_ON_HTTPS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
API = "/api/"
RefusalPage = Callable[[Scope, Reply], Reply | None]
"""A page for people that says what a problem says to programs; of what it is made the shell does not know."""
_NO_LIMIT = ("/healthz", "/readyz")  # asked by those who watch the server, however busy it is


class BodyTooLarge(Exception):
    """More bytes came than the options allow."""


class Shell:
    """The outermost application. What it wraps sees requests within the limits, each with an id in its scope."""

    def __init__(self, app: ASGIApp, context: Context, refusal_page: RefusalPage | None = None) -> None:
        self.app = app
        self._refusal_page = refusal_page
        self._options = options = context.options
        self._monotonic = context.monotonic
        self._metrics = context.metrics
        self.limiter = Limiter(options.rate_per_client, context.monotonic) if options.rate_per_client else None
        https = [_STAY_ON_HTTPS] if options.secure else []
        self._page_headers = [*SECURITY_HEADERS, *https]
        self.api_headers = [*API_HEADERS, *https]
        self._names = {name for name, _ in self._page_headers}
        self._begun = secret_token(6)
        self._count = 0
        self._tracer: Tracer | None = tracer(options.otlp_endpoint) if options.otlp_endpoint else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = self._monotonic()
        request_id = self.next_id()
        scope["pullcord.request_id"] = request_id
        self._name_client(scope)
        own = self.api_headers if scope["path"].startswith(API) else self._page_headers
        answered = _Answered(send, own, self._names, request_id.encode())
        try:
            if self._tracer is None:
                await self._within_limits(scope, receive, answered)
            else:
                with self._tracer.request(scope) as span:
                    await self._within_limits(scope, receive, answered)
                    span.ended(scope.get("path_template"), answered.status)
        finally:
            seconds = self._monotonic() - began
            route = scope.get("path_template") or "unknown"
            self.ended(_known(scope["method"]), route, answered.status, seconds, request_id)

    @property
    def traced(self) -> bool:
        """Whether every request is to leave a trace."""
        return self._tracer is not None

    def next_id(self) -> str:
        """The name of one more request."""
        self._count += 1
        return f"{self._begun}-{self._count:x}"

    def ended(self, method: str, route: str, status: int, seconds: float, request_id: str) -> None:
        """Count an answered request, and log it."""
        self._metrics.request(method, route, status, seconds)
        if self._options.access_log and log.isEnabledFor(logging.INFO):
            # The route, not the path: paths and queries may hold what is nobody's business.
            log.info("%s %s %d %.1f ms %s", method, route, status, seconds * 1e3, request_id)

    async def _within_limits(self, scope: Scope, receive: Receive, answered: _Answered) -> None:
        refused = self._refused(scope)
        if refused is not None:
            await send_reply(answered, self._readable(scope, refused), with_body=scope["method"] != "HEAD")
            return
        if b"content-length" not in request_headers(scope) and scope["method"] not in ("GET", "HEAD"):
            receive = _counted(receive, self._options.body_bytes_max)
        out: Send = answered
        asked = scope
        if scope["method"] == "HEAD" and not scope["path"].startswith(API):
            # Every page has its head; the API's operations send theirs by themselves. The server goes by its own scope.
            asked = {**scope, "method": "GET"}
            out = _head_of(answered)
        try:
            await self.app(asked, receive, out)
        except Exception as failure:
            if answered.status:
                raise  # the head is out: all that is left is to break off
            await send_reply(out, self._readable(asked, unexpected(failure, asked)))
        finally:
            scope["path_template"] = asked.get("path_template")

    def _name_client(self, scope: Scope) -> None:
        # Whatever counts by address, the limits on guessing passwords too, counts whoever a trusted proxy speaks for.
        peer = scope.get("client")
        if self._options.proxies and peer:
            client = client_of(peer[0], scope["headers"], self._options.proxies)
            if client != peer[0]:
                scope["client"] = (client, 0)  # the port it had at the proxy is not told

    def _readable(self, scope: Scope, reply: Reply) -> Reply:
        """A problem as a page, for a browser that is not at the API; with all that the problem's headers say."""
        if self._refusal_page is None or f"{scope['path']}/".startswith(API):
            return reply
        if not prefers_page(request_headers(scope).get(b"accept", b"").decode("latin-1")):
            return reply
        page = self._refusal_page(scope, reply)
        if page is None:
            return reply
        said = {name for name, _ in page.headers}
        return Reply(reply.status, [*page.headers, *(h for h in reply.headers if h[0] not in said)], page.body)

    def _refused(self, scope: Scope) -> Reply | None:
        headers = request_headers(scope)
        if self.limiter is not None and scope["path"] not in _NO_LIMIT and not scope.get("pullcord.admitted"):
            client = scope.get("client")
            wait_s = self.limiter.take(client[0] if client else "")
            if wait_s:
                return too_many(wait_s, scope["path"])
        length = headers.get(b"content-length")
        if length is not None and (not length.isdigit() or int(length) > self._options.body_bytes_max):
            return _too_large(scope["path"], self._options.body_bytes_max)
        return None


class _Answered:
    """Sends on, with the headers that every answer has; and keeps the status."""

    __slots__ = ("_headers", "_names", "_request_id", "_send", "status")

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]], names: set[bytes], request_id: bytes) -> None:
        self._send = send
        self._headers = headers
        self._names = names
        self._request_id = request_id
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = message["headers"]
            added = self._headers
            said = {name for name, _ in own}
            if not said.isdisjoint(self._names):  # a page may state a rule of its own
                added = [header for header in added if header[0] not in said]
            message["headers"] = [*own, *added, (b"x-request-id", self._request_id)]
        await self._send(message)


def _head_of(send: Send) -> Send:
    """`send`, for an answer whose body was not asked for; what would go on for long ends with its head."""
    ended = False

    async def head(message: Message) -> None:
        nonlocal ended
        if message["type"] == "http.response.start":
            await send(message)
        elif not ended:
            ended = True
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return head


def unexpected(failure: Exception, scope: MutableMapping[str, Any]) -> Reply:
    """The reply to a request that failed; what nobody foresaw is logged under the request's id, and not told."""
    request_id = scope.get("pullcord.request_id")
    path = scope["path"]
    if isinstance(failure, BodyTooLarge):
        return problem("too-large", str(failure), instance=path)
    reply = problem_of(failure, path, request_id)
    if reply is None:
        faults.error("request %s failed", request_id, exc_info=failure)
        reply = problem("internal-error", "The request could not be carried out.", instance=path, request_id=request_id)
    return reply


def too_many(wait_s: float, path: str) -> Reply:
    """The reply to somebody who asks too often."""
    seconds = max(1, round(wait_s + 0.5))
    return problem(
        "too-many-requests",
        f"This limit lets you go on in {seconds} s.",
        instance=path,
        headers=[(b"retry-after", b"%d" % seconds)],
    )


def _too_large(path: str, bytes_max: int) -> Reply:
    return problem("too-large", f"A body may have {bytes_max} bytes.", instance=path)


def _counted(receive: Receive, bytes_max: int) -> Receive:
    """`receive`, for a body of unknown length, which breaks off when there is too much of it."""
    so_far = 0

    async def counted() -> Message:
        nonlocal so_far
        message = await receive()
        so_far += len(message.get("body", b""))
        if so_far > bytes_max:
            raise BodyTooLarge(f"A body may have {bytes_max} bytes.")
        return message

    return counted


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _known(method: str) -> str:
    # A made-up method must not make a new time series.
    return method if method in _METHODS else "other"
