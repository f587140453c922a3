"""What the shop refuses, and what it says of money: audited, true at the moment of the click, and in plain headers."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from customer import browser, fields, held, signed_up
from open_shop import OpenShop, open_shop

from pullcord.alliance import RightRefused
from pullcord.base import CommandId, OrderId
from pullcord.desk import Count
from pullcord.orders import State
from pullcord.promising import PromiseInDoubt
from pullcord.store import Command, Transaction


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenShop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as running:
        yield running


def paid(client: httpx.Client) -> str:
    """The path of an order with its deposit."""
    path = held(client)
    client.post(f"{path}/deposit", data=fields(client.get(path)))
    return path


def test_who_acts_on_another_persons_order_is_turned_away_and_that_is_noted(shop: OpenShop) -> None:
    with signed_up(shop, "owner") as owner, signed_up(shop, "intruder") as intruder:
        path = held(owner)
        order_id = path.rpartition("/")[2]
        form = {**fields(intruder.get("/account")), "version": "2", "kept": "no"}
        for act in ("date", "deposit", "cancel"):
            assert intruder.post(f"{path}/{act}", data=form).status_code == 404
        noted = [(e.body.command, e.body.command_id) for e in shop.app.ledger.events(kinds=[RightRefused])]
    assert noted == [
        ("orders.quote", f"quote-{order_id}"),
        ("orders.deposit", f"deposit-{order_id}"),
        ("orders.cancel", f"cancel-{order_id}"),
    ]
    assert shop.order(order_id).state is State.QUOTED


def test_a_deposit_that_was_not_taken_is_not_said_to_be_booked_by_the_second_click(shop: OpenShop) -> None:
    with signed_up(shop, "late") as client:
        path = held(client)
        form = fields(client.get(path))
        shop.wait(days=30)  # the date that was shown has lapsed
        first = client.post(f"{path}/deposit", data=form)
        again = client.post(f"{path}/deposit", data=form)
    assert shop.order(path.rpartition("/")[2]).deposit_minor == 0
    assert "is booked" not in first.text
    assert "is booked" not in again.text


def test_a_deposit_that_went_back_is_not_said_to_be_booked(shop: OpenShop) -> None:
    with signed_up(shop, "returned") as client:
        path = held(client)
        form = fields(client.get(path))
        client.post(f"{path}/deposit", data=form)
        client.post(f"{path}/cancel", data=fields(client.get(f"{path}/cancel")))
        assert "is booked" not in client.post(f"{path}/deposit", data=form).text


def test_whoever_can_no_longer_be_kept_to_their_date_is_told_that_the_deposit_goes_back(shop: OpenShop) -> None:
    with signed_up(shop, "doubted") as client:
        path = paid(client)
        order_id = OrderId(path.rpartition("/")[2])
        shop.give(shop.app.desk.lock(order_id))
        firm = client.get(f"{path}/cancel")
        assert "will be kept" in firm.text
        promised = shop.order(order_id).deliver_on
        assert promised is not None

        def decide(tx: Transaction) -> Count:
            tx.emit(f"promise/{order_id}", PromiseInDoubt(order_id, promised, "no week is left"))
            return Count(1)

        platform = shop.app.desk.house.platform.party_id
        shop.give(Command(CommandId("doubt"), platform, "promises.recheck", None, decide, Count))
        # The page that said that the money is kept is no longer true: nothing is done on its word.
        assert "has changed" in client.post(f"{path}/cancel", data=fields(firm)).text
        assert shop.order(order_id).state is State.LOCKED
        asked = client.get(f"{path}/cancel")
        assert "will be kept" not in asked.text
        assert "The date you agreed to cannot be kept" in asked.text
        client.post(f"{path}/cancel", data=fields(asked))
    order = shop.order(order_id)
    assert (order.state, order.refunded_minor) == (State.CANCELLED, order.deposit_minor)


def test_what_came_since_a_page_was_made_is_told_as_soon_as_it_is_followed(shop: OpenShop) -> None:
    with signed_up(shop, "follower") as client:
        path = paid(client)
        address = client.get(path).text.partition('data-follow="')[2].partition('"')[0]
        shop.give(shop.app.desk.lock(path.rpartition("/")[2]))
        with client.stream("GET", address) as stream:
            assert "event: changed" in next(line for line in stream.iter_lines() if line.startswith("event:"))


@pytest.mark.parametrize("seq", ["²", "9" * 5_000, "-1", "x"])
def test_a_made_up_place_in_the_story_does_no_harm(shop: OpenShop, seq: str) -> None:
    with signed_up(shop, "made-up-" + seq[:1].encode().hex()) as client:
        path = held(client)
        with client.stream("GET", f"{path}/changes", params={"after": seq}) as stream:
            assert next(stream.iter_lines()) == "retry: 2000"


def test_the_kind_of_a_page_is_said_once(shop: OpenShop) -> None:
    with browser(shop) as client:
        page = client.get("/")
        styles = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
        kinds = [client.get(path).headers["content-type"] for path in ("/", "/nothing", styles, "/robots.txt")]
    assert kinds == ["text/html; charset=utf-8"] * 2 + ["text/css; charset=utf-8", "text/plain; charset=utf-8"]
