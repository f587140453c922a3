"""How a party says where its webhooks go, tries them, and looks at what became of them."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Annotated

import msgspec
from msgspec import Meta

from pullcord.base import NotFound
from pullcord.web import Fault, HttpProblem

from ..given import Body
from ..operation import KeptAsked, KeptOperation
from .courier import Courier
from .guard import NotAllowed, target_of
from .model import Delivery, Endpoint, EndpointWithSecret, Kept, new_secret

ENDPOINTS_MAX = 20  # of one party
Kind = Annotated[str, Meta(min_length=3, max_length=100, pattern="^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)+$")]
Url = Annotated[str, Meta(min_length=8, max_length=500, pattern="^https?://[!-~]+$")]


class EndpointBody(Body, frozen=True):
    """Where events go, and which."""

    url: Annotated[Url, Meta(description="https, on the open internet")]
    kinds: Annotated[tuple[Kind, ...], Meta(max_length=100, description="empty: all that the party may see")] = ()


class Endpoints(msgspec.Struct, frozen=True):
    """A party's endpoints."""

    items: tuple[Endpoint, ...]


class Deliveries(msgspec.Struct, frozen=True):
    """The latest attempts, newest first."""

    items: tuple[Delivery, ...]


class _Operations:
    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._store = courier.store
        self._context = courier.context

    async def add(self, asked: KeptAsked) -> EndpointWithSecret:
        body: EndpointBody = asked.body
        await self._allowed(body.url)
        if len(await asyncio.to_thread(self._store.all, asked.party)) >= ENDPOINTS_MAX:
            known = await asyncio.to_thread(self._store.find, _id(asked), asked.party)
            if known is None:
                raise HttpProblem(
                    "conflict", f"`{asked.party}` has {ENDPOINTS_MAX} endpoints, and no more are kept.", "remove one"
                )
        request = hashlib.blake2b(msgspec.json.encode(body), digest_size=16).hexdigest()
        endpoint = Endpoint(
            _id(asked),
            body.url,
            body.kinds,
            True,
            None,
            self._context.app.ledger.head(),
            0,
            self._courier.clock.now(),
        )
        kept = await asyncio.to_thread(self._store.add, Kept(endpoint, asked.party, new_secret(), request))
        if kept.request != request:
            raise HttpProblem("key-reused", "This Idempotency-Key was used before, for another endpoint.")
        if kept.endpoint is endpoint:
            self._courier.begin(endpoint.endpoint_id)
        found = kept.endpoint
        return EndpointWithSecret(
            found.endpoint_id, found.url, found.kinds, found.enabled, endpoint.cursor, kept.secret
        )

    async def list(self, asked: KeptAsked) -> Endpoints:
        found = await asyncio.to_thread(self._store.all, asked.party)
        return Endpoints(tuple(kept.endpoint for kept in found))

    async def get(self, asked: KeptAsked) -> Endpoint:
        return (await self._own(asked)).endpoint

    async def change(self, asked: KeptAsked) -> Endpoint:
        body: EndpointBody = asked.body
        kept = await self._own(asked)
        await self._allowed(body.url)
        endpoint_id = kept.endpoint.endpoint_id
        self._courier.end(endpoint_id)
        await asyncio.to_thread(
            self._store.change,
            endpoint_id,
            url=body.url,
            kinds=" ".join(body.kinds),
            enabled=True,
            note=None,
            failures=0,
        )
        self._courier.begin(endpoint_id)
        return (await self._own(asked)).endpoint

    async def remove(self, asked: KeptAsked) -> None:
        kept = await self._own(asked)
        self._courier.end(kept.endpoint.endpoint_id)
        await asyncio.to_thread(self._store.remove, kept.endpoint.endpoint_id)

    async def test(self, asked: KeptAsked) -> Delivery:
        return await self._courier.test(await self._own(asked))

    async def deliveries(self, asked: KeptAsked) -> Deliveries:
        kept = await self._own(asked)
        return Deliveries(tuple(await asyncio.to_thread(self._store.deliveries, kept.endpoint.endpoint_id)))

    async def _own(self, asked: KeptAsked) -> Kept:
        endpoint_id = asked.path["endpoint_id"]
        kept = await asyncio.to_thread(self._store.find, endpoint_id, asked.party)
        if kept is None:
            raise NotFound(f"`{asked.party}` has no endpoint `{endpoint_id}`", "GET /api/v1/webhooks lists them")
        return kept

    async def _allowed(self, url: str) -> None:
        try:
            await target_of(url, self._context.options.webhook_hosts)
        except NotAllowed as refused:
            raise HttpProblem(
                "invalid-input",
                "The address cannot be called from here.",
                "give an https address of a machine on the open internet",
                faults=[Fault("#/url", str(refused))],
            ) from None


def _id(asked: KeptAsked) -> str:
    return f"w-{asked.key}"


def webhook_operations(courier: Courier) -> tuple[KeptOperation, ...]:
    """What can be asked about webhooks."""
    own, one, tag, scope = _Operations(courier), "/webhooks/{endpoint_id}", "webhooks", "webhooks"
    example = {"url": "https://partner.example/pullcord", "kinds": ["order.locked", "schedule.published"]}
    return (
        KeptOperation(
            "POST",
            "/webhooks",
            "addWebhook",
            scope,
            "Have events sent to an address",
            EndpointBody,
            EndpointWithSecret,
            own.add,
            tag,
            status=201,
            location=lambda answer: f"/webhooks/{answer.endpoint_id}",
            missing=False,
            example=example,
            description="The secret is told here only. Signatures are those of Standard Webhooks.",
        ),
        KeptOperation(
            "GET",
            "/webhooks",
            "listWebhooks",
            scope,
            "The party's endpoints",
            None,
            Endpoints,
            own.list,
            tag,
            missing=False,
        ),
        KeptOperation("GET", one, "getWebhook", scope, "One endpoint", None, Endpoint, own.get, tag),
        KeptOperation(
            "PUT",
            one,
            "changeWebhook",
            scope,
            "Change an endpoint, and enable it again",
            EndpointBody,
            Endpoint,
            own.change,
            tag,
            example=example,
            description="Events that it has not taken yet are sent to the new address.",
        ),
        KeptOperation(
            "DELETE", one, "removeWebhook", scope, "Send nothing there any more", None, None, own.remove, tag, 204
        ),
        KeptOperation(
            "POST",
            f"{one}/test",
            "testWebhook",
            scope,
            "Send a message that stands for no event, once",
            None,
            Delivery,
            own.test,
            tag,
        ),
        KeptOperation(
            "GET",
            f"{one}/deliveries",
            "listDeliveries",
            scope,
            "What became of the latest attempts",
            None,
            Deliveries,
            own.deliveries,
            tag,
        ),
    )
