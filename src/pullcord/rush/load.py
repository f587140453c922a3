"""A load generator in a process of its own: so many connections, each sends its next request when it has its reply.

It reads a `Load` as JSON from stdin, writes a line when it begins to send, and then a `Told` as JSON. It is run by its
path, without the package, so that it is up at once.

Requests are made before the clock starts, so that what is measured is the server and as little of us as can be. A reply
counts when its whole body is there. Everything that was answered is told, so that it can be looked for in the ledger.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import msgspec

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"
PLACED = b'"state":"reserved"'  # as every arrangement says it


@dataclass(frozen=True, slots=True)
class Load:
    """What to send where: requests `first` and following, after those of `again`, which had no reply before.

    Request n is of person n and asks for variant n mod k, under a key of its own.
    """

    host: str
    port: int
    path: str
    token: str
    first: int
    requests: int
    connections: int
    variants: tuple[str, ...]
    cities: tuple[str, ...]
    plan: str
    again: tuple[int, ...] = ()
    again_every: int = 0  # every so many requests one is sent twice in a row, key and all, as a refresh would


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: the request's number, the HTTP status, the milliseconds it took, and whether it holds an order."""

    number: int
    status: int
    ms: float
    placed: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a load. `unanswered` were sent, and their connection ended before a reply; `unsent` never were."""

    seconds: float
    replies: tuple[Reply, ...]
    unanswered: tuple[int, ...]
    unsent: tuple[int, ...]


def order_id(number: int) -> str:
    """The order that request `number` asks for."""
    return f"r-{number}"


def request_bytes(load: Load, number: int) -> bytes:
    """Request `number`, ready to be sent."""
    body = msgspec.json.encode(
        {
            "order_id": order_id(number),
            "person_id": f"p-{number}",
            "variant_id": load.variants[number % len(load.variants)],
            "plan": load.plan,
            "city_id": load.cities[number // len(load.variants) % len(load.cities)],
        }
    )
    return (
        f"POST {load.path} HTTP/1.1\r\nHost: {load.host}:{load.port}\r\nAuthorization: Bearer {load.token}\r\n"
        f"Idempotency-Key: k-{number}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


class Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self, work: Iterator[tuple[int, bytes]], kept: Kept) -> None:
        self._work = work
        self._kept = kept
        self._transport: asyncio.Transport | None = None
        self._number = -1
        self._sent = 0.0
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is no subclass of it
        self._next()

    def _next(self) -> None:
        assert self._transport is not None
        number, request = next(self._work, (-1, b""))
        self._number = number
        if number < 0:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        held = self._held + data if self._held else data
        end = held.find(HEAD_END)
        if end < 0:
            self._held = held
            return
        head = held[:end].lower()
        at = head.find(LENGTH)
        length = int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(held) < end + len(HEAD_END) + length:
            self._held = held
            return
        self._held = b""
        took = time.perf_counter() - self._sent
        self._kept.replies.append((self._number, int(held[9:12]), took, PLACED in held))
        self._number = -1
        self._next()

    def connection_lost(self, failure: Exception | None) -> None:
        if self._number >= 0:
            self._kept.unanswered.append(self._number)
        self._kept.open -= 1
        if not self._kept.open:
            self._kept.done.set()


class Kept:
    """What all connections of one load write to."""

    def __init__(self, connections: int) -> None:
        self.open = connections
        self.done = asyncio.Event()
        self.replies: list[tuple[int, int, float, bool]] = []
        self.unanswered: list[int] = []


def sequence(load: Load) -> Iterator[int]:
    """The numbers of the requests in the order they are sent; some come twice in a row."""
    yield from load.again
    for number in range(load.first, load.first + load.requests):
        yield number
        if load.again_every and number % load.again_every == 0:
            yield number


async def send(load: Load) -> Told:
    """Send the load; what was answered, and what was not."""
    made: Sequence[tuple[int, bytes]] = [(number, request_bytes(load, number)) for number in sequence(load)]
    work = iter(made)
    loop = asyncio.get_running_loop()
    kept = Kept(load.connections)
    started = time.perf_counter()
    opening = [
        loop.create_connection(lambda: Connection(work, kept), load.host, load.port) for _ in range(load.connections)
    ]
    sys.stdout.buffer.write(b"sending\n")
    sys.stdout.flush()
    opened = await asyncio.gather(*opening, return_exceptions=True)
    kept.open -= sum(isinstance(one, BaseException) for one in opened)
    if kept.open > 0:
        await kept.done.wait()
    spent = time.perf_counter() - started
    replies = tuple(Reply(number, status, 1000 * took, placed) for number, status, took, placed in kept.replies)
    return Told(spent, replies, tuple(kept.unanswered), tuple(number for number, _ in work))


def main() -> None:
    """Read a load, send it, tell."""
    load = msgspec.json.decode(sys.stdin.buffer.read(), type=Load)
    try:
        import uvloop
    except ImportError:
        told = asyncio.run(send(load))
    else:
        told = uvloop.run(send(load))
    said = memoryview(msgspec.json.encode(told))
    while said:  # a pipe takes what it has room for; Python's own writer does not look at how much that was
        said = said[os.write(sys.stdout.fileno(), said) :]


if __name__ == "__main__":
    main()
