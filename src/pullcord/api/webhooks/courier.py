"""Carries events to endpoints: in order, signed, again and again until they arrive or the endpoint is given up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from standardwebhooks import Webhook

from pullcord.alliance import Role, visible
from pullcord.base import Clock, PartyId, SystemClock, stream
from pullcord.store import Event
from pullcord.web import Context

from ..standing import standing_of
from .guard import NotAllowed, target_of
from .model import Delivery, Kept
from .store import WebhookStore

log = logging.getLogger(__name__)
LONGEST_WAIT_S = 3_600.0
_ENCODE = msgspec.json.Encoder().encode


class Courier:
    """One task for each endpoint in use; each follows the shared tail from its own cursor.

    An event is delivered at least once: where the answer was lost it is sent again, under the same message id.
    """

    def __init__(self, context: Context, store: WebhookStore, clock: Clock | None = None) -> None:
        self.context = context
        self.store = store
        # Receivers refuse a signature that is minutes old or early: it bears their time, whatever the program's is.
        self.clock = clock or SystemClock()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._client: httpx.AsyncClient | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Courier]:
        """Deliver for as long as the block lasts; what is left undone goes on from its cursor next time."""
        async with httpx.AsyncClient(
            timeout=self.context.options.webhook_timeout_s, follow_redirects=False, trust_env=False
        ) as client:
            self._client = client
            for kept in await asyncio.to_thread(self.store.all):
                if kept.endpoint.enabled:
                    self.begin(kept.endpoint.endpoint_id)
            try:
                yield self
            finally:
                tasks = list(self._tasks.values())
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self._client = None
                await asyncio.to_thread(self.store.close)

    def begin(self, endpoint_id: str) -> None:
        """Deliver to an endpoint from its cursor on, with what is kept of it now."""
        self.end(endpoint_id)
        self._tasks[endpoint_id] = asyncio.create_task(self._serve(endpoint_id), name=f"webhook {endpoint_id}")

    def end(self, endpoint_id: str) -> None:
        """Deliver there no more."""
        task = self._tasks.pop(endpoint_id, None)
        if task is not None:
            task.cancel()

    async def test(self, kept: Kept) -> Delivery:
        """Send a message that stands for no event, once."""
        body = _ENCODE({"type": "webhook.test", "timestamp": self.clock.now(), "data": {}})
        message_id = f"msg_{kept.endpoint.endpoint_id}_test_{self.clock.now():%Y%m%dT%H%M%S%f}"
        delivery = await self._attempt(kept, message_id, None, "webhook.test", body, 1)
        await asyncio.to_thread(self.store.note, kept.endpoint.endpoint_id, delivery)
        return delivery

    async def _serve(self, endpoint_id: str) -> None:
        while True:
            try:
                await self._follow(endpoint_id)
                return
            except Exception:  # a fault here must not silence the endpoint for ever
                log.exception("webhooks to `%s` paused", endpoint_id)
                await asyncio.sleep(self.context.options.webhook_first_wait_s)

    async def _follow(self, endpoint_id: str) -> None:
        kept = await asyncio.to_thread(self.store.find, endpoint_id)
        if kept is None or not kept.endpoint.enabled:
            return
        app, tail = self.context.app, self.context.tail
        party = app.desk.house.parties[kept.party_id]
        standing, mode = standing_of(app, party.party_id), app.program.mode
        kinds = frozenset(kept.endpoint.kinds)
        position = saved = kept.endpoint.cursor
        while True:
            found = await tail.after(position)
            if not found:
                if position != saved:  # what did not concern it need not be looked at again
                    await asyncio.to_thread(self.store.change, endpoint_id, cursor=position)
                    saved = position
                await tail.news(position, 60.0)
                if tail.closing:
                    return
                continue
            for event in found:
                if not kinds or event.kind in kinds:
                    seen = visible(PartyId(party.party_id), Role(party.role), event, standing, mode)
                    if seen is not None:
                        if not await self._deliver(kept, event, seen):
                            return
                        saved = event.seq
                position = event.seq

    async def _deliver(self, kept: Kept, event: Event[Any], seen: dict[str, Any]) -> bool:
        """True once the event has arrived; False where the endpoint was given up."""
        options, endpoint_id = self.context.options, kept.endpoint.endpoint_id
        body = _ENCODE({"type": event.kind, "timestamp": event.recorded_at, "data": seen})
        message_id = f"msg_{endpoint_id}_{event.seq}"
        chance = stream(self.context.app.program.seed, f"webhooks.jitter.{endpoint_id}.{event.seq}")
        attempt = kept.endpoint.failures if event.seq == kept.endpoint.cursor + 1 else 0
        while True:
            attempt += 1
            delivery = await self._attempt(kept, message_id, event.seq, event.kind, body, attempt)
            if delivery.delivered:
                await asyncio.to_thread(self.store.note, endpoint_id, delivery, cursor=event.seq, failures=0)
                return True
            if attempt >= options.webhook_attempts_max or delivery.status == 410:
                why = f"event {event.seq} was not taken in {attempt} attempts: {delivery.problem}"
                await asyncio.to_thread(
                    self.store.note,
                    endpoint_id,
                    delivery,
                    enabled=False,
                    note=why,
                    failures=attempt,
                    cursor=event.seq - 1,
                )
                log.warning("webhook `%s` of `%s` is disabled: %s", endpoint_id, kept.party_id, why)
                return False
            await asyncio.to_thread(self.store.note, endpoint_id, delivery, failures=attempt, cursor=event.seq - 1)
            wait_s = min(LONGEST_WAIT_S, options.webhook_first_wait_s * 2 ** (attempt - 1))
            # Half of it by chance, so that endpoints that failed together do not return together.
            await asyncio.sleep(wait_s * (0.5 + 0.5 * chance.random()))

    async def _attempt(
        self, kept: Kept, message_id: str, seq: int | None, kind: str, body: bytes, attempt: int
    ) -> Delivery:
        now = self.clock.now()
        status: int | None = None
        problem: str | None = None
        try:
            status = await self._post(kept, message_id, body)
            if not 200 <= status < 300:
                problem = f"it answered {status}"
        except NotAllowed as refused:
            problem = str(refused)
        except httpx.HTTPError as failure:
            problem = f"it could not be reached: {type(failure).__name__}"
        self.context.metrics.webhooks.labels("delivered" if problem is None else "failed").inc()
        return Delivery(message_id, seq, kind, now, attempt, status, problem, problem is None)

    async def _post(self, kept: Kept, message_id: str, body: bytes) -> int:
        assert self._client is not None, "the courier is not running"
        target = await target_of(kept.endpoint.url, self.context.options.webhook_hosts)
        now = self.clock.now()
        request = self._client.build_request(
            "POST",
            target.url,
            content=body,
            headers={
                "host": target.host,
                "content-type": "application/json",
                "user-agent": "pullcord-webhooks/1",
                "webhook-id": message_id,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": Webhook(kept.secret).sign(message_id, now, body.decode()),
            },
            extensions={"sni_hostname": target.name},
        )
        # Only the head of the answer counts: a body, however long, is not read.
        response = await self._client.send(request, stream=True)
        await response.aclose()
        return response.status_code
