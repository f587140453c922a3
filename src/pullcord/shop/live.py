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
from .visit import AnyRequest

LASTS_S = 600.0  # then the browser asks anew, and it is looked anew whose session it is
REST_S = 0.5  # between two looks, however busy the ledger


def handlers(shop: Shop) -> list[Any]:
    """The handler of the stream."""

    @get("/orders/{order_id:str}/changes")
    async def changes(request: AnyRequest) -> Response[Any]:
        order_id = request.path_params["order_id"]
        visit = await shop.visit(request)
        person = signed_in(visit)
        row = await shop.read(lambda reader: commands.own_order(reader, order_id, person))
        seen = request.headers.get("last-event-id", "")
        after = int(seen) if seen.isdigit() else shop.context.tail.head
        return Stream(
            follow(shop, row, after),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    return [changes]


async def follow(shop: Shop, row: OrderRow, after: int) -> AsyncIterator[str]:
    """Server-sent events: `changed` with the seq of the last news of this order; a comment when there is none."""
    tail, options = shop.context.tail, shop.context.options
    end = shop.context.monotonic() + LASTS_S
    yield "retry: 2000\n\n"
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
