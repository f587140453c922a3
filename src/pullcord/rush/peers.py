"""Three other ways to sell places over HTTP, on the same server: what the ledger is measured against.

Each reads a `Peer` as JSON from the first line of stdin and answers with a `Ready` on stdout.

`naive`: one transaction for each request on SQLite (WAL, synchronous=FULL), as most shops are written. `row locks`: one
statement for each request on PostgreSQL, which locks the quotas' rows until its commit; connections from a pool.
`bare`: group commit and nothing else, one statement of each kind for all who wait, without tokens, rights, history,
hashes or replay: about what a machine can do from Python.
An order is what it is for us: a capacity decrement, an order row with a unique key, and a row for the outbox.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg
from litestar import Litestar, Request, Response, post

from pullcord.server import Address, LaneRequest, bind, listening, run

from .ours import Ready

POOL = 16
ALL = "*"

_TABLES = (
    "CREATE TABLE quota (variant_id TEXT PRIMARY KEY, remaining INTEGER NOT NULL CHECK (remaining >= 0))",
    (
        "CREATE TABLE orders (order_id TEXT PRIMARY KEY, person_id TEXT NOT NULL UNIQUE, variant_id TEXT NOT NULL,"
        " plan TEXT NOT NULL, city_id TEXT NOT NULL, key TEXT NOT NULL UNIQUE)"
    ),
    "CREATE TABLE outbox (number {serial}, order_id TEXT NOT NULL, body TEXT NOT NULL)",
)


@dataclass(frozen=True, slots=True)
class Peer:
    """Which of the two, where its data are, and what is sold."""

    kind: str  # naive | row locks | bare
    address: str  # a file, or PostgreSQL's connection string
    variants: tuple[str, ...]
    places: int
    places_each: int
    commit_ms_more: float = 0.0


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    """A request's body."""

    order_id: str
    person_id: str
    variant_id: str
    plan: str
    city_id: str


Sell = Callable[[Wish, str], Awaitable[bool]]


def make_tables(execute: Callable[..., Any], peer: Peer, serial: str, mark: str) -> None:
    """Empty tables, and the quotas filled."""
    for table in _TABLES:
        execute(table.format(serial=serial))
    for variant, places in [(ALL, peer.places), *((variant, peer.places_each) for variant in peer.variants)]:
        execute(f"INSERT INTO quota VALUES ({mark}, {mark})", (variant, places))  # noqa: S608 - ? or %s


class Naive:
    """One transaction for each request; as many connections as the pool has, one writer at a time, as SQLite is."""

    def __init__(self, peer: Peer) -> None:
        self._more_s = peer.commit_ms_more / 1000
        self._idle: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._turn = threading.Lock()  # SQLite's own waiting sleeps, which would be unfair to it
        first = self._connect(peer.address)
        make_tables(first.execute, peer, "INTEGER PRIMARY KEY", "?")
        self._idle.put(first)
        for _ in range(POOL - 1):
            self._idle.put(self._connect(peer.address))

    def _connect(self, address: str) -> sqlite3.Connection:
        raw = sqlite3.connect(address, isolation_level=None, check_same_thread=False, timeout=30)
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = FULL")
        return raw

    async def sell(self, wish: Wish, key: str) -> bool:
        return await asyncio.to_thread(self._sell, wish, key)

    def _sell(self, wish: Wish, key: str) -> bool:
        raw = self._idle.get()
        try:
            with self._turn:
                raw.execute("BEGIN IMMEDIATE")
                try:
                    kept = raw.execute("SELECT order_id FROM orders WHERE key = ?", (key,)).fetchone()
                    if kept is None:
                        for variant in (ALL, wish.variant_id):
                            raw.execute("UPDATE quota SET remaining = remaining - 1 WHERE variant_id = ?", (variant,))
                        raw.execute(
                            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", (*msgspec.structs.astuple(wish), key)
                        )
                        body = msgspec.json.encode(wish).decode()
                        raw.execute("INSERT INTO outbox (order_id, body) VALUES (?, ?)", (wish.order_id, body))
                    if self._more_s:
                        time.sleep(self._more_s)
                    raw.execute("COMMIT")
                except sqlite3.IntegrityError:
                    raw.execute("ROLLBACK")
                    return False
                return True
        finally:
            self._idle.put(raw)


class RowLocks:
    """One statement for each request; the database makes those who want the same row wait for each other."""

    def __init__(self, peer: Peer) -> None:
        self._more_s = peer.commit_ms_more / 1000
        self._address = peer.address
        self._idle: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()
        with psycopg.connect(peer.address, autocommit=True) as first:
            make_tables(first.execute, peer, "BIGSERIAL PRIMARY KEY", "%s")

    async def open(self) -> None:
        """Make the pool."""
        for _ in range(POOL):
            self._idle.put_nowait(await psycopg.AsyncConnection.connect(self._address, autocommit=True))

    async def sell(self, wish: Wish, key: str) -> bool:
        raw = await self._idle.get()
        try:
            await raw.execute(
                "WITH wish AS (SELECT %s::text AS order_id, %s::text AS person_id, %s::text AS variant_id,"
                " %s::text AS plan, %s::text AS city_id, %s::text AS key),"
                " new AS (SELECT * FROM wish WHERE NOT EXISTS (SELECT FROM orders o WHERE o.key = wish.key)),"
                # In one order for everybody: two who lock the same rows the other way round would wait for ever.
                " locked AS (SELECT q.variant_id FROM quota q, new WHERE q.variant_id IN ('*', new.variant_id)"
                " ORDER BY q.variant_id FOR UPDATE OF q),"
                " taken AS (UPDATE quota SET remaining = remaining - 1 FROM locked"
                " WHERE quota.variant_id = locked.variant_id RETURNING 1),"
                " kept AS (INSERT INTO orders SELECT * FROM new RETURNING order_id)"
                " INSERT INTO outbox (order_id, body) SELECT order_id, %s FROM kept",
                (*msgspec.structs.astuple(wish), key, msgspec.json.encode(wish).decode()),
            )
        except psycopg.errors.IntegrityError:
            return False
        finally:
            self._idle.put_nowait(raw)
        return True


class Bare:
    """All who wait are sold to in one transaction, by one thread; capacity is kept in memory."""

    def __init__(self, peer: Peer, loop: asyncio.AbstractEventLoop) -> None:
        self._more_s = peer.commit_ms_more / 1000
        self._loop = loop
        self._left = {ALL: peer.places} | dict.fromkeys(peer.variants, peer.places_each)
        self._sold: dict[str, bool] = {}
        self._waiting: list[tuple[Wish, str, Callable[[bool], None]]] = []
        self._news = threading.Condition()
        self._raw = sqlite3.connect(peer.address, isolation_level=None, check_same_thread=False)
        self._raw.execute("PRAGMA journal_mode = WAL")
        self._raw.execute("PRAGMA synchronous = FULL")
        make_tables(self._raw.execute, peer, "INTEGER PRIMARY KEY", "?")
        threading.Thread(target=self._work, daemon=True).start()

    def sell(self, wish: Wish, key: str, tell: Callable[[bool], None]) -> None:
        """`tell` is called in the loop once it is durable."""
        with self._news:
            self._waiting.append((wish, key, tell))
            self._news.notify()

    def _work(self) -> None:
        while True:
            with self._news:
                while not self._waiting:
                    self._news.wait()
                group, self._waiting = self._waiting, []
            answers = [self._decide(wish, key) for wish, key, _ in group]
            new = [(wish, key) for (wish, key, _), (_, first) in zip(group, answers, strict=True) if first]
            self._commit(new)
            told = [(tell, placed) for (_, _, tell), (placed, _) in zip(group, answers, strict=True)]
            self._loop.call_soon_threadsafe(self._tell, told)

    def _decide(self, wish: Wish, key: str) -> tuple[bool, bool]:
        """Whether the wish has a place, and whether it got it now."""
        if key in self._sold:
            return self._sold[key], False
        placed = self._left[ALL] > 0 and self._left[wish.variant_id] > 0
        self._sold[key] = placed
        if placed:
            self._left[ALL] -= 1
            self._left[wish.variant_id] -= 1
        return placed, placed

    def _commit(self, new: list[tuple[Wish, str]]) -> None:
        execute = self._raw.execute
        execute("BEGIN IMMEDIATE")
        taken = {variant: self._left[variant] for variant in {ALL, *(wish.variant_id for wish, _ in new)}}
        self._raw.executemany("UPDATE quota SET remaining = ? WHERE variant_id = ?", [(n, v) for v, n in taken.items()])
        self._raw.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", [(*msgspec.structs.astuple(wish), key) for wish, key in new]
        )
        self._raw.executemany(
            "INSERT INTO outbox (order_id, body) VALUES (?, ?)",
            [(wish.order_id, msgspec.json.encode(wish).decode()) for wish, _ in new],
        )
        if self._more_s:
            time.sleep(self._more_s)
        execute("COMMIT")

    @staticmethod
    def _tell(told: list[tuple[Callable[[bool], None], bool]]) -> None:
        for tell, placed in told:
            tell(placed)


class BareLane:
    """Everything that is posted is a wish."""

    def __init__(self, sell: Callable[[Wish, str, Callable[[bool], None]], None]) -> None:
        self._sell = sell
        self._decode, self._encode = msgspec.json.Decoder(Wish).decode, msgspec.json.Encoder().encode

    def takes(self, target: bytes) -> bool:
        return True

    def serve(self, request: LaneRequest) -> None:
        wish = self._decode(request.body)

        def tell(placed: bool) -> None:
            body = self._encode({"order_id": wish.order_id, "state": "reserved" if placed else "refused"})
            request.answer(201 if placed else 200, b"content-type: application/json\r\n", body)

        self._sell(wish, request.headers[b"idempotency-key"].decode(), tell)


async def serve(peer: Peer) -> None:
    """Serve until stdin ends."""
    sell: Sell | None = None
    lane: BareLane | None = None
    if peer.kind == "naive":
        sell = Naive(peer).sell
    elif peer.kind == "bare":
        lane = BareLane(Bare(peer, asyncio.get_running_loop()).sell)
    else:
        locks = RowLocks(peer)
        await locks.open()
        sell = locks.sell
    decode = msgspec.json.Decoder(Wish).decode

    @post("/orders")
    async def order(request: Request[Any, Any, Any]) -> Response[bytes]:
        assert sell is not None
        wish = decode(await request.body())
        placed = await sell(wish, request.headers["idempotency-key"])
        body = msgspec.json.encode({"order_id": wish.order_id, "state": "reserved" if placed else "refused"})
        return Response(body, status_code=201 if placed else 200, media_type="application/json")

    app: Any = Litestar([order], openapi_config=None)
    bound = bind(Address(port=0))
    async with listening(app, bound, lane=lane, body_bytes_max=10_000):
        sys.stdout.buffer.write(msgspec.json.encode(Ready(bound.getsockname()[1], "none")) + b"\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)


def tables_say(peer: Peer) -> tuple[dict[str, int], list[tuple[str, str, str]]]:
    """What is left of each quota, and the orders: order, person, variant."""
    if peer.kind != "row locks":
        with closing(sqlite3.connect(peer.address)) as raw:
            left = dict(raw.execute("SELECT variant_id, remaining FROM quota").fetchall())
            return left, raw.execute("SELECT order_id, person_id, variant_id FROM orders").fetchall()
    with psycopg.connect(peer.address) as found:
        left = {str(name): int(number) for name, number in found.execute("SELECT * FROM quota").fetchall()}
        rows = found.execute("SELECT order_id, person_id, variant_id FROM orders").fetchall()
        return left, [(str(order), str(person), str(variant)) for order, person, variant in rows]


def main() -> None:
    """Read which of the two it is, and sell."""
    run(serve(msgspec.json.decode(sys.stdin.buffer.readline(), type=Peer)))
