"""Who is visiting: their language, their session, and where they came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from litestar import Request

from pullcord.accounts import Session
from pullcord.base import PersonId
from pullcord.web import Options

from .words import Words

AnyRequest = Request[Any, Any, Any]
LANGUAGE_COOKIE = "language"


@dataclass(frozen=True, slots=True)
class Visit:
    """One request's visitor. The session is a person's, or a visit before sign-in that forms are bound to."""

    words: Words
    session: Session
    form_proof: str  # what a form must carry: only a page that was made for this session knows it
    address: str  # path and query, to come back to

    @property
    def person_id(self) -> PersonId | None:
        """Who is signed in, by pseudonym."""
        return self.session.person_id


def session_cookie(options: Options) -> str:
    """The name of the session's cookie; over https browsers keep it to this very host."""
    return "__Host-session" if options.secure else "session"


def address_of(request: AnyRequest) -> str:
    """Path and query of a request."""
    query = request.scope["query_string"].decode("latin-1")
    return f"{request.scope['path']}?{query}" if query else str(request.scope["path"])


def network_address(request: AnyRequest) -> str | None:
    """Where the request came from, for limits on guessing."""
    return request.client.host if request.client else None


def same_origin(request: AnyRequest) -> bool:
    """Whether a form was sent from a page of this host, as far as the browser says."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")


def came_from(request: AnyRequest) -> str:
    """The path of the page that led here, where it can be told."""
    try:
        return safe_address(urlsplit(request.headers.get("referer", "")).path)
    except ValueError:
        return "/"


def safe_address(to: str | None) -> str:
    """A path on this very site; anything else becomes the first page."""
    if not to or not to.startswith("/") or to.startswith("//") or "\\" in to or any(ord(c) < 33 for c in to):
        return "/"
    return to
