"""HTTP by uvicorn, and beside its way to an application a shorter one for requests that must cost next to nothing.

An application behind ASGI takes a task, an event and four messages for each request. A lane takes the request whole and
answers it with one write, from whatever callback has the answer. uvicorn keeps the rest: parsing (llhttp), keep-alive,
pipelining, flow control, the end.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Protocol

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from pullcord.base import Conflict
from pullcord.web import ASGIApp, problem

GRACE_S = 10  # how long open requests have when the server is to end
IDLE_S = 10.0  # how long a connection is kept for the next request
ARRIVAL_S = 60.0  # how long a request may take to arrive


class Lane(Protocol):
    """Takes some requests before the application sees them."""

    def takes(self, target: bytes) -> bool:
        """Whether a POST to this target, sent with a body of known length, may be for this lane."""

    def serve(self, request: LaneRequest) -> None:
        """Answer it, now or later, or pass it on."""


class _Nobody:
    """Stands where uvicorn keeps the event that wakes an application; nothing waits for it here."""

    @staticmethod
    def set() -> None:
        pass


class LaneRequest:
    """A whole POST request, in the place where uvicorn keeps the request in progress until it is answered."""

    __slots__ = (
        "_protocol",
        "admitted",
        "body",
        "disconnected",
        "head",
        "headers",
        "keep_alive",
        "response_complete",
        "target",
    )

    message_event = _Nobody

    def __init__(self, protocol: LaneProtocol, headers: dict[bytes, bytes]) -> None:
        self._protocol = protocol
        self.target: bytes = protocol.url
        self.head: list[tuple[bytes, bytes]] = protocol.headers  # as they came
        self.headers = headers  # names in small letters
        self.body = b""
        self.admitted = False  # its client was counted and let in: the application need not count it again
        # As uvicorn reads and writes them:
        self.response_complete = False
        self.disconnected = False
        self.keep_alive = True

    @property
    def client(self) -> str:
        """The peer's address: where there is a proxy, the proxy's."""
        client = self._protocol.client
        return client[0] if client else ""

    def answer(self, status: int, head: bytes, body: bytes) -> None:
        """Send the answer. `head`: its headers but for the length, each ended by CR LF."""
        self.response_complete = True
        if self.disconnected:
            return
        protocol = self._protocol
        if self.keep_alive:
            length = b"content-length: %d\r\n\r\n" % len(body)
        else:
            length = b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        protocol.transport.write(b"".join((STATUS_LINE[status], protocol.date(), head, length, body)))
        if not self.keep_alive:
            protocol.transport.close()
        protocol.on_response_complete()

    def pass_on(self) -> None:
        """Let the application answer, as if there were no lane."""
        self.response_complete = True
        if not self.disconnected:
            self._protocol.let_application_answer(self)


class LaneProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with a lane beside the application."""

    def __init__(self, lane: Lane | None, body_bytes_max: int, **given: Any) -> None:
        super().__init__(**given)
        self.access_log = False  # the shell has its own
        self._lane = lane
        self._body_bytes_max = body_bytes_max
        self._request: LaneRequest | None = None  # whose body is being read
        self._dated: Any = None
        self._date = b""
        self.idle_since = self.loop.time()  # of the last answer, or of the beginning of the last request
        self._arriving = False  # a request has begun, and not ended

    def on_message_begin(self) -> None:
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self.idle_since = self.loop.time()
        self._arriving = True

    def on_headers_complete(self) -> None:
        lane = self._lane
        cycle: Any = self.cycle
        if (
            lane is not None
            and (cycle is None or cycle.response_complete)
            and lane.takes(self.url)
            and self.parser.get_method() == b"POST"
            and not self.expect_100_continue
            and not self.flow.write_paused  # who does not read its answers waits for the application to send them
            and self.parser.should_keep_alive()
            and self.parser.get_http_version() == "1.1"
            and not self.parser.should_upgrade()
        ):
            headers = dict(self.headers)
            length = headers.get(b"content-length", b"")
            if length.isdigit() and int(length) <= self._body_bytes_max:
                self._request = LaneRequest(self, headers)
                self.cycle = self._request  # type: ignore[assignment]
                return
        self.scope = self._new_scope(self.headers)
        super().on_headers_complete()

    def _new_scope(self, headers: list[tuple[bytes, bytes]]) -> Any:
        """As uvicorn makes it for every request; the lane does without."""
        return {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": self.root_path,
            "headers": headers,
            "state": self.app_state.copy(),
        }

    def on_body(self, body: bytes) -> None:
        if self._request is None:
            super().on_body(body)
        else:
            self._request.body += body

    def on_message_complete(self) -> None:
        self._arriving = False
        request = self._request
        if request is None:
            super().on_message_complete()
        else:
            self._request = None
            assert self._lane is not None
            self._lane.serve(request)

    def connection_lost(self, exc: Exception | None) -> None:
        self._request = None
        super().connection_lost(exc)

    def date(self) -> bytes:
        """The headers that uvicorn adds to every answer: the date, made anew each second."""
        given = self.server_state.default_headers
        if given is not self._dated:
            self._dated = given
            self._date = b"".join(b"%b: %b\r\n" % header for header in given)
        return self._date

    def on_response_complete(self) -> None:
        # uvicorn sets a timer for every answer, and takes it back with the next request; a look now and then will do.
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        self.idle_since = self.loop.time()

    def close_if_idle(self, now: float) -> None:
        """End the connection if nothing has gone on in it for too long, or a request takes too long to arrive."""
        cycle: Any = self.cycle
        if self._arriving:
            late = self.idle_since < now - ARRIVAL_S
        else:
            late = self.idle_since < now - IDLE_S and (cycle is None or cycle.response_complete)
        if late:
            self.transport.close()

    def let_application_answer(self, request: LaneRequest) -> None:
        """What uvicorn would have done when the head was read, with the body there already."""
        scope = self._new_scope(request.head)
        scope["pullcord.admitted"] = request.admitted
        path = request.target.decode("ascii")
        scope.update(method="POST", path=path, raw_path=request.target, query_string=b"")
        there = asyncio.Event()
        there.set()
        cycle = RequestResponseCycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=there,
            expect_100_continue=False,
            keep_alive=request.keep_alive,
            on_response=self.on_response_complete,
        )
        cycle.body += request.body
        cycle.more_body = False
        held: Any = self.cycle
        if held is request:  # else the next request of the connection has come, and waits for this one
            self.cycle = cycle
        self._start_asgi_task(cycle, self.app)

    def send_400_response(self, msg: str) -> None:
        """The answer to what is no HTTP, in the form of every other problem."""
        said = problem("bad-request", msg)
        head = b"".join(b"%b: %b\r\n" % header for header in said.headers)
        close = b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(said.body)
        self.transport.write(b"".join((STATUS_LINE[said.status], self.date(), head, close, said.body)))
        self.transport.close()


class _Server(uvicorn.Server):
    """uvicorn inside a loop of ours, which listens to signals itself."""

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:  # about once a second
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, LaneProtocol):
                    connection.close_if_idle(now)
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def listening(
    app: ASGIApp, bound: socket.socket, *, lane: Lane | None = None, body_bytes_max: int = 0, backlog: int = 1024
) -> AsyncIterator[None]:
    """Answer HTTP/1.1 at a bound socket while the block lasts; then the requests in progress are answered still."""

    made: Any = partial(LaneProtocol, lane, body_bytes_max)
    server = _Server(
        uvicorn.Config(
            app,
            http=made,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level=logging.WARNING,  # who starts the server says so
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=backlog,
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    serving = asyncio.get_running_loop().create_task(server.serve(sockets=[bound]))
    while not server.started:
        if serving.done():
            await serving
            raise Conflict("the server ended before it began", "look at what it said")
        await asyncio.sleep(0)
    try:
        yield
    finally:
        server.should_exit = True
        await serving
