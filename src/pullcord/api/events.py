"""The ledger's tail as server-sent events: each party sees what it may, from where it left off."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated

import msgspec
from msgspec import Meta

from pullcord.alliance import Role, visible
from pullcord.base import PartyId
from pullcord.web import Context, Fault, HttpProblem, Receive, Scope, Send, request_headers

from .given import Query
from .operation import StreamOperation
from .standing import standing_of
from .tokens import Tokens

_ENCODE = msgspec.json.Encoder().encode
Kind = Annotated[str, Meta(max_length=100, pattern="^[a-z][a-z0-9_.]*$")]


class EventsQuery(Query, frozen=True, kw_only=True):
    """Where to begin, and what to hear of."""

    after: (
        Annotated[int, Meta(ge=0, description="seq of the last event that is known; without it, from now on")] | None
    ) = None
    kinds: Annotated[tuple[Kind, ...], Meta(description="only these kinds")] = ()
    follow: Annotated[bool, Meta(description="false: end at the last event there is")] = True


class EventStreams:
    """Serves the events; all followers share one tail."""

    def __init__(self, context: Context, tokens: Tokens) -> None:
        self._context = context
        self._tokens = tokens

    async def serve(
        self, scope: Scope, receive: Receive, send: Send, query: EventsQuery, party: PartyId, role: Role
    ) -> None:
        """Send events until the follower leaves, falls behind, or its token ends."""
        position = self._begin(scope, query)
        gone = asyncio.create_task(_until_gone(receive))
        followers = self._context.metrics.followers
        followers.inc()
        sending = asyncio.create_task(self._send(scope, send, query, party, role, position))
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            followers.dec()
            for task in (gone, sending):
                task.cancel()
            await asyncio.gather(gone, sending, return_exceptions=True)

    def _begin(self, scope: Scope, query: EventsQuery) -> int:
        head = self._context.app.ledger.head()
        last = request_headers(scope).get(b"last-event-id")
        if last is not None and (not last.isdigit() or len(last) > 18):
            raise HttpProblem("bad-request", "The header Last-Event-ID is no seq of an event.")
        after = int(last) if last is not None else query.after
        if after is None:
            return head
        if after > head:
            raise HttpProblem(
                "invalid-input",
                f"The ledger ends at event {head}, before {after}.",
                "begin at 0 where the ledger was begun anew",
                faults=[Fault("query/after", f"is above {head}")],
            )
        return after

    async def _send(
        self, scope: Scope, send: Send, query: EventsQuery, party: PartyId, role: Role, position: int
    ) -> None:
        options, tail = self._context.options, self._context.tail
        app = self._context.app
        standing, mode, kinds = standing_of(app, party), app.program.mode, frozenset(query.kinds)
        header = request_headers(scope).get(b"authorization")

        async def write(chunk: bytes) -> None:
            # A follower that does not read holds up nobody but itself, and not for ever.
            await asyncio.wait_for(
                send({"type": "http.response.body", "body": chunk, "more_body": True}), options.send_seconds_max
            )

        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"text/event-stream"),
                    (b"cache-control", b"no-store"),
                    (b"x-accel-buffering", b"no"),
                ],
            }
        )
        caught_up = False
        told = position
        try:
            await write(b"retry: 2000\n\n")
            while not tail.closing:
                if caught_up and not tail.holds(position):
                    await write(b'event: behind\ndata: {"after":%d}\n\n' % told)
                    break
                found = await tail.after(position)
                if self._tokens.at_hand(header) is None:
                    await self._tokens.verify(header)  # it may have been revoked since
                if not found:
                    caught_up = True
                    if not query.follow:
                        break
                    if not await tail.news(position, options.heartbeat_s):
                        # An id without data moves the place to resume from, and is no event.
                        await write(b": still here\nid: %d\n\n" % position)
                        told = position
                    continue
                chunk = []
                for event in found:
                    if not kinds or event.kind in kinds:
                        seen = visible(party, role, event, standing, mode)
                        if seen is not None:
                            chunk.append(
                                b"id: %d\nevent: %s\ndata: %s\n\n" % (event.seq, event.kind.encode(), _ENCODE(seen))
                            )
                            told = event.seq
                position = found[-1].seq
                if chunk:
                    await write(b"".join(chunk))
        except TimeoutError:
            return  # it resumes from the last id that it read
        except HttpProblem:
            await write(b"event: ended\ndata: the token is no longer in force\n\n")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(
                send({"type": "http.response.body", "body": b"", "more_body": False}), options.send_seconds_max
            )


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def events_operation(streams: EventStreams) -> StreamOperation:
    """How the stream is found and described."""
    return StreamOperation(
        "/events",
        "followEvents",
        "The ledger's tail, as far as the party may see it",
        EventsQuery,
        streams.serve,
        "events",
        description=(
            "Server-sent events: `id` is the event's seq, `event` its kind, `data` the event as JSON. Resume with"
            " `Last-Event-ID`, or with `after`. An event `behind` says that the follower was too slow and from where"
            " to resume."
        ),
    )
