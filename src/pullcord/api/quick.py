"""A reservation in a campaign by the shortest way: for the rush in which thousands ask in the same second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from pullcord.base import CommandId, PullcordError, check_id
from pullcord.campaigns import PlaceState
from pullcord.web import HttpProblem

from .commands.orders import CampaignReservation
from .endpoint import FrontDesk, name_of, watched
from .operation import PREFIX

COMMAND = "campaigns.reserve"
ROUTE_OF_QUICK = f"{PREFIX}/campaigns/{{campaign_id}}/orders"
_ENCODE = msgspec.json.Encoder().encode
HeaderOf = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class QuickReply:
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
        self._give = front.context.gateway.give
        self._monotonic = front.context.monotonic
        self._metrics = front.context.metrics
        self._decode = msgspec.json.Decoder(CampaignReservation).decode

    async def answer(self, header: HeaderOf, campaign_id: str, body: bytes) -> QuickReply | None:
        """The reply, once it is durable; or None."""
        front = self._front
        authorization, key = header("authorization"), header("idempotency-key")
        if authorization is None or key is None or header("content-type") != "application/json":
            return None
        token = authorization.encode("latin-1")
        try:
            asker = front.tokens.at_hand(token) or await front.tokens.verify(token)
        except HttpProblem:
            return None
        if not asker.reaches(COMMAND) or header("pullcord-person") is not None:
            return None
        if not (1 <= len(key) <= 255 and key.isascii() and key.isprintable() and " " not in key):
            return None
        party_id = asker.party.party_id
        if front.limiter is not None and front.limiter.take(party_id):
            return None
        name = name_of(party_id, None, key.encode("ascii"))
        if name in front.running:
            return None
        front.running.add(name)
        began = self._monotonic()
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
            decided: list[bool] = []
            answer = await self._give(watched(command, CommandId(f"h-{name}"), decided))
        except (PullcordError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        finally:
            front.running.discard(name)
        self._metrics.command(COMMAND, self._monotonic() - began)
        location = f"{PREFIX}/orders/{answer.order_id}" if answer.state is PlaceState.RESERVED else None
        return QuickReply(201 if answer.refused is None else 200, _ENCODE(answer), location, not decided)
