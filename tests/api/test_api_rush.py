"""A rush over HTTP: many want the last places at once, impatient ones ask twice, and nobody gets what was not there."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from api_house import ApiHouse, api_house
from pullcord.api import QuickReply, QuickReservation
from pullcord.base import CampaignId, Money
from pullcord.campaigns import CampaignTerms, Quota, Refundable
from pullcord.orders import OrderReserved

PLACES = 3


def open_rush(asked: ApiHouse) -> None:
    """A campaign with a few places, open now."""
    house = asked.house
    now = house.clock.now()
    terms = CampaignTerms(
        CampaignId("rush"),
        "Rush",
        "抢购",
        now,
        now + timedelta(days=1),
        Money.of(20, "CNY"),
        Refundable.LOCK,
        queue_max=1_000,
        hold_hours=2,
        quotas=(Quota("white", "chengdu", PLACES),),
    )
    house.give(house.desk.open_campaign(terms))


async def take(asked: ApiHouse, person: str, key: str) -> httpx.Response:
    wish = {"person_id": person, "variant_id": "white", "plan": "owned", "city_id": "chengdu"}
    return await asked.post("/campaigns/rush/orders", wish, key=key)


def test_the_last_places_go_to_as_many_as_there_are(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            open_rush(asked)
            people = [f"p-{n}" for n in range(40)]
            # Everybody asks three times at once, under one key.
            replies = await asyncio.gather(*(take(asked, person, person) for person in people for _ in range(3)))
            assert {reply.status_code for reply in replies} <= {201, 409}
            again = await asyncio.gather(*(take(asked, person, person) for person in people))
            states = Counter(reply.json()["state"] for reply in again)
            assert states == {"reserved": PLACES, "queued": len(people) - PLACES}
            assert {reply.headers["idempotent-replayed"] for reply in again} == {"true"}
            assert len(asked.house.events(OrderReserved)) == PLACES
            positions = sorted(reply.json()["position"] for reply in again if reply.json()["state"] == "queued")
            assert positions == list(range(1, len(people) - PLACES + 1))
            standing = (await asked.get("/campaigns/rush")).json()
            assert (standing["given"], standing["held"], standing["waiting"]) == (PLACES, PLACES, len(people) - PLACES)
            assert [quota["remaining"] for quota in standing["quotas"]] == [0]

    asyncio.run(story())


def test_a_person_has_one_place_whatever_the_keys(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            open_rush(asked)
            replies = await asyncio.gather(*(take(asked, "p-1", f"key-{n}") for n in range(20)))
            made = [reply for reply in replies if reply.status_code == 201]
            refused = [reply for reply in replies if reply.status_code == 200]
            assert (len(made), len(refused)) == (1, 19)
            order = made[0].json()["order_id"]
            assert made[0].headers["location"] == f"/api/v1/orders/{order}"
            for reply in refused:
                assert reply.json()["state"] == "refused"
                assert order in reply.json()["refused"]
                assert "location" not in reply.headers

    asyncio.run(story())


class Everything(set[str]):
    """All commands there could be."""

    def __contains__(self, name: object) -> bool:
        return True


@pytest.mark.parametrize("first", ["quick", "endpoint"])
def test_the_quick_way_and_the_endpoint_give_one_answer(tmp_path: Path, first: str) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            open_rush(asked)
            front = asked.front_desk
            quick = QuickReservation(front)
            headers = {
                "authorization": f"Bearer {asked.token('shop')}",
                "idempotency-key": "one",
                "content-type": "application/json",
            }
            body = b'{"person_id": "p-1", "variant_id": "white", "plan": "owned", "city_id": "chengdu"}'

            async def ask(**changed: str) -> QuickReply | None:
                told: asyncio.Future[QuickReply | None] = asyncio.get_running_loop().create_future()
                given = headers | {name.replace("_", "-"): value for name, value in changed.items()}
                quick.ask(
                    {name.encode(): value.encode() for name, value in given.items()}, "rush", body, told.set_result
                )
                return await told

            # What is out of the ordinary is left to the endpoint: a token that was not seen before, to begin with.
            assert await ask() is None
            await front.tokens.verify(headers["authorization"].encode())
            assert await ask(authorization="Bearer pc_x") is None
            assert await ask(content_type="text/plain") is None
            assert await ask(idempotency_key="two words") is None
            assert await ask(pullcord_person="p-1") is None

            async def by_endpoint() -> tuple[int, bytes, dict[str, str]]:
                reply = await asked.client.post("/api/v1/campaigns/rush/orders", headers=headers, content=body)
                own = ("content-type", "cache-control", "location", "idempotent-replayed", "retry-after")
                return reply.status_code, reply.content, {n: v for n, v in reply.headers.items() if n in own}

            async def by_quick() -> tuple[int, bytes, dict[str, str]]:
                reply = await ask()
                assert reply is not None
                lines = reply.head.decode().split("\r\n")[:-1]
                return reply.status, reply.body, dict(line.split(": ", 1) for line in lines)

            ways = [by_quick, by_endpoint] if first == "quick" else [by_endpoint, by_quick]
            (status, reply, head), again = await ways[0](), await ways[1]()
            assert again == (status, reply, {**head, "idempotent-replayed": "true"})
            assert await ways[0]() == again
            # While a command is running, both say so.
            front.running = Everything()
            said = await by_quick()
            assert said[0] == 409
            assert await by_endpoint() == said
            assert len(asked.house.events(OrderReserved)) == 1

    asyncio.run(story())
