"""What stands between a socket and the application: the lane, and all that is not for it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pullcord.server import Address, LaneRequest, bind, listening

LARGEST = 100


class Fields:
    """A lane for `POST /lane…`; answers when it is told to, with what it saw."""

    def __init__(self) -> None:
        self.waiting: list[LaneRequest] = []
        self.at_once: Callable[[LaneRequest], None] | None = self.answer

    def takes(self, target: bytes) -> bool:
        return target.startswith(b"/lane")

    def serve(self, request: LaneRequest) -> None:
        if self.at_once is None:
            self.waiting.append(request)
        else:
            self.at_once(request)

    @staticmethod
    def answer(request: LaneRequest) -> None:
        request.answer(201, b"x-way: lane\r\n", b"lane " + request.target + b" " + request.body)


async def application(scope: Any, receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    said = f"app {scope['method']} {scope['path']} {scope['query_string'].decode()} {body.decode()}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(said))]})
    await send({"type": "http.response.body", "body": said})


class Line:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, raw: bytes) -> None:
        self.writer.write(raw)

    async def reply(self) -> tuple[int, dict[str, str], bytes]:
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)).decode()
        first, *lines = head.split("\r\n")[:-2]
        headers = dict(line.lower().split(": ", 1) for line in lines)
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(first.split()[1]), headers, body

    async def is_closed(self) -> bool:
        return await asyncio.wait_for(self.reader.read(), 10) == b""


@asynccontextmanager
async def line(fields: Fields | None) -> AsyncIterator[Line]:
    bound = bind(Address(port=0))
    async with listening(application, bound, lane=fields, body_bytes_max=LARGEST):
        reader, writer = await asyncio.open_connection(*bound.getsockname())
        try:
            yield Line(reader, writer)
        finally:
            writer.close()


def post(path: str, body: bytes = b"{}", *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: here", f"Content-Length: {len(body)}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def test_the_lane_answers_what_is_for_it_and_the_application_the_rest() -> None:
    async def story() -> None:
        async with line(Fields()) as on:
            for _ in range(2):
                on.send(post("/lane/a", b"one"))
                status, headers, body = await on.reply()
                assert (status, headers["x-way"], body) == (201, "lane", b"lane /lane/a one")
                assert "date" in headers
                on.send(post("/else", b"two"))
                assert (await on.reply())[2] == b"app POST /else  two"
            on.send(b"GET /lane HTTP/1.1\r\nHost: here\r\n\r\n")
            assert (await on.reply())[2] == b"app GET /lane  "

    asyncio.run(story())


@pytest.mark.parametrize(
    "raw",
    [
        post("/lane", b"x" * (LARGEST + 1)),
        b"POST /lane HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        post("/lane", b"abc", "Connection: close"),
        b"POST /lane HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
        b"POST /lane HTTP/1.1\r\nHost: here\r\n\r\n",
        post("/lane", b"abc", "Connection: upgrade", "Upgrade: h2c"),
    ],
)
def test_what_is_out_of_the_ordinary_does_not_take_the_lane(raw: bytes) -> None:
    async def story() -> None:
        async with line(Fields()) as on:
            on.send(raw)
            assert (await on.reply())[2].startswith(b"app POST /lane")

    asyncio.run(story())


def test_who_asks_before_sending_is_told_to_go_on() -> None:
    async def story() -> None:
        async with line(Fields()) as on:
            on.send(b"POST /lane HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            assert (await on.reply())[0] == 100
            on.send(b"abc")
            assert (await on.reply())[2] == b"app POST /lane  abc"

    asyncio.run(story())


def test_a_body_may_come_in_pieces() -> None:
    async def story() -> None:
        async with line(Fields()) as on:
            whole = post("/lane", b"abcdef")
            for at in range(0, len(whole), 7):
                on.send(whole[at : at + 7])
                await asyncio.sleep(0.001)
            assert (await on.reply())[2] == b"lane /lane abcdef"

    asyncio.run(story())


def test_requests_sent_at_once_are_answered_in_their_order() -> None:
    async def story() -> None:
        fields = Fields()
        async with line(fields) as on:
            on.send(post("/lane/1") + post("/else") + post("/lane/2") + post("/lane/3"))
            # Behind a request in progress the others wait for the application.
            bodies = [(await on.reply())[2] for _ in range(4)]
            assert [body.split()[1 if body.startswith(b"lane") else 2] for body in bodies] == [
                b"/lane/1",
                b"/else",
                b"/lane/2",
                b"/lane/3",
            ]
            fields.at_once = None
            on.send(post("/lane/4") + post("/else/5", b"five"))
            while not fields.waiting:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.02)
            fields.answer(fields.waiting.pop())
            assert (await on.reply())[2].startswith(b"lane /lane/4")
            assert (await on.reply())[2] == b"app POST /else/5  five"

    asyncio.run(story())


def test_what_the_lane_passes_on_is_answered_as_if_there_were_none() -> None:
    async def story() -> None:
        fields = Fields()
        async with line(fields) as on:
            fields.at_once = LaneRequest.pass_on
            on.send(post("/lane", b"abc"))
            assert (await on.reply())[2] == b"app POST /lane  abc"
            fields.at_once = None
            on.send(post("/lane/1", b"one") + post("/lane/2", b"two"))
            while not fields.waiting:
                await asyncio.sleep(0.001)
            fields.waiting.pop().pass_on()
            assert (await on.reply())[2] == b"app POST /lane/1  one"
            assert (await on.reply())[2] == b"app POST /lane/2  two"
            fields.at_once = fields.answer
            on.send(post("/lane", b"abc"))
            assert (await on.reply())[2] == b"lane /lane abc"

    asyncio.run(story())


@pytest.mark.parametrize("way", ["answer", "pass_on"])
def test_nobody_minds_a_client_that_has_gone(way: str) -> None:
    async def story() -> None:
        fields = Fields()
        async with line(fields) as on:
            fields.at_once = None
            on.send(post("/lane", b"abc"))
            while not fields.waiting:
                await asyncio.sleep(0.001)
            on.writer.transport.abort()
            request = fields.waiting.pop()
            while not request.disconnected:
                await asyncio.sleep(0.001)
            fields.answer(request) if way == "answer" else request.pass_on()

    asyncio.run(story())


def test_what_is_no_http_is_told_so_in_the_form_of_every_problem() -> None:
    async def story() -> None:
        async with line(Fields()) as on:
            on.send(b"what is this\r\n\r\n")
            status, headers, body = await on.reply()
            assert (status, headers["content-type"], headers["connection"]) == (
                400,
                "application/problem+json",
                "close",
            )
            assert json.loads(body)["type"] == "/problems/bad-request"
            assert await on.is_closed()

    asyncio.run(story())


def test_a_connection_that_nobody_uses_is_closed_and_one_in_use_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        monkeypatch.setattr(sys.modules["pullcord.server.listening"], "IDLE_S", 0.0)
        fields = Fields()
        async with line(fields) as on:
            fields.at_once = None
            on.send(post("/lane", b"abc"))
            while not fields.waiting:
                await asyncio.sleep(0.001)
            await asyncio.sleep(1.5)  # the server looks about once a second
            fields.answer(fields.waiting.pop())
            assert (await on.reply())[2] == b"lane /lane abc"
            assert await on.is_closed()

    asyncio.run(story())


def test_a_request_that_takes_too_long_to_arrive_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        module = sys.modules["pullcord.server.listening"]
        monkeypatch.setattr(module, "IDLE_S", 0.0)
        async with line(Fields()) as on:
            on.send(post("/lane", b"abc")[:-1])
            await asyncio.sleep(1.5)
            on.send(b"c")
            assert (await on.reply())[2] == b"lane /lane abc", "it was not idle, but arriving"
        monkeypatch.setattr(module, "ARRIVAL_S", 0.0)
        async with line(Fields()) as on:
            on.send(post("/lane", b"abc")[:-1])
            assert await on.is_closed()

    asyncio.run(story())


def test_who_does_not_read_gets_no_more_from_the_lane() -> None:
    async def story() -> None:
        fields = Fields()
        bound = bind(Address(port=0))
        async with listening(application, bound, lane=fields, body_bytes_max=LARGEST):
            _, writer = await asyncio.open_connection(*bound.getsockname(), limit=1_000)
            served = 0

            def count(request: LaneRequest) -> None:
                nonlocal served
                served += 1
                request.answer(200, b"", b"x" * 50_000)

            fields.at_once = count
            writer.write(post("/lane") * 2_000)
            await asyncio.sleep(1.0)
            assert 0 < served < 1_000
            writer.transport.abort()

    asyncio.run(story())


def test_when_the_server_ends_what_is_in_progress_is_answered_first() -> None:
    async def story() -> None:
        fields = Fields()
        fields.at_once = None
        bound = bind(Address(port=0))
        async with listening(application, bound, lane=fields, body_bytes_max=LARGEST):
            on = Line(*await asyncio.open_connection(*bound.getsockname()))
            on.send(post("/lane", b"abc"))
            while not fields.waiting:
                await asyncio.sleep(0.001)
            asyncio.get_running_loop().call_later(0.3, lambda: fields.answer(fields.waiting.pop()))
        status, headers, body = await on.reply()
        assert (status, headers["connection"], body) == (201, "close", b"lane /lane abc")
        assert await on.is_closed()
        on.writer.close()

    asyncio.run(story())
