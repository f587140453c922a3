"""What a stranger may try at the shop's door, and does not get."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from browsing import PASSWORD, Browser

from pullcord import shop
from pullcord.base import PersonId, SimulatedClock
from pullcord.server import Address, Running, Serving, serve_in_thread
from pullcord.web import Options
from small_house import small_program

Open = Callable[[], Browser]
Customer = Callable[[], tuple[str, PersonId]]

FORMS = (
    "/sign-in",
    "/sign-up",
    "/sign-out",
    "/account/password",
    "/account/erase",
    "/orders",
    "/orders/o-1/date",
    "/orders/o-1/deposit",
    "/orders/o-1/cancel",
    "/campaigns/o-1",
    "/campaigns/o-1/accept",
    "/campaigns/o-1/leave",
)
IN_ANY_FIELD = {"email": "e@example.com", "password": PASSWORD, "name": "N", "sure": "yes", "reason": "price"}
INJECTIONS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' OR '1'='1",
    "'; DROP TABLE people_person; --",
    "{{ 7 * 7 }}",
    "\r\nSet-Cookie: session=mine",
    "../../../../etc/passwd",
    "\x00",
    "%s%n%x",
    "𝕏" * 50,
)


@pytest.fixture
def signed_in(browser: Open, customer: Customer) -> Browser:
    visitor = browser()
    email, _ = customer()
    assert visitor.sign_in(email).status_code == 303
    assert visitor.is_signed_in()
    return visitor


def head(running: Running) -> int:
    return running.context.app.ledger.head()


class TestSessions:
    """A session belongs to the browser that proved who it is."""

    def test_a_cookie_planted_before_sign_in_is_worth_nothing_after(self, browser: Open, customer: Customer) -> None:
        attacker, victim = browser(), browser()
        attacker.get("/sign-in")
        planted = attacker.cookie
        assert planted
        victim.client.cookies.update(attacker.client.cookies)
        email, _ = customer()
        victim.send("/sign-in", {"email": email, "password": PASSWORD}, proof=attacker.proof())
        assert victim.cookie != planted
        assert victim.is_signed_in()
        assert not attacker.is_signed_in()

    def test_a_cookie_of_before_sign_out_opens_nothing(self, signed_in: Browser, browser: Open) -> None:
        stolen = signed_in.cookie
        assert stolen
        assert signed_in.send("/sign-out", {}).status_code == 303
        thief = browser()
        thief.client.cookies.set("session", stolen)
        assert not thief.is_signed_in()

    def test_a_new_password_throws_every_thief_out(self, browser: Open, customer: Customer) -> None:
        email, _ = customer()
        owner, thief = browser(), browser()
        for one in (owner, thief):
            one.sign_in(email)
        changed = owner.send("/account/password", {"old": PASSWORD, "new": "a boat to the sea"})
        assert changed.status_code == 303
        assert owner.is_signed_in()
        assert not thief.is_signed_in()

    @pytest.mark.parametrize("forged", ["", "p-1", "visit.0.x.y", "a.b", "'; --", "x" * 5_000])
    def test_a_forged_cookie_is_nobody(self, browser: Open, forged: str) -> None:
        visitor = browser()
        answer = visitor.get("/account", headers={"cookie": f"session={forged}"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?to=%2Faccount")

    def test_an_erased_person_s_cookie_opens_nothing(self, signed_in: Browser, browser: Open) -> None:
        stolen = signed_in.cookie
        assert stolen
        erased = signed_in.send("/account/erase", {"password": PASSWORD, "sure": "yes"})
        assert erased.headers["location"] == "/erased"
        thief = browser()
        thief.client.cookies.set("session", stolen)
        assert not thief.is_signed_in()


class TestForms:
    """A form is taken from a page that was made for this very session, and from nowhere else."""

    def test_the_list_of_forms_is_whole(self, running: Running) -> None:
        (router,) = shop.route_handlers(running.context)
        posts = {
            re.sub(r"\{[^}]*\}", "o-1", path)
            for handler in router.routes
            for path, methods in [(handler.path_format, handler.methods)]
            if "POST" in methods
        }
        assert posts == set(FORMS)

    @pytest.mark.parametrize("path", FORMS)
    def test_a_form_without_proof_is_refused(self, running: Running, signed_in: Browser, path: str) -> None:
        before = head(running)
        for proof in ("", "x", "x.y"):
            answer = signed_in.client.post(path, data=IN_ANY_FIELD | ({"form_proof": proof} if proof else {}))
            assert answer.status_code == 403
        assert signed_in.is_signed_in()
        assert head(running) == before

    @pytest.mark.parametrize("path", FORMS)
    def test_the_proof_of_another_session_is_refused(
        self, running: Running, signed_in: Browser, browser: Open, path: str
    ) -> None:
        before = head(running)
        answer = signed_in.send(path, IN_ANY_FIELD, proof=browser().proof())
        assert answer.status_code == 403
        assert signed_in.is_signed_in()
        assert head(running) == before

    @pytest.mark.parametrize(
        "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}]
    )
    def test_a_form_from_another_site_is_refused_even_with_its_proof(
        self, signed_in: Browser, headers: dict[str, str]
    ) -> None:
        answer = signed_in.send("/sign-out", {}, headers=headers)
        assert answer.status_code == 403
        assert signed_in.is_signed_in()

    def test_nothing_is_changed_by_reading(self, running: Running, signed_in: Browser) -> None:
        before = head(running)
        for path in FORMS:
            assert signed_in.get(path, params=IN_ANY_FIELD).status_code in (200, 303, 404, 405)
        assert signed_in.is_signed_in()
        assert head(running) == before


class TestOthersOrders:
    """Somebody else's order is told like one that does not exist."""

    def test_nobody_reads_or_moves_another_person_s_order(
        self, running: Running, signed_in: Browser, browser: Open, customer: Customer
    ) -> None:
        order_id = signed_in.order()
        version = signed_in.version(order_id)
        stranger = browser()
        stranger.sign_in(customer()[0])
        before = head(running)
        for path in ("", "/cancel", "/changes"):
            theirs = stranger.get(f"/orders/{order_id}{path}")
            nobodys = stranger.get(f"/orders/o-nobody{path}")
            assert (theirs.status_code, nobodys.status_code) == (404, 404)
            assert order_id not in theirs.text.replace(f"/orders/{order_id}", "")
        for path in ("/date", "/deposit", "/cancel"):
            fields = {"version": version, "reason": "price"}
            assert stranger.send(f"/orders/{order_id}{path}", fields).status_code == 404
        again = {"order": order_id, "variant": "white", "plan": "owned", "city": "chengdu"}
        stranger.send("/orders", again)
        told = {event.kind for event in running.context.app.ledger.events(before)}
        assert told <= {"right.refused", "command.answered"}  # that it was tried is noted; nothing else happened
        assert order_id not in stranger.get("/account/export").text
        assert signed_in.get(f"/orders/{order_id}").status_code == 200

    def test_whoever_is_not_signed_in_is_asked_to(self, signed_in: Browser, browser: Open) -> None:
        order_id = signed_in.order()
        for path in (f"/orders/{order_id}", f"/orders/{order_id}/cancel", "/account", "/account/export"):
            answer = browser().get(path)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/sign-in?to=")


class TestWords:
    """What is typed is text: never a tag, a statement, a header or a path."""

    @pytest.mark.parametrize("typed", INJECTIONS)
    def test_what_is_typed_comes_back_as_text_or_not_at_all(self, browser: Open, typed: str) -> None:
        visitor = browser()
        fields = dict.fromkeys(("email", "password", "name", "to"), typed)
        for path in ("/sign-in", "/sign-up"):
            answer = visitor.send(path, fields)
            assert answer.status_code in (422, 429)
            assert_only_text(answer, typed)

    @pytest.mark.parametrize("typed", INJECTIONS)
    def test_an_address_s_words_are_text_too(self, browser: Open, typed: str) -> None:
        for path, name in (
            ("/sign-in", "to"),
            ("/sign-up", "to"),
            ("/configure", "colour"),
            ("/price", "variant"),
            ("/price", "km"),
            ("/date", "city"),
            ("/date", "plan"),
            ("/claims", "q"),
            ("/language/en", "to"),
        ):
            answer = browser().get(path, params={name: typed, "variant": "white"} | {name: typed})
            assert answer.status_code < 500
            assert_only_text(answer, typed)

    @pytest.mark.parametrize("typed", INJECTIONS)
    def test_no_field_of_an_order_reaches_the_ledger_raw(
        self, running: Running, signed_in: Browser, typed: str
    ) -> None:
        good = {"order": "o-good", "variant": "white", "plan": "owned", "city": "chengdu", "week": ""}
        before = head(running)
        for name in ("order", "variant", "plan", "city"):
            answer = signed_in.send("/orders", good | {name: typed})
            assert answer.status_code in (303, 404)
            assert_only_text(answer, typed)
        assert head(running) == before

    def test_a_name_that_is_a_tag_is_shown_as_it_was_typed(self, browser: Open) -> None:
        visitor = browser()
        name = "<b>Wei</b> & '\"Co\"'"
        fields = {"email": "tag@example.com", "password": PASSWORD, "name": name}
        assert visitor.send("/sign-up", fields).status_code == 303
        page = visitor.get("/account").text
        assert "&lt;b&gt;Wei&lt;/b&gt; &amp;" in page
        assert "<b>Wei" not in page
        assert visitor.get("/account/export").json()["account"]["name"] == name

    @pytest.mark.parametrize(
        "to", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example"]
    )
    def test_nobody_is_led_away_after_signing_in(self, browser: Open, customer: Customer, to: str) -> None:
        visitor = browser()
        answer = visitor.sign_in(customer()[0], to=to)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        language = browser().get("/language/en", params={"to": to})
        assert language.headers["location"] == "/"

    @pytest.mark.parametrize(
        "path", ["/static/x/..%2f..%2fhouse.py", "/static/x/%2e%2e/people.py", "/static/x/shop.css.map"]
    )
    def test_no_file_but_the_shop_s_own_is_served(self, browser: Open, path: str) -> None:
        assert browser().get(path).status_code == 404

    def test_a_body_beyond_all_measure_is_not_read(self, running: Running, browser: Open) -> None:
        size = running.context.options.body_bytes_max
        visitor = browser()
        assert visitor.send("/sign-in", {"email": "x" * size}).status_code == 413


class TestHeaders:
    """What browsers are told, on every page and every refusal."""

    PAGES = (
        "/",
        "/configure",
        "/price?variant=white",
        "/sign-in",
        "/nothing",
        "/account",
        "/api/v1/variants",
        "/healthz",
    )

    @pytest.mark.parametrize("path", PAGES)
    def test_scripts_run_from_our_own_files_alone(self, browser: Open, path: str) -> None:
        answer = browser().get(path)
        rules = dict(rule.strip().partition(" ")[::2] for rule in answer.headers["content-security-policy"].split(";"))
        if path.startswith("/api/"):
            assert rules == {"default-src": "'none'", "frame-ancestors": "'none'"}
            return
        assert rules["default-src"] == "'self'"
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert (rules["base-uri"], rules["object-src"], rules["frame-ancestors"]) == ("'none'",) * 3
        assert rules["form-action"] == "'self'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "referrer-policy" in answer.headers

    def test_no_page_needs_what_the_policy_forbids(self, signed_in: Browser) -> None:
        order_id = signed_in.order()
        for path in (*self.PAGES, "/account", f"/orders/{order_id}", f"/orders/{order_id}/cancel"):
            page = signed_in.get(path).text
            assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>", page)
            assert not re.search(r"<[^>]+\s(on\w+|style)\s*=", page)
            assert "<style" not in page

    def test_the_session_s_cookie_is_out_of_reach_of_scripts_and_other_sites(self, browser: Open) -> None:
        said = browser().get("/sign-in").headers["set-cookie"].lower()
        assert "httponly" in said
        assert "samesite=lax" in said
        assert "path=/" in said
        assert "domain=" not in said

    def test_over_https_cookies_and_browsers_stay_there(self, tmp_path: Path, clock: SimulatedClock) -> None:
        serving = Serving(
            small_program(), f"sqlite:///{tmp_path / 'live.db'}", clock, Address(port=0), Options(secure=True)
        )
        with serve_in_thread(serving) as running:
            answer = Browser(running).get("/sign-in")
        said = answer.headers["set-cookie"]
        assert said.startswith("__Host-session=")  # browsers keep such a cookie to this very host
        assert "secure" in said.lower()
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")

    def test_a_person_s_pages_are_kept_by_nobody(self, signed_in: Browser) -> None:
        order_id = signed_in.order()
        for path in ("/account", "/account/export", f"/orders/{order_id}"):
            assert "no-store" in signed_in.get(path).headers["cache-control"]


class TestGuessing:
    """Whoever guesses passwords waits."""

    def test_the_sixth_guess_waits_and_the_right_password_with_it(
        self, browser: Open, customer: Customer, clock: SimulatedClock
    ) -> None:
        email, _ = customer()
        told = [browser().sign_in(email, f"a guess of mine {n}").status_code for n in range(6)]
        assert told == [422] * 5 + [429]
        assert browser().sign_in(email).status_code == 429
        clock.advance(timedelta(minutes=15))
        assert browser().sign_in(email).status_code == 303

    def test_a_wrong_password_and_an_unknown_address_make_the_same_page(
        self, browser: Open, customer: Customer
    ) -> None:
        email, _ = customer()
        known = browser().sign_in(email, "a guess of mine")
        unknown = browser().sign_in("nobody-at-all@example.com", "a guess of mine")
        assert known.status_code == unknown.status_code == 422
        assert same_page(known.text.replace(email, "…"), unknown.text.replace("nobody-at-all@example.com", "…"))


def test_nothing_that_must_stay_secret_is_logged(
    browser: Open, customer: Customer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("sqlalchemy.engine", "uvicorn", "pullcord"):
        caplog.set_level(logging.DEBUG, logger=name)
    visitor = browser()
    email, _ = customer()
    visitor.sign_in(email, "a guess of mine")
    visitor.sign_in(email)
    order_id = visitor.order()
    visitor.get("/account")
    cookie = visitor.cookie
    assert cookie
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("http"))
    assert ours  # something is logged at all
    for secret in (email, PASSWORD, "a guess of mine", "Chen Wei", cookie, cookie.partition(".")[0]):
        assert secret not in ours
    assert "$argon2" not in ours
    assert order_id not in "\n".join(r.getMessage() for r in caplog.records if r.name == "pullcord.web.access")


def assert_only_text(answer: httpx.Response, typed: str) -> None:
    """What was typed stands in the answer as text, if at all."""
    if "<" in typed:
        assert typed not in answer.text
    assert "49" not in re.findall(r'value="([^"]*)"', answer.text)
    cookies = answer.headers.get_list("set-cookie")
    assert all("mine" not in cookie.partition(";")[0] for cookie in cookies)
    location = answer.headers.get("location", "/")
    assert location.startswith("/")
    assert not location.startswith("//")
    assert "root:" not in answer.text


def same_page(one: str, other: str) -> bool:
    """Whether two pages differ in nothing but the proofs of their forms."""
    proof = re.compile(r'name="form_proof" value="[^"]+"')
    return proof.sub("", one) == proof.sub("", other)
