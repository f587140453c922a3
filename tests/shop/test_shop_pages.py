"""The shop over HTTP: what pages say in both languages, whose they are, and what forms are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from customer import EN, ZH, browser, fields, held, signed_up
from open_shop import FOLDER, OpenShop, open_shop

from pullcord import shop as shop_room
from pullcord.orders import OrderDeposited, OrderReserved, State
from pullcord.program import read_program
from pullcord.shop import LANGUAGES

TEMPLATES = sorted((Path(shop_room.__file__).parent / "templates").glob("*.j2"))
PUBLIC = (
    "/",
    "/configure",
    "/configure?colour=blue",
    "/configure?colour=green&accessories=kit",
    "/price",
    "/price?variant=white-wrap&km=5000",
    "/date",
    "/date?variant=blue&plan=owned&city=shanghai",
    "/date?variant=blue&plan=owned&city=dazhou",
    "/claims",
    "/campaigns/double-11",
    "/sign-in",
    "/sign-up",
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenShop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as running:
        running.give(running.app.desk.open_campaign("double-11"))
        yield running


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("headers", [EN, ZH], ids=["en", "zh"])
def test_every_public_page_is_served_in_the_language_asked_for(
    shop: OpenShop, path: str, headers: dict[str, str]
) -> None:
    with browser(shop, headers) as client:
        page = client.get(path)
    assert page.status_code == 200
    tag = "zh-CN" if headers is ZH else "en"
    assert f'<html lang="{tag}">' in page.text
    assert page.headers["content-language"] == tag
    assert page.text.count("<h1") == 1
    assert '<main id="main"' in page.text
    chinese = re.sub(r'<a class="language".*?</a>|<option.*?</option>|<[^>]*>', "", page.text, flags=re.DOTALL)
    if headers is EN:
        assert not re.search(r"[\u4e00-\u9fff]{5}", chinese)


@pytest.mark.parametrize("path", PUBLIC)
def test_no_page_holds_inline_script_or_style_or_another_host(shop: OpenShop, path: str) -> None:
    with browser(shop) as client:
        page = client.get(path)
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert not re.search(r"<style|\sstyle=|<script(?! src=)|\son\w+=|javascript:", page.text)
    assert not re.search(r'(?:href|src|action)="(?:https?:)?//', page.text)
    for source in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
        with browser(shop) as client:
            file = client.get(source)
        assert file.status_code == 200
        assert "immutable" in file.headers["cache-control"]


def test_every_input_that_is_seen_has_a_label(shop: OpenShop) -> None:
    with browser(shop) as client:
        for path in PUBLIC:
            text = client.get(path).text
            for name in re.findall(r'<(?:input(?! type="(?:hidden|radio|checkbox)")|select)[^>]* id="([^"]+)"', text):
                assert f'for="{name}"' in text, (path, name)


def test_the_catalogues_say_the_same_in_both_languages() -> None:
    assert LANGUAGES == ("zh", "en")
    assert shop_room.problems() == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: file.name)
def test_no_template_has_a_sentence_of_its_own(template: Path) -> None:
    text = re.sub(
        r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<svg.*?</svg>|<!doctype html>", "", template.read_text(), flags=re.S
    )
    said = re.sub(r"<[^>]*>", " ", text)
    assert not re.search(r"[A-Za-z\u4e00-\u9fff]{2,}", said), re.findall(r"[A-Za-z\u4e00-\u9fff]{2,}", said)
    assert not re.search(r'(?:aria-label|title|alt|placeholder)="[^"{]*[A-Za-z]', text)


def test_the_first_page_shows_both_prices_with_all_that_changes_them(shop: OpenShop) -> None:
    with browser(shop) as client:
        english = client.get("/").text
        chinese = client.get("/", headers=ZH).text
    for figure in ("¥49,900", "¥399", "3,000 km", "¥0.20", "¥89,900"):
        assert figure in english
    for figure in ("¥49,900", "¥399", "3,000 公里", "¥0.20", "¥89,900", "国民好车"):
        assert figure in chinese
    assert "Double 11" in english
    assert "双十一" in chinese
    assert english.count("<details>") >= 3


def test_the_language_is_switched_and_kept(shop: OpenShop) -> None:
    with browser(shop) as client:
        page = client.get("/language/zh?to=%2Fprice%3Fkm%3D4000")
        assert page.url.path == "/price"
        assert page.url.query == b"km=4000"
        assert '<html lang="zh-CN">' in page.text
        assert '<html lang="zh-CN">' in client.get("/").text


@pytest.mark.parametrize(
    "to", ["https://other.example/", "//other.example", "/\\other.example", "javascript:x", "", "x"]
)
def test_nobody_is_sent_to_another_site(shop: OpenShop, to: str) -> None:
    with browser(shop) as client:
        answer = client.get("/language/en", params={"to": to}, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"


def test_an_option_that_cannot_be_built_says_why_and_what_to_change(shop: OpenShop) -> None:
    with browser(shop) as client:
        english = client.get("/configure?colour=blue").text
        chinese = client.get("/configure?colour=blue", headers=ZH).text
    assert re.search(r'value="custom" id="wrap-custom" disabled aria-describedby="why-wrap-custom"', english)
    assert "A custom wrap is laid over white paint" in english
    assert 'href="/configure?colour=white&amp;roof=steel&amp;wrap=custom&amp;accessories=none"' in english
    assert "Change to: White, Custom wrap" in english
    assert "个性贴膜只铺在白色车漆上" in chinese
    assert "改选：白色、个性贴膜" in chinese


def test_what_is_built_and_not_sold_cannot_be_ordered(shop: OpenShop) -> None:
    with browser(shop) as client:
        page = client.get("/configure?colour=green&accessories=kit").text
        assert "it is not on sale" in page
        assert "/price?variant=" not in page
        assert client.get("/price?variant=green-kit").status_code == 404


def test_an_impossible_wish_becomes_the_nearest_possible_one(shop: OpenShop) -> None:
    with browser(shop) as client:
        page = client.get("/configure?colour=blue&wrap=custom&nonsense=1&roof=glass").text
    assert "This is the nearest that can" in page
    assert re.search(r'value="blue" id="colour-blue" checked', page)
    assert re.search(r'value="none" id="wrap-none" checked', page)


def test_the_cost_of_five_years_and_the_break_even_follow_the_mileage(shop: OpenShop) -> None:
    with browser(shop) as client:
        usual, far = client.get("/price?km=1100").text, client.get("/price?km=4000").text
        odd = client.get("/price?km=many").text
    assert "equal at 100.25 months" in usual
    assert "¥73,840" in usual  # 49,900 + 60 x 399
    assert "equal at 66.78 months" in far
    assert "¥85,840" in far  # and 60 x 1,000 km x 0.20
    assert "4,338 km a month" in usual  # (40,000 / 60 - 399) / 0.20 above the cap
    assert 'value="1100"' in odd


def test_a_city_without_an_invoice_is_told_before_anything_is_asked(shop: OpenShop) -> None:
    with browser(shop) as client:
        english = client.get("/date?variant=white&plan=owned&city=dazhou").text
        chinese = client.get("/date?variant=white&plan=owned&city=dazhou", headers=ZH).text
    assert "no local invoice can be issued in Dazhou" in english.replace("No local", "no local")
    assert "发票" in chinese
    assert "达州" in chinese
    for page in (english, chinese):
        assert 'action="/orders"' not in page
    with signed_up(shop, "barred") as client:
        page = client.get("/date?variant=white&plan=owned&city=guangzhou")
        answer = client.post("/orders", data={**fields(page), "city": "dazhou"})
        assert answer.url.path == "/date"
    assert not [e for e in shop.app.ledger.events(kinds=[OrderReserved]) if e.body.city_id == "dazhou"]


def test_an_order_is_held_paid_once_and_shown_to_nobody_else(shop: OpenShop) -> None:
    with signed_up(shop, "buyer") as buyer, signed_up(shop, "other") as other, browser(shop) as stranger:
        path = held(buyer)
        order_id = path.rpartition("/")[2]
        page = buyer.get(path)
        assert "Held for you until" in page.text
        form = fields(page)
        first = buyer.post(f"{path}/deposit", data=form)
        again = buyer.post(f"{path}/deposit", data=form)  # a second click, or a reload
        assert "The deposit is booked" in first.text
        assert "The deposit is booked" in again.text
        paid = [e for e in shop.app.ledger.events(kinds=[OrderDeposited]) if e.body.order_id == order_id]
        assert len(paid) == 1
        assert other.get(path).status_code == 404
        assert other.get(f"{path}/cancel").status_code == 404
        assert other.get(f"{path}/changes").status_code == 404
        theirs = fields(other.get("/account"))
        for act in ("deposit", "cancel", "date"):
            assert other.post(f"{path}/{act}", data={**theirs, "version": "3"}).status_code == 404
        assert stranger.get(path).url.path == "/sign-in"
        assert order_id not in other.get("/account").text
        assert other.get("/orders/o-nothing").text.count("<h1") == 1
    assert shop.order(order_id).state is State.DEPOSITED


def test_a_form_sent_twice_makes_one_order(shop: OpenShop) -> None:
    with signed_up(shop, "double") as client:
        page = client.get("/date?variant=grey&plan=owned&city=beijing")
        form = fields(page)
        one, two = client.post("/orders", data=form), client.post("/orders", data=form)
    assert one.url.path == two.url.path
    orders = [e for e in shop.app.ledger.events(kinds=[OrderReserved]) if e.body.order_id == form["order"]]
    assert len(orders) == 1


def test_nobody_orders_under_another_persons_order_id(shop: OpenShop) -> None:
    with signed_up(shop, "first-owner") as one, signed_up(shop, "second-owner") as two:
        path = held(one)
        order_id = path.rpartition("/")[2]
        page = two.get("/date?variant=white&plan=rental&city=guangzhou")
        answer = two.post("/orders", data={**fields(page), "order": order_id})
        assert answer.status_code == 404
        assert "Held for you until" in one.get(path).text


def test_a_stale_form_does_nothing_and_says_so(shop: OpenShop) -> None:
    with signed_up(shop, "stale") as client:
        path = held(client)
        form = fields(client.get(path))
        assert "has changed" in client.post(f"{path}/deposit", data={**form, "version": "1"}).text
        assert shop.order(path.rpartition("/")[2]).state is State.QUOTED


def test_what_a_cancellation_costs_is_said_before_and_done_after(shop: OpenShop) -> None:
    with signed_up(shop, "cancels") as client:
        path = held(client)
        client.post(f"{path}/deposit", data=fields(client.get(path)))
        asked = client.get(f"{path}/cancel")
        assert "You get ¥1,000 back." in asked.text
        done = client.post(f"{path}/cancel", data={**fields(asked), "reason": "price"})
        assert "The order is cancelled." in done.text
        assert "¥1,000 goes back to you." in done.text
        row = shop.order(path.rpartition("/")[2])
        assert (row.state, row.refunded_minor) == (State.CANCELLED, 100_000)
        # once more: the same page, no second refund
        client.post(f"{path}/cancel", data={**fields(asked), "reason": "waiting"})
        assert shop.order(row.order_id).refunded_minor == 100_000


def test_a_deposit_that_would_be_kept_is_said_to_be_kept(shop: OpenShop) -> None:
    with signed_up(shop, "firm") as client:
        path = held(client)
        order_id = path.rpartition("/")[2]
        client.post(f"{path}/deposit", data=fields(client.get(path)))
        asked = client.get(f"{path}/cancel")
        shop.give(shop.app.desk.lock(order_id))
        # The page that promised the money back is out of date: nothing is done.
        assert "has changed" in client.post(f"{path}/cancel", data=fields(asked)).text
        assert shop.order(order_id).state is State.LOCKED
        asked = client.get(f"{path}/cancel")
        assert "Your deposit of ¥1,000 will be kept." in asked.text
        assert "The deposit of ¥1,000 was kept" in client.post(f"{path}/cancel", data=fields(asked)).text


def test_what_does_not_exist_is_told_on_a_page_of_ours(shop: OpenShop) -> None:
    with browser(shop) as client:
        page = client.get("/nothing-here")
        assert page.status_code == 404
        assert "This page does not exist" in page.text
        assert "页面不存在" in client.get("/nothing-here", headers=ZH).text
        assert client.get("/campaigns/none").status_code == 404
        assert client.get("/date?city=atlantis").status_code == 404
        assert client.get("/favicon.svg").headers["content-type"].startswith("image/svg+xml")
        assert "Disallow: /orders" in client.get("/robots.txt").text


def test_the_claims_page_gives_owner_evidence_and_validity(shop: OpenShop) -> None:
    with browser(shop) as client:
        english, chinese = client.get("/claims").text, client.get("/claims", headers=ZH).text
    assert english.count('<li class="claim"') == chinese.count('<li class="claim"') >= 5
    for label in ("Who answers for it", "Rests on", "Holds"):
        assert english.count(f"<dt>{label}</dt>") == english.count('<li class="claim"')
    assert "负责方" in chinese


def test_another_program_is_sold_without_new_code(tmp_path: Path) -> None:
    projector = read_program(FOLDER.parent / "projector")
    with open_shop(tmp_path, projector) as small, browser(small) as client:
        home = client.get("/").text
        assert "The 299-yuan projector" in home
        assert "¥299" in home
        assert "attery" not in home
        city = projector.cities[0].city_id
        for path in ("/configure", "/price", f"/date?city={city}", "/claims"):
            page = client.get(path)
            assert page.status_code == 200
            assert "attery" not in page.text


def test_a_week_that_is_gone_is_told_with_the_weeks_that_are_left(shop: OpenShop) -> None:
    with signed_up(shop, "too-early") as client:
        form = fields(client.get("/date?variant=white&plan=rental&city=guangzhou"))
        page = client.post("/orders", data={**form, "week": "2025-11-10"})
        assert "No date is held" in page.text
        assert "The week of 2025-11-10 cannot take it" in page.text
        assert "这一周已没有空位" in client.get(page.url.path, headers=ZH).text
        week = re.findall(r'name="week" value="([\d-]+)"', page.text)[1]
        held_now = client.post(f"{page.url.path}/date", data={**fields(page), "week": week})
        assert "Held for you until" in held_now.text
