"""Who is turned away at the server's door: people are told by a page in their language, programs by problem+json."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator
from importlib.resources import files

import httpx
import pytest
from customer import EN, ZH, browser
from open_shop import OpenShop, open_shop

from pullcord.web import Options, Rate, prefers_page

LARGEST = 65_536
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenShop]:
    """A shop that has answered this machine once, and answers it no more."""
    options = Options(rate_per_client=Rate(0.001, 1))
    with open_shop(tmp_path_factory.mktemp("crowded"), options=options) as running:
        httpx.get(running.root)
        yield running


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenShop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as running:
        yield running


@pytest.mark.parametrize(
    ("headers", "tag", "heading", "button"),
    [(EN, "en", "Too much at once", "Try again"), (ZH, "zh-CN", "请求过于频繁", "再试一次")],
    ids=["en", "zh"],
)
def test_who_asks_too_often_reads_so_in_their_language(
    crowded: OpenShop, headers: dict[str, str], tag: str, heading: str, button: str
) -> None:
    with browser(crowded, headers) as client:
        page = client.get("/price?km=4000&plan=owned")
    assert page.status_code == 429
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-language"] == tag
    assert page.headers["cache-control"] == "no-store"
    assert 900 < int(page.headers["retry-after"]) <= 1001
    assert page.headers["retry-after"] in re.sub(r"<[^>]*>", "", page.text)
    assert f"<h1>{heading}</h1>" in page.text
    assert f'<a class="button" href="/price?km=4000&amp;plan=owned">{button}</a>' in page.text
    assert "set-cookie" not in page.headers


def test_the_language_that_was_chosen_counts(crowded: OpenShop) -> None:
    with browser(crowded, ZH) as client:
        assert '<html lang="en">' in client.get("/", headers={"cookie": "language=en; session=none"}).text


def test_the_page_needs_nothing_that_would_be_refused_as_well(crowded: OpenShop) -> None:
    with browser(crowded) as client:
        page = client.get("/")
    assert not re.search(r"/static/|/favicon|<script|\sstyle=|<form", page.text)
    policy = page.headers["content-security-policy"]
    style = page.text.partition("<style>")[2].partition("</style>")[0]
    assert b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["x-request-id"]


def test_the_small_sheet_has_the_colours_of_the_large_one() -> None:
    static = files("pullcord.shop").joinpath("static")
    colours = [
        set(re.findall(r"#[0-9a-f]{3,6}\b", static.joinpath(name).read_text(encoding="utf-8")))
        for name in ("turned_away.css", "shop.css")
    ]
    assert colours[0]
    assert colours[0] <= colours[1]


@pytest.mark.parametrize(
    ("path", "accept"),
    [("/", None), ("/", "application/json"), ("/", "*/*"), ("/api/v1/program", "text/html"), ("/api", "text/html")],
)
def test_programs_and_the_api_are_told_by_problem_json(crowded: OpenShop, path: str, accept: str | None) -> None:
    with httpx.Client(base_url=crowded.root) as client:
        answer = client.get(path, headers={"accept": accept} if accept else {})
    assert (answer.status_code, answer.headers["content-type"]) == (429, PROBLEM)
    assert answer.json()["type"] == "/problems/too-many-requests"
    assert int(answer.headers["retry-after"]) > 1


def test_the_head_of_such_a_page_comes_without_its_body(crowded: OpenShop) -> None:
    with browser(crowded) as client:
        head, page = client.head("/"), client.get("/")
    assert (head.status_code, head.content) == (429, b"")
    assert head.headers["content-type"] == page.headers["content-type"]


@pytest.mark.parametrize(
    ("referer", "to"),
    [("/sign-in?to=/account", "/sign-in"), ("", "/"), ("http://[", "/"), ("http://elsewhere.test//x", "/")],
)
def test_a_form_that_was_not_taken_leads_back_to_its_page(crowded: OpenShop, referer: str, to: str) -> None:
    with browser(crowded) as client:
        page = client.post("/sign-in", data={"email": "x"}, headers={"referer": referer})
    assert page.status_code == 429
    assert "Nothing was done" in page.text
    assert f'<a class="button" href="{to}">Back</a>' in page.text


@pytest.mark.parametrize("path", ["//elsewhere.test/x", '/"><script>x</script>', "/%22%3E%3Cb%3E", "/\\elsewhere.test"])
def test_no_address_makes_the_page_lead_elsewhere(crowded: OpenShop, path: str) -> None:
    with httpx.Client(headers=EN) as client:
        page = client.send(client.build_request("GET", crowded.root + path))
    assert page.status_code == 429
    links = re.findall(r'href="([^"]*)"', page.text)
    assert all(re.match(r"/(?![/\\])", link) for link in links if not link.startswith(("#main", "data:image/"))), links
    assert "<script" not in page.text
    assert "<b>" not in page.text


@pytest.mark.parametrize("length_known", [True, False])
@pytest.mark.parametrize(("headers", "heading"), [(EN, "Too much was sent"), (ZH, "发送的内容过大")], ids=["en", "zh"])
def test_who_sends_too_much_reads_so(shop: OpenShop, headers: dict[str, str], heading: str, length_known: bool) -> None:
    with browser(shop, headers) as client:
        page = client.post("/sign-in", **too_much(length_known, {"referer": shop.root + "/sign-in"}))
    assert (page.status_code, page.headers["content-type"]) == (413, "text/html; charset=utf-8")
    assert f"<h1>{heading}</h1>" in page.text
    assert '<a class="button" href="/sign-in">' in page.text


@pytest.mark.parametrize("length_known", [True, False])
@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_a_program_that_sends_too_much_is_told_by_problem_json(shop: OpenShop, accept: str, length_known: bool) -> None:
    with httpx.Client(base_url=shop.root, headers={"accept": accept}) as client:
        answer = client.post("/sign-in", **too_much(length_known, {}))
    assert (answer.status_code, answer.headers["content-type"]) == (413, PROBLEM)
    assert answer.json()["type"] == "/problems/too-large"


def too_much(length_known: bool, headers: dict[str, str]) -> dict[str, object]:
    """A form of more bytes than are taken; its length stated, or not."""
    body = b"email=" + b"x" * LARGEST
    kind = {"content-type": "application/x-www-form-urlencoded", **headers}
    pieces = (body[start : start + 20_000] for start in range(0, len(body), 20_000))
    return {"content": body if length_known else pieces, "headers": kind}


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", True),
        ("text/html", True),
        ("TEXT/HTML ; q=0.5", True),
        ("text/html, application/json", True),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0.5, application/problem+json", False),
        ("application/json;q=0.5, text/html", True),
        ("text/html;q=0", False),
        ("text/html;q=much", False),
        ("text/event-stream", False),
        ("text/*", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_a_page_is_for_whoever_asks_for_one(accept: str, page: bool) -> None:
    assert prefers_page(accept) is page
