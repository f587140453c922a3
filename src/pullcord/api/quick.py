"""A reservation in a campaign by the shortest way: for the rush in which thousands ask in the same second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from pullcord.base import CommandId, PullcordError
from pullcord.campaigns import PlaceState
from pullcord.web import Answered, Headers, problem_of

from .endpoint import JSON_HEADERS, KEY, REPLAYED_HEADERS, FrontDesk, name_of, still_running, watched
from .operation import PREFIX

COMMAND = "campaigns.reserve"
ROUTE_OF_QUICK = f"{PREFIX}/campaigns/{{campaign_id}}/orders"
_ENCODE = msgspec.json.Encoder().encode


class QuickWish(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """A wish for a place in a campaign as its document has it; whether its ids are ids, the desk says."""

    person_id: str
    variant_id: str
    plan: str
    city_id: str
    order_id: str | None = None


class QuickReply(NamedTuple):
    """What the endpoint of the same path would reply."""

    status: int
    head: bytes  # its own headers, each ended by CR LF
    body: bytes
    seconds: float  # from the request to this reply


class QuickReservation:
    """Gives what the endpoint of the same path would answer in the usual case; None where that endpoint is to answer.

    None may come after the command was given: named by its key, it takes no second effect when it is given again.
    """

    def __init__(self, front: FrontDesk) -> None:
        self._front = front
        self._desk = front.context.app.desk
        self._hand = front.context.gateway.hand_quick
        self._monotonic = front.context.monotonic
        self._metrics = front.context.metrics
        self._decode = msgspec.json.Decoder(QuickWish).decode

    def ask(
        self, headers: Mapping[bytes, bytes], campaign_id: str, body: bytes, done: Callable[[QuickReply | None], None]
    ) -> None:
        """`done` is called once, with None or with a reply that is durable. Headers are named in small letters."""
        began = self._monotonic()
        front = self._front
        key = headers.get(b"idempotency-key")
        asker = front.tokens.at_hand(headers.get(b"authorization"))  # one that must be looked up takes the longer way
        if (
            asker is None
            or key is None
            or not KEY.fullmatch(key)
            or headers.get(b"content-type") != b"application/json"
            or b"pullcord-person" in headers
            or not asker.reaches(COMMAND)
        ):
            done(None)
            return
        party_id = asker.party.party_id
        name = name_of(party_id, None, key)
        if front.limiter is not None and front.limiter.take(party_id):
            done(None)
            return
        if name in front.running:
            done(self._still_running(campaign_id, began))
            return
        try:
            given = self._decode(body)
            command, watch = watched(
                self._desk.reserve_in_campaign(
                    given.order_id or f"o-{name}",
                    given.person_id,
                    given.variant_id,
                    given.plan,
                    given.city_id,
                    campaign_id,
                    party=party_id,
                ),
                CommandId(f"h-{name}"),
            )
        except (PullcordError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            done(None)
            return
        front.running.add(name)

        def answered(answer: Answered[Any]) -> None:
            front.running.discard(name)
            if isinstance(answer, BaseException):
                done(None)
                return
            seconds = self._monotonic() - began
            self._metrics.command(COMMAND, seconds)
            head = HEAD if watch.carried_out else HEAD_REPLAYED
            if answer.state is PlaceState.RESERVED:
                head = b"%blocation: %b/orders/%b\r\n" % (head, _PREFIX, answer.order_id.encode())
            done(QuickReply(201 if answer.refused is None else 200, head, _ENCODE(answer), seconds))

        self._hand(command, answered)

    def _still_running(self, campaign_id: str, began: float) -> QuickReply:
        problem = problem_of(still_running(), f"{PREFIX}/campaigns/{campaign_id}/orders", None)
        assert problem is not None
        return QuickReply(problem.status, head_of(problem.headers), problem.body, self._monotonic() - began)


def head_of(headers: Headers) -> bytes:
    """Headers as they are sent."""
    return b"".join(b"%b: %b\r\n" % header for header in headers)


HEAD, HEAD_REPLAYED = head_of(JSON_HEADERS), head_of(REPLAYED_HEADERS)
_PREFIX = PREFIX.encode()
