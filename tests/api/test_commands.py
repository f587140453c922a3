"""Commands over HTTP: who may, what comes back, and that asking twice has one effect."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_house import ApiHouse, api_house
from pullcord import alliance, orders, web
from pullcord.orders import OrderReserved


def problem_of(reply: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that a reply tells of, once it is sure that it is this one."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = reply.json()
    assert told["type"] == f"/problems/{code}"
    assert told["status"] == status
    assert told["title"]
    return told


def test_an_order_goes_from_the_wish_to_the_lock(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            made = await asked.reserve("p-1")
            assert made.status_code == 201
            order = made.json()["order_id"]
            assert made.headers["location"] == f"/api/v1/orders/{order}"
            quoted = await asked.post(f"/orders/{order}/quote")
            assert quoted.json()["state"] == "quoted"
            assert quoted.json()["refused"] is None
            assert quoted.json()["price"]["currency"] == "CNY"
            paid = await asked.post(f"/orders/{order}/deposit")
            assert paid.json()["state"] == "deposited"
            locked = await asked.post(f"/orders/{order}/lock")
            assert locked.json()["state"] == "locked"
            assert asked.house.order(order).state is orders.State.LOCKED

    asyncio.run(story())


@pytest.mark.postgres
def test_the_same_on_postgresql(postgres_schema: str) -> None:
    async def story() -> None:
        async with api_house(postgres_schema) as asked:
            order = (await asked.reserve("p-1")).json()["order_id"]
            for step in ("quote", "deposit", "lock"):
                assert (await asked.post(f"/orders/{order}/{step}")).json()["refused"] is None
            assert (await asked.get("/orders?state=locked")).json()["items"][0]["order_id"] == order
            page = (await asked.get("/schedule?limit=2")).json()
            assert len((await asked.get(page["next"].removeprefix("/api/v1"))).json()["items"]) == 2
            kinds = [entry["kind"] for entry in (await asked.get(f"/orders/{order}/timeline")).json()["items"]]
            assert kinds[0] == "order.reserved"
            assert "order.locked" in kinds
            assert (await asked.get("/webhooks")).json()["items"] == []
            assert "event: order.locked" in (await asked.get("/events?after=0&follow=false")).text
            assert (await asked.client.get("/readyz")).status_code == 200

    asyncio.run(story())


def test_a_command_needs_a_key(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            wish = {"person_id": "p-1", "variant_id": "white", "plan": "owned", "city_id": "chengdu"}
            reply = await asked.client.post("/api/v1/orders", headers=asked.headers("shop"), json=wish)
            problem_of(reply, 400, "missing-idempotency-key")
            problem_of(await asked.post("/orders", wish, key="two words"), 400, "bad-request")
            assert asked.house.events(OrderReserved) == []

    asyncio.run(story())


def test_the_same_key_and_body_have_one_effect_and_one_answer(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            wish = {"person_id": "p-1", "variant_id": "white", "plan": "owned", "city_id": "chengdu"}
            first = await asked.post("/orders", wish, key="once")
            again = await asked.post("/orders", wish, key="once")
            assert first.status_code == again.status_code == 201
            assert first.content == again.content
            assert "idempotent-replayed" not in first.headers
            assert again.headers["idempotent-replayed"] == "true"
            assert len(asked.house.events(OrderReserved)) == 1

    asyncio.run(story())


def test_the_same_key_with_another_body_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            wish = {"person_id": "p-1", "variant_id": "white", "plan": "owned", "city_id": "chengdu"}
            assert (await asked.post("/orders", wish, key="once")).status_code == 201
            other = await asked.post("/orders", {**wish, "city_id": "shanghai"}, key="once")
            problem_of(other, 422, "key-reused")
            # Nor may it be used for another command.
            order = asked.house.events(OrderReserved)[0].body.order_id
            problem_of(await asked.post(f"/orders/{order}/lock", key="once"), 422, "key-reused")

    asyncio.run(story())


def test_a_key_belongs_to_its_party_and_its_person(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            for person in ("p-1", "p-2"):
                wish = {"person_id": person, "variant_id": "white", "plan": "owned", "city_id": "chengdu"}
                reply = await asked.post("/orders", wish, key="mine", **{"pullcord-person": person})
                assert reply.status_code == 201, reply.text
            planned = await asked.post("/plants/shenzhen/plan", {"run_id": "r-1"}, "maker", key="mine")
            assert planned.status_code == 200, planned.text
            assert len(asked.house.events(OrderReserved)) == 2

    asyncio.run(story())


def test_a_key_at_work_is_told_to_wait(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            replies = await asyncio.gather(*(_wish(asked, "p-1", key="rush") for _ in range(40)))
            told = {reply.status_code for reply in replies}
            assert told <= {201, 409}
            assert 201 in told
            for reply in replies:
                if reply.status_code == 409:
                    problem_of(reply, 409, "still-running")
                    assert int(reply.headers["retry-after"]) >= 1
            assert len(asked.house.events(OrderReserved)) == 1

    asyncio.run(story())


async def _wish(asked: ApiHouse, person: str, key: str | None = None) -> httpx.Response:
    wish = {"person_id": person, "variant_id": "white", "plan": "owned", "city_id": "chengdu"}
    return await asked.post("/orders", wish, key=key)


def test_what_cannot_be_used_is_told_all_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            reply = await asked.post("/orders", {"person_id": "", "variant_id": 7, "colour": "white"})
            told = problem_of(reply, 422, "invalid-input")
            places = {fault["pointer"] for fault in told["problems"]}
            assert places == {"#/person_id", "#/variant_id", "#/plan", "#/city_id", "#/colour"}

    asyncio.run(story())


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "bad-request"),
        (b"[" * 5_000, "application/json", 400, "bad-request"),
        (b"\xff\xfe", "application/json", 400, "bad-request"),
        (b"null", "application/json", 422, "invalid-input"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
        (b"{}", "", 415, "unsupported-media-type"),
        (b"{" + b" " * 70_000 + b"}", "application/json", 413, "too-large"),
    ],
)
def test_a_body_that_is_none(tmp_path: Path, content: bytes, content_type: str, status: int, code: str) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            headers = {**asked.headers("shop"), "idempotency-key": "k", "content-type": content_type}
            problem_of(await asked.client.post("/api/v1/orders", headers=headers, content=content), status, code)

    asyncio.run(story())


def test_a_body_of_unknown_length_ends_where_it_is_too_long(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:

            async def endless() -> Any:
                for _ in range(100):
                    yield b" " * 10_000

            headers = {**asked.headers("shop"), "idempotency-key": "k", "content-type": "application/json"}
            reply = await asked.client.post("/api/v1/orders", headers=headers, content=endless())
            problem_of(reply, 413, "too-large")

    asyncio.run(story())


def test_names_that_stand_for_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            told = problem_of(await asked.reserve("p-1", variant_id="whitte"), 404, "not-found")
            assert told["hint"] == "did you mean `white`?"
            problem_of(await asked.post("/orders/o-nobody/lock"), 404, "not-found")
            problem_of(await asked.get("/nowhere"), 404, "not-found")
            problem_of(await asked.client.get("/nowhere-at-all"), 404, "not-found")
            reply = await asked.client.delete("/api/v1/orders", headers=asked.headers("shop"))
            problem_of(reply, 405, "method-not-allowed")
            assert {"GET", "POST"} <= set(reply.headers["allow"].split(", "))

    asyncio.run(story())


def test_a_party_does_its_own_work_and_no_other(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            problem_of(await asked.post("/plants/shenzhen/plan", {"run_id": "r-1"}, "shop"), 403, "forbidden")
            problem_of(await asked.post("/settlements", {"period": "2025-11"}, "optics"), 403, "forbidden")
            problem_of(await asked.get("/statement/../orders", "optics"), 403, "forbidden")
            noted = [(e.body.asked_by, e.body.command) for e in asked.house.events(alliance.RightRefused)]
            assert noted == [
                ("shop", "production.plan"),
                ("optics", "finance.settle"),
                ("optics", "read.listOrders"),
            ]

    asyncio.run(story())


def test_an_order_is_its_persons_own(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            order = (await asked.reserve("p-1")).json()["order_id"]
            stranger, owner = {"pullcord-person": "p-2"}, {"pullcord-person": "p-1"}
            problem_of(await asked.post(f"/orders/{order}/cancel", {"reason": "x"}, **stranger), 403, "forbidden")
            problem_of(await asked.get(f"/orders/{order}", **stranger), 404, "not-found")
            assert (await asked.get("/orders", **stranger)).json()["items"] == []
            assert (await asked.get(f"/orders/{order}", **owner)).json()["person_id"] == "p-1"
            ended = await asked.post(f"/orders/{order}/cancel", {"reason": "changed my mind"}, **owner)
            assert ended.json()["state"] == "cancelled"

    asyncio.run(story())


def test_what_breaks_is_told_under_an_id_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:

            def broken(*args: Any, **named: Any) -> Any:
                raise RuntimeError("the secret of the house")

            monkeypatch.setattr(type(asked.house.desk), "reserve", broken)
            reply = await asked.reserve("p-1")
            told = problem_of(reply, 500, "internal-error")
            assert "secret" not in reply.text
            assert told["id"] == reply.headers["x-request-id"]
            assert told["id"] in caplog.text

    asyncio.run(story())


def test_the_last_place_goes_to_one(tmp_path: Path) -> None:
    """Many want the last slot of a week at once: the plan never holds more than the plant can build."""

    async def story() -> None:
        async with api_house(tmp_path, web.Options(rate_per_client=None, rate_per_party=None)) as asked:
            made = await asyncio.gather(*(_wish(asked, f"p-{n}") for n in range(30)))
            named = [reply.json()["order_id"] for reply in made]
            menu = (await asked.get("/variants/white/menu?plan=owned&city_id=chengdu")).json()
            week = min(menu["weeks"], key=lambda offer: offer["places"])
            body = {"week_start": week["week_start"]}
            replies = await asyncio.gather(*(asked.post(f"/orders/{order}/quote", body) for order in named))
            taken = [reply for reply in replies if reply.json().get("refused") is None]
            assert len(taken) == min(30, week["places"])
            after = (await asked.get("/variants/white/menu?plan=owned&city_id=chengdu")).json()
            left = {offer["week_start"]: offer["places"] for offer in after["weeks"]}.get(week["week_start"], 0)
            assert left == week["places"] - len(taken)

    asyncio.run(story())
