"""Commands over HTTP: who may, what comes back, and that asking twice has one effect."""

from __future__ import annotations

import asyncio
from pathlib import Path

from api_house import api_house

from pullcord import orders


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
