"""The table of operations becomes routes: one for each path."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from litestar.handlers import ASGIRouteHandler

from pullcord.app import App
from pullcord.web import Context, Reply, asgi_route, page_route, request_headers

from .commands import COMMANDS
from .endpoint import Endpoint, FrontDesk
from .events import EventStreams, events_operation
from .finding import Finder
from .openapi import document
from .operation import PREFIX, Operation
from .reads import READS
from .webhooks import Courier, WebhookStore, webhook_operations


def operations(context: Context, front: FrontDesk) -> tuple[Operation, ...]:
    """Everything that can be asked of a program over HTTP. Its webhooks are delivered while the application runs."""
    store = WebhookStore(context.accounts_url, context.app.program.program_id)
    courier = Courier(context, store)
    context.background.append(courier.running)
    streams = EventStreams(context, front.tokens)
    return (*COMMANDS, *READS, events_operation(streams), *webhook_operations(courier))


def openapi_document(operations: tuple[Operation, ...], app: App) -> bytes:
    """The OpenAPI document, as JSON."""
    return msgspec.json.encode(document(operations, app))


def route_handlers(context: Context, front: FrontDesk | None = None) -> list[ASGIRouteHandler]:
    """The API's routes for one Litestar application over this context.

    `front`: where others give commands beside these routes, what they share.
    """
    front = front or FrontDesk(context)
    table = operations(context, front)
    by_path: dict[str, list[Operation]] = {}
    for operation in table:
        by_path.setdefault(operation.path, []).append(operation)
    described = openapi_document(table, context.app)
    tag = b'"%s"' % hashlib.blake2b(described, digest_size=16).hexdigest().encode()

    async def description(scope: Any) -> Reply:
        headers = [(b"etag", tag), (b"cache-control", b"public, max-age=300")]
        if request_headers(scope).get(b"if-none-match") == tag:
            return Reply(304, headers, b"")
        return Reply(200, [(b"content-type", b"application/json"), *headers], described)

    finder = Finder({path: Endpoint(front, found) for path, found in by_path.items()})
    return [asgi_route(PREFIX, finder, is_mount=True), page_route(f"{PREFIX}/openapi.json", description)]
