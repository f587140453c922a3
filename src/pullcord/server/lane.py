"""The fast lane: reservations in a campaign, answered without the detours that pages and documents need.

Answered here is what a rush is made of: a place, a position in the queue, none left, a key that is still in use. What
is out of the ordinary (a token not seen a moment ago, another media type, a body that does not fit, a command that ends
in an error) is passed on, body and all, to the whole application, which answers as if there were no fast lane: commands
are named by their key, so that asking again has no second effect.
"""

from __future__ import annotations

import re

from pullcord.api import ROUTE_OF_QUICK, FrontDesk, QuickReply, QuickReservation, head_of
from pullcord.web import Shell, client_of

from .listening import LaneRequest

_BEFORE = b"/api/v1/campaigns/"
_AFTER = b"/orders"
_ODD = re.compile(rb"[?#%]")  # more than a plain path


class ReservationLane:
    """Takes reservations in a campaign."""

    def __init__(self, front_desk: FrontDesk, shell: Shell) -> None:
        self._quick = QuickReservation(front_desk)
        self._shell = shell
        self._limiter = shell.limiter
        self._proxies = front_desk.context.options.proxies
        self._open = not shell.traced  # a trace begins in the shell
        self._head = head_of(shell.api_headers)

    def takes(self, target: bytes) -> bool:
        """Whether it is the address of a campaign's orders, without a query."""
        return self._open and target.endswith(_AFTER) and target.startswith(_BEFORE) and not _ODD.search(target)

    def serve(self, request: LaneRequest) -> None:
        """Answer what this lane is for, once it is durable; pass on the rest."""
        if self._limiter is not None:
            client = client_of(request.client, request.head, self._proxies)
            if self._limiter.take(client):
                request.pass_on()
                return
            request.admitted = True

        def done(made: QuickReply | None) -> None:
            if made is None:
                request.pass_on()
                return
            shell = self._shell
            request_id = shell.next_id()
            head = b"%b%bx-request-id: %b\r\n" % (made.head, self._head, request_id.encode())
            request.answer(made.status, head, made.body)
            shell.ended("POST", ROUTE_OF_QUICK, made.status, made.seconds, request_id)

        campaign_id = request.target[len(_BEFORE) : -len(_AFTER)].decode("ascii", "replace")
        self._quick.ask(request.headers, campaign_id, request.body, done)
