"""A reservation in a campaign by the shortest way: for the rush in which thousands ask in the same second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from pullcord.base import CommandId, PullcordError, check_id
from pullcord.campaigns import PlaceState
from pullcord.web import Answered

from .endpoint import FrontDesk, name_of, watched
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
    body: bytes
    location: str | None
    replayed: bool  # the command was carried out before; this is its answer of then


class QuickReservation:
    """Gives what the endpoint of the same path would answer when all goes well; None where that endpoint is to answer.

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
        front = self._front
        key = headers.get(b"idempotency-key")
        asker = front.tokens.at_hand(headers.get(b"authorization"))  # one that must be looked up takes the longer way
        if (
            asker is None
            or key is None
            or not (1 <= len(key) <= 255 and key.isascii() and b" " not in key and key.decode().isprintable())
            or headers.get(b"content-type") != b"application/json"
            or b"pullcord-person" in headers
            or not asker.reaches(COMMAND)
        ):
            done(None)
            return
        party_id = asker.party.party_id
        name = name_of(party_id, None, key)
        if name in front.running or (front.limiter is not None and front.limiter.take(party_id)):
            done(None)
            return
        decided: list[bool] = []
        try:
            given = self._decode(body)
            command = self._desk.reserve_in_campaign(
                given.order_id or f"o-{name}",
                given.person_id,
                given.variant_id,
                given.plan,
                given.city_id,
                check_id(campaign_id, "record"),
                party=party_id,
            )
        except (PullcordError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            done(None)
            return
        began = self._monotonic()
        front.running.add(name)

        def answered(answer: Answered[Any]) -> None:
            front.running.discard(name)
            if isinstance(answer, BaseException):
                done(None)
                return
            self._metrics.command(COMMAND, self._monotonic() - began)
            location = f"{PREFIX}/orders/{answer.order_id}" if answer.state is PlaceState.RESERVED else None
            done(QuickReply(201 if answer.refused is None else 200, _ENCODE(answer), location, not decided))

        self._hand(watched(command, CommandId(f"h-{name}"), decided), answered)
