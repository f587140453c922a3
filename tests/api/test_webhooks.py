"""Webhooks: signed, in order, again until they arrive, given up in the end, and never into the house's own network."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from api_house import UNLIMITED, ApiHouse, api_house
from pullcord.api.webhooks.guard import NotAllowed, target_of
from pullcord.orders import OrderReserved

LOCAL = dataclasses.replace(
    UNLIMITED, webhook_hosts=("127.0.0.1",), webhook_first_wait_s=0.01, webhook_attempts_max=6, webhook_timeout_s=5.0
)


class Receiver:
    """A partner's machine: takes what is posted, and answers as it is told to."""

    def __init__(self) -> None:
        self.port = 0
        self.answers: list[int] = []  # the next answers; then always 204
        self.got: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Receiver]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.split("\r\n")[1:-2]
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        status = self.answers.pop(0) if self.answers else 204
        if 200 <= status < 300:
            await self.got.put((headers, body))
        writer.write(b"HTTP/1.1 %d x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
        await writer.drain()
        writer.close()

    async def next(self, secret: str) -> dict[str, Any]:
        """The next message, once its signature is found to be right."""
        headers, body = await asyncio.wait_for(self.got.get(), 20)
        told: dict[str, Any] = Webhook(secret).verify(body, headers)
        assert headers["webhook-id"].endswith(str(told["data"].get("seq", "")))
        return told


async def register(asked: ApiHouse, receiver: Receiver, party: str = "shop", *kinds: str) -> dict[str, Any]:
    reply = await asked.post("/webhooks", {"url": receiver.url, "kinds": list(kinds)}, party)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


def test_events_are_sent_signed_and_in_order(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver().listening() as receiver, api_house(tmp_path, LOCAL) as asked:
            made = await register(asked, receiver, "shop", "order.reserved", "order.quoted")
            await asked.reserve("p-1", order_id="o-1")
            await asked.post("/orders/o-1/quote")
            first = await receiver.next(made["secret"])
            assert (first["type"], first["data"]["body"]["order_id"]) == ("order.reserved", "o-1")
            assert (await receiver.next(made["secret"]))["type"] == "order.quoted"

    asyncio.run(story())


def test_a_message_that_was_touched_is_found_out(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver().listening() as receiver, api_house(tmp_path, LOCAL) as asked:
            made = await register(asked, receiver, "shop", "order.reserved")
            await asked.reserve("p-1", order_id="o-1")
            headers, body = await receiver.got.get()
            with pytest.raises(WebhookVerificationError):
                Webhook(made["secret"]).verify(body.replace(b"o-1", b"o-2"), headers)

    asyncio.run(story())


def test_a_party_is_sent_what_it_may_see(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver().listening() as receiver, api_house(tmp_path, LOCAL) as asked:
            made = await register(asked, receiver, "maker")
            await asked.reserve("p-secret", order_id="o-1")
            told = await receiver.next(made["secret"])
            assert told["type"] == "order.reserved"
            assert "person_id" not in told["data"]["body"]

    asyncio.run(story())


def test_what_is_not_taken_is_sent_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver().listening() as receiver, api_house(tmp_path, LOCAL) as asked:
            receiver.answers = [500, 302, 503]
            made = await register(asked, receiver, "shop", "order.reserved")
            for person in range(3):
                await asked.reserve(f"p-{person}", order_id=f"o-{person}")
            got = [(await receiver.next(made["secret"]))["data"]["body"]["order_id"] for _ in range(3)]
            assert got == ["o-0", "o-1", "o-2"]
            endpoint = made["endpoint_id"]
            deliveries = (await asked.get(f"/webhooks/{endpoint}/deliveries")).json()["items"]
            first = [d for d in reversed(deliveries) if d["message_id"] == deliveries[-1]["message_id"]]
            assert [(d["attempt"], d["status"], d["delivered"]) for d in first] == [
                (1, 500, False),
                (2, 302, False),
                (3, 503, False),
                (4, 204, True),
            ]

    asyncio.run(story())


def test_it_goes_on_after_a_restart_and_once_the_receiver_is_up(tmp_path: Path) -> None:
    async def story() -> None:
        receiver = Receiver()
        patient = dataclasses.replace(LOCAL, webhook_attempts_max=10_000, webhook_first_wait_s=0.001)
        async with api_house(tmp_path, patient) as asked:
            async with receiver.listening():
                made = await register(asked, receiver, "shop", "order.reserved")
            for person in range(3):  # nobody listens
                await asked.reserve(f"p-{person}", order_id=f"o-{person}")
            while not (await asked.get(f"/webhooks/{made['endpoint_id']}")).json()["failures"]:
                await asyncio.sleep(0.01)
        async with receiver.listening(), api_house(tmp_path, patient) as asked:
            await asked.reserve("p-3", order_id="o-3")
            got = [(await receiver.next(made["secret"]))["data"]["body"]["order_id"] for _ in range(4)]
            assert got == ["o-0", "o-1", "o-2", "o-3"]
            last = asked.house.events(OrderReserved)[-1].seq
            while (await asked.get(f"/webhooks/{made['endpoint_id']}")).json()["cursor"] < last:
                await asyncio.sleep(0.01)
        assert receiver.got.empty()
        async with receiver.listening(), api_house(tmp_path, patient) as asked:
            await asked.reserve("p-4", order_id="o-4")
            # What arrived before is not sent again.
            assert (await receiver.next(made["secret"]))["data"]["body"]["order_id"] == "o-4"

    asyncio.run(story())


def test_an_endpoint_that_never_answers_well_is_disabled_and_can_be_mended(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver().listening() as receiver, api_house(tmp_path, LOCAL) as asked:
            receiver.answers = [500] * LOCAL.webhook_attempts_max
            made = await register(asked, receiver, "shop", "order.reserved")
            one = f"/webhooks/{made['endpoint_id']}"
            await asked.reserve("p-1", order_id="o-1")
            while (endpoint := (await asked.get(one)).json())["enabled"]:
                await asyncio.sleep(0.01)
            seq = asked.house.events(OrderReserved)[0].seq
            assert endpoint["note"] == f"event {seq} was not taken in 6 attempts: it answered 500"
            mended = await asked.client.put(
                f"/api/v1{one}",
                headers=asked.headers("shop"),
                json={"url": receiver.url, "kinds": ["order.reserved"]},
            )
            assert mended.json()["enabled"]
            assert (await receiver.next(made["secret"]))["data"]["body"]["order_id"] == "o-1"

    asyncio.run(story())


def test_a_test_message_is_sent_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver().listening() as receiver, api_house(tmp_path, LOCAL) as asked:
            made = await register(asked, receiver)
            told = (await asked.post(f"/webhooks/{made['endpoint_id']}/test")).json()
            assert (told["delivered"], told["status"], told["kind"]) == (True, 204, "webhook.test")
            assert (await receiver.next(made["secret"]))["type"] == "webhook.test"

    asyncio.run(story())


def test_the_secret_is_told_once_and_endpoints_are_each_partys_own(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver().listening() as receiver, api_house(tmp_path, LOCAL) as asked:
            body = {"url": receiver.url, "kinds": []}
            made = await asked.post("/webhooks", body, key="w")
            again = await asked.post("/webhooks", body, key="w")
            assert made.json()["secret"] == again.json()["secret"]
            assert (await asked.post("/webhooks", {**body, "kinds": ["order.locked"]}, key="w")).status_code == 422
            one = f"/webhooks/{made.json()['endpoint_id']}"
            listed = (await asked.get("/webhooks")).json()["items"]
            assert [endpoint["url"] for endpoint in listed] == [receiver.url]
            assert "secret" not in listed[0]
            assert "secret" not in (await asked.get(one)).json()
            assert (await asked.get(one, "maker")).status_code == 404
            assert (await asked.get("/webhooks", "maker")).json()["items"] == []
            removed = await asked.client.delete(f"/api/v1{one}", headers=asked.headers("shop"))
            assert (removed.status_code, removed.content) == (204, b"")
            assert (await asked.get(one)).status_code == 404

    asyncio.run(story())


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example/hook",  # in the open
        "https://127.0.0.1/hook",
        "https://localhost/hook",
        "https://10.1.2.3/hook",
        "https://192.168.1.1/hook",
        "https://169.254.169.254/latest/meta-data",  # where clouds keep their secrets
        "https://[::1]/hook",
        "https://[::ffff:127.0.0.1]/hook",
        "https://[::127.0.0.1]/hook",
        "https://[::ffff:0:127.0.0.1]/hook",
        "https://[fec0::1]/hook",
        "https://[64:ff9b:1::10.0.0.1]/hook",
        "https://[fd00::1]/hook",
        "https://[64:ff9b::7f00:1]/hook",
        "https://[2002:7f00:1::]/hook",
        "https://0.0.0.0/hook",
        "https://0x7f000001/hook",
        "https://2130706433/hook",
        "https://100.64.0.1/hook",
        "https://224.0.0.1/hook",
        "https://user:word@partner.example/hook",
        "https://no-such-machine.invalid/hook",
        "https://partner.example:99999/hook",
        "https:///hook",
    ],
)
def test_the_houses_own_network_is_out_of_reach(url: str) -> None:
    with pytest.raises(NotAllowed):
        asyncio.run(target_of(url, ()))


def test_a_public_number_is_called_under_its_hosts_name() -> None:
    target = asyncio.run(target_of("https://8.8.8.8:8443/hook?x=1", ()))
    assert (target.url, target.host, target.name) == ("https://8.8.8.8:8443/hook?x=1", "8.8.8.8:8443", "8.8.8.8")


def test_an_address_that_may_not_be_called_is_not_kept(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            reply = await asked.post("/webhooks", {"url": "https://169.254.169.254/", "kinds": []})
            assert reply.status_code == 422
            assert [fault["pointer"] for fault in reply.json()["problems"]] == ["#/url"]
            assert (await asked.get("/webhooks")).json()["items"] == []

    asyncio.run(story())
