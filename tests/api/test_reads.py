"""Reads over HTTP: what each party sees, in pages, and not twice where nothing has changed."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

from api_house import ApiHouse, api_house

PEOPLE = 23


async def _launched(asked: ApiHouse) -> None:
    """Some orders, one of them locked; a plan that calls parts off."""
    for person in range(PEOPLE):
        await asked.reserve(f"p-{person:02}", order_id=f"o-{person:02}", city_id=("chengdu", "shanghai")[person % 2])
    for step in ("quote", "deposit", "lock"):
        await asked.post(f"/orders/o-00/{step}")
    await asked.post("/forecasts", {"run_id": "f-1", "weeks": 12})
    asked.house.at(date(2025, 6, 23))  # what July needs has to be called off by now
    await asked.post("/plants/shenzhen/plan", {"run_id": "r-2"}, "maker")


def test_a_list_comes_in_pages_that_hold_everything_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            await _launched(asked)
            found: list[str] = []
            path: str | None = "/orders?limit=5&state=reserved"
            while path is not None:
                reply = await asked.get(path)
                page = reply.json()
                assert len(page["items"]) <= 5
                found += [order["order_id"] for order in page["items"]]
                if page["next"] is None:
                    assert "link" not in reply.headers
                    break
                assert reply.headers["link"] == f'<{page["next"]}>; rel="next"'
                path = page["next"].removeprefix("/api/v1")
                # Rows that come in meanwhile move nothing that was already shown.
                await asked.reserve("p-late", order_id=f"a-{len(found):02}")
            assert found == [f"o-{n:02}" for n in range(1, PEOPLE)]

    asyncio.run(story())


def test_a_cursor_that_was_not_given_out(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            for cursor in ("white", "W10", "bnVsbA", "WyJhIiwiYiJd", "WyJcdTAwMDAiXQ"):  # the last is a null byte
                reply = await asked.get(f"/orders?cursor={cursor}")
                assert reply.status_code == 422, cursor
                assert reply.json()["problems"] == [{"pointer": "query/cursor", "detail": "is not known"}]

    asyncio.run(story())


def test_a_query_is_checked_whole(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            reply = await asked.get("/orders?limit=0&state=sold&colour=white&city_id=chengdu")
            assert reply.status_code == 400
            assert {fault["pointer"] for fault in reply.json()["problems"]} == {
                "query/limit",
                "query/state",
                "query/colour",
            }
            twice = await asked.get("/orders?limit=1&limit=2")
            assert twice.json()["problems"] == [{"pointer": "query/limit", "detail": "given twice"}]

    asyncio.run(story())


def test_orders_are_filtered(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            await _launched(asked)
            locked = (await asked.get("/orders?state=locked")).json()["items"]
            assert [order["order_id"] for order in locked] == ["o-00"]
            there = (await asked.get("/orders?city_id=shanghai&limit=200")).json()["items"]
            assert len(there) == PEOPLE // 2

    asyncio.run(story())


def test_what_has_not_changed_is_not_sent_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            await asked.reserve("p-1", order_id="o-1")
            first = await asked.get("/orders/o-1")
            tag = first.headers["etag"]
            same = await asked.get("/orders/o-1", **{"if-none-match": f'"other", W/{tag}'})
            assert (same.status_code, same.content) == (304, b"")
            assert same.headers["etag"] == tag
            await asked.post("/orders/o-1/quote")
            changed = await asked.get("/orders/o-1", **{"if-none-match": tag})
            assert changed.status_code == 200
            assert changed.headers["etag"] != tag
            head = await asked.client.head("/api/v1/orders/o-1", headers=asked.headers("shop"))
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["etag"] == changed.headers["etag"]

    asyncio.run(story())


def test_a_timeline_tells_an_order_from_the_wish_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            await _launched(asked)
            told = (await asked.get("/orders/o-00/timeline")).json()["items"]
            kinds = [entry["kind"] for entry in told]
            assert kinds[0] == "order.reserved"
            assert [kind for kind in kinds if kind.startswith("order.")] == [
                "order.reserved",
                "order.promised",
                "order.quoted",
                "order.deposited",
                "order.locked",
            ]
            assert {"build.opened", "build.planned"} <= set(kinds)
            assert [entry["seq"] for entry in told] == sorted(entry["seq"] for entry in told)

    asyncio.run(story())


def test_a_supplier_sees_its_own_parts_alone(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            await _launched(asked)
            own = {
                party: {
                    part.part_id
                    for part in asked.house.program.parts
                    if asked.house.desk.house.suppliers[part.supplier_id].party_id == party
                }
                for party in ("optics", "shells")
            }
            for path in ("/requirements?limit=200", "/call-offs?limit=200"):
                whole = {line["part_id"] for line in (await asked.get(path, "maker")).json()["items"]}
                assert whole
                for party, parts in own.items():
                    seen = {line["part_id"] for line in (await asked.get(path, party)).json()["items"]}
                    assert seen == whole & parts
            assert (await asked.get("/requirements", "optics")).json()["items"]
            assert (await asked.get("/requirements", "shells")).json()["items"]

    asyncio.run(story())


def test_each_read_is_for_those_whose_work_needs_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            allowed = {
                "/program": {"shop", "maker", "optics", "carrier"},
                "/orders": {"shop"},
                "/schedule": {"shop", "maker"},
                "/builds": {"shop", "maker"},
                "/requirements": {"maker", "optics"},
                "/call-offs": {"maker", "optics"},
                "/vehicles": {"shop", "maker", "carrier"},
                "/forecast": {"shop", "maker", "carrier"},
                "/statement": {"shop", "maker", "optics", "carrier"},
                "/campaigns": {"shop", "maker", "optics", "carrier"},
                "/claims": {"shop", "maker", "optics", "carrier"},
            }
            for path, parties in allowed.items():
                for party in ("shop", "maker", "optics", "carrier"):
                    status = (await asked.get(path, party)).status_code
                    assert status == (200 if party in parties else 403), (path, party)

    asyncio.run(story())


def test_a_party_reads_its_own_books(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            await _launched(asked)
            shop = (await asked.get("/statement", "shop")).json()
            assert shop["party_id"] == "shop"
            deposit = asked.house.program.policies.deposit
            assert shop["assets"] == {"minor": deposit.minor, "currency": deposit.currency}
            assert {line["account"].partition("/")[0] for line in shop["lines"]} == {"shop"}
            assert (await asked.get("/statement", "carrier")).json()["lines"] == []

    asyncio.run(story())


def test_the_price_card_at_the_drivers_mileage(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            card = (await asked.get("/variants/white/prices?km_per_month=0")).json()
            assert {line["plan"] for line in card["lines"]} == set(asked.house.program.plans)
            for line in card["lines"]:
                assert (line["monthly"] is None) == (line["cap_km_per_month"] is None)
                if line["monthly"] is not None:
                    assert f"{line['cap_km_per_month']:,} km" in line["terms"]
            variant = (await asked.get("/variants/white")).json()
            assert (await asked.get("/variants")).json()["items"].count(variant) == 1

    asyncio.run(story())
