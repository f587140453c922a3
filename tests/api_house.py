"""A house behind HTTP, in this process: the small launch, its API, and a key for each of its parties."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from pullcord import api, web
from pullcord.accounts import Accounts, accounts_url
from pullcord.base import PartyId, SystemClock
from small_house import SmallHouse, small_house

ALL_SCOPES = (
    "read",
    "orders",
    "campaigns",
    "claims",
    "promises",
    "production",
    "procurement",
    "finance",
    "logistics",
    "demand",
    "webhooks",
)
UNLIMITED = web.Options(rate_per_client=None, rate_per_party=None)


class ApiHouse:
    """A running application and short words for asking it."""

    def __init__(self, house: SmallHouse, front_desk: api.FrontDesk, app: web.Shell, client: httpx.AsyncClient) -> None:
        self.house = house
        self.front_desk = front_desk
        self.context = front_desk.context
        self.app = app
        self.client = client
        self._keys = 0
        self._tokens: dict[tuple[str, ...], str] = {}

    def token(self, party: str, *scopes: str) -> str:
        """A key of this party; the same one for the same scopes."""
        asked = (party, *scopes)
        if asked not in self._tokens:
            issued = self.context.accounts.issue_token(PartyId(party), scopes or ALL_SCOPES, timedelta(days=1))
            self._tokens[asked] = issued.plain
        return self._tokens[asked]

    def headers(self, party: str, *scopes: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(party, *scopes)}"}

    async def get(self, path: str, party: str = "shop", **headers: str) -> httpx.Response:
        return await self.client.get(f"/api/v1{path}", headers={**self.headers(party), **headers})

    async def post(
        self, path: str, body: Any = None, party: str = "shop", key: str | None = None, **headers: str
    ) -> httpx.Response:
        """A command; under a key of its own unless one is given."""
        if key is None:
            self._keys += 1
            key = f"key-{self.context.app.ledger.head()}-{self._keys}"
        sent = {**self.headers(party), "idempotency-key": key, **headers}
        if body is None:
            return await self.client.post(f"/api/v1{path}", headers=sent)
        return await self.client.post(f"/api/v1{path}", headers=sent, json=body)

    async def reserve(self, person: str = "p-1", **change: Any) -> httpx.Response:
        wish = {"person_id": person, "variant_id": "white", "plan": "owned", "city_id": "chengdu", **change}
        return await self.post("/orders", wish)


@asynccontextmanager
async def api_house(where: Path | str, options: web.Options | None = None) -> AsyncIterator[ApiHouse]:
    """Everything real but the network, on the ledger in this folder or at this address."""
    url = where if isinstance(where, str) else f"sqlite:///{where / 'ledger.db'}"
    with small_house(where) as house, Accounts.open(accounts_url(url), clock=SystemClock()) as accounts:
        context = web.Context(
            house.app,
            web.Gateway(house.ledger, asyncio.get_running_loop()),
            accounts,
            accounts_url(url),
            SystemClock(),
            options or UNLIMITED,
        )
        front_desk = api.FrontDesk(context)
        app = web.assemble(context, api.route_handlers(context, front_desk))
        async with running(app):
            transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
                yield ApiHouse(house, front_desk, app, client)


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[None]:
    """An ASGI application between its start and its end, in this task's loop."""
    inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    started, ended = asyncio.Event(), asyncio.Event()
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)
        (started if message["type"].startswith("lifespan.startup") else ended).set()

    task = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, inbox.get, send))
    await inbox.put({"type": "lifespan.startup"})
    await started.wait()
    assert said[0]["type"] == "lifespan.startup.complete", said
    try:
        yield
    finally:
        await inbox.put({"type": "lifespan.shutdown"})
        await ended.wait()
        await task
