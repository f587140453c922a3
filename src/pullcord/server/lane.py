"""The fast lane: reservations in a campaign, answered without the detours that pages and documents need.

Only what goes well is answered here. Whatever is out of the ordinary (no token, another media type, a body that does
not fit, a key that is in use, places that are gone) is passed on, body and all, to the whole application, which answers
as if there were no fast lane: commands are named by their key, so that asking again has no second effect.
"""

from __future__ import annotations

from pullcord.api import ROUTE_OF_QUICK, FrontDesk, QuickReservation
from pullcord.web import Context, Shell

from .bridge import RsgiProtocol, RsgiScope, pass_on

_BEFORE = "/api/v1/campaigns/"
_AFTER = "/orders"


class Front:
    """What granian calls."""

    def __init__(self, context: Context, front_desk: FrontDesk, shell: Shell) -> None:
        self._quick = QuickReservation(front_desk)
        self._shell = shell
        self._limiter = shell.limiter
        self._bytes_max = context.options.body_bytes_max
        self._monotonic = context.monotonic
        self._open = not shell.traced  # a trace begins in the shell
        self._headers = [
            ("content-type", "application/json"),
            ("cache-control", "no-store"),
            *((name.decode(), value.decode()) for name, value in shell.api_headers),
        ]

    async def __rsgi__(self, scope: RsgiScope, protocol: RsgiProtocol) -> None:
        if scope.proto != "http":
            return
        path = scope.path
        if self._open and path.startswith(_BEFORE) and path.endswith(_AFTER) and scope.method == "POST":
            length = scope.headers.get("content-length", "")
            if length.isdigit() and int(length) <= self._bytes_max and self._admitted(scope.client):
                began = self._monotonic()
                body = await protocol()
                made = await self._quick.answer(scope.headers.get, path[len(_BEFORE) : -len(_AFTER)], body)
                if made is None:
                    await pass_on(self._shell, scope, protocol, body)
                    return
                request_id = self._shell.next_id()
                headers = [*self._headers, ("x-request-id", request_id)]
                if made.location is not None:
                    headers.append(("location", made.location))
                if made.replayed:
                    headers.append(("idempotent-replayed", "true"))
                protocol.response_bytes(made.status, headers, made.body)
                self._shell.ended("POST", ROUTE_OF_QUICK, made.status, self._monotonic() - began, request_id)
                return
        await pass_on(self._shell, scope, protocol)

    def _admitted(self, client: str) -> bool:
        return self._limiter is None or not self._limiter.take(client.rpartition(":")[0])
