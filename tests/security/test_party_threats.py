"""What a machine with the wrong key, or with the right key of another party, may try at the API, and does not get."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count

import httpx
import pytest
from browsing import PASSWORD, Browser

from pullcord.accounts import tokens
from pullcord.alliance import RightRefused
from pullcord.base import PartyId, PersonId, SimulatedClock
from pullcord.server import Running

Open = Callable[[], Browser]
Customer = Callable[[], tuple[str, PersonId]]
Ask = Callable[..., httpx.Response]
ORDER = {"person_id": "p-1", "variant_id": "white", "plan": "owned", "city_id": "chengdu"}
EVERYTHING = ("read", "orders", "production", "procurement", "logistics", "finance", "demand", "campaigns", "claims")
_keys = count(1)


@pytest.fixture
def api(running: Running) -> Iterator[Ask]:
    """`api("POST", "/orders", key, ...)`: one request with a party's key."""
    with httpx.Client(base_url=f"{running.root}/api/v1", timeout=30) as client:

        def ask(method: str, path: str, key: str | None, **how: object) -> httpx.Response:
            headers = {"idempotency-key": f"k-{next(_keys)}"} if method == "POST" else {}
            if key is not None:
                headers["authorization"] = f"Bearer {key}"
            headers |= how.pop("headers", {})  # type: ignore[arg-type]
            return client.request(method, path, headers=headers, **how)  # type: ignore[arg-type]

        yield ask


@pytest.fixture
def key_of(running: Running) -> Callable[..., str]:
    """A key of a party, for scopes."""

    def issue(party: str, *scopes: str, ttl: timedelta = timedelta(days=1)) -> str:
        return running.context.accounts.issue_token(PartyId(party), scopes or EVERYTHING, ttl).plain

    return issue


def refusals(running: Running) -> list[RightRefused]:
    return [event.body for event in running.context.app.ledger.events(kinds=[RightRefused])]


@pytest.mark.parametrize("key", [None, "x", "pc_" + "A" * 51, "new", "' OR 1=1 --", "pc_\N{BULLET}"])
def test_without_a_key_in_force_nothing_is_told(api: Ask, key: str | None) -> None:
    if key == "new":
        key = tokens.new_token()  # of the right shape, and nobody's
    headers = None if key is None else {"authorization": f"Bearer {key}".encode()}
    answer = api("GET", "/orders/o-1", None, **({"headers": headers} if headers else {}))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_that_is_over_or_in_an_address_opens_nothing(
    api: Ask, key_of: Callable[..., str], clock: SimulatedClock
) -> None:
    short, long = key_of("shop", ttl=timedelta(minutes=1)), key_of("shop")
    assert api("GET", "/variants", long).status_code == 200
    assert api("GET", f"/variants?token={long}&access_token={long}", None).status_code == 401
    clock.advance(timedelta(minutes=2))
    assert api("GET", "/variants", short).status_code == 401


def test_a_customer_s_session_is_no_key_and_a_key_is_no_session(
    browser: Open, customer: Customer, running: Running, key_of: Callable[..., str]
) -> None:
    visitor = browser()
    visitor.sign_in(customer()[0])
    assert visitor.get("/api/v1/orders/o-1").status_code == 401
    stranger = browser()
    key = key_of("shop")
    answer = stranger.get("/account", headers={"authorization": f"Bearer {key}", "cookie": f"session={key}"})
    assert answer.status_code == 303


def test_a_key_reaches_no_further_than_its_scopes_and_the_attempt_is_noted(
    api: Ask, running: Running, key_of: Callable[..., str]
) -> None:
    before, noted = running.context.app.ledger.head(), len(refusals(running))
    answer = api("POST", "/orders", key_of("shop", "read"), json=ORDER)
    assert answer.status_code == 403
    assert len(refusals(running)) == noted + 1
    assert running.context.app.ledger.head() > before
    assert not list(running.context.app.ledger.events(stream="order/o-1"))


@pytest.mark.parametrize("party", ["maker", "carrier", "optics", "shells"])
def test_no_other_party_acts_or_reads_for_the_seller_whatever_its_key_says(
    api: Ask, running: Running, key_of: Callable[..., str], browser: Open, customer: Customer, party: str
) -> None:
    visitor = browser()
    email, person = customer()
    visitor.sign_in(email)
    order_id = visitor.order()
    key = key_of(party)
    noted = len(refusals(running))
    given = [
        api("POST", "/orders", key, json=ORDER),
        api("POST", f"/orders/{order_id}/cancel", key, json={"reason": "mischief"}),
        api(
            "POST", f"/orders/{order_id}/cancel", key, json={"reason": "mischief"}, headers={"pullcord-person": person}
        ),
    ]
    assert [answer.status_code for answer in given] == [403, 403, 403]
    assert {refused.asked_by for refused in refusals(running)[noted:]} == {party}
    assert len(refusals(running)) == noted + len(given)
    for path in (f"/orders/{order_id}", f"/orders/{order_id}/timeline", f"/orders?person_id={person}"):
        answer = api("GET", path, key)
        assert answer.status_code in (403, 404)
        assert person not in answer.text
    assert visitor.get(f"/orders/{order_id}").status_code == 200


def test_on_behalf_of_one_person_the_seller_s_key_reaches_nobody_else_s_order(
    api: Ask, running: Running, key_of: Callable[..., str], browser: Open, customer: Customer
) -> None:
    visitor = browser()
    email, person = customer()
    visitor.sign_in(email)
    order_id = visitor.order()
    _, other = customer()
    key = key_of("shop")
    as_other = {"pullcord-person": other}
    assert api("GET", f"/orders/{order_id}", key, headers={"pullcord-person": person}).status_code == 200
    assert api("GET", f"/orders/{order_id}", key, headers=as_other).status_code == 404
    cancelled = api("POST", f"/orders/{order_id}/cancel", key, json={"reason": "mischief"}, headers=as_other)
    assert cancelled.status_code in (403, 404)
    assert visitor.get(f"/orders/{order_id}").status_code == 200


@pytest.mark.parametrize(
    "typed", ["<script>", "' OR '1'='1", "'; DROP TABLE event; --", "../../etc", "\x00", "a" * 5_000, "𝕏", "a b"]
)
def test_no_field_of_a_command_is_more_than_a_word(
    api: Ask, running: Running, key_of: Callable[..., str], typed: str
) -> None:
    key = key_of("shop")
    before = running.context.app.ledger.head()
    for name in ("order_id", *ORDER):
        answer = api("POST", "/orders", key, json=ORDER | {name: typed})
        assert answer.status_code in (400, 404, 422)
        assert answer.headers["content-type"] == "application/problem+json"
    assert api("POST", "/orders", key, json=ORDER, headers={"pullcord-person": "p 1"}).status_code in (400, 422)
    assert running.context.app.ledger.head() == before


def test_what_customers_call_themselves_is_nowhere_in_the_api_or_the_ledger(
    api: Ask, running: Running, key_of: Callable[..., str], browser: Open, customer: Customer
) -> None:
    visitor = browser()
    email, _ = customer()
    visitor.sign_in(email)
    order_id = visitor.order()
    key = key_of("shop")
    told = api("GET", f"/orders/{order_id}/timeline", key).text + api("GET", "/orders", key).text
    kept = "\n".join(repr(event) for event in running.context.app.ledger.events())
    for word in (email, "Chen Wei", PASSWORD):
        assert word not in told
        assert word not in kept
