"""Accounts, forms and campaigns over HTTP: whose session it is, whose form, whose place in the queue."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from customer import PASSWORD, ZH, browser, fields, held, signed_up
from open_shop import OpenShop, open_shop

from pullcord.base import CampaignId, Money
from pullcord.campaigns import CampaignTerms, Quota, Refundable
from pullcord.orders import OrderReserved


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenShop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as running:
        running.give(running.app.desk.open_campaign("double-11"))
        yield running


@pytest.mark.parametrize("proof", [None, "", "made.up"])
def test_a_form_without_its_proof_is_refused(shop: OpenShop, proof: str | None) -> None:
    with signed_up(shop, f"proof-{proof}".replace(".", "").lower()) as client:
        page = client.get("/date?variant=white&plan=rental&city=guangzhou")
        form = {k: v for k, v in fields(page).items() if k != "form_proof"}
        answer = client.post("/orders", data=form if proof is None else {**form, "form_proof": proof})
    assert answer.status_code == 403
    assert not [e for e in shop.app.ledger.events(kinds=[OrderReserved]) if e.body.order_id == form["order"]]


def test_a_proof_of_another_session_is_refused(shop: OpenShop) -> None:
    with signed_up(shop, "session-a") as one, signed_up(shop, "session-b") as two:
        theirs = fields(one.get("/account"))["form_proof"]
        assert two.post("/sign-out", data={"form_proof": theirs}).status_code == 403


@pytest.mark.parametrize(
    "header", [{"origin": "https://other.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
def test_a_form_from_another_site_is_refused(shop: OpenShop, header: dict[str, str]) -> None:
    with browser(shop) as client:
        form = fields(client.get("/sign-in"))
        answer = client.post("/sign-in", data={**form, "email": "x@example.org", "password": "y"}, headers=header)
    assert answer.status_code == 403


def test_names_are_escaped(shop: OpenShop) -> None:
    with signed_up(shop, "markup", name="<script>alert(1)</script>") as client:
        page = client.get("/account").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    with browser(shop) as client:
        page = client.get("/sign-in", params={"to": '/"><script>x</script>'}).text
        assert "<script>x" not in page
        assert "<script>x" not in client.get('/configure?colour="><script>x</script>').text


def test_nobody_learns_who_has_an_account(shop: OpenShop) -> None:
    with signed_up(shop, "known"):
        pass
    with browser(shop) as client:
        form = fields(client.get("/sign-in"))

        def told(email: str) -> str:
            answer = client.post("/sign-in", data={**form, "email": email, "password": "not the password"})
            assert answer.status_code == 422
            return re.findall(r'<div class="note bad".*?</div>', answer.text, re.S)[0]

        assert told("known@example.org") == told("nobody@example.org")


def test_the_session_changes_at_sign_in_and_ends_at_sign_out(shop: OpenShop) -> None:
    with signed_up(shop, "rotates") as client:
        client.post("/sign-out", data=fields(client.get("/account")) | {})
    with browser(shop) as client:
        before = client.get("/sign-in")
        planted = client.cookies["session"]
        cookie = before.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        answer = client.post(
            "/sign-in", data={**fields(before), "email": "rotates@example.org", "password": PASSWORD, "to": "/account"}
        )
        assert answer.url.path == "/account"
        kept = client.cookies["session"]
        assert kept != planted
        out = re.search(r'<form action="/sign-out".*?name="form_proof" value="([^"]+)"', answer.text, re.S)
        assert out is not None
        client.post("/sign-out", data={"form_proof": out[1]})
        with browser(shop) as thief:
            thief.cookies.set("session", kept)
            assert thief.get("/account").url.path == "/sign-in"


def test_own_data_are_taken_along_and_erased(shop: OpenShop) -> None:
    with signed_up(shop, "leaves", name="Li Na") as client:
        path = held(client)
        data = client.get("/account/export")
        assert "attachment" in data.headers["content-disposition"]
        told = json.loads(data.content)
        assert told["account"]["name"] == "Li Na"
        assert told["ledger"]["orders"][0]["order_id"] == path.rpartition("/")[2]
        assert any(event["kind"] == "order.quoted" for event in told["ledger"]["events"])
        assert "waiting in a queue: 1." in client.get("/account").text
        client.post(f"{path}/cancel", data=fields(client.get(f"{path}/cancel")))
        wrong = client.post("/account/erase", data={**fields(client.get("/account")), "password": "no", "sure": "yes"})
        assert wrong.status_code == 422
        gone = client.post(
            "/account/erase", data={**fields(client.get("/account")), "password": PASSWORD, "sure": "yes"}
        )
        assert "Your data are erased" in gone.text
        assert client.get("/account").url.path == "/sign-in"
    kept = "\n".join(str(event.body) for event in shop.app.ledger.events())
    assert "Li Na" not in kept
    assert "leaves@example.org" not in kept


def test_a_place_in_a_campaign_comes_with_its_number_and_price(shop: OpenShop) -> None:
    with signed_up(shop, "campaign") as client:
        page = client.get("/campaigns/double-11")
        assert "20,000 of 20,000" in page.text or "of 20,000 places left" in page.text
        answer = client.post(
            "/campaigns/double-11", data={**fields(page), "variant": "white", "plan": "rental", "city": "guangzhou"}
        )
        path = answer.url.path
        assert path.startswith("/orders/")
        assert "¥45,400" in answer.text
        assert "Against the price card, for the week or the campaign you chose: -¥4,500." in answer.text
        assert "The deposit goes back to you until the order is firm." in answer.text
        week = re.findall(r'name="week" value="([\d-]+)"', answer.text)[0]
        quoted = client.post(f"{path}/date", data={**fields(answer), "week": week})
        assert "Held for you until" in quoted.text
        assert "¥45,400 once, then ¥399 every month" in quoted.text
        assert "As written in the contract" not in quoted.text
        back = client.get("/campaigns/double-11").text
        assert "You have place" in back
        assert "¥4,500 is taken off your price" in back
        assert answer.url.path in back


def test_who_comes_too_late_waits_in_a_fair_queue_and_is_offered_what_comes_back(shop: OpenShop) -> None:
    now = shop.clock.now()
    terms = CampaignTerms(
        CampaignId("one-place"),
        "One place",
        "一个名额",
        now,
        now + timedelta(days=30),
        Money(100_000, "CNY"),
        Refundable.LOCK,
        10,
        24,
        (Quota("*", "*", 1),),
    )
    shop.give(shop.app.desk.open_campaign(terms))
    wish = {"variant": "white", "plan": "rental", "city": "guangzhou"}
    address = "/campaigns/one-place"
    with (
        signed_up(shop, "queue-1") as one,
        signed_up(shop, "queue-2") as two,
        signed_up(shop, "queue-3", ZH) as three,
    ):
        first = one.post(address, data={**fields(one.get(address)), **wish})
        assert first.url.path.startswith("/orders/")
        assert (
            "You are number 1 in the queue; 0 wait before you."
            in two.post(address, data={**fields(two.get(address)), **wish}).text
        )
        assert "您排在第 2 位，前面还有 1 人。" in three.post(address, data={**fields(three.get(address)), **wish}).text
        one.post(f"{first.url.path}/cancel", data=fields(one.get(f"{first.url.path}/cancel")))
        offered = two.get(address)
        assert "A place is held for you until" in offered.text
        accept = re.search(r'action="/campaigns/one-place/accept".*?name="form_proof" value="([^"]+)"', offered.text)
        assert accept is not None
        assert two.post(f"{address}/accept", data={"form_proof": accept[1]}).url.path.startswith("/orders/")
        leaves = three.get(address)
        assert "您排在第 2 位，前面还有 0 人。" in leaves.text
        leave = re.search(r'action="/campaigns/one-place/leave".*?name="form_proof" value="([^"]+)"', leaves.text)
        assert leave is not None
        assert "您排在" not in three.post(f"{address}/leave", data={"form_proof": leave[1]}).text
