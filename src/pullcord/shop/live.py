"""An order's page that moves by itself: a line is sent whenever the ledger holds something new about the order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from litestar import Response, get
from litestar.response import Stream

from pullcord import orders
from pullcord.base import OrderId
from pullcord.orders import OrderRow

from . import commands
from .house import Shop
from .people import signed_in
from .timeline import order_events
from .visit import AnyRequest

LASTS_S = 600.0  # then the browser asks anew, and it is looked anew whose session it is
LONGEST_SEQ = 18  # digits
REST_S = 0.5  # between two looks, however busy the ledger


def handlers(shop: Shop) -> list[Any]:
    """The handler of the stream."""

    @get("/orders/{order_id:str}/changes")
    async def changes(request: AnyRequest) -> Response[Any]:
        order_id = request.path_params["order_id"]
        visit = await shop.visit(request)
        person = signed_in(visit)
        row = await shop.read(lambda reader: commands.own_order(reader, order_id, person))
        seen = request.headers.get("last-event-id") or request.query_params.get("after") or ""
        # Few digits: a longer number is none that was given out here.
        known = int(seen) if seen.isascii() and seen.isdigit() and len(seen) <= LONGEST_SEQ else None
        return Stream(
            follow(shop, row, known),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    return [changes]


async def follow(shop: Shop, row: OrderRow, known: int | None) -> AsyncIterator[str]:
    """Server-sent events: `changed` with the seq of the last news of this order; a comment when there is none.

    `known`: the seq up to which the browser has seen the order; what came since is told at once, however long ago. It
    is found in the order's own streams: nobody has the whole ledger read by asking from the beginning.
    """
    tail, options = shop.context.tail, shop.context.options
    end = shop.context.monotonic() + LASTS_S
    yield "retry: 2000\n\n"
    after = shop.app.ledger.head()
    if known is not None:
        told = await asyncio.to_thread(order_events, shop.app.ledger, row)
        if told and told[-1].seq > known:
            yield f"id: {after}\nevent: changed\ndata: {told[-1].seq}\n\n"
    while not tail.closing and shop.context.monotonic() < end:
        if not await tail.news(after, options.heartbeat_s):
            yield ": still here\n\n"
            continue
        last = 0
        while events := await tail.after(after):
            after = events[-1].seq
            streams = streams_of(row)
            news = [event.seq for event in events if event.stream in streams]
            if news:
                last = news[-1]
                row = await shop.read(partial(orders.find_order, order_id=OrderId(row.order_id)))
        if last:
            yield f"id: {after}\nevent: changed\ndata: {last}\n\n"
        await asyncio.sleep(REST_S)


def streams_of(row: OrderRow) -> set[str]:
    """The ledger's streams that tell of an order."""
    streams = {f"order/{row.order_id}", f"promise/{row.order_id}", f"build/{orders.build_order_id(row.order_id)}"}
    return streams | ({f"vehicle/{row.vehicle_id}"} if row.vehicle_id else set())
