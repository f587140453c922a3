"""Whose request it is, behind proxies and beside them: nobody chooses the address that they count under."""

from __future__ import annotations

import asyncio
import dataclasses
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_house import UNLIMITED, api_house
from pullcord.base import InvalidInput
from pullcord.web import Options, Rate, Reply, Shell, client_of, proxy_network, send_reply

PROXIES = tuple(proxy_network(given) for given in ("10.0.0.0/8", "192.0.2.1", "fd00::/8"))
HEADER = b"x-forwarded-for"


def asked_for(peer: str, *said: str) -> str:
    return client_of(peer, [(b"host", b"here"), *((HEADER, value.encode("latin-1")) for value in said)], PROXIES)


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # not a proxy of ours: what it says is not heard
        ("203.0.113.9", ["10.0.0.1"], "203.0.113.9"),
        ("2001:db8::9", ["198.51.100.1"], "2001:db8::9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),  # the left one is what the client made up
        ("10.0.0.1", ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, 10.2.3.4", "192.0.2.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, fd00::7,10.2.3.4"], "198.51.100.1"),
        ("10.0.0.1", ["10.9.9.9, 10.2.3.4"], "10.9.9.9"),  # somebody inside
        ("10.0.0.1", ["198.51.100.1, unknown, 10.2.3.4"], "10.2.3.4"),
        ("10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1,"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1:http"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1:"], "10.0.0.1"),
        ("10.0.0.1", ["[2001:DB8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["[2001:db8::1]"], "2001:db8::1"),
        ("10.0.0.1", ["[2001:db8::1"], "10.0.0.1"),
        ("10.0.0.1", ["[2001:db8::1]x"], "10.0.0.1"),
        ("10.0.0.1", ["2001:db8:0::1"], "2001:db8::1"),
        ("10.0.0.1", ["fe80::1%eth0"], "fe80::1"),
        ("10.0.0.1", ["\xb2.0.0.1"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1/32"], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),  # a socket for both kinds
        ("fd00::1", ["2001:db8::1, fd00::2"], "2001:db8::1"),
        ("", ["198.51.100.1"], ""),
        ("a-path-of-a-socket", ["198.51.100.1"], "a-path-of-a-socket"),
    ],
)
def test_the_client_is_whom_the_nearest_trusted_proxy_heard(peer: str, said: list[str], client: str) -> None:
    assert asked_for(peer, *said) == client


def test_without_proxies_the_peer_is_the_client_however_it_is_written() -> None:
    for peer in ("127.0.0.1", "::ffff:10.0.0.1", "2001:DB8::1", ""):
        assert client_of(peer, [(HEADER, b"198.51.100.1")], ()) == peer


STRANGERS = st.ip_addresses().filter(lambda found: not any(found in network for network in PROXIES)).map(str)
STRANGERS = STRANGERS.filter(lambda text: not text.startswith("::ffff:"))
SPOOFED = st.lists(st.one_of(st.text(st.characters(max_codepoint=255), max_size=40), st.ip_addresses().map(str)))


@given(peer=STRANGERS, spoofed=SPOOFED)
def test_what_a_stranger_writes_changes_nothing(peer: str, spoofed: list[str]) -> None:
    assert asked_for(peer, *spoofed) == str(ip_address(peer))


@given(client=STRANGERS, spoofed=SPOOFED)
def test_what_a_client_writes_before_a_proxy_changes_nothing(client: str, spoofed: list[str]) -> None:
    # A proxy adds on the right of what is there, in the same header or in one of its own.
    assert asked_for("10.0.0.1", *spoofed, client) == client
    assert asked_for("10.0.0.1", ", ".join([*spoofed, client])) == client
    assert asked_for("10.0.0.1", *spoofed, client, "10.0.0.2") == client


@pytest.mark.parametrize(
    ("given", "network"),
    [
        ("10.0.0.5", "10.0.0.5/32"),
        (" 10.0.0.0/8 ", "10.0.0.0/8"),
        ("fd00::/8", "fd00::/8"),
        ("::1", "::1/128"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
    ],
)
def test_a_proxy_is_an_address_or_a_network(given: str, network: str) -> None:
    assert proxy_network(given) == ip_network(network)


@pytest.mark.parametrize(
    ("given", "way_out"),
    [
        ("proxy.example.org", "10.0.0.0/8"),
        ("", "10.0.0.0/8"),
        ("10.0.0.5:80", "10.0.0.0/8"),
        ("10.0.0.0/33", "10.0.0.0/8"),
        ("10.0.0.5/8", "the network is 10.0.0.0/8, the one address 10.0.0.5"),
        ("0.0.0.0/0", "name the addresses"),
        ("::/0", "name the addresses"),
        ("::ffff:0:0/96", "name the addresses"),
    ],
)
def test_what_is_no_proxy_is_told_with_the_way_out(given: str, way_out: str) -> None:
    with pytest.raises(InvalidInput) as failure:
        proxy_network(given)
    assert f"`{given}`" in failure.value.message
    assert failure.value.hint is not None
    assert way_out in failure.value.hint


async def asked_from(shell: Shell, peer: str, *said: str) -> httpx.Response:
    transport = httpx.ASGITransport(shell, client=(peer, 4711))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        return await client.get("/api/v1/openapi.json", headers=[("x-forwarded-for", value) for value in said])


def test_clients_behind_a_proxy_have_a_limit_each(tmp_path: Path) -> None:
    async def story() -> None:
        options = Options(rate_per_client=Rate(0.001, 2), rate_per_party=None, proxies=PROXIES)
        async with api_house(tmp_path, options) as asked:

            async def statuses(peer: str, *said: str) -> list[int]:
                return [(await asked_from(asked.app, peer, *said)).status_code for _ in range(3)]

            assert await statuses("10.0.0.1", "198.51.100.1") == [200, 200, 429]
            assert await statuses("10.0.0.1", "198.51.100.2") == [200, 200, 429]
            assert await statuses("10.0.0.2", "198.51.100.3, 198.51.100.1") == [429] * 3  # through another proxy
            assert await statuses("198.51.100.1", "198.51.100.4") == [429] * 3  # or straight, whatever it says
            assert await statuses("203.0.113.1", "198.51.100.5") == [200, 200, 429]

    asyncio.run(story())


@pytest.mark.parametrize(("peer", "client"), [("10.0.0.1", "198.51.100.1"), ("203.0.113.9", "203.0.113.9")])
def test_what_is_wrapped_sees_the_client_too(tmp_path: Path, peer: str, client: str) -> None:
    async def story() -> None:
        async with api_house(tmp_path, dataclasses.replace(UNLIMITED, proxies=PROXIES)) as asked:
            seen: list[Any] = []

            async def app(scope: Any, receive: Any, send: Any) -> None:
                seen.append(scope["client"][0])
                await send_reply(send, Reply(200, [], b""))

            await asked_from(Shell(app, asked.context), peer, "198.51.100.1")
            assert seen == [client]

    asyncio.run(story())


def test_the_counts_stay_with_this_machine_whatever_a_proxy_says(tmp_path: Path) -> None:
    async def story() -> None:
        options = dataclasses.replace(UNLIMITED, proxies=(proxy_network("127.0.0.1"),))
        async with api_house(tmp_path, options) as asked:
            assert (await asked.client.get("/metrics")).status_code == 200
            spoofed = await asked.client.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"})
            assert spoofed.status_code == 403

    asyncio.run(story())
