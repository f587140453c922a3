"""Over a socket, behind a proxy: the limits, at the fast lane and beside it, go by whomever the proxy heard."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from test_server import NOW, OPTIONS, PATH, PROGRAM, terms, wish

import pullcord.server
from pullcord.base import FixedClock, InvalidInput, PartyId
from pullcord.cli.serve import serve
from pullcord.program import read_program
from pullcord.server import Address, Serving, serve_in_thread
from pullcord.web import Network, Rate, proxy_network

ALICE, BOB, CAROL = "198.51.100.1", "2001:db8::2", "198.51.100.3"


class Asking:
    """Reservations and pages, asked for through connections from this machine with words of X-Forwarded-For."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.asked = 0

    def reserve(self, *said: str) -> int:
        self.asked += 1
        more = [("X-Forwarded-For", value) for value in said]
        headers = [*self.client.headers.items(), ("Idempotency-Key", f"k{self.asked}"), *more]
        return self.client.post(PATH, json=wish(self.asked), headers=headers).status_code

    def look(self, *said: str) -> httpx.Response:
        return self.client.get("/problems/conflict", headers=[("X-Forwarded-For", value) for value in said])


@contextmanager
def asking(tmp_path: Path, proxies: tuple[Network, ...]) -> Iterator[Asking]:
    """A server that lets each address ask twice."""
    options = dataclasses.replace(OPTIONS, rate_per_client=Rate(0.001, 2), proxies=proxies, token_seconds=3600)
    url = f"sqlite:///{tmp_path / 'live.db'}"
    with serve_in_thread(Serving(read_program(PROGRAM), url, FixedClock(NOW), Address(port=0), options)) as found:
        context = found.context
        context.app.ledger.execute(context.app.desk.open_campaign(terms()))
        issued = context.accounts.issue_token(PartyId("jd"), ("campaigns",), timedelta(days=1))
        with httpx.Client(base_url=found.root, headers={"Authorization": f"Bearer {issued.plain}"}) as client:
            asked = Asking(client)
            assert asked.reserve(CAROL) == 201  # from now on the key is known, and reservations take the fast lane
            yield asked


def test_behind_a_trusted_proxy_each_client_has_a_limit_of_its_own(tmp_path: Path) -> None:
    with asking(tmp_path, (proxy_network("127.0.0.0/8"),)) as asked:
        assert [asked.reserve(ALICE) for _ in range(3)] == [201, 201, 429]
        # Whatever Alice writes herself stands to the left of what the proxy adds.
        assert asked.reserve(BOB, ALICE) == 429
        assert asked.reserve(f"{BOB}, {ALICE}:4711") == 429
        assert asked.look(ALICE).status_code == 429  # the lane and the rest count together
        assert asked.look(f"[{BOB}]:4711").status_code == 200
        assert [asked.reserve(BOB) for _ in range(2)] == [201, 429]
        # The proxy itself was charged for nobody.
        assert [asked.look().status_code for _ in range(3)] == [200, 200, 429]


def test_a_proxy_that_is_not_trusted_is_itself_the_client(tmp_path: Path) -> None:
    with asking(tmp_path, (proxy_network("192.0.2.1"),)) as asked:
        assert 429 in [asked.reserve(f"198.51.100.{n}") for n in range(10, 12)]
        assert asked.reserve(ALICE) == 429
        assert asked.look(BOB).status_code == 429


def test_the_command_names_proxies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Serving] = []

    def instead(serving: Serving, ready: Any) -> None:
        served.append(serving)

    monkeypatch.setattr(pullcord.server, "serve", instead)
    ledger = str(tmp_path / "live.db")
    serve(PROGRAM, ledger, proxy=["10.0.0.5", "fd00::/8"])
    serve(PROGRAM, ledger)
    assert [[str(network) for network in serving.options.proxies] for serving in served] == [
        ["10.0.0.5/32", "fd00::/8"],
        [],
    ]
    with pytest.raises(InvalidInput, match=r"the proxy `balancer` is no IP address and no network"):
        serve(PROGRAM, ledger, proxy=["10.0.0.5", "balancer"])
