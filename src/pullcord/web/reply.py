"""A reply as bytes, ready to be sent: what every handler of the API ends with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, NamedTuple

Headers = Sequence[tuple[bytes, bytes]]
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
_JSON_KINDS = ("application/json", "application/problem+json")


class Reply(NamedTuple):
    """Status, headers without the length, body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """The first header of this name, in small letters."""
        return next((value for key, value in self.headers if key == name), None)


async def send_reply(send: Send, reply: Reply, *, with_body: bool = True) -> None:
    """Send a reply; without its body where only the head was asked for."""
    status, headers, body = reply
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": headers
            if status in (204, 304)  # they have no body, and so no length
            else [*headers, (b"content-length", b"%d" % len(body))],
        }
    )
    await send({"type": "http.response.body", "body": body if with_body else b"", "more_body": False})


def request_headers(scope: Scope) -> dict[bytes, bytes]:
    """The headers of a request by their names in small letters; of those given twice the last."""
    found: dict[bytes, bytes] | None = scope.get("pullcord.headers")
    if found is None:
        found = scope["pullcord.headers"] = dict(scope["headers"])
    return found


def prefers_page(accept: str) -> bool:
    """Whether a caller's Accept asks for a page rather than for JSON; who takes anything reads no pages."""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        kind, *parameters = (word.strip() for word in part.split(";"))
        weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        try:
            weights.setdefault(kind, float(weight))
        except ValueError:
            continue
    page = weights.get("text/html", 0.0)
    return page > 0 and page >= max(weights.get(kind, 0.0) for kind in _JSON_KINDS)
