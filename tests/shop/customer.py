"""A customer without a browser: short words for what people do on the shop's pages, over plain HTTP."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from open_shop import OpenShop

EN = {"accept-language": "en", "accept": "text/html"}
ZH = {"accept-language": "zh-CN,zh;q=0.9,en;q=0.5", "accept": "text/html"}
PASSWORD = "a sentence about gravel roads"


def browser(shop: OpenShop, headers: dict[str, str] = EN) -> httpx.Client:
    return httpx.Client(base_url=shop.root, headers=headers, follow_redirects=True, timeout=30)


def fields(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of a page's last form."""
    forms = re.findall(r"<form.*?</form>", page.text, re.DOTALL)
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', forms[-1])
    return {name: html.unescape(value) for name, value in found}


@contextmanager
def signed_up(shop: OpenShop, who: str, headers: dict[str, str] = EN, name: str = "Wei Lin") -> Iterator[httpx.Client]:
    shop.wait(minutes=16)  # the longest that one address must wait before another account
    with browser(shop, headers) as client:
        form = fields(client.get("/sign-up"))
        answer = client.post(
            "/sign-up", data={**form, "email": f"{who}@example.org", "password": PASSWORD, "name": name}
        )
        assert answer.status_code == 200
        yield client


def held(client: httpx.Client, variant: str = "white", plan: str = "rental") -> str:
    """An order whose date is held: its path."""
    page = client.get(f"/date?variant={variant}&plan={plan}&city=guangzhou")
    week = re.findall(r'name="week" id="week-([\d-]+)"', page.text)[0]
    answer = client.post("/orders", data={**fields(page), "week": week})
    assert answer.status_code == 200
    return answer.url.path
