"""What all pages of the shop share: who visits, how a page is made, how a form is read and a command given."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from functools import partial
from importlib.resources import files
from typing import Any, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Response
from litestar.datastructures import Cookie
from litestar.response import Redirect
from markupsafe import Markup

from pullcord.accounts import Refused, Session
from pullcord.base import Attempt, Money, PullcordError
from pullcord.product import Variant
from pullcord.store import Command, Reader
from pullcord.web import Context

from . import visit as visits
from .visit import AnyRequest, Visit
from .words import LANGUAGES, TAGS, Words, preferred

log = logging.getLogger(__name__)
A = TypeVar("A")
STATIC = ("shop.css", "shop.js")
HTML = "text/html"  # the charset is added where the answer is made
PAGES_KEPT = 64
BY_PASSWORD_AT_ONCE = 2
BY_PASSWORD_MAX = 40


class FormRefused(Exception):
    """A form that was not made for this visit: it has run out, or another site sent it."""


class SignInFirst(Exception):
    """The page is for people who have signed in."""


class NotHere(Exception):
    """There is no such page, or it is not this visitor's to see: the answer is the same."""


class Shop:
    """The pages' common ground, made once for each server."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.app = context.app
        self.house = context.app.desk.house
        self.program = context.app.program
        self.words = {language: Words(language, self.program) for language in LANGUAGES}
        self._static = {
            name: files("pullcord.shop").joinpath(f"static/{name}").read_text(encoding="utf-8") for name in STATIC
        }
        self._marks = {name: hashlib.sha256(text.encode()).hexdigest()[:12] for name, text in self._static.items()}
        self._environment = Environment(
            loader=PackageLoader("pullcord.shop"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals["asset"] = self.asset
        for name in self._environment.list_templates():
            self._environment.get_template(name)  # compiled before the first visitor comes
        self._slow = ThreadPoolExecutor(BY_PASSWORD_AT_ONCE, "pullcord-passwords")
        self._by_password = 0
        self._kept: dict[tuple[Any, ...], tuple[tuple[int, datetime], Any]] = {}

    # -- pages -------------------------------------------------------------------------------------------------------

    def asset(self, name: str) -> str:
        """The address of a static file; another version has another address."""
        return f"/static/{self._marks[name]}/{name}"

    def static(self, name: str) -> str | None:
        """A static file's text."""
        return self._static.get(name)

    async def visit(self, request: AnyRequest) -> Visit:
        """Who is visiting. Without a cookie of ours it is a new visit, of which nothing is kept here."""
        if visits.session_cookie(self.context.options) in request.cookies:
            return await asyncio.to_thread(self.visit_at_once, request)
        return self.visit_at_once(request)

    def visit_at_once(self, request: AnyRequest) -> Visit:
        """The same, waiting for the database of accounts."""
        accounts = self.context.accounts
        language = preferred(request.cookies.get(visits.LANGUAGE_COOKIE), request.headers.get("accept-language"))
        cookie = request.cookies.get(visits.session_cookie(self.context.options))
        session = accounts.session_of_cookie(cookie) if cookie else None
        if session is None:
            session = accounts.begin_visit()
        return Visit(self.words[language], session, accounts.csrf_token(session), visits.address_of(request))

    def page(
        self, visit: Visit, template: str, *, status: int = 200, keep_session: bool = False, **values: Any
    ) -> Response[bytes]:
        """A page. `keep_session` gives the browser the visit's cookie, so that a form on it can be sent."""
        return self.answer(visit, self.render(visit, template, **values), status=status, keep_session=keep_session)

    def render(self, visit: Visit, template: str, **values: Any) -> bytes:
        """A page's bytes."""
        t = visit.words
        other = next(language for language in LANGUAGES if language != t.language)
        text = self._environment.get_template(f"{template}.html.j2").render(
            t=t,
            visit=visit,
            here=visit.address.partition("?")[0],
            address=visit.address,
            other=other,
            other_tag=TAGS[other],
            signed_in=visit.person_id is not None,
            product_name=t.name("program", "name", self.program.name),
            drawn_car="car" in self.program.category.split(),
            parties={
                "platform": self.party(t, self.house.platform.party_id),
                "carmaker": self.party(t, self.house.carmaker.party_id),
            },
            **values,
        )
        return text.encode()

    def answer(self, visit: Visit, body: bytes, *, status: int = 200, keep_session: bool = False) -> Response[bytes]:
        """Bytes of a page as an answer."""
        cookies = [self.session_cookie(visit.session)] if keep_session and visit.person_id is None else []
        headers = {
            "content-language": visit.words.tag,
            "vary": "Cookie, Accept-Language",
            "cache-control": "private, no-cache" if visit.person_id is None else "private, no-store",
        }
        return Response(body, status_code=status, media_type=HTML, cookies=cookies, headers=headers)

    def kept(self, key: tuple[Any, ...], make: Callable[[], A]) -> A:
        """What `make` gives, made anew only when the ledger has grown, or another minute has begun."""
        state = (self.app.ledger.head(), self.context.clock.now().replace(second=0, microsecond=0))
        found = self._kept.get(key)
        if found is not None and found[0] == state:
            value: A = found[1]
            return value
        made = make()
        if len(self._kept) >= PAGES_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[key] = (state, made)
        return made

    def redirect(self, to: str, session: Session | None = None) -> Response[Any]:
        """Go there, with GET; `session` gives the browser its cookie."""
        cookies = [self.session_cookie(session)] if session else []
        return Redirect(to, status_code=303, cookies=cookies, headers={"cache-control": "no-store"})

    def session_cookie(self, session: Session) -> Cookie:
        """The session as a cookie that scripts cannot read and other sites cannot send with a form."""
        options = self.context.options
        return Cookie(
            key=visits.session_cookie(options),
            value=self.context.accounts.cookie(session),
            max_age=self.context.accounts.seconds_left(session),
            path="/",
            secure=options.secure,
            httponly=True,
            samesite="lax",
        )

    # -- forms and commands ------------------------------------------------------------------------------------------

    async def form(self, request: AnyRequest, visit: Visit) -> Mapping[str, str]:
        """A form's fields, once it is certain that one of our own pages sent it. Raises FormRefused otherwise."""
        fields = await request.form()
        sent = {name: value for name, value in fields.items() if isinstance(value, str)}
        right = self.context.accounts.check_csrf(visit.session, sent.get("form_proof"))
        if not right or not visits.same_origin(request):
            raise FormRefused
        return sent

    async def give(self, command: Command[A]) -> A:
        """A command's answer, once it is durable."""
        return await self.context.gateway.give(command)

    async def by_password(self, act: Callable[..., A], *given: Any, **named: Any) -> A | Refused:
        """What an act of the accounts that looks at a password gives. Such an act takes a tenth of a second of a
        processor: in threads of its own it holds up nobody who only reads, and beyond a few dozen one is asked to
        come back."""
        if self._by_password >= BY_PASSWORD_MAX:
            return Refused("busy", "too many people are signing in at this moment; try again", retry_after_s=5)
        self._by_password += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._slow, partial(act, *given, **named))
        finally:
            self._by_password -= 1

    async def note(self, attempt: Attempt) -> None:
        """Write down that somebody was turned away. They are turned away even where that fails."""
        try:
            await self.give(self.app.desk.note_refusal(attempt))
        except PullcordError:
            log.exception("a refusal of `%s` could not be noted", attempt.command)

    async def read(self, look: Callable[[Reader], A]) -> A:
        """What `look` finds in a view of this instant; in a thread, for it may take a moment."""

        def looked() -> A:
            with self.app.ledger.reader() as reader:
                return look(reader)

        return await asyncio.to_thread(looked)

    # -- words for the program's own things --------------------------------------------------------------------------

    def local(self, at: datetime) -> datetime:
        """An instant on the wall clock where the program is sold."""
        return self.house.local_time(at)

    def today(self) -> date:
        """The day where the program is sold."""
        return self.local(self.context.clock.now()).date()

    def party(self, t: Words, party_id: str) -> str:
        """A party's name."""
        return t.name("party", party_id, self.house.parties[party_id].name)

    def city(self, t: Words, city_id: str) -> str:
        """A city's name, as it is written where it lies and in the reader's language."""
        city = self.house.cities[city_id]
        return city.local_name if t.language == "zh" else f"{city.name} {city.local_name}"

    def variant_name(self, t: Words, variant: Variant) -> str:
        """A variant's name."""
        return t.name("variant", variant.variant_id, variant.name)

    def lock_time(self, t: Words) -> str:
        """How long a deposit may be withdrawn, in days where it is whole days."""
        hours = self.program.policies.lock_hours
        if hours % 24 == 0 and hours > 24:
            return t("time.days", n=int(hours // 24))
        return t("time.hours", n=t.number(hours))

    @property
    def deposit(self) -> Money:
        """What is paid to make an order."""
        return self.program.policies.deposit


def markup(drawing: str) -> Markup:
    """A drawing of ours, which is safe as it stands."""
    return Markup(drawing)
