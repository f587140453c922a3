"""Events as they happen: each party hears what it may, from where it left off, and nobody holds up the others."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from api_house import UNLIMITED, ApiHouse, api_house

QUICK = dataclasses.replace(UNLIMITED, heartbeat_s=0.02)


class Follower:
    """A reader of a stream, as a server would see it: chunk by chunk, for as long as it likes."""

    def __init__(self) -> None:
        self.status = 0
        self.chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.ended = False
        self._rest = ""

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            await self.chunks.put(message["body"])
            self.ended = self.ended or not message["more_body"]

    async def next(self) -> dict[str, str]:
        """The next block of the stream: its fields, comments left out."""
        while "\n\n" not in self._rest:
            self._rest += (await self.chunks.get()).decode()
        block, _, self._rest = self._rest.partition("\n\n")
        return dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))

    async def event(self) -> dict[str, str]:
        """The next block that is an event."""
        while "event" not in (found := await self.next()):
            pass
        return found


@asynccontextmanager
async def following(
    asked: ApiHouse,
    query: str = "",
    party: str = "shop",
    send: Callable[[Any], Awaitable[None]] | None = None,
    **headers: str,
) -> AsyncIterator[Follower]:
    follower = Follower()
    sent = {**asked.headers(party), **headers}
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/events",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 1),
    }
    task = asyncio.create_task(asked.app(scope, follower.receive, send or follower.send))
    try:
        yield follower
    finally:
        follower.gone.set()
        await asyncio.wait_for(task, 10)


def test_what_happens_is_heard_in_order(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path, QUICK) as asked, following(asked) as follower:
            assert await follower.next() == {"retry": "2000"}
            await asked.reserve("p-1", order_id="o-1")
            await asked.post("/orders/o-1/quote")
            first = await follower.event()
            assert first["event"] == "order.reserved"
            body = msgspec.json.decode(first["data"])
            assert body["body"]["person_id"] == "p-1"
            assert str(body["seq"]) == first["id"]
            heard = [first["event"]]
            while heard[-1] != "order.quoted":
                heard.append((await follower.event())["event"])
            assert "command.answered" not in heard

    asyncio.run(story())


def test_a_follower_resumes_where_it_left_off(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path, QUICK) as asked:
            for person in range(6):
                await asked.reserve(f"p-{person}", order_id=f"o-{person}")
            async with following(asked, "after=0&kinds=order.reserved") as follower:
                some = [await follower.event() for _ in range(3)]
            async with following(asked, "kinds=order.reserved", **{"last-event-id": some[-1]["id"]}) as follower:
                rest = [await follower.event() for _ in range(3)]
            heard = [msgspec.json.decode(e["data"])["body"]["order_id"] for e in [*some, *rest]]
            assert heard == [f"o-{person}" for person in range(6)]

    asyncio.run(story())


def test_each_party_hears_what_it_may(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path, QUICK) as asked:
            await asked.reserve("p-secret", order_id="o-1")
            await asked.post("/orders/o-1/quote")
            heard: dict[str, list[Any]] = {}
            for party in ("shop", "maker", "optics", "carrier"):
                reply = await asked.get("/events?after=0&follow=false", party)
                assert reply.status_code == 200
                assert reply.headers["content-type"] == "text/event-stream"
                assert ("p-secret" in reply.text) == (party == "shop")
                heard[party] = [line for line in reply.text.splitlines() if line.startswith("event: ")]
            assert "event: order.reserved" in heard["maker"]
            assert "event: order.reserved" not in heard["optics"]
            assert "event: order.reserved" not in heard["carrier"]

    asyncio.run(story())


def test_a_place_beyond_the_ledger_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path, QUICK) as asked:
            assert (await asked.get("/events?after=999999999")).status_code == 422
            assert (await asked.get("/events", **{"last-event-id": "yesterday"})).status_code == 400

    asyncio.run(story())


def test_one_read_of_the_ledger_serves_all_who_follow(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path, QUICK) as asked:
            reads: list[int] = []
            tail: Any = asked.context.tail
            read = tail._read

            def counted(after: int, limit: int = 2_000) -> Any:
                reads.append(after)
                return read(after, limit)

            tail._read = counted
            followers = [following(asked, "kinds=order.reserved") for _ in range(20)]
            entered = [await follower.__aenter__() for follower in followers]
            for follower in entered:
                await follower.next()
            await asked.reserve("p-1", order_id="o-1")
            for follower in entered:
                assert (await follower.event())["event"] == "order.reserved"
            for follower in followers:
                await follower.__aexit__(None, None, None)
            assert 1 <= len(reads) <= 3

    asyncio.run(story())


def test_a_heartbeat_moves_the_place_to_resume_from(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path, QUICK) as asked, following(asked) as follower:
            await follower.next()
            beat = await follower.next()
            assert beat == {"id": str(asked.house.ledger.head())}

    asyncio.run(story())


def test_who_falls_behind_is_told_where_to_resume(tmp_path: Path) -> None:
    async def story() -> None:
        options = dataclasses.replace(UNLIMITED, events_kept=5)
        async with api_house(tmp_path, options) as asked:
            stuck, free = asyncio.Event(), asyncio.Event()
            follower = Follower()

            async def slow(message: Any) -> None:
                await follower.send(message)
                if b"order.reserved" in message.get("body", b""):
                    stuck.set()
                    await free.wait()

            async with following(asked, "kinds=order.reserved", send=slow):
                await follower.next()
                # It has caught up once it waits for news.
                await asyncio.sleep(0)
                await asked.reserve("p-0", order_id="o-0")
                await stuck.wait()
                for person in range(1, 8):
                    await asked.reserve(f"p-{person}", order_id=f"o-{person}")
                while asked.context.tail.head < asked.house.ledger.head():
                    await asked.context.tail.news(asked.context.tail.head, 1.0)
                free.set()
                first = await follower.event()
                told = await follower.event()
                assert told["event"] == "behind"
                assert msgspec.json.decode(told["data"]) == {"after": int(first["id"])}
            assert follower.ended

    asyncio.run(story())


def test_who_does_not_read_is_let_go(tmp_path: Path) -> None:
    async def story() -> None:
        options = dataclasses.replace(UNLIMITED, send_seconds_max=0.05)
        async with api_house(tmp_path, options) as asked:
            never = asyncio.Event()
            asked_for: list[Any] = []

            async def deaf(message: Any) -> None:
                asked_for.append(message)
                if message.get("body"):
                    await never.wait()

            async with following(asked, send=deaf) as follower:
                while asked.context.metrics.followers._value.get():
                    await asyncio.sleep(0.01)
                assert not follower.gone.is_set()

    asyncio.run(story())


def test_a_revoked_token_hears_no_more(tmp_path: Path) -> None:
    async def story() -> None:
        options = dataclasses.replace(QUICK, token_seconds=0.0)
        async with api_house(tmp_path, options) as asked, following(asked, party="maker") as follower:
            await follower.next()
            for token in asked.context.accounts.tokens():
                if token.party_id == "maker":
                    asked.context.accounts.revoke_token(token.token_id)
            await asked.reserve("p-1")
            assert (await follower.event())["event"] == "ended"

    asyncio.run(story())
