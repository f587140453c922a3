"""The shop on the server that `pullcord serve` runs, and on PostgreSQL: the same pages, the same orders."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import httpx
import pytest
from open_shop import open_shop, peoples_car

from pullcord.base import SimulatedClock, SystemClock
from pullcord.orders import ORDER, State
from pullcord.server import Address, Serving, serve_in_thread

PAGES = {"accept": "text/html", "accept-language": "en"}


def fields(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of a page's last form."""
    forms = re.findall(r"<form.*?</form>", page.text, re.DOTALL)
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html.unescape(forms[-1])))


def order_a_car(client: httpx.Client) -> str:
    """A new person's order with its deposit: its path."""
    person = {"email": "wei@example.org", "password": "a sentence about gravel roads", "name": "Wei"}
    assert client.post("/sign-up", data={**fields(client.get("/sign-up")), **person}).status_code == 200
    page = client.get("/date?variant=white&plan=owned&city=guangzhou")
    held = client.post("/orders", data=fields(page))
    assert "Held for you until" in held.text
    path = held.url.path
    assert "The deposit is booked" in client.post(f"{path}/deposit", data=fields(client.get(path))).text
    return path


def test_an_order_is_followed_live_on_the_server_itself(tmp_path: Path) -> None:
    program = peoples_car()
    clock = SimulatedClock(datetime.combine(program.starts_on, time(2), UTC))
    serving = Serving(program, f"sqlite:///{tmp_path / 'ledger.db'}", clock, Address(port=0))
    with (
        serve_in_thread(serving) as server,
        httpx.Client(base_url=server.root, headers=PAGES, follow_redirects=True, timeout=30) as client,
    ):
        first = client.get("/")
        assert "The People's Car" in html.unescape(first.text)
        assert first.headers["content-security-policy"].startswith("default-src 'self'")
        assert "This page does not exist" in client.get("/nothing").text
        path = order_a_car(client)
        app = server.context.app
        with client.stream("GET", f"{path}/changes") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.iter_lines()
            assert next(lines) == "retry: 2000"
            app.ledger.execute(app.desk.lock(path.rpartition("/")[2]))
            assert next(line for line in lines if line.startswith("event:")) == "event: changed"
        assert "Firm" in client.get(path).text


def test_a_car_is_ordered_on_postgresql(postgres_schema: str) -> None:
    with (
        open_shop(postgres_schema) as shop,
        httpx.Client(base_url=shop.root, headers=PAGES, follow_redirects=True, timeout=30) as client,
    ):
        assert "without a sunroof" in client.get("/").text
        order_id = order_a_car(client).rpartition("/")[2]
        with shop.app.ledger.reader() as reader:
            row = reader.get(ORDER, order_id)
        assert row is not None
        assert row.state is State.DEPOSITED
        assert "Deposit paid" in client.get("/account").text


@pytest.mark.parametrize("path", ["/orders/%00", "/orders/%00/cancel", "/campaigns/%00"])
def test_a_name_that_no_database_takes_is_the_name_of_nothing(postgres_schema: str, path: str) -> None:
    with (
        open_shop(postgres_schema) as shop,
        httpx.Client(base_url=shop.root, headers=PAGES, follow_redirects=True, timeout=30) as client,
    ):
        order_a_car(client)
        assert client.get(path).status_code == 404


def test_whoever_signed_in_stays_so_however_fast_the_programs_days_go_by(tmp_path: Path) -> None:
    program = peoples_car()
    clock = SimulatedClock(datetime.combine(program.starts_on, time(2), UTC))
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with (
        serve_in_thread(Serving(program, url, clock, Address(port=0), people_clock=SystemClock())) as server,
        httpx.Client(base_url=server.root, headers=PAGES, follow_redirects=True, timeout=30) as client,
    ):
        path = order_a_car(client)
        clock.advance(timedelta(days=60))
        assert client.get(path).url.path == path


def test_a_page_has_its_head(tmp_path: Path) -> None:
    with open_shop(tmp_path) as shop, httpx.Client(base_url=shop.root, headers=PAGES, timeout=30) as client:
        for path in ("/", "/claims", "/nothing"):
            head, page = client.head(path), client.get(path)
            assert (head.status_code, head.headers["content-type"]) == (
                page.status_code,
                page.headers["content-type"],
            )
            assert head.content == b""
        assert client.head("/").status_code == 200
