"""A browser of few words: it keeps cookies, reads the proof that forms carry, and sends forms."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx

from pullcord.server import Running

PASSWORD = "a tram to the sea"
SESSION = "session"
_PROOF = re.compile(r'name="form_proof" value="([^"]+)"')
_ORDER = re.compile(r'name="order" value="([^"]+)"')
_VERSION = re.compile(r'name="version" value="([^"]+)"')


class Browser:
    """One visitor of a running shop. Redirects are not followed: where they lead is part of the answer."""

    def __init__(self, running: Running) -> None:
        self.client = httpx.Client(base_url=running.root, headers={"accept": "text/html"}, timeout=30)

    def get(self, path: str, **how: Any) -> httpx.Response:
        return self.client.get(path, **how)

    def proof(self, path: str = "/sign-in") -> str:
        """What a form on that page carries."""
        found = _PROOF.search(self.get(path).text)
        assert found, f"no form on {path}"
        return html.unescape(found[1])

    def send(self, path: str, fields: dict[str, str], *, proof: str | None = None, **how: Any) -> httpx.Response:
        """A form, with the proof it needs unless another is given; an empty one is left out."""
        if proof is None:
            proof = self.proof("/account" if self.is_signed_in() else "/sign-in")
        data = fields | ({"form_proof": proof} if proof else {})
        return self.client.post(path, data=data, **how)

    def sign_in(self, email: str, password: str = PASSWORD, **fields: str) -> httpx.Response:
        return self.send("/sign-in", {"email": email, "password": password} | fields)

    def is_signed_in(self) -> bool:
        """Whether the account's page opens."""
        return self.get("/account").status_code == 200

    @property
    def cookie(self) -> str | None:
        """The session's cookie as the browser holds it."""
        return self.client.cookies.get(SESSION)

    def order(self, variant: str = "white") -> str:
        """A date held for whoever is signed in; the order's id."""
        page = self.get("/date", params={"variant": variant, "plan": "owned", "city": "chengdu"}).text
        found = _ORDER.search(page)
        assert found, "no order form on the page of dates"
        order_id = html.unescape(found[1])
        week = re.search(r'name="week"[^>]*value="([^"]+)"', page)
        assert week
        fields = {"order": order_id, "variant": variant, "plan": "owned", "city": "chengdu", "week": week[1]}
        answer = self.send("/orders", fields)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/orders/{order_id}?told=held")
        return order_id

    def version(self, order_id: str) -> str:
        """The order's version, as its page's forms carry it."""
        found = _VERSION.search(self.get(f"/orders/{order_id}").text)
        assert found
        return found[1]
