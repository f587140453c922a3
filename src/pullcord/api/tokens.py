"""Who asks: a party's token, verified once and believed for a moment."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from pullcord.alliance import Party
from pullcord.web import Context, HttpProblem

KNOWN_MAX = 4_096
READ = "read"


@dataclass(frozen=True, slots=True)
class Asker:
    """A party of the program, and how far its token reaches."""

    party: Party
    scopes: frozenset[str]

    def reaches(self, name: str) -> bool:
        """Whether the token's scopes hold this command, its room, or this kind of read."""
        return name in self.scopes or name.partition(".")[0] in self.scopes


class Tokens:
    """Verified tokens by their header. A revoked one is believed for `token_seconds` at most."""

    def __init__(self, context: Context) -> None:
        self._accounts = context.accounts
        self._parties = context.app.desk.house.parties
        self._monotonic = context.monotonic
        self._seconds = context.options.token_seconds
        self._known: dict[bytes, tuple[Asker, float]] = {}
        self._asking: dict[bytes, asyncio.Future[Asker | None]] = {}

    def at_hand(self, header: bytes | None) -> Asker | None:
        """The asker whose token was verified a moment ago; None where it must be looked up."""
        if header is None:
            return None
        found = self._known.get(header)
        if found is None:
            return None
        asker, until = found
        left = until - self._monotonic()
        if left < self._seconds / 2 and left > 0 and header not in self._asking:
            self._ask(header)  # while it is believed still, so that nobody has to wait for it
        return asker if left > 0 else None

    async def verify(self, header: bytes | None) -> Asker:
        """Whose token this is. Raises HttpProblem (401) for one that is not in force."""
        if header is None:
            raise _unauthenticated("No token came with the request.", "")
        scheme, _, plain = header.partition(b" ")
        if scheme.lower() != b"bearer" or not plain.strip():
            raise _unauthenticated("The header Authorization is not `Bearer` and a token.", "invalid_request")
        # Many requests may come at once with one token: it is looked up for all of them.
        asker = await asyncio.shield(self._asking.get(header) or self._ask(header))
        if asker is None:
            raise _unauthenticated("The token is not in force.", "invalid_token")
        return asker

    def _ask(self, header: bytes) -> asyncio.Future[Asker | None]:
        asking = self._asking[header] = asyncio.ensure_future(self._look_up(header))
        asking.add_done_callback(lambda done: self._asked(header, done))
        return asking

    def _asked(self, header: bytes, done: asyncio.Future[Asker | None]) -> None:
        self._asking.pop(header, None)
        if not done.cancelled():
            done.exception()  # who waits for it is told; where nobody does, the next who asks will be

    async def _look_up(self, header: bytes) -> Asker | None:
        at = self._monotonic()
        plain = header.partition(b" ")[2].strip()
        try:
            text = plain.decode("ascii")
        except UnicodeDecodeError:
            return None
        token = await asyncio.to_thread(self._accounts.token, text)
        party = None if token is None else self._parties.get(token.party_id)
        if token is None or party is None:
            self._known.pop(header, None)
            return None
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        asker = Asker(party, frozenset(token.scopes))
        self._known[header] = (asker, at + self._seconds)
        return asker


def _unauthenticated(detail: str, error: str) -> HttpProblem:
    challenge = 'Bearer realm="pullcord"' + (f', error="{error}"' if error else "")
    return HttpProblem(
        "unauthenticated",
        detail,
        "send Authorization: Bearer <token>; `pullcord token issue` gives one",
        headers=[(b"www-authenticate", challenge.encode())],
    )


def out_of_reach(name: str) -> HttpProblem:
    """What is told to a token whose scopes do not hold what was asked (403)."""
    return HttpProblem(
        "insufficient-scope",
        f"The token does not have the scope `{name}`.",
        f"have one issued with `{name}`" + (f", or with `{name.partition('.')[0]}`" if "." in name else ""),
        headers=[
            (b"www-authenticate", f'Bearer realm="pullcord", error="insufficient_scope", scope="{name}"'.encode())
        ],
    )
